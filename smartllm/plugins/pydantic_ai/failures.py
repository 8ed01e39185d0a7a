"""SmartLLM's errors as those that agents know."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from http import HTTPStatus
from typing import Any, Final

from pydantic import ValidationError
from pydantic_ai import exceptions as theirs

from smartllm import errors as ours

_CATEGORIES: Final[tuple[tuple[type[ours.ProviderError], Any], ...]] = (
    (ours.RateLimitError, theirs.ModelRateLimitError),
    (ours.QuotaError, theirs.ModelQuotaExceededError),
    (ours.AuthenticationError, theirs.ModelAuthenticationError),
    (ours.PermissionDeniedError, theirs.ModelAuthenticationError),
    (ours.NotFoundError, theirs.ModelNotFoundError),
    (ours.ContextLengthError, theirs.ModelContextWindowExceededError),
    (ours.BadRequestError, theirs.ModelRequestRejectedError),
    (ours.ServerError, theirs.ModelServerError),
)
_FAILED_CALLS: Final[tuple[tuple[type[ours.ProviderError], Any], ...]] = (
    (ours.ProviderTimeoutError, theirs.ModelTimeoutError),
    (ours.ConnectionFailedError, theirs.ModelConnectionError),
    (ours.StreamError, theirs.ModelConnectionError),
)


@contextmanager
def failures(model: str) -> Iterator[None]:
    """Raise pydantic-ai's errors for ours, with ours as their cause.

    Args:
        model: The model's name.
    """
    try:
        yield
    except (ours.SmartLLMError, ValidationError) as error:
        raise _theirs(error, model) from error


def _theirs(error: ours.SmartLLMError | ValidationError, model: str) -> Exception:
    if isinstance(error, ours.ProviderError):
        return _call_failed(error, model)
    if isinstance(error, ours.UnsupportedError):
        # Another model may take it, so a FallbackModel goes on to the next one.
        return theirs.ModelRequestRejectedError(model, str(error))
    if isinstance(error, ours.UnknownModelError):
        return theirs.ModelNotFoundError(model, str(error))
    return theirs.UserError(str(error))


def _call_failed(error: ours.ProviderError, model: str) -> Exception:
    about: dict[str, Any] = {"provider_error_code": error.code, "retry_after": error.retry_after}
    category = next((theirs_ for kind, theirs_ in _CATEGORIES if isinstance(error, kind)), None)
    if error.status == HTTPStatus.SERVICE_UNAVAILABLE:
        category = theirs.ModelUnavailableError
    if error.status is not None:
        hint = error.hint or None
        return theirs.ModelHTTPError.for_category(
            category, status_code=error.status, model_name=model, body=error.message, hint=hint, **about
        )
    other = next((theirs_ for kind, theirs_ in _FAILED_CALLS if isinstance(error, kind)), None)
    kind: Any = category or other or theirs.ModelAPIError
    in_stream = isinstance(error, ours.StreamError)
    failed: Exception = kind(model, str(error), in_stream=in_stream, **about)
    return failed
