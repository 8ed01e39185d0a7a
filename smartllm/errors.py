"""The error tree. Errors tell the next step in ``hint``; the compile-time ones are ``ValueError`` too.

All of them survive copies and process pools with every attribute.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from smartllm import error_codes
from smartllm.said import Named, Said, said, spoken
from smartllm.unicode import unicode_text

if TYPE_CHECKING:
    from collections.abc import Sequence

    from smartllm.diagnostics import Diagnostic, Origin
    from smartllm.response import TextResponse
    from smartllm.tools.run import ToolRun
    from smartllm.tried import Tried
    from smartllm.usage import Usage

RETRYABLE_STATUS: Final = error_codes.RETRYABLE_STATUS
"""HTTP statuses of failures that may pass."""

QUOTA_CODES: Final = error_codes.QUOTA_CODES
"""OpenAI's codes for an account that is used up."""

TIMEOUTS: Final = error_codes.TIMEOUTS
"""What did not happen in time, by kind of timeout."""


class SmartLLMError(Exception):
    """Base of all errors of this library.

    Attributes:
        message: What went wrong: the field, the value, and what is allowed.
        hint: The next step, or an empty string when the message already says it.
        run: What ``run_tools`` had done when it failed in a later round, else None.
        tried: The models that were asked before, where others of ``fallback`` took over; and those left out.
    """

    run: ToolRun[Any] | None = None
    tried: tuple[Tried, ...] = ()

    def __init__(self, message: str, *, hint: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint

    def __str__(self) -> str:
        # What others named or sent may hold half a surrogate pair, which no log and no terminal takes.
        message, hint = spoken(self.message), spoken(self.hint)
        return unicode_text(f"{message}\n  hint: {hint}" if hint else message)

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


class HeldError(ConfigError):
    """Another process works on the same folder."""


class MissingExtraError(ConfigError, ImportError):
    """An optional package is not installed; the hint is the pip line that installs it."""


class RulesError(SmartLLMError, ValueError):
    """A rules file cannot be read; the message starts with ``file:line``."""


class RequestTypeError(SmartLLMError, TypeError):
    """A method was given what is no request, nor a prompt or a conversation; the hint shows the call."""


class CompileError(SmartLLMError, ValueError):
    """The request cannot be compiled for this model."""


class RequestFileError(CompileError):
    """A request file is malformed; the message names the file, the field and the reason."""


class UnknownModelError(CompileError):
    """No rule matches the model id, or it cannot be sent as it is written; the hint shows what to pass.

    Attributes:
        model: The id as given.
        nearest: Up to five ids that may be meant: listed ones with similar names, or the successor.
        retired: The rules list the id as one that is gone.
    """

    def __init__(
        self, message: str, *, hint: str, model: str, nearest: Sequence[str] = (), retired: bool = False
    ) -> None:
        super().__init__(message, hint=hint)
        self.model = model
        self.nearest = tuple(nearest)
        self.retired = retired


class UnsupportedError(CompileError):
    """The model's facts refuse an explicit wish that must not be dropped silently.

    Attributes:
        field: The request field that is refused.
        fact: Path of the fact that refuses it, or an empty string where no fact is needed for that.
        wanted: What of the fact's values would have to be there; empty where that is not said.
    """

    def __init__(self, message: str, *, field: str, hint: str = "", fact: str = "", wanted: str = "") -> None:
        super().__init__(_about(field, message), hint=hint)
        self.field, self.fact, self.wanted = field, fact, wanted

    def at(self, origin: Origin) -> UnsupportedError:
        """This error with the row that states its fact in the message."""
        about = {"hint": self.hint, "fact": self.fact, "wanted": self.wanted}
        return UnsupportedError(said("{} [{}]", self.message, str(origin)), field=self.field, **about)


def _about(field: str, message: str) -> str:
    """A message that begins with the field that it is about, so that other places can name that otherwise."""
    head = f"{field}: "
    if isinstance(message, Said) or not message.startswith(head):
        return message
    return said("{}: {}", Named(field), message.removeprefix(head))


class DiagnosticError(CompileError):
    """Compiled with ``level="raise"`` and the compiler had to change something.

    Attributes:
        diagnostics: The changes, in the order in which they were made.
    """

    def __init__(self, diagnostics: Sequence[Diagnostic]) -> None:
        lines = "\n".join(f"  {item}" for item in diagnostics)
        super().__init__(
            f"the request does not fit the model as written:\n{lines}",
            hint=said(
                "change the request, or compile with {} to accept these changes", Named("level", "warn")
            ),
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
        partial_text: What an answer had said so far that broke off or was cut: its text, or the JSON text of
            the structure; empty for other errors.
        address: The URL that was called, without login and query, or None.
        response: What was answered and paid for all the same, without ``structured_data``: text, parts,
            usage, cost, request id, raw. Of a call that takes two steps and fails in the second it is the
            first step's answer. None where nothing came as a whole.
    """

    response: TextResponse[Any] | None = None

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

    @property
    def usage(self) -> Usage | None:
        """The tokens of ``response``; None without one."""
        return None if self.response is None else self.response.usage

    def __str__(self) -> str:
        called = [self.model and f"model {self.model}", self.address or ""]
        called.append(f"{self.attempts} attempts" if self.attempts > 1 else "")
        told = self.address is not None or self.attempts > 1
        where = "  " + ", ".join(filter(None, called)) if told else ""
        hint = spoken(self.hint)
        lines = spoken(self.message), where, f"  hint: {hint}" if hint else ""
        return unicode_text("\n".join(filter(None, lines)))


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
        hint = said("raise {} if such answers may take longer", Named(setting))
        super().__init__(message, model=model, retryable=retryable, hint=hint, **about)
        self.kind, self.seconds = kind, seconds


class ResponseError(ProviderError):
    """The provider answered with something that is not an answer; the message shows its first 200 bytes."""


class StreamError(ProviderError):
    """A stream broke, ended before its terminator, or reported an error; ``partial_text`` has what came."""


class TruncatedError(ProviderError, ValueError):
    """The provider cut off structured output before it was complete; ``partial_text`` has what came of it."""


class RefusalError(ProviderError):
    """The model refused to give structured data, or a filter of the provider withheld it.

    Attributes:
        refusal: The refusal text as the model wrote it; of a filter what it left of the answer.
    """

    def __init__(self, message: str, *, model: str, refusal: str, **about: Any) -> None:
        hint = "rephrase the prompt, or handle RefusalError.refusal"
        super().__init__(message, model=model, hint=hint, **about)
        self.refusal = refusal
