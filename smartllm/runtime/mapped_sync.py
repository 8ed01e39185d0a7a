"""Answers to many requests for synchronous code: the requests are taken in the caller's thread."""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Callable, Coroutine, Generator, Iterable, Iterator
from concurrent.futures import Future
from typing import Any, Final

from smartllm.errors import SmartLLMError
from smartllm.runtime.background import begin
from smartllm.runtime.control.owner import keep_untouched
from smartllm.runtime.observe.map_tally import Tally

_END: Final = object()


def in_order(
    requests: Iterable[Any],
    ask: Callable[[Any], Coroutine[Any, Any, Any]],
    width: Callable[[Any], int],
    tally: Tally,
) -> Generator[Any]:
    """The answers, in the order of the requests; closing the iterator cancels what is under way.

    Args:
        requests: Where they come from; the next one is taken when there is room for it.
        ask: Answers one, on the background loop.
        width: How many may be under way or wait to be taken, given the first one.
        tally: Counts them.
    """
    flow = _Flow(iter(requests), ask, width)
    tally.begin()
    try:
        while flow.fill():
            yield flow.next()
        if flow.fault is not None:
            raise flow.fault
    finally:
        if flow.is_inherited():
            keep_untouched(flow)
        else:
            flow.cancel()
            tally.end()


class _Flow:
    def __init__(
        self,
        requests: Iterator[Any],
        ask: Callable[[Any], Coroutine[Any, Any, Any]],
        width: Callable[[Any], int],
    ) -> None:
        self._requests, self._ask, self._width = requests, ask, width
        self._process = os.getpid()
        self._waiting: deque[Future[Any]] = deque()
        self._most: int | None = None
        self._over = self._failed = False
        self._count = 0
        self.fault: Exception | None = None

    def is_inherited(self) -> bool:
        """Whether it belongs to a parent process."""
        return self._process != os.getpid()

    def fill(self) -> bool:
        """Begin as many requests as there is room for; whether there is an answer to come."""
        while not (self._over or self._failed) and len(self._waiting) < (self._most or 1):
            try:
                request = next(self._requests, _END)
            except Exception as error:  # noqa: BLE001 - the caller's own, behind the answers before it
                self._over, self.fault = True, error
                break
            if request is _END:
                self._over = True
                break
            if self._most is None:
                self._most = self._width(request)
            self._waiting.append(begin(self._asked(request, self._count)))
            self._count += 1
        return bool(self._waiting)

    def next(self) -> Any:
        """The next answer; those behind it go on, and its room is used at once.

        Raises:
            SmartLLMError: This is a child of the process that asks, where no answer ever comes.
        """
        if self.is_inherited():
            raise SmartLLMError(
                "this client.map was begun in a parent process, which takes its answers",
                hint="make the call in the child",
            )
        answer = self._waiting[0].result()
        self._waiting.popleft()
        self.fill()
        return answer

    def cancel(self) -> None:
        """End what is under way."""
        left = [*self._waiting]
        self._waiting.clear()
        for future in left:
            future.cancel()

    async def _asked(self, request: Any, place: int) -> Any:
        try:
            return await self._ask(request)
        except Exception as error:
            if not self._failed:
                error.add_note(f"request {place} of client.map, counted from 0")
            self._failed = True
            raise
