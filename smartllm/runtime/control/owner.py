"""Who owns what: objects that belong to one process and one event loop, and locks that survive a fork.

A forked child shares its parent's sockets and the epoll set that watches them: closing a connection there
takes it out of the parent's loop too (python/cpython#79492). What a child inherits is put away untouched.
"""

from __future__ import annotations

import asyncio
import os
import threading
from collections.abc import AsyncGenerator, Awaitable, Callable, Iterator
from types import AsyncGeneratorType, TracebackType
from typing import Any, Final, Generic, TypeVar
from weakref import WeakSet

T = TypeVar("T")

_INHERITED: Final[list[object]] = []
"""What belongs to a parent process: kept for good, so that no clean-up of it ever runs here."""
_ALL: Final[WeakSet[PerOwner[Any]]] = WeakSet()


class PerOwner(Generic[T]):
    """One value for each event loop of this process, made when a loop first asks for it.

    Args:
        make: Makes a value; called in the loop that it is for.
    """

    def __init__(self, make: Callable[[], T]) -> None:
        self._make = make
        self._values: dict[int, tuple[asyncio.AbstractEventLoop, T]] = {}
        _ALL.add(self)

    def get(self) -> T:
        """The value of the running loop.

        Raises:
            RuntimeError: No loop is running in this thread.
        """
        loop = asyncio.get_running_loop()
        held = self._values.get(id(loop))
        if held is not None and held[0] is loop:
            return held[1]
        self._forget_closed()
        value = self._make()
        self._values[id(loop)] = (loop, value)
        return value

    def known(self) -> T | None:
        """The running loop's value; None if it has none yet."""
        loop = asyncio.get_running_loop()
        held = self._values.get(id(loop))
        return held[1] if held is not None and held[0] is loop else None

    def drop(self) -> T | None:
        """Take the running loop's value out; None if it has none."""
        loop = asyncio.get_running_loop()
        held = self._values.get(id(loop))
        if held is None or held[0] is not loop:
            return None
        del self._values[id(loop)]
        return held[1]

    def others(self) -> Iterator[tuple[asyncio.AbstractEventLoop, T]]:
        """The values of the process's other loops that are not closed."""
        here = asyncio.get_running_loop()
        for loop, value in list(self._values.values()):
            if loop is not here and not loop.is_closed():
                yield loop, value

    def _forget_closed(self) -> None:
        """A loop that has ended needs its value no more; ids of loops are used again."""
        for key, (loop, _) in list(self._values.items()):
            if loop.is_closed():
                self._values.pop(key, None)

    def _inherit(self) -> None:
        _INHERITED.append(self._values)
        self._values = {}


async def closing_with_its_loop(close: Callable[[], Awaitable[object]]) -> AsyncGenerator[None]:
    """Something that is closed at the latest when its event loop ends, or when nobody holds what comes back.

    asyncio finishes open generators in both cases, in the loop that they belong to.

    Args:
        close: Closes it; must not hold whoever holds the generator.

    Returns:
        What to hold; ``close_now`` closes it before.
    """

    async def open_until_then() -> AsyncGenerator[None]:
        try:
            yield
        finally:
            await close()

    held = open_until_then()
    await anext(held)
    return held


async def close_now(held: AsyncGenerator[None]) -> None:
    """Close what ``closing_with_its_loop`` gave; not where its loop, which ends, is closing it already."""
    if not (isinstance(held, AsyncGeneratorType) and held.ag_running):
        await held.aclose()


class ProcessLock:
    """A lock between the threads of a process; a child forked while it is held gets a free one."""

    __slots__ = ("_locks",)

    def __init__(self) -> None:
        self._locks: dict[int, threading.Lock] = {}

    def __enter__(self) -> None:
        self._lock().acquire()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._lock().release()

    def _lock(self) -> threading.Lock:
        process = os.getpid()
        lock = self._locks.get(process)
        # setdefault is one step: two threads that come at once get the same lock.
        return lock if lock is not None else self._locks.setdefault(process, threading.Lock())


def keep_untouched(inherited: object) -> None:
    """Keep something that belongs to a parent process for good."""
    _INHERITED.append(inherited)


def _after_fork() -> None:
    for holder in list(_ALL):
        holder._inherit()  # noqa: SLF001 - the module's own class


if hasattr(os, "register_at_fork"):  # not on Windows, which does not fork
    os.register_at_fork(after_in_child=_after_fork)
