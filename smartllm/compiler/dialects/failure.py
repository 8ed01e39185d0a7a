"""Failures that a provider tells inside a success: an error object in a 200, in a choice, in a stream."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final, NamedTuple

from smartllm.compiler.dialects.reading import shown
from smartllm.error_codes import QUOTA_CODES, may_pass
from smartllm.errors import ProviderError, provider_error

# Such errors carry no status; theirs by code or type (openai facts §12; Anthropic's page "Errors").
_STATUS: Final = {
    "rate_limit_exceeded": 429,
    "slow_down": 429,
    "server_error": 500,
    "server_is_overloaded": 503,
    "service_unavailable_error": 503,
    "invalid_prompt": 400,
    "context_length_exceeded": 400,
    "content_filter": 400,
    "invalid_api_key": 401,
    "model_not_found": 404,
    "invalid_request_error": 400,
    "authentication_error": 401,
    "billing_error": 402,
    "permission_error": 403,
    "not_found_error": 404,
    "request_too_large": 413,
    "rate_limit_error": 429,
    "api_error": 500,
    "timeout_error": 504,
    "overloaded_error": 529,
} | dict.fromkeys(QUOTA_CODES, 429)
_STATUSES: Final = range(400, 600)
# What else an error object may hold explains it, such as failed_generation, or innererror.
_NO_EXPLANATION: Final = frozenset(
    {"message", "code", "type", "param", "status", "status_code", "sequence_number", "event_id", "request_id"}
)


class Failure(NamedTuple):
    """What an error object says.

    Attributes:
        message: The provider's words.
        codes: Its code, then its type, as far as it has them.
        status: The HTTP status that its code stands for, or None.
        retryable: Whether the same call may succeed later, by status and code.
    """

    message: str
    codes: tuple[str, ...]
    status: int | None
    retryable: bool

    @property
    def code(self) -> str | None:
        """The first code, or None."""
        return next(iter(self.codes), None)


def failure(error: Any) -> Failure:
    """Read an error object, or whatever stands in its place."""
    fields = error if isinstance(error, Mapping) else {"message": error}
    codes = [_word(fields.get(name)) for name in ("code", "type")]
    codes = [code for code in codes if code not in {"", "error"}]
    status = next((_STATUS[code] for code in codes if code in _STATUS), None)
    for number in (*codes[:1], *(_word(fields.get(name)) for name in ("status", "status_code"))):
        if status is None and number.isdecimal() and int(number) in _STATUSES:
            status = int(number)
    return Failure(explanation(fields), tuple(codes), status, may_pass(status, codes))


def explanation(error: Mapping[str, Any]) -> str:
    """The words of an error object, with the fields that explain it, shortened."""
    message = error.get("message")
    said = message if isinstance(message, str) else shown(message)
    rest = {name: value for name, value in error.items() if value and name not in _NO_EXPLANATION}
    return f"{said if message else 'no reason given'}{f' {shown(rest)}' if rest else ''}"


def reported(error: Any, *, model: str, prefix: str, request_id: str | None, partial: str) -> ProviderError:
    """The error for an answer that holds an error object.

    Args:
        error: The error object.
        model: Model id that was called.
        prefix: How the message begins.
        request_id: The answer's id.
        partial: The text beside the error.
    """
    found = failure(error)
    return provider_error(
        f"{prefix}: {found.message}",
        model=model,
        status=found.status,
        code=found.code,
        also=found.codes[1:],
        request_id=request_id,
        partial_text=partial,
        hint="" if found.code else "check that the endpoint speaks the API that was chosen",
    )


def _word(value: Any) -> str:
    return str(value) if isinstance(value, str | int) and not isinstance(value, bool) else ""
