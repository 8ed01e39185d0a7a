"""What was paid for, where reading it ended in an exception of the caller's own code."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import replace
from typing import Any, Final

from smartllm.errors import ProviderError, SmartLLMError
from smartllm.response import TextResponse
from smartllm.runtime.secrets import told

_NAME: Final = "smartllm_response"


def tell_paid(error: Exception, response: TextResponse[Any]) -> None:
    """Tell an exception of what was paid for: as a note, and whole as its ``smartllm_response``.

    Args:
        error: What a validator of the caller raised; some take neither.
        response: The response without structured data.
    """
    note = (
        f"smartllm: it came up in reading answer {response.request_id}, which was paid for: "
        f"{response.input_tokens} input and {response.output_tokens} output tokens; the exception's "
        f"{_NAME} has it"
    )
    with suppress(Exception):
        setattr(error, _NAME, response)
        if note not in getattr(error, "__notes__", ()):
            error.add_note(note)


def not_paid(error: BaseException, given: int) -> None:
    """Tell an exception that the first calls of what it was paid for were another caller's.

    Args:
        error: What was raised; the response that it has may be that other caller's too.
        given: How many.
    """
    response = paid_with(error)
    if response is not None:
        tell_response(error, replace(response, _given=given))


def tell_response(error: BaseException, response: TextResponse[Any]) -> None:
    """Let an exception hold what was paid for."""
    with suppress(AttributeError):  # some exceptions take none
        setattr(error, "response" if isinstance(error, ProviderError) else _NAME, response)


def hide_in_paid(error: BaseException, secrets: tuple[str, ...]) -> None:
    """Take secrets out of what ``tell_paid`` told."""
    response = None if isinstance(error, SmartLLMError) else paid_with(error)
    if response is not None:
        setattr(error, _NAME, told(response, secrets))


def paid_with(error: BaseException) -> TextResponse[Any] | None:
    """The response that was paid for before an exception; None where it does not tell."""
    if isinstance(error, ProviderError):
        return error.response
    found = getattr(error, _NAME, None)
    return found if isinstance(found, TextResponse) else None
