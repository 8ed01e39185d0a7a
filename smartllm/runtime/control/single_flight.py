"""One call for many callers: identical calls that run at the same time share one upstream call."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Generic, TypeVar

from smartllm.errors import SmartLLMError

R = TypeVar("R")


@dataclass(slots=True)
class _Flight(Generic[R]):
    """A call under way and how many wait for it."""

    task: asyncio.Task[R]
    waiting: int = 0


class SingleFlight(Generic[R]):
    """Joins identical calls.

    The call runs in a task of its own, in the context of the caller that started it: a waiter that is
    cancelled leaves the others alone, and the call itself is cancelled when the last waiter goes. Nothing is
    kept after a flight.
    """

    def __init__(self) -> None:
        self._flights: dict[str, _Flight[R]] = {}
        self._leaving: set[asyncio.Task[R]] = set()

    @property
    def running(self) -> int:
        """Flights under way."""
        return len(self._flights)

    async def run(self, key: str, call: Callable[[], Awaitable[R]]) -> tuple[R, bool]:
        """Make a call, or wait for the same call that is under way.

        Args:
            key: What makes calls the same.
            call: The call; only the first caller's is made.

        Returns:
            The result, and whether this caller joined a call of somebody else.

        Raises:
            SmartLLMError: The call was cancelled from outside, not this waiter.
            Exception: What the call raised; every waiter gets the same error.
        """
        flight = self._flights.get(key)
        joined = flight is not None
        if flight is None:
            flight = self._flights[key] = _Flight(asyncio.ensure_future(_made(call)))
            flight.task.add_done_callback(lambda _: self._land(key, flight))
        flight.waiting += 1
        try:
            # asyncio.wait leaves the task alone when this waiter is cancelled.
            await asyncio.wait({flight.task})
        finally:
            flight.waiting -= 1
            if not flight.waiting and not flight.task.done():
                self._abandon(key, flight)
        if flight.task.cancelled():
            raise SmartLLMError(
                "the call was cancelled while others waited for it", hint="the client was closed"
            )
        return flight.task.result(), joined

    async def aclose(self) -> None:
        """Cancel what is under way and wait until it has ended."""
        for key, flight in list(self._flights.items()):
            self._abandon(key, flight)
        if self._leaving:
            await asyncio.wait(self._leaving)

    def _abandon(self, key: str, flight: _Flight[R]) -> None:
        """Cancel a call; from now on the key starts a fresh one."""
        self._flights.pop(key, None)
        self._leaving.add(flight.task)
        flight.task.cancel()

    def _land(self, key: str, flight: _Flight[R]) -> None:
        self._leaving.discard(flight.task)
        if self._flights.get(key) is flight:
            del self._flights[key]
        if not flight.task.cancelled():
            flight.task.exception()  # marks it as seen: a call whose waiters have all gone fails unheard


async def _made(call: Callable[[], Awaitable[R]]) -> R:
    return await call()
