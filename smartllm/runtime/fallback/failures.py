"""After which failures another model is asked: a table of error types, in which no text is looked at."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final, NamedTuple

from smartllm.error_codes import Kind, kind_of
from smartllm.errors import (
    ConnectionFailedError,
    NotFoundError,
    PermissionDeniedError,
    ProviderError,
    ProviderTimeoutError,
    QuotaError,
    RateLimitError,
    ResponseError,
    ServerError,
    StreamError,
    UnknownModelError,
)
from smartllm.structure_errors import StructureError

_OVERLOADED: Final = "it gets too many calls"
_USED_UP: Final = "the account is used up"
_MISSING: Final = "the model is not there"
_NO_ACCESS: Final = "the account may not use it"
_FAILED: Final = "its own side failed"
_BY_CODE: Final[dict[Kind, str]] = {
    "rate_limit": _OVERLOADED,
    "quota": _USED_UP,
    "not_found": _MISSING,
    "permission": _NO_ACCESS,
    "server": _FAILED,
}


def _told_by_code(error: Any) -> str:
    """Of an error that a stream or a success reported, which has the class of neither."""
    kind = kind_of(error.status, [error.code] if error.code is not None else [])
    if kind is None:
        return _FAILED if error.retryable else ""
    return _BY_CODE.get(kind, "")


def _if_passing(why: str) -> Callable[[Any], str]:
    """Not where the way there is wrong for good: a certificate, a proxy, a header, a closed client."""
    return lambda error: why if error.retryable else ""


class _Row(NamedTuple):
    """What a type of errors means for whoever has another model.

    Attributes:
        kind: The type.
        why: What failed, for people, or what tells that; empty where no other model is asked.
    """

    kind: type[Exception]
    why: str | Callable[[Any], str]


# The first row that fits decides. What is in none would fail anywhere, or is the caller's to mend: a request
# that is refused as it is, a prompt that is too long, a refusal, a filter, an answer that does not fit its
# structure, a wrong key.
_ROWS: Final = (
    _Row(StructureError, ""),
    _Row(RateLimitError, _OVERLOADED),
    _Row(QuotaError, _USED_UP),
    _Row(NotFoundError, _MISSING),
    _Row(PermissionDeniedError, _NO_ACCESS),
    _Row(ServerError, _FAILED),
    _Row(ProviderTimeoutError, lambda error: "" if error.kind == "total" else "it was too slow"),
    _Row(ConnectionFailedError, _if_passing("there was no connection")),
    _Row(ResponseError, "what came is no answer"),
    _Row(StreamError, _told_by_code),
    _Row(UnknownModelError, lambda error: "the model is retired" if error.retired else ""),
)


def why_over(error: BaseException) -> str:
    """Why another model is asked after a failure, for people; empty where none is.

    Args:
        error: What the call ended with, after all of its retries.
    """
    row = next((row for row in _ROWS if isinstance(error, row.kind)), None)
    if row is None:  # a failure that came without a status and with a code that is not known
        return _told_by_code(error) if type(error) is ProviderError else ""
    return row.why if isinstance(row.why, str) else row.why(error)
