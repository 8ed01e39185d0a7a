"""What holds for every error, wherever in a call it came up."""

from __future__ import annotations

from typing import Any

from smartllm.compiler import Plan
from smartllm.errors import ProviderError, SmartLLMError
from smartllm.request import MessageRequest, TextRequest
from smartllm.runtime.answer import paid_for
from smartllm.runtime.control.deadline import Deadline
from smartllm.runtime.secrets import hide_secrets
from smartllm.runtime.structure.paid import hide_in_paid


def make_ready(
    error: Exception,
    deadline: Deadline,
    plan: Plan,
    request: TextRequest[Any] | MessageRequest[Any],
    secrets: tuple[str, ...],
) -> None:
    """Let an error tell what was paid for and how often it was tried, and no secret.

    Args:
        error: What the call ended with.
        deadline: Its end, and what was noted of it.
        plan: Its plan.
        request: What the caller asked for.
        secrets: What keys and settings hold.
    """
    if isinstance(error, ProviderError) and error.response is None:
        error.response = paid_for(deadline.record, plan, request)
    hidden = (*secrets, *plan.steps[0].secrets)
    if isinstance(error, SmartLLMError):
        hide_secrets(error, hidden)
    hide_in_paid(error, hidden)
    if isinstance(error, ProviderError):
        error.attempts = max(error.attempts, deadline.record.attempts)
        # ``from None`` hides the HTTP library's error but keeps it, and with it the request's headers.
        error.__context__ = None
