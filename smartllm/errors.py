"""The error tree. Errors tell the next step in ``hint``; the compile-time ones are ``ValueError`` too.

All of them survive copies and process pools with every attribute.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from smartllm import error_codes

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from smartllm.diagnostics import Diagnostic, Origin
    from smartllm.tools.run import ToolRun

RETRYABLE_STATUS: Final = error_codes.RETRYABLE_STATUS
"""HTTP statuses of failures that may pass."""

QUOTA_CODES: Final = error_codes.QUOTA_CODES
"""OpenAI's codes for an account that is used up."""

TIMEOUTS: Final = {
    "connect": "no connection",
    "read": "no byte",
    "first_event": "no first piece of the answer",
    "stall": "no further piece of the answer",
    "total": "no whole answer",
}
"""What did not happen in time, by kind of timeout."""


class SmartLLMError(Exception):
    """Base of all errors of this library.

    Attributes:
        message: What went wrong: the field, the value, and what is allowed.
        hint: The next step, or an empty string when the message already says it.
        run: What ``run_tools`` had done when it failed in a later round, else None.
    """

    run: ToolRun[Any] | None = None

    def __init__(self, message: str, *, hint: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint

    def __str__(self) -> str:
        return f"{self.message}\n  hint: {self.hint}" if self.hint else self.message

    def __reduce__(self) -> tuple[Any, ...]:
        # Not through the constructors, whose arguments are not kept. Notes are among the attributes.
        notes = {"__notes__": list(self.__notes__)} if hasattr(self, "__notes__") else {}
        return _copied, (type(self), *self.args), vars(self) | notes


def _copied(kind: type[SmartLLMError], *args: Any) -> SmartLLMError:
    error = kind.__new__(kind)
    error.args = args  # __new__ of an OSError, such as TimeoutError is, leaves them to __init__
    return error


class ConfigError(SmartLLMError, ValueError):
    """Settings or environment cannot be used (unknown, foreign, missing), or the client is closed."""


class MissingExtraError(ConfigError, ImportError):
    """An optional package is not installed; the hint is the pip line that installs it."""


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
        fact: Path of the fact that refuses it, or an empty string where no fact is needed for that.
        wanted: What of the fact's values would have to be there; empty where that is not said.
    """

    def __init__(self, message: str, *, field: str, hint: str = "", fact: str = "", wanted: str = "") -> None:
        super().__init__(message, hint=hint)
        self.field, self.fact, self.wanted = field, fact, wanted

    def at(self, origin: Origin) -> UnsupportedError:
        """This error with the row that states its fact in the message."""
        about = {"hint": self.hint, "fact": self.fact, "wanted": self.wanted}
        return UnsupportedError(f"{self.message} [{origin}]", field=self.field, **about)


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

    Its text is the message, then (where it is known) a line with the model, the address and the number of
    attempts, then the hint.

    Attributes:
        model: Model id that was called.
        status: HTTP status, or None where there was no response.
        code: The provider's own error code, or None.
        request_id: The provider's request id, or None.
        retryable: Whether the same call may succeed later.
        retry_after: Seconds that the provider asks to wait, or None.
        attempts: How often the call was sent.
        partial_text: What a broken stream had said so far; empty for other errors.
        address: The URL that was called, without login and query, or None.
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
        attempts: int = 1,
        hint: str = "",
        address: str | None = None,
    ) -> None:
        super().__init__(message, hint=hint)
        self.model = model
        self.status = status
        self.code = code
        self.request_id = request_id
        self.retryable = retryable
        self.retry_after = retry_after
        self.attempts = attempts
        self.partial_text = partial_text
        self.address = address

    def __str__(self) -> str:
        called = [self.model and f"model {self.model}", self.address or ""]
        called.append(f"{self.attempts} attempts" if self.attempts > 1 else "")
        told = self.address is not None or self.attempts > 1
        where = "  " + ", ".join(filter(None, called)) if told else ""
        return "\n".join(filter(None, [self.message, where, f"  hint: {self.hint}" if self.hint else ""]))


class RateLimitError(ProviderError):
    """The provider gets too many calls or tokens (429, AWS's throttling codes)."""


class QuotaError(ProviderError):
    """The account is used up or unpaid (402, ``insufficient_quota`` and its like); waiting does not help."""


class AuthenticationError(ProviderError):
    """The key or signature is missing, wrong or out of date (401, AWS's codes for it)."""


class PermissionDeniedError(ProviderError):
    """The key is known, and may not do this (403)."""


class NotFoundError(ProviderError):
    """There is no such model, or no such path on the server (404, 410)."""


class BadRequestError(ProviderError):
    """The provider refuses the request as it is (400, 413, 422 and other 4xx)."""


class ContextLengthError(BadRequestError):
    """The prompt is longer than the model's context; told by a code such as ``context_length_exceeded``."""


class ServerError(ProviderError):
    """The provider's own side failed (5xx; and 408, 409, 424, 425, its own timeouts and conflicts)."""


class ConnectionFailedError(ProviderError):
    """No whole answer came: the connection was refused, or broke, or the client was closed meanwhile."""


class ProviderTimeoutError(ProviderError, TimeoutError):
    """The provider was too slow.

    Attributes:
        kind: Which limit was passed: ``connect``, ``read``, ``first_event``, ``stall`` or ``total``.
        seconds: That limit.
    """

    def __init__(self, kind: str, seconds: float, *, model: str, retryable: bool, **about: Any) -> None:
        setting = f"{kind}_timeout"
        message = f"the provider was too slow: {TIMEOUTS[kind]} within {setting}={seconds:g} s"
        hint = f"raise {setting} if such answers may take longer"
        super().__init__(message, model=model, retryable=retryable, hint=hint, **about)
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

    def __init__(self, message: str, *, model: str, refusal: str, **about: Any) -> None:
        hint = "rephrase the prompt, or handle RefusalError.refusal"
        super().__init__(message, model=model, hint=hint, **about)
        self.refusal = refusal


_CLASSES: Final[dict[error_codes.Kind | None, type[ProviderError]]] = {
    "quota": QuotaError,
    "rate_limit": RateLimitError,
    "context_length": ContextLengthError,
    "authentication": AuthenticationError,
    "permission": PermissionDeniedError,
    "not_found": NotFoundError,
    "bad_request": BadRequestError,
    "server": ServerError,
    None: ProviderError,
}


def provider_error(
    message: str,
    *,
    status: int | None,
    code: str | None,
    also: Iterable[str] = (),
    retryable: bool | None = None,
    **about: Any,
) -> ProviderError:
    """The error for a failure that a provider reports.

    Args:
        message: What went wrong; never looked at.
        status: HTTP status; of a failure inside a success None, or the status that its code stands for.
        code: The provider's own code, or None.
        also: Further codes that tell the kind, such as OpenAI's ``type``.
        retryable: Whether the same call may succeed later; None judges by status and codes.
        **about: The other arguments of ``ProviderError``.
    """
    codes = [code, *also] if code is not None else list(also)
    if retryable is None:
        retryable = error_codes.may_pass(status, codes)
    kind = _CLASSES[error_codes.kind_of(status, codes)]
    return kind(message, status=status, code=code, retryable=retryable, **about)
