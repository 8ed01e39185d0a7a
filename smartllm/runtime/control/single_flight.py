"""One call for many callers: identical calls that run at the same time share one upstream call."""

from __future__ import annotations

import asyncio
import copy
from collections.abc import Awaitable, Callable
from typing import Generic, TypeVar

from smartllm.errors import SmartLLMError

R = TypeVar("R")
N = TypeVar("N")


class Flight(Generic[R, N]):
    """A call under way.

    Attributes:
        note: What is known of it meanwhile.
        waiting: How many wait for it.
        begun: Set by the call when something is sent.
    """

    __slots__ = ("_abandon", "begun", "note", "task", "waiting")

    def __init__(
        self,
        call: Callable[[Flight[R, N]], Awaitable[R]],
        note: N,
        abandon: Callable[[Flight[R, N]], None],
    ) -> None:
        self.note, self._abandon = note, abandon
        self.waiting = 0
        self.begun = asyncio.Event()
        self.task: asyncio.Task[R] = asyncio.ensure_future(_made(call, self))

    async def result(self, told: Callable[[], Awaitable[None]] | None = None) -> R:
        """Wait for it.

        Args:
            told: Awaited when something is sent, if anything is.

        Raises:
            SmartLLMError: The call was cancelled from outside, not this waiter.
            Exception: What the call raised; each further waiter gets an error of its own.
        """
        self.waiting += 1
        try:
            # asyncio.wait leaves the task alone when this waiter is cancelled.
            if told is not None:
                begun = asyncio.ensure_future(self.begun.wait())
                try:
                    await asyncio.wait({self.task, begun}, return_when=asyncio.FIRST_COMPLETED)
                finally:
                    begun.cancel()
                if self.begun.is_set():
                    await told()
            await asyncio.wait({self.task})
        finally:
            self.waiting -= 1
            if not self.waiting and not self.task.done():
                self._abandon(self)
        if self.task.cancelled():
            raise SmartLLMError(
                "the call was cancelled while others waited for it", hint="the client was closed"
            )
        error = self.task.exception()
        if error is not None:
            # A traceback grows with each raise, and attributes may be changed: nobody else's error.
            raise copy.copy(error) if self.waiting and isinstance(error, SmartLLMError) else error
        return self.task.result()


class SingleFlight(Generic[R, N]):
    """Joins identical calls.

    The call runs in a task of its own, in the context of the caller that started it: a waiter that is
    cancelled leaves the others alone, and the call itself is cancelled when the last waiter goes. Nothing is
    kept after a flight.
    """

    def __init__(self) -> None:
        self._flights: dict[str, Flight[R, N]] = {}
        self._leaving: set[asyncio.Task[R]] = set()

    @property
    def running(self) -> int:
        """Flights under way."""
        return len(self._flights)

    def join(
        self, key: str, call: Callable[[Flight[R, N]], Awaitable[R]], note: N
    ) -> tuple[Flight[R, N], bool]:
        """Start a call, or join the same call that is under way; its ``result`` must be awaited.

        Args:
            key: What makes calls the same.
            call: The call, given its flight; only the first caller's is made.
            note: What is known of it meanwhile; only the first caller's is kept.

        Returns:
            The flight, and whether it was under way already.
        """
        known = self._flights.get(key)
        if known is not None:
            return known, True
        flight = self._flights[key] = Flight(call, note, lambda flight: self._abandon(key, flight))
        flight.task.add_done_callback(lambda _: self._land(key, flight))
        return flight, False

    async def aclose(self) -> None:
        """Cancel what is under way and wait until it has ended."""
        for key, flight in list(self._flights.items()):
            self._abandon(key, flight)
        if self._leaving:
            await asyncio.wait(self._leaving)

    def _abandon(self, key: str, flight: Flight[R, N]) -> None:
        """Cancel a call; from now on the key starts a fresh one."""
        self._flights.pop(key, None)
        self._leaving.add(flight.task)
        flight.task.cancel()

    def _land(self, key: str, flight: Flight[R, N]) -> None:
        self._leaving.discard(flight.task)
        if self._flights.get(key) is flight:
            del self._flights[key]
        if not flight.task.cancelled():
            flight.task.exception()  # marks it as seen: a call whose waiters have all gone fails unheard


async def _made(call: Callable[[Flight[R, N]], Awaitable[R]], flight: Flight[R, N]) -> R:
    return await call(flight)
