"""Keeps what was answered, off the event loop: all that comes while the disk works goes there together."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Final

from smartllm.runtime.batch.journal import Journal
from smartllm.runtime.batch.journal_entry import Entry

_BETWEEN: Final = 0.5
"""Seconds between two writes to the results."""
_AGAIN: Final = 1.0
"""Seconds until a full disk is tried again."""
_ROOM: Final = 60.0
"""Seconds for which a full disk is waited for."""


class Keeper:
    """Keeps entries in a journal, and moves them on to the results.

    Args:
        journal: The journal; nobody else uses it meanwhile.
        note: Is told what people should know.
        room_seconds: For how long a disk that takes nothing is tried again.

    Attributes:
        failure: Why nothing is kept any more, or None.
        lost: How many entries were not kept.
    """

    def __init__(self, journal: Journal, note: Callable[[str], None], *, room_seconds: float = _ROOM) -> None:
        self._journal, self._note, self._room = journal, note, room_seconds
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="smartllm-journal")
        self._waiting: list[tuple[Entry, asyncio.Future[Exception | None]]] = []
        self._task: asyncio.Task[None] | None = None
        self._flushed = time.monotonic()
        self._moved, self._ahead = asyncio.Event(), 0
        self.failure: Exception | None = None
        self.lost = 0

    async def put(self, entry: Entry) -> OSError | None:
        """Keep an entry; it is on the disk when this returns None. Otherwise it is lost, and this is why."""
        kept: asyncio.Future[Exception | None] = asyncio.get_running_loop().create_future()
        self._waiting.append((entry, kept))
        self._begin()
        failure = await asyncio.shield(kept)
        if failure is None or isinstance(failure, OSError):
            return failure
        raise failure

    async def room(self, line: int, most: int) -> None:
        """Wait until a line is less than so many ahead of the first one that has no result yet."""
        self._ahead += 1
        try:
            while line - self._journal.next > most and self.failure is None:
                self._begin()
                self._moved.clear()
                await self._moved.wait()
        finally:
            self._ahead -= 1

    async def close(self) -> None:
        """Write to the results what can be written; the journal is the caller's again.

        Raises:
            OSError: The results cannot be written; the journal keeps what is missing there.
        """
        if self._task is not None:
            await self._task
        try:
            await self._off_loop(self._journal.flush)
            await self._off_loop(self._journal.merge)
        finally:
            self._thread.shutdown()

    def _begin(self) -> None:
        if self._task is None or self._task.done():
            self._task = asyncio.create_task(self._work())

    async def _work(self) -> None:
        before = self._journal.next
        while True:
            batch, self._waiting = self._waiting, []
            if batch:
                await self._keep([entry for entry, _ in batch])
            for _, kept in batch:
                kept.set_result(self.failure)
            if self.failure is None and (self._ahead or time.monotonic() - self._flushed >= _BETWEEN):
                await self._flush()
            if self._journal.next != before or self.failure is not None:
                self._moved.set()
            if not self._waiting:
                return

    async def _keep(self, entries: list[Entry]) -> None:
        until = time.monotonic() + self._room
        told = False
        while self.failure is None:
            try:
                await self._off_loop(lambda: self._journal.add(entries))
            except OSError as error:
                if time.monotonic() >= until:
                    self.failure = error
                elif not told:
                    self._note(f"cannot write: {error}; trying for {self._room:.0f} s")
                    told = True
                await asyncio.sleep(min(_AGAIN, self._room))
            except Exception as error:  # noqa: BLE001 - whoever waits for the entry has to hear of it
                self.failure = error
            else:
                return
        self.lost += len(entries)

    async def _flush(self) -> None:
        self._flushed = time.monotonic()
        try:
            await self._off_loop(self._journal.flush)
        except OSError as error:
            self._note(f"cannot write the results yet: {error}")

    async def _off_loop(self, work: Callable[[], None]) -> None:
        await asyncio.get_running_loop().run_in_executor(self._thread, work)
