"""Compiling for a batch engine: beside json.dumps of the same bodies, and in flat memory."""

from __future__ import annotations

import asyncio
import io
import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import BinaryIO

from bench import Bench
from network import GPT

from smartllm.runtime.batch.folder import compile_folder
from smartllm.runtime.batch.planning import Planner

_FEW, _MANY = 20_000, 200_000
_TIMED = 4_000
_WORDS = "Summarize what follows in one sentence, and name the town. " * 8
_SYSTEM = "You are a careful reader."
_MODEL = GPT


def lines(count: int) -> Iterator[bytes]:
    """Lines of requests, all different."""
    for number in range(count):
        fields = {"custom_id": f"row-{number}", "prompt": f"{number}: {_WORDS}", "system_prompt": _SYSTEM}
        yield json.dumps(fields).encode() + b"\n"


async def made(source: BinaryIO, folder: Path) -> float:
    """CPU seconds of compiling a file into a folder, with what is written to the disk."""
    planner = Planner.new("openai", model=_MODEL)
    clock = time.process_time()
    await compile_folder(source, folder, planner, name="benchmark", use_cache=False)
    return time.process_time() - clock


async def batch(bench: Bench) -> None:
    """Requests a second of one core, and the peak of memory."""
    source = b"".join(lines(_TIMED))
    with tempfile.TemporaryDirectory() as kept:
        turns = iter(range(1_000_000))

        async def ours() -> float:
            return await made(io.BytesIO(source), Path(kept) / str(next(turns))) / _TIMED

        await ours()
        files = sorted((Path(kept) / "0" / "units").iterdir())
        bodies = [json.loads(line)["body"] for path in files for line in path.read_bytes().splitlines()]

        async def floor() -> float:
            clock = time.process_time()
            for body in bodies:
                json.dumps(body)
            return (time.process_time() - clock) / len(bodies)

        name = "batch compile, a request"
        await bench.compare(name, "json.dumps of the body", None, ours, floor)
        print(f"  {1 / bench.rows[-1].ours:,.0f} requests a second of one core")
    shorter = Bench(1)
    peaks: dict[int, float] = {}

    def peak(count: int) -> Callable[[], object]:
        async def one() -> float:
            if count not in peaks:
                peaks[count] = await asyncio.to_thread(_peak, count)
            return peaks[count]

        return one

    name = f"batch compile, {_MANY:,} requests, peak memory"
    await shorter.compare(name, f"of {_FEW:,}", 1.1, peak(_MANY), peak(_FEW), unit="MB")  # type: ignore[arg-type]
    bench.rows += shorter.rows


def _peak(count: int) -> float:
    """Peak of the memory of a process that compiles so many requests, in bytes."""
    here = Path(__file__)
    found = subprocess.run(  # noqa: S603 - this file
        [sys.executable, str(here), str(count)], check=True, capture_output=True, text=True, cwd=here.parent
    )
    return float(found.stdout)


class _Lines(io.RawIOBase):
    """Lines that are made when they are read."""

    def __init__(self, count: int) -> None:
        self._lines = lines(count)

    def __next__(self) -> bytes:
        return next(self._lines)


def main(count: int) -> None:
    """Compile so many requests, and print the peak of memory in bytes."""
    with tempfile.TemporaryDirectory() as folder:
        asyncio.run(made(_Lines(count), Path(folder) / "work"))  # type: ignore[arg-type]
    print(_own_peak())


def _own_peak() -> int:
    """The peak of this process's memory in bytes, since it began.

    On Linux ``ru_maxrss`` is never below what the process had that forked this one.
    """
    status = Path("/proc/self/status")
    if status.exists():
        line = next(line for line in status.read_text().splitlines() if line.startswith("VmHWM"))
        return int(line.split()[1]) * 1024
    import resource  # noqa: PLC0415 - Windows has none

    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * (1 if sys.platform == "darwin" else 1024)


if __name__ == "__main__":
    main(int(sys.argv[1]))
