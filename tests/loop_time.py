"""Seconds that an event loop could use: on a machine that is busy with others they go by more slowly."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from typing import Final

BEAT: Final = 0.005
# What no machine does to a loop, and a call that blocks it does.
BLOCKED: Final = 10.0


@asynccontextmanager
async def loop_clock() -> AsyncIterator[Callable[[], float]]:
    """How long the block has waited, in seconds of its loop.

    It counts short sleeps: while something is waited for in the loop they all come, and none does while the
    loop gets no turn. Of a loop that is blocked for long the seconds are the clock's.
    """
    beats, began = 0, time.monotonic()

    async def beat() -> None:
        nonlocal beats
        while True:
            await asyncio.sleep(BEAT)
            beats += 1

    def seconds() -> float:
        passed = time.monotonic() - began
        return passed if passed - beats * BEAT > BLOCKED else beats * BEAT

    beating = asyncio.create_task(beat())
    try:
        yield seconds
    finally:
        beating.cancel()
        with suppress(asyncio.CancelledError):
            await beating
