"""One retry layer for every transport: full jitter, Retry-After, and a budget."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Final, TypeVar

from smartllm.error_codes import kind_of
from smartllm.errors import ConnectionFailedError, ProviderError, ResponseError
from smartllm.log import logger

R = TypeVar("R")

_THROTTLED_STATUS: Final = 429
# The figures of AWS's standard retry mode: 35 retries in a row, or 100 of throttled calls, empty the bucket.
_COST: Final = 14.0
_THROTTLED_COST: Final = 5.0
_INCOME: Final = 1.0


class RetryBudget:
    """A token bucket that all calls of a client in one event loop share.

    A retry takes 14 tokens, 5 after throttling; a success gives back what its last retry took, or 1 when it
    needed none. Without enough tokens an error is final. Each call in flight brings one more retry, for a
    connection that broke: one reset of every connection is survived by all, however many there are. Those are
    given back by successes alone, so that an upstream that breaks every connection ends them too.

    Args:
        capacity: Tokens in the full bucket; None switches the budget off.
    """

    def __init__(self, capacity: float | None = 500) -> None:
        self.capacity = float("inf") if capacity is None else float(capacity)
        self.tokens = self.capacity
        self.in_flight = 0
        self._most_in_flight = 0
        self._broken = 0

    def begin(self) -> None:
        """A call is under way."""
        self.in_flight += 1
        self._most_in_flight = max(self._most_in_flight, self.in_flight)

    def end(self) -> None:
        """It has ended."""
        self.in_flight -= 1

    def take(self, error: ProviderError, attempt: int) -> float | None:
        """Pay for a retry.

        Args:
            error: What the attempt raised.
            attempt: Its number in its call, from 1 on.

        Returns:
            The tokens that it took; None when there are not enough.
        """
        if attempt == 1 and isinstance(error, ConnectionFailedError) and self._broken < self._most_in_flight:
            self._broken += 1
            return 0.0
        cost = _THROTTLED_COST if is_throttled(error) else _COST
        if self.tokens < cost:
            return None
        self.tokens -= cost
        return cost

    def succeeded(self, paid: float) -> None:
        """Refill after a success.

        Args:
            paid: What the call's last retry took; 0 when it needed none.
        """
        self.tokens = min(self.capacity, self.tokens + (paid or _INCOME))
        if self._broken:
            self._broken -= 1
        else:
            self._most_in_flight = self.in_flight


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

    def delay(self, error: ProviderError, attempt: int, unreadable: int = 0) -> float | None:
        """Seconds to wait after a failed attempt; None when its error is final.

        Args:
            error: What the attempt raised.
            attempt: Its number, from 1 on.
            unreadable: How many answers of the call could not be read; such a one is asked for once more.
        """
        if not error.retryable or attempt > self.max_retries or unreadable > 1:
            return None
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

    Args:
        call: The call.
        policy: When to make it again.
        budget: What pays for that.
        on_retry: Told of each retry.
        sleep: Waits.

    Raises:
        ProviderError: The last error; its ``attempts`` says how often the call was made.
    """
    attempt, unreadable, paid = 0, 0, 0.0
    budget.begin()
    try:
        while True:
            attempt += 1
            try:
                result = await call()
            except ProviderError as error:
                error.attempts = attempt
                unreadable += isinstance(error, ResponseError)
                delay = policy.delay(error, attempt, unreadable)
                cost = None if delay is None else budget.take(error, attempt)
                if delay is None or cost is None:
                    raise
                paid, failed = cost, error
            else:
                budget.succeeded(paid)
                return result
            logger.info(
                "%s: retry %d in %.2f s after %s (status %s, code %s)",
                failed.model,
                attempt,
                delay,
                type(failed).__name__,
                failed.status,
                failed.code,
            )
            if on_retry is not None:
                await on_retry(failed, attempt, delay)
            await sleep(delay)
    finally:
        budget.end()


def is_throttled(error: ProviderError) -> bool:
    """Whether the provider says that it gets too much."""
    if error.status == _THROTTLED_STATUS:
        return True
    return error.code is not None and kind_of(error.status, [error.code]) == "rate_limit"
