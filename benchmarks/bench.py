"""Interleaved rounds, medians, ratios to a floor of the same round."""

from __future__ import annotations

import asyncio
import contextlib
import ctypes
import gc
import math
import os
import platform
import statistics
import subprocess
import time
from collections.abc import Awaitable, Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

Call = Callable[[], Awaitable[Any]]
Cost = Callable[[], Awaitable[float]]
Measure = Callable[[int, Call], Awaitable[float]]
_SCALES = {"µs": 1e6, "MB": 1e-6}
_TRIES: Final = 3
_GROSS: Final = 2.0
_M_TRIM_THRESHOLD, _M_MMAP_MAX = -1, -4


@dataclass(frozen=True)
class Row:
    """One comparison.

    Attributes:
        name: What was done.
        floor: What the same work costs at least, or elsewhere.
        target: Ratio to reach; None where there is none.
        ratio: Median over the rounds of ours to the floor's.
        ours: Median cost, in seconds or bytes.
        unit: In which it is shown: ``µs`` or ``MB``.
    """

    name: str
    floor: str
    target: float | None
    ratio: float
    ours: float
    unit: str = "µs"

    @property
    def key(self) -> str:
        """What is compared, as ratios.json names it."""
        return f"{self.name} / {self.floor}"

    @property
    def shown(self) -> str:
        """What ours cost."""
        return f"{self.ours * _SCALES[self.unit]:,.0f} {self.unit}"

    def __str__(self) -> str:
        target = "" if self.target is None else f"target {self.target:g}"
        return f"{self.name:44} {self.ratio:7.2f} x {self.floor:30} {self.shown:>14}   {target}"


class Bench:
    """Collects rows.

    Args:
        rounds: How often each pair is measured.
        kept: Recorded ratios, by the rows' keys. A row of more than twice its own is measured anew, up to
            three times in all, and stands if it is each time: what the machine did meanwhile does not repeat.
    """

    def __init__(self, rounds: int, kept: Mapping[str, float] | None = None) -> None:
        self.rounds = rounds
        self.kept = kept or {}
        self.rows: list[Row] = []

    @property
    def turns(self) -> int:
        """How often at most each side of a row is asked for its cost."""
        return _TRIES * (self.rounds + 1)

    async def compare(
        self, name: str, floor: str, target: float | None, ours: Cost, theirs: Cost, *, unit: str = "µs"
    ) -> None:
        """Measure in turns, after one round that does not count.

        Seconds are those without the garbage collector: in whose turn it walks the heap, and what earlier
        rows left there, is chance, and more than half of the time of rows that build many objects.
        """
        for _ in range(_TRIES):
            pairs = await self._pairs(ours, theirs, collected=unit == "MB")
            ratio = statistics.median(mine / base for base, mine in pairs)
            row = Row(name, floor, target, ratio, statistics.median(mine for _, mine in pairs), unit)
            print(row, flush=True)
            if not self._is_gross(row):
                break
            print(f"  over {_GROSS} x {self.kept[row.key]:.2f}", flush=True)
        self.rows.append(row)

    def regressions(self) -> list[str]:
        """Rows that are grossly worse than the recorded ones, or not recorded."""
        found = []
        for row in self.rows:
            if row.key not in self.kept:
                found.append(f"{row.key}: not in ratios.json; run with --record")
            elif self._is_gross(row):
                found.append(f"{row.key}: {row.ratio:.2f}, was {self.kept[row.key]:.2f}")
        return found

    def _is_gross(self, row: Row) -> bool:
        return row.ratio > _GROSS * self.kept.get(row.key, math.inf)

    async def _pairs(self, ours: Cost, theirs: Cost, *, collected: bool) -> list[tuple[float, float]]:
        await theirs()
        await ours()
        gc.collect()
        gc.freeze()
        timed = contextlib.nullcontext if collected else _without_collector
        pairs = []
        for _ in range(self.rounds):
            with timed():
                base = await theirs()
            with timed():
                pairs.append((base, await ours()))
        return pairs


def keep_memory() -> None:
    """Have freed memory stay with this process, where malloc is glibc's.

    Whether malloc gives a large block back, and the kernel hands out its pages one by one again, depends on
    what lies above it in the heap: 20 MB as base64 cost 12 ms or 23 ms by chance.
    """
    if platform.libc_ver()[0] == "glibc":
        malloc = ctypes.CDLL(None)
        malloc.mallopt(_M_TRIM_THRESHOLD, -1)
        malloc.mallopt(_M_MMAP_MAX, 0)


@contextlib.contextmanager
def _without_collector() -> Iterator[None]:
    gc.collect()
    gc.disable()
    try:
        yield
    finally:
        gc.enable()


async def cpu(calls: int, call: Call) -> float:
    """CPU seconds, user and system, of this thread for each of many calls, one after the other."""
    clock = time.thread_time()
    for _ in range(calls):
        await call()
    return (time.thread_time() - clock) / calls


async def at_once(calls: int, call: Call) -> float:
    """Seconds for each of many calls at once."""
    clock = time.perf_counter()
    await asyncio.gather(*(call() for _ in range(calls)))
    return (time.perf_counter() - clock) / calls


async def longest_stall(calls: int, call: Call) -> float:
    """Longest time, in seconds, for which calls at once keep everything else from the event loop."""
    gaps, done = [0.0], asyncio.Event()

    async def beat() -> None:
        while not done.is_set():
            before = time.perf_counter()
            await asyncio.sleep(0)
            gaps.append(time.perf_counter() - before)

    heart = asyncio.create_task(beat())
    await asyncio.gather(*(call() for _ in range(calls)))
    done.set()
    await heart
    return max(gaps)


async def longest_turn(calls: int, call: Call) -> float:
    """Most CPU seconds that the event loop's thread spends on calls at once before others have their turn.

    Unlike ``longest_stall`` it does not count what other processes take meanwhile.
    """
    turns, done = [0.0], asyncio.Event()

    async def beat() -> None:
        while not done.is_set():
            before = time.thread_time()
            await asyncio.sleep(0)
            turns.append(time.thread_time() - before)

    heart = asyncio.create_task(beat())
    await asyncio.gather(*(call() for _ in range(calls)))
    done.set()
    await heart
    return max(turns)


def costing(measure: Measure, calls: int, call: Call) -> Cost:
    """What so many calls cost, each."""
    return lambda: measure(calls, call)


def process(command: list[str], times: int = 3) -> Cost:
    """CPU seconds of a process from start to end."""

    async def cost() -> float:
        before = os.times()
        for _ in range(times):
            subprocess.run(command, check=True, stdout=subprocess.DEVNULL)  # noqa: S603, ASYNC221 - our own
        after = os.times()
        spent = after.children_user + after.children_system - before.children_user - before.children_system
        return spent / times

    return cost
