"""One retry layer for every transport: full jitter, Retry-After, and a budget."""

from __future__ import annotations

import asyncio
import email.utils
import logging
import random
import time
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Final, TypeVar

import stamina

from smartllm.errors import ProviderError, ResponseError
from smartllm.log import logger

R = TypeVar("R")
# stamina logs each retry, and Python prints what no handler takes.
logging.getLogger("stamina").addHandler(logging.NullHandler())

THROTTLED_CODES: Final = ("throttling", "toomanyrequests", "slow_down", "rate_limit")
_THROTTLED_STATUS: Final = 429
# The figures of AWS's standard retry mode: 35 retries in a row, or 100 of throttled calls, empty the bucket.
_COST: Final = 14.0
_THROTTLED_COST: Final = 5.0
_INCOME: Final = 1.0


class RetryBudget:
    """A token bucket that all calls of a client share.

    A retry takes 14 tokens, 5 after throttling; a success gives back what its last retry took, or 1 when it
    needed none. Without enough tokens an error is final.

    Args:
        capacity: Tokens in the full bucket; None switches the budget off.
    """

    def __init__(self, capacity: float | None = 500) -> None:
        self.capacity = float("inf") if capacity is None else float(capacity)
        self.tokens = self.capacity

    def take(self, throttled: bool) -> bool:
        """Pay for a retry; False when there is not enough left."""
        cost = self.cost(throttled)
        if self.tokens < cost:
            return False
        self.tokens -= cost
        return True

    def give_back(self, amount: float) -> None:
        """Refill after a success."""
        self.tokens = min(self.capacity, self.tokens + amount)

    @staticmethod
    def cost(throttled: bool) -> float:
        """Tokens of one retry."""
        return _THROTTLED_COST if throttled else _COST


@dataclass(frozen=True)
class RetryPolicy:
    """When and how long to wait before a failed call is made again.

    Attributes:
        max_retries: Retries after the first attempt.
        base: Bound of the first backoff in seconds.
        cap: Largest backoff in seconds.
        max_retry_after: Longest wait, in seconds, that a provider may ask for.
        draw: Random numbers from 0 to 1.
    """

    max_retries: int
    base: float
    cap: float
    max_retry_after: float = 120.0
    draw: Callable[[], float] = random.random

    def delay(self, error: ProviderError, attempt: int) -> float | None:
        """Seconds to wait after a failed attempt; None when its error is final.

        Args:
            error: What the attempt raised.
            attempt: Its number, from 1 on.
        """
        if not error.retryable or attempt > self.max_retries:
            return None
        if isinstance(error, ResponseError) and attempt > 1:
            return None  # an answer that cannot be read is asked for once more, not for ever
        jitter = self.draw() * min(self.base * 2.0 ** min(attempt - 1, 64), self.cap)
        asked = error.retry_after
        if asked is None:
            return jitter
        return None if asked > self.max_retry_after else asked + min(jitter, asked)


OnRetry = Callable[[ProviderError, int, float], Awaitable[None]]
"""Told of each retry before its wait: the error, the retry's number from 1 on, seconds to wait."""


async def with_retries(
    call: Callable[[], Awaitable[R]],
    policy: RetryPolicy,
    budget: RetryBudget,
    *,
    on_retry: OnRetry | None = None,
    sleep: Callable[[float], Awaitable[object]] = asyncio.sleep,
) -> R:
    """Await ``call`` until it succeeds, fails for good, or has been made ``max_retries + 1`` times.

    Raises:
        ProviderError: The last error; its ``attempts`` says how often the call was made.
    """
    try:
        result = await call()
    except ProviderError as error:
        failed: ProviderError | None = error
    else:  # nearly always; stamina's loop alone would cost a tenth of a call
        budget.give_back(_INCOME)
        return result
    attempts, paid, again = 0, 0.0, False

    def goes_on(_: Exception) -> float | bool:
        return 0.0 if again else False  # the wait is over by then

    try:
        async for attempt in stamina.retry_context(on=goes_on, attempts=None, timeout=None):
            with attempt:
                attempts, again = attempts + 1, False
                try:
                    if failed is not None:
                        first, failed = failed, None
                        raise first
                    result = await call()
                except ProviderError as error:
                    delay = policy.delay(error, attempts)
                    if delay is None or not budget.take(is_throttled(error)):
                        raise
                    paid = budget.cost(is_throttled(error))
                    logger.info(
                        "%s: retry %d in %.2f s after %s (status %s, code %s)",
                        error.model,
                        attempts,
                        delay,
                        type(error).__name__,
                        error.status,
                        error.code,
                    )
                    if on_retry is not None:
                        await on_retry(error, attempts, delay)
                    await sleep(delay)
                    again = True
                    raise
                budget.give_back(paid)
                return result
    except ProviderError as error:
        error.attempts = attempts
        raise
    raise AssertionError("the loop above returns or raises")


def is_throttled(error: ProviderError) -> bool:
    """Whether the provider says that it gets too much."""
    return error.status == _THROTTLED_STATUS or (error.code or "").lower().startswith(THROTTLED_CODES)


def retry_after(headers: Mapping[str, str], *, now: Callable[[], float] = time.time) -> float | None:
    """Seconds that a provider asks to wait; None when it does not say, or says nothing usable.

    Args:
        headers: Headers of its answer.
        now: Seconds since the epoch.
    """
    headers = {name.lower(): value for name, value in headers.items()}
    seconds = _number(headers.get("retry-after-ms"))
    if seconds is not None:
        return seconds / 1000
    text = headers.get("retry-after")
    seconds = _number(text)
    if seconds is None and text:
        try:
            seconds = email.utils.parsedate_to_datetime(text).timestamp() - now()
        except (ValueError, TypeError, OverflowError):
            return None
    return seconds if seconds is not None and seconds >= 0 else None


def _number(text: str | None) -> float | None:
    try:
        value = float(text or "")
    except ValueError:
        return None
    return value if 0 <= value < float("inf") else None
