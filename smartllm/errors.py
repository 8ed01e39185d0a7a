"""The error tree. Errors tell the next step in ``hint``; the compile-time ones are ``ValueError`` too."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Sequence

    from smartllm.diagnostics import Diagnostic


TIMEOUTS: Final = {
    "connect": "no connection",
    "read": "no byte",
    "first_event": "no first piece of the answer",
    "stall": "no further piece of the answer",
    "total": "no whole answer",
}
"""What did not happen in time, by kind of timeout."""


RETRYABLE_STATUS: Final = frozenset({408, 409, 429, 500, 502, 503, 504, 529})
"""HTTP statuses of failures that may pass."""

# They arrive as 429 and stay until somebody pays (openai facts §12).
QUOTA_CODES: Final = frozenset(
    {
        "insufficient_quota",
        "billing_hard_limit_reached",
        "credit_balance_exhausted",
        "organization_spend_limit_exceeded",
        "project_spend_limit_exceeded",
        "organization_usage_limit_exceeded",
    }
)
"""OpenAI's codes for an account that is used up."""


class SmartLLMError(Exception):
    """Base of all errors of this library.

    Attributes:
        message: What went wrong: the field, the value, and what is allowed.
        hint: The next step, or an empty string when the message already says it.
    """

    def __init__(self, message: str, *, hint: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint

    def __str__(self) -> str:
        return f"{self.message}\n  hint: {self.hint}" if self.hint else self.message


class ConfigError(SmartLLMError, ValueError):
    """The configuration cannot be used: unknown provider, missing key, unusable value."""


class MissingExtraError(ConfigError, ImportError):
    """An optional SDK is not installed; the hint is the pip line that installs it."""


class RulesError(SmartLLMError, ValueError):
    """A rules file cannot be read; the message starts with ``file:line``."""


class CompileError(SmartLLMError, ValueError):
    """The request cannot be compiled for this model."""


class RequestFileError(CompileError):
    """A request file is malformed; the message names the file, the field and the reason."""


class UnknownModelError(CompileError):
    """No rule matches the model id; the hint shows the overlay row that would declare it.

    Attributes:
        model: The id as given.
        nearest: Up to five listed ids with similar names.
    """

    def __init__(self, message: str, *, hint: str, model: str, nearest: Sequence[str] = ()) -> None:
        super().__init__(message, hint=hint)
        self.model = model
        self.nearest = tuple(nearest)


class UnsupportedError(CompileError):
    """The model's facts refuse an explicit wish that must not be dropped silently.

    Attributes:
        field: The request field that is refused.
    """

    def __init__(self, message: str, *, field: str, hint: str = "") -> None:
        super().__init__(message, hint=hint)
        self.field = field


class DiagnosticError(CompileError):
    """Compiled with ``level="raise"`` and the compiler had to change something.

    Attributes:
        diagnostics: The changes, in the order in which they were made.
    """

    def __init__(self, diagnostics: Sequence[Diagnostic]) -> None:
        lines = "\n".join(f"  {item}" for item in diagnostics)
        super().__init__(
            f"the request does not fit the model as written:\n{lines}",
            hint='change the request, or compile with level="warn" to accept these changes',
        )
        self.diagnostics = tuple(diagnostics)


class ProviderError(SmartLLMError):
    """The provider, or the way to it, failed.

    Attributes:
        model: Model id that was called.
        status: HTTP status, or None where there was no response.
        code: The provider's own error code, or None.
        request_id: The provider's request id, or None.
        retryable: Whether the same call may succeed later.
        retry_after: Seconds that the provider asks to wait, or None.
        attempts: How often the call was sent.
        partial_text: What a broken stream had said so far; empty for other errors.
    """

    def __init__(
        self,
        message: str,
        *,
        model: str,
        status: int | None = None,
        code: str | None = None,
        request_id: str | None = None,
        retryable: bool = False,
        retry_after: float | None = None,
        partial_text: str = "",
        hint: str = "",
    ) -> None:
        super().__init__(message, hint=hint)
        self.model = model
        self.status = status
        self.code = code
        self.request_id = request_id
        self.retryable = retryable
        self.retry_after = retry_after
        self.attempts = 1
        self.partial_text = partial_text


class ConnectionFailedError(ProviderError):
    """No whole answer came: the connection was refused, or broke."""


class ProviderTimeoutError(ProviderError, TimeoutError):
    """The provider was too slow.

    Attributes:
        kind: Which limit was passed: ``connect``, ``read``, ``first_event``, ``stall`` or ``total``.
        seconds: That limit.
    """

    def __init__(
        self, kind: str, seconds: float, *, model: str, retryable: bool, partial_text: str = ""
    ) -> None:
        setting = f"{kind}_timeout"
        super().__init__(
            f"the provider was too slow: {TIMEOUTS[kind]} within {setting}={seconds:g} s",
            model=model,
            retryable=retryable,
            partial_text=partial_text,
            hint=f"raise {setting} if such answers may take longer",
        )
        self.kind, self.seconds = kind, seconds


class ResponseError(ProviderError):
    """The provider answered with something that is not an answer; the message shows its first 200 bytes."""


class StreamError(ProviderError):
    """A stream broke, ended before its terminator, or reported an error; ``partial_text`` holds its text."""


class TruncatedError(ProviderError, ValueError):
    """The provider cut off structured output before it was complete; increase ``max_tokens``."""


class RefusalError(ProviderError):
    """The model refused to give structured data.

    Attributes:
        refusal: The refusal text as the model wrote it.
    """

    def __init__(self, message: str, *, model: str, refusal: str) -> None:
        super().__init__(message, model=model, hint="rephrase the prompt, or handle RefusalError.refusal")
        self.refusal = refusal
