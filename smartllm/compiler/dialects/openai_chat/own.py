"""What a caller says in the words of Chat Completions: parts of the content, and fields of the message."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from smartllm.compiler.dialects.blocks import as_written
from smartllm.errors import UnsupportedError
from smartllm.own_parts import is_content

if TYPE_CHECKING:
    from smartllm.compiler.intent import Turn
    from smartllm.content import InputPart


def is_field(part: InputPart) -> bool:
    """Whether a part stands in fields of the message."""
    return part.type == "other" and not is_content(part)


def fields_of(parts: Iterable[InputPart]) -> dict[str, Any]:
    """The fields that parts set, such as ``name``.

    Raises:
        UnsupportedError: Two of them set one field to different values.
    """
    fields: dict[str, Any] = {}
    for part in parts:
        if part.type != "other" or is_content(part):
            continue
        for name, value in as_written(part).items():
            if fields.setdefault(name, value) != value:
                raise UnsupportedError(
                    f"messages: parts of a message set its field {name!r} twice: {fields[name]!r}, {value!r}",
                    field="messages",
                    hint="give each message one part with the field, or leave one of them out",
                )
    return fields


def without_own(turn: Turn) -> Turn:
    """The turn without what it says in the wire's words."""
    return turn._replace(parts=tuple(part for part in turn.parts if part.type != "other"))


def with_own(message: dict[str, Any], turn: Turn) -> dict[str, Any]:
    """An assistant's message with what its turn says in the wire's words, in the turn's order."""
    found = message | fields_of(turn.parts)
    if any(map(is_content, turn.own)):
        said = (
            part for part in turn.parts if part.type == "text" or (part.type == "other" and is_content(part))
        )
        found["content"] = [
            {"type": "text", "text": part.text} if part.type == "text" else as_written(part) for part in said
        ]
    return found
