"""Answers to many requests, in their order, a bounded number at a time."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import (
    AsyncGenerator,
    AsyncIterable,
    AsyncIterator,
    Awaitable,
    Callable,
    Coroutine,
    Generator,
    Iterable,
)
from functools import partial
from typing import Any, Final, Generic

from typing_extensions import TypeVar

from smartllm.errors import SmartLLMError
from smartllm.runtime.observe.map_tally import Tally

R = TypeVar("R", default=Any)

_END: Final = object()
_LATER: Final = object()


class Mapped(Generic[R]):
    """What ``client.map`` gives back: ``await`` it for a list, or iterate over it with ``async for``.

    Either can be done once. Nothing is asked before. Of a loop that ends early the calls under way are
    cancelled, at the latest when the loop's frame is gone; ``aclose``, as by ``contextlib.aclosing``, does it
    at once.
    """

    def __init__(
        self,
        requests: Iterable[Any] | AsyncIterable[Any],
        ask: Callable[[Any], Coroutine[Any, Any, R]],
        width: Callable[[Any], int],
        tally: Tally,
    ) -> None:
        self._requests, self._ask, self._width, self._tally = requests, ask, width, tally
        self._answers: AsyncGenerator[R] | None = None

    def __await__(self) -> Generator[Any, None, list[R]]:
        return self._all().__await__()

    def __aiter__(self) -> AsyncIterator[R]:
        return self._begun(all_at_once=False)

    async def aclose(self) -> None:
        """Cancel what is under way."""
        if self._answers is not None:
            await self._answers.aclose()

    async def _all(self) -> list[R]:
        answers = self._begun(all_at_once=True)
        try:
            return [answer async for answer in answers]
        finally:
            await answers.aclose()

    def _begun(self, *, all_at_once: bool) -> AsyncGenerator[R]:
        if self._answers is not None:
            raise SmartLLMError(
                "the answers of this client.map are taken already",
                hint="keep the list that awaiting it gives, or call client.map(...) again",
            )
        flow = _Flow(self._requests, self._ask, self._width, self._tally, all_at_once=all_at_once)
        self._answers = flow.answers()
        return self._answers


def counted(
    ask: Callable[[Any], Awaitable[Any]], tally: Tally, *, return_errors: bool
) -> Callable[[Any], Coroutine[Any, Any, Any]]:
    """What answers one request, and counts it.

    Args:
        ask: Answers one.
        tally: Counts them.
        return_errors: An error is the answer.
    """

    async def answered(request: Any) -> Any:
        tally.asked()
        try:
            answer: Any = await ask(request)
        except Exception as error:
            await tally.failed()
            if return_errors:
                return error
            raise
        await tally.answered(answer)
        return answer

    return answered


class _Flow:
    """One pass over the requests.

    Args:
        requests: Where they come from; the next one is taken when there is room for it.
        ask: Answers one.
        width: How many at once, given the first one.
        tally: Counts them.
        all_at_once: The answers are taken as they come, and the first error ends all; otherwise answers that
            nobody has taken yet keep their room, and an error comes in its turn.
    """

    def __init__(
        self,
        requests: Iterable[Any] | AsyncIterable[Any],
        ask: Callable[[Any], Coroutine[Any, Any, Any]],
        width: Callable[[Any], int],
        tally: Tally,
        *,
        all_at_once: bool,
    ) -> None:
        self._ask, self._width, self._tally, self._all_at_once = ask, width, tally, all_at_once
        self._later = aiter(requests) if isinstance(requests, AsyncIterable) else None
        self._now = None if isinstance(requests, AsyncIterable) else iter(requests)
        self._pulling: asyncio.Task[Any] | None = None
        self._most: int | None = None
        self._waiting: deque[asyncio.Task[Any]] = deque()
        self._running = self._count = 0
        self._over = self._failed = False
        self._fault: BaseException | None = None
        self._changed = asyncio.Event()

    async def answers(self) -> AsyncGenerator[Any]:
        self._tally.begin()
        try:
            while True:
                self._fill()
                if self._fault is not None and (self._all_at_once or not self._waiting):
                    raise self._fault
                if self._waiting and self._waiting[0].done():
                    answer = self._waiting.popleft().result()
                    self._fill()
                    yield answer
                elif self._over and not self._waiting:
                    return
                else:
                    await self._changed.wait()
                    self._changed.clear()
        finally:
            await self._end()

    async def _end(self) -> None:
        left = [*self._waiting, *([self._pulling] if self._pulling else [])]
        for task in left:
            task.cancel()
        self._waiting.clear()
        self._pulling = None
        try:
            await asyncio.gather(*left, return_exceptions=True)
        finally:  # also where whoever waits for the end is cancelled once more
            self._tally.end()

    def _fill(self) -> None:
        """Begin as many requests as there is room for."""
        while not self._over and self._has_room():
            try:
                request = self._next()
            except Exception as error:  # noqa: BLE001 - the caller's own, which comes behind the answers before it
                self._over, self._fault = True, error
                return
            if request is _END:
                self._over = True
            elif request is _LATER:
                return
            else:
                self._begin(request)

    def _has_room(self) -> bool:
        if self._most is None:
            return not self._waiting
        return (self._running if self._all_at_once else len(self._waiting)) < self._most

    def _next(self) -> Any:
        """The next request, or that there is none, or that it is being waited for."""
        if self._now is not None:
            return next(self._now, _END)
        if self._pulling is None:
            self._pulling = asyncio.create_task(self._pulled())
            self._pulling.add_done_callback(self._wake)
        if not self._pulling.done():
            return _LATER
        done, self._pulling = self._pulling, None
        return done.result()

    async def _pulled(self) -> Any:
        assert self._later is not None
        return await anext(self._later, _END)

    def _begin(self, request: Any) -> None:
        if self._most is None:
            self._most = self._width(request)
        task = asyncio.create_task(self._ask(request))
        self._running += 1
        task.add_done_callback(partial(self._ended, self._count))
        self._count += 1
        self._waiting.append(task)

    def _ended(self, place: int, task: asyncio.Task[Any]) -> None:
        self._running -= 1
        if not task.cancelled() and (error := task.exception()) is not None:
            if not self._failed:
                error.add_note(f"request {place} of client.map, counted from 0")
            self._over = self._failed = True
            if self._all_at_once and self._fault is None:
                self._fault = error
        self._wake(task)

    def _wake(self, _: asyncio.Task[Any]) -> None:
        self._changed.set()
