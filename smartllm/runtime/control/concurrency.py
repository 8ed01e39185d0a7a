"""How much of a model a client uses at once and per minute; less after throttling."""

from __future__ import annotations

import asyncio
import contextlib
from collections import deque
from collections.abc import AsyncIterator
from typing import Final

from aiolimiter import AsyncLimiter

_MINUTE: Final = 60.0
# Halving and this balance where a quarter of the calls is throttled: with less, the number grows.
_RECOVERY: Final = 2 / 3


class Limiter:
    """Lets a number of calls through at once, in the order in which they came.

    Throttling halves that number, at most once for the calls that were under way together; each success lets
    it grow back by a part.

    Args:
        concurrency: Calls in flight at most.
        requests_per_minute: None is no limit.
        tokens_per_minute: None is no limit.
        share: The part of all three that is let through here; others take the rest.
        period: Seconds that a "minute" takes.
    """

    def __init__(
        self,
        concurrency: int,
        *,
        requests_per_minute: float | None = None,
        tokens_per_minute: float | None = None,
        share: float = 1,
        period: float = _MINUTE,
    ) -> None:
        self.concurrency = share_of(concurrency, share)
        self.in_flight = 0
        self._limit = float(self.concurrency)
        self._waiting: deque[asyncio.Future[None]] = deque()
        self._quiet = 0
        self._requests = _bucket(requests_per_minute, share, period)
        self._tokens = _bucket(tokens_per_minute, share, period)
        self._most = tokens_per_minute or 0

    @property
    def limit(self) -> int:
        """Calls that may be in flight now."""
        return max(1, int(self._limit))

    @contextlib.asynccontextmanager
    async def permit(self, tokens: float = 0) -> AsyncIterator[None]:
        """A place among the calls in flight.

        Args:
            tokens: Tokens that the call may use, input and output.
        """
        await self.acquire(tokens)
        try:
            yield
        finally:
            self.release()

    async def acquire(self, tokens: float = 0) -> None:
        """Take a place; ``release`` gives it back."""
        await self._enter()
        try:
            if self._requests is not None:
                await self._requests.acquire()
            if self._tokens is not None and tokens:
                await _take(self._tokens, min(tokens, self._most))
        except BaseException:
            self.release()
            raise

    def release(self) -> None:
        """Give a place back."""
        self.in_flight -= 1
        self._wake()

    def throttled(self) -> None:
        """The provider gets too much: halve the number, once for all calls that are under way."""
        if self._quiet <= 0:
            self._limit = max(1.0, self._limit / 2)
            self._quiet = self.in_flight - 1
        else:
            self._quiet -= 1

    def succeeded(self) -> None:
        """A call went well: grow back."""
        self._quiet = max(0, self._quiet - 1)
        self._limit = min(float(self.concurrency), self._limit + _RECOVERY)
        self._wake()

    async def _enter(self) -> None:
        if self.in_flight < self.limit and not self._waiting:
            self.in_flight += 1
            return
        place: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting.append(place)
        try:
            await place
        except asyncio.CancelledError:
            if place.done() and not place.cancelled():
                self.release()  # it was given the place and goes at the same moment
            else:
                with contextlib.suppress(ValueError):  # passed over already
                    self._waiting.remove(place)
            raise

    def _wake(self) -> None:
        while self._waiting and self.in_flight < self.limit:
            place = self._waiting.popleft()
            if not place.done():
                self.in_flight += 1
                place.set_result(None)


def share_of(concurrency: int, share: float) -> int:
    """A part of a number of calls, rounded down so that all parts together are not more; at least 1."""
    return max(1, int(round(concurrency * share, 6)))


def _bucket(per_minute: float | None, share: float, period: float) -> AsyncLimiter | None:
    if per_minute is None:
        return None
    rate = per_minute * share
    most = max(1.0, rate)  # one request must fit in, which then takes longer than a minute
    return AsyncLimiter(most, period * most / rate)


async def _take(bucket: AsyncLimiter, tokens: float) -> None:
    """Take tokens, in pieces where a share's bucket holds fewer than a call may use."""
    while tokens > 0:
        piece = min(tokens, bucket.max_rate)
        await bucket.acquire(piece)
        tokens -= piece
