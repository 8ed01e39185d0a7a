"""Parts, tools and guardrails that say of a name that they do not take which one was meant."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Final, Self

from smartllm.near import meant_by

HABITS: Final[Mapping[str, str]] = {
    **dict.fromkeys(("file", "filename", "file_path", "filepath", "image_path"), "path"),
    **dict.fromkeys(("image_url", "uri", "href", "link", "file_url"), "url"),
    **dict.fromkeys(("base64", "b64", "b64_json", "bytes", "file_data", "source", "blob"), "data"),
    **dict.fromkeys(("mime_type", "mime", "mimetype", "content_type", "format"), "media_type"),
    **dict.fromkeys(("file_uri", "id", "container_id"), "file_id"),
    **dict.fromkeys(("title", "label"), "name"),
    **dict.fromkeys(("s3_uri", "s3_location", "bucket"), "s3"),
    **dict.fromkeys(("tool_call_id", "tool_use_id", "call", "id_"), "call_id"),
    **dict.fromkeys(("is_error", "status", "failed"), "error"),
    **dict.fromkeys(("output", "result", "value"), "content"),
    **dict.fromkeys(("args", "input", "kwargs"), "arguments"),
    **dict.fromkeys(("input_schema", "schema", "args_schema", "params", "json_schema"), "parameters"),
    **dict.fromkeys(("fn", "func", "callable", "handler", "on_invoke"), "function"),
    **dict.fromkeys(("doc", "docstring", "about"), "description"),
    **dict.fromkeys(("guardrail_id", "identifier", "guardrail_identifier"), "id"),
    **dict.fromkeys(("guardrail_version",), "version"),
    **dict.fromkeys(("time", "duration", "retention"), "ttl"),
}
"""Other libraries' words, and those of habit."""


def meant_in(name: str, known: Any) -> str:
    """The end of a message on a name that a part or a tool does not take.

    Args:
        name: What was typed.
        known: The names that it takes.
    """
    fields = frozenset(known)
    return meant_by(
        name,
        fields,
        {habit: meant for habit, meant in HABITS.items() if meant in fields and habit not in fields},
    )


class NamesFields:
    """A dataclass that names the nearest field for an unknown one, where ``__init__`` would not."""

    __slots__ = ()

    if not TYPE_CHECKING:

        def __new__(cls, *_: Any, **given: Any) -> Self:
            """Look at the names that are given."""
            fields = cls.__dataclass_fields__
            for name in given:
                if name not in fields:
                    from smartllm.errors import RequestTypeError  # noqa: PLC0415 - for mistakes alone

                    meant = meant_in(name, fields)
                    hint = "" if meant else f"it takes {', '.join(one for one in fields if one != 'type')}"
                    raise RequestTypeError(f"{cls.__name__} takes no {name}{meant}", hint=hint)
            return object.__new__(cls)
