"""From the fields of a request, as JSON has them, to the request; every mistake names its field."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Final

from smartllm.errors import RequestFileError, UnsupportedError
from smartllm.media import loaded
from smartllm.said import spoken

if TYPE_CHECKING:
    from pydantic_core import ErrorDetails

    from smartllm.request import MessageRequest, TextRequest

    Request = TextRequest[Any] | MessageRequest[Any]
_DECLARE: Final = "declare them in tools=[...]"
"""What only Python would say."""
NO_FILE: Final = "request"
"""How messages call a request that comes from no file."""
_HOW_TO_ASK: Final = "give it as an argument, on standard input, or in a request file (--request)"


def build_request(fields: Mapping[str, Any], source: str) -> Request:
    """Validate fields into a request, and read the files that its parts name.

    Args:
        fields: Field values; ``prompt`` or ``messages`` decides which request it is.
        source: Where they come from, for messages.

    Raises:
        RequestFileError: Names the source, the field, the value and what is allowed.
    """
    from pydantic import ValidationError  # noqa: PLC0415 - loads slowly, and plain requests need none of it

    from smartllm.request import MessageRequest, TextRequest  # noqa: PLC0415 - same
    from smartllm.request_names import NO_SUCH_FIELD  # noqa: PLC0415 - same

    if ("prompt" in fields) == ("messages" in fields):
        problem = (
            "both prompt and messages are given" if "prompt" in fields else "prompt or messages is missing"
        )
        if source == NO_FILE and "prompt" not in fields:
            raise RequestFileError("there is no prompt", hint=_HOW_TO_ASK)
        raise RequestFileError(f"{source}: {problem}", hint="give exactly one of prompt and messages")
    kind: type[Request] = TextRequest if "prompt" in fields else MessageRequest
    try:
        request: Request = loaded(kind.model_validate(dict(fields)))
    except UnsupportedError as error:
        raise RequestFileError(f"{source}: {error.message}", hint=error.hint) from None
    except ValidationError as error:
        lines = [f"{source}: {_problem(item)}" for item in error.errors(include_url=False)]
        known = ", ".join(sorted(set(kind.model_fields) - {"on_progress"}))
        unknown = any(item["msg"] == NO_SUCH_FIELD for item in error.errors())
        raise RequestFileError("\n".join(lines), hint=f"known fields: {known}" if unknown else "") from None
    return request


def _problem(item: ErrorDetails) -> str:
    field = ".".join(str(part) for part in item["loc"])
    if item["type"] == "missing":
        return f"{field}: is missing"
    if item["type"] == "string_unicode":
        return f"{field}: it is no text in UTF-8: {_shown(item['input'])}"
    if item["type"] == "value_error":
        return f"{field}: {item['msg'].removeprefix('Value error, ')}"
    if item["type"] in {"headers", "guardrail", "response_format", "extra_forbidden", "role"}:
        return f"{field}: {spoken(item.get('ctx', {}).get('says', item['msg']))}"
    if item["type"] in {"tools", "content"}:  # they name the place themselves
        return item["msg"].replace(_DECLARE, 'declare them with --tools, or as "tools" of the request')
    return f"{field}: {item['msg']}, not {_shown(item['input'])}"


def _shown(value: Any) -> str:
    text = repr(value[:60] if isinstance(value, str) else value)
    return text if len(text) <= 60 else text[:57] + "..."  # noqa: PLR2004 - a line's worth
