"""What an error object says, wherever it stands: beside a status, in a success, in a stream's event."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Final

from smartllm.error_codes import may_pass, status_of
from smartllm.unicode import unicode_text

_CODE_FIELDS: Final = ("code", "type", "__type", "Code")
_TEXT_FIELDS: Final = ("message", "Message", "detail", "msg", "error_description", "title")
_STATUS_FIELDS: Final = ("status", "status_code")
# What explains an error beside its message: the field that is wrong, what Groq's models had written,
# what the provider behind OpenRouter said,
# which of Azure's filters refused a prompt, what Anthropic's cause is about.
_DETAIL_FIELDS: Final = ("param", "failed_generation", "metadata", "innererror", "details")
# All else may explain one too, such as innererror, but for what says nothing to people.
_NO_EXPLANATION: Final = frozenset(
    {*_CODE_FIELDS, *_STATUS_FIELDS, "message", "param", "sequence_number", "event_id", "request_id"}
)
# What stands where a code would, and is none.
_NO_CODE: Final = "error"
_STATUSES: Final = range(400, 600)
_DIGITS: Final = 3
_LONGEST_DETAIL: Final = 200
_LONGEST_CODE: Final = 100
_LONGEST_MESSAGE: Final = 2000
_LONGEST_READ: Final = 64 * 1024
_SHOWN: Final = 200
# Bytes that a provider repeats from a request, which nobody can read.
_BASE64: Final = re.compile(r"[A-Za-z0-9+/_\-]{120,}={0,2}")


@dataclass(frozen=True, slots=True)
class ErrorObject:
    """What an error object says.

    Attributes:
        message: The provider's words; the first 200 bytes of what is no JSON; empty where there are none.
        codes: Its codes: words before numbers.
        details: The fields that are known to explain an error, each at most 200 characters.
        rest: All fields that may explain it, as JSON, at most 200 characters.
        status: The HTTP status that it names or its code stands for, or None.
        original_status: The status of the model's own server (AWS), or None.
    """

    message: str
    codes: tuple[str, ...] = ()
    details: tuple[str, ...] = ()
    rest: str = ""
    status: int | None = None
    original_status: int | None = None

    @property
    def code(self) -> str | None:
        """The first code, or None."""
        return next(iter(self.codes), None)

    @property
    def text(self) -> str:
        """The message with the details."""
        return f"{self.message} ({'; '.join(self.details)})" if self.details else self.message

    @property
    def explanation(self) -> str:
        """The message with all that may explain it."""
        return f"{self.message or 'no reason given'}{f' {self.rest}' if self.rest else ''}"

    @property
    def retryable(self) -> bool:
        """Whether the same call may succeed later, for an error that came without a status of its own."""
        return may_pass(self.status, self.codes)


def read_error(error: Any) -> ErrorObject:
    """Read an error object, or whatever stands in its place; never raises.

    Args:
        error: The object, or what holds it: an object with ``error``, a list of such, or text.
    """
    data = error[0] if isinstance(error, list) and error else error
    if not isinstance(data, Mapping):
        return ErrorObject(cut(_words(data), _LONGEST_MESSAGE))
    inner = data.get("error", data)
    if isinstance(inner, str):  # the servers that say so may add a message beside it
        beside = {name: value for name, value in data.items() if value and name != "error"}
        inner = {"message": inner} | beside
    if not isinstance(inner, Mapping):
        inner = data
    codes = _codes(inner)
    said = next((name for name in _TEXT_FIELDS if _words(inner.get(name))), "message")
    rest = {
        name: value for name, value in inner.items() if value and name not in _NO_EXPLANATION and name != said
    }
    return ErrorObject(
        cut(_words(inner.get(said)), _LONGEST_MESSAGE),
        codes,
        tuple(
            f"{name}: {cut(words, _LONGEST_DETAIL)}"
            for name in _DETAIL_FIELDS
            if (words := _words(inner.get(name)))
        ),
        _words(rest)[:_SHOWN],
        _status(inner, codes),
        _number(data.get("originalStatusCode")),
    )


def error_in(content: bytes) -> ErrorObject:
    """Read the error that a body of any shape tells of; never raises.

    Args:
        content: The body. Where it names no message, its first 200 bytes are the message.
    """
    raw = _without_bytes(content[:_SHOWN].decode(errors="replace"))
    try:
        found = read_error(json.loads(content))
    except (ValueError, RecursionError):
        return ErrorObject(raw)
    return found if found.message else replace(found, message=raw)


def cut(text: str, length: int) -> str:
    """A text of at most that many characters."""
    return text if len(text) <= length else text[: length - 1] + "…"


def _codes(inner: Mapping[str, Any]) -> tuple[str, ...]:
    details = inner.get("details")
    cause = details.get("error_code") if isinstance(details, Mapping) else None  # Anthropic's own
    told = [_code(cause), *map(_code, map(inner.get, _CODE_FIELDS))]
    short = [code for code in told if 0 < len(code) <= _LONGEST_CODE and code.isprintable()]
    return tuple(sorted(dict.fromkeys(code for code in short if code != _NO_CODE), key=str.isdecimal))


def _status(inner: Mapping[str, Any], codes: tuple[str, ...]) -> int | None:
    numbers = (*codes, *(_code(inner.get(name)) for name in _STATUS_FIELDS))
    named = (int(number) for number in numbers if len(number) == _DIGITS and number.isdecimal())
    return status_of(codes) or next((number for number in named if number in _STATUSES), None)


def _code(value: Any) -> str:
    return str(value) if isinstance(value, (str, int)) and not isinstance(value, bool) else ""


def _words(value: Any) -> str:
    """A value as text: FastAPI gives a list of objects as its ``detail``."""
    if value in (None, "", [], {}):
        return ""
    try:
        text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, default=repr)
    except RecursionError:  # writing goes less deep than reading
        return ""
    return _without_bytes(unicode_text(text))


def _without_bytes(text: str) -> str:
    """A text, as far as anybody reads it, in which long base64 is told by its length."""
    return _BASE64.sub(_told, text[:_LONGEST_READ])


def _told(found: re.Match[str]) -> str:
    run = found[0]
    bytes_are_like_it = (
        any(map(str.isupper, run)) and any(map(str.islower, run)) and any(map(str.isdecimal, run))
    )
    return f"<{len(run)} characters of base64>" if bytes_are_like_it else run


def _number(value: Any) -> int | None:
    return value if isinstance(value, int) and not isinstance(value, bool) else None
