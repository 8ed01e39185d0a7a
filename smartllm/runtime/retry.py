"""One retry layer for every transport: exponential backoff with jitter, on errors that say they may pass."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import TypeVar

import stamina

from smartllm.config import LLMConfig
from smartllm.errors import ProviderError

R = TypeVar("R")


async def with_retries(call: Callable[[], Awaitable[R]], config: LLMConfig) -> R:
    """Await ``call`` until it succeeds, fails for good, or has been made ``max_retries + 1`` times.

    Raises:
        ProviderError: The last error; its ``attempts`` says how often the call was made.
    """
    attempts = 0
    try:
        async for attempt in stamina.retry_context(
            on=_may_pass,
            attempts=config.max_retries + 1,
            timeout=None,
            wait_initial=config.retry_delay,
            wait_max=config.max_retry_delay,
            wait_jitter=config.retry_delay,
        ):
            with attempt:
                attempts = attempt.num
                return await call()
    except ProviderError as error:
        error.attempts = attempts
        # ``from None`` hides the SDK's error but keeps it, and with it the request and its headers.
        error.__context__ = None
        raise
    raise AssertionError("the loop above returns or raises")


def _may_pass(error: Exception) -> bool:
    return isinstance(error, ProviderError) and error.retryable
