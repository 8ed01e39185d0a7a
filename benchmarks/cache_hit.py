"""What a hit in the local cache costs with 1,000 and with 100,000 entries, against reading and parsing alone.

Run: python benchmarks/cache_hit.py [entries ...]
"""

from __future__ import annotations

import asyncio
import json
import os
import random
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from smartllm.runtime.cache_files import encoded
from smartllm.runtime.cache_local import LocalStore

SAMPLES = 2000
TEXT = "An answer of ordinary length. " * 60


def fill(store: LocalStore, count: int) -> list[str]:
    """The entries themselves, without the store's own writing, which is not measured here."""
    keys = [f"{random.Random(number).getrandbits(256):064x}" for number in range(count)]  # noqa: S311
    for key in keys:
        path = store.path(key)
        path.parent.mkdir(parents=True, exist_ok=True)
        data = {"text": TEXT, "model": "model", "input_tokens": 12, "output_tokens": 400}
        path.write_bytes(encoded({"format": 1, "key": key, "metadata": {"prompt": "Why?"}, "data": data}))
    return keys


def median(keys: list[str], work: Callable[[str], object]) -> float:
    """Microseconds."""
    times = []
    for key in keys:
        before = time.perf_counter()
        work(key)
        times.append(time.perf_counter() - before)
    return statistics.median(times) * 1e6


async def median_get(keys: list[str], store: LocalStore) -> float:
    times = []
    for key in keys:
        before = time.perf_counter()
        await store.get(key)
        times.append(time.perf_counter() - before)
    return statistics.median(times) * 1e6


def measure(count: int) -> tuple[float, float, float]:
    with tempfile.TemporaryDirectory() as folder:
        store = LocalStore(Path(folder) / "cache")
        keys = random.Random(1).choices(fill(store, count), k=SAMPLES)  # noqa: S311
        os.sync()  # else the kernel still writes what fill() made, and competes
        median(keys, store.read)  # warm
        rounds = []
        for _ in range(5):
            bare = median(keys, lambda key: json.loads(store.path(key).read_bytes()))
            rounds.append((bare, median(keys, store.read), asyncio.run(median_get(keys, store))))
        # The least of the rounds: other work on the machine only adds.
        bares, reads, gets = zip(*rounds, strict=True)
        return min(bares), min(reads), min(gets)


def main() -> None:
    counts = [int(argument) for argument in sys.argv[1:]] or [1_000, 100_000]
    found = {count: measure(count) for count in counts}
    print(
        f"{'entries':>9} {'read+parse':>12} {'read()':>9} {'get()':>9} {'get/read+parse':>15}   (median, µs)"
    )
    for count, (bare, read, get) in found.items():
        print(f"{count:>9,} {bare:>12.1f} {read:>9.1f} {get:>9.1f} {get / bare:>15.2f}")
    first, last = found[counts[0]], found[counts[-1]]
    print(f"get() at {counts[-1]:,} over get() at {counts[0]:,}: {last[2] / first[2]:.2f}")


if __name__ == "__main__":
    main()
