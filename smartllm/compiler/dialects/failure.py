"""Failures that a provider tells inside a success: an error object in a 200, in a choice, in a stream."""

from __future__ import annotations

from typing import Any

from smartllm.error_object import read_error
from smartllm.errors import ProviderError
from smartllm.provider_errors import provider_error


def reported(error: Any, *, model: str, prefix: str, request_id: str | None, partial: str) -> ProviderError:
    """The error for an answer that holds an error object.

    Args:
        error: The error object.
        model: Model id that was called.
        prefix: How the message begins.
        request_id: The answer's id.
        partial: The text beside the error.
    """
    found = read_error(error)
    return provider_error(
        f"{prefix}: {found.explanation}",
        model=model,
        status=found.status,
        code=found.code,
        also=found.codes[1:],
        request_id=request_id,
        partial_text=partial,
        hint="" if found.code else "check that the endpoint speaks the API that was chosen",
    )
