"""What an error's body says, whatever its shape."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any, Final

from smartllm.unicode import unicode_text

_CODE_FIELDS: Final = ("code", "type", "__type", "Code")
_TEXT_FIELDS: Final = ("message", "Message", "detail", "msg", "error_description", "title")
# What explains an error beside its message: the field that is wrong, what Groq's models had written,
# what the provider behind OpenRouter said.
_DETAIL_FIELDS: Final = ("param", "failed_generation", "metadata")
_LONGEST_DETAIL: Final = 200
_LONGEST_CODE: Final = 100
_LONGEST_MESSAGE: Final = 2000
_SHOWN: Final = 200


@dataclass(frozen=True, slots=True)
class ErrorBody:
    """An error as its body tells it.

    Attributes:
        message: The provider's words; the first 200 bytes of what is no JSON.
        codes: Its codes: words before numbers.
        details: Further fields that explain it, each at most 200 characters.
        original_status: The status of the model's own server (AWS), or None.
    """

    message: str
    codes: tuple[str, ...] = ()
    details: tuple[str, ...] = ()
    original_status: int | None = None

    @property
    def text(self) -> str:
        """The message with the details."""
        return f"{self.message} ({'; '.join(self.details)})" if self.details else self.message


def read_error(content: bytes) -> ErrorBody:
    """Read an error's body; never raises.

    Args:
        content: The body: an object with ``error``, ``detail`` or ``message``, a list of such, or text.
    """
    raw = content[:_SHOWN].decode(errors="replace")
    try:
        data = json.loads(content)
    except (ValueError, RecursionError):
        return ErrorBody(raw)
    if isinstance(data, list) and data:
        data = data[0]
    if not isinstance(data, dict):
        return ErrorBody(raw)
    inner = data.get("error", data)
    if isinstance(inner, str):  # the servers that say so may add a message beside it
        inner = {"message": inner} | {name: value for name, value in data.items() if value}
    if not isinstance(inner, dict):
        inner = data
    message = next(filter(None, (_words(inner.get(name)) for name in _TEXT_FIELDS)), raw)
    return ErrorBody(
        cut(message, _LONGEST_MESSAGE),
        _codes(inner),
        tuple(
            f"{name}: {cut(words, _LONGEST_DETAIL)}"
            for name in _DETAIL_FIELDS
            if (words := _words(inner.get(name)))
        ),
        _number(data.get("originalStatusCode")),
    )


def cut(text: str, length: int) -> str:
    """A text of at most that many characters."""
    return text if len(text) <= length else text[: length - 1] + "…"


def _codes(inner: dict[str, Any]) -> tuple[str, ...]:
    found = [inner.get(name) for name in _CODE_FIELDS]
    told = [str(code) for code in found if isinstance(code, (str, int)) and not isinstance(code, bool)]
    short = [code for code in told if 0 < len(code) <= _LONGEST_CODE and code.isprintable()]
    return tuple(sorted(dict.fromkeys(short), key=str.isdecimal))


def _words(value: Any) -> str:
    """A value as text: FastAPI gives a list of objects as its ``detail``."""
    if value in (None, "", [], {}):
        return ""
    try:
        return unicode_text(value if isinstance(value, str) else json.dumps(value, ensure_ascii=False))
    except RecursionError:  # writing goes less deep than reading
        return ""


def _number(value: Any) -> int | None:
    return value if isinstance(value, int) and not isinstance(value, bool) else None
