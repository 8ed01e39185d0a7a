"""The error for a failure that a provider reports: of which class it is, and whether it may pass."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Final

from smartllm import error_codes
from smartllm.errors import (
    AuthenticationError,
    BadRequestError,
    ContextLengthError,
    NotFoundError,
    PermissionDeniedError,
    ProviderError,
    QuotaError,
    RateLimitError,
    ServerError,
)

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
