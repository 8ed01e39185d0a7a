"""What SmartLLM costs beside its floors, in one run.

Run: python benchmarks/run_all.py [--rounds 5] [--record | --check]

``--record`` writes the ratios to ratios.json and the table to docs/performance.md; ``--check`` fails if a
ratio is more than twice the recorded one each of three times that it is measured.
"""

from __future__ import annotations

import argparse
import asyncio
import datetime as dt
import json
import os
import platform
import sys
from importlib.metadata import version
from pathlib import Path

from batch import batch
from bench import Bench, Row, keep_memory
from local import local
from media import media
from network import network
from partial import partial
from structured import structured

HERE = Path(__file__).parent
RATIOS = HERE / "ratios.json"
PAGE = HERE.parent / "docs" / "performance.md"
BEGIN, END = "<!-- measured: begin -->\n", "<!-- measured: end -->\n"
_PARTS = ("aiohttp", "aiobotocore", "openai", "pydantic")


def table(rows: list[Row], rounds: int) -> str:
    """The rows as the documentation shows them."""
    parts = ", ".join(f"{name} {version(name)}" for name in _PARTS)
    day = dt.datetime.now(dt.UTC).date()
    lines = [
        f"{day}, {rounds} rounds, Python {platform.python_version()}, {os.cpu_count()} cores, {parts}.",
        "",
        "| What | Floor | Ratio | Target | Ours |",
        "|---|---|---:|---:|---:|",
    ]
    for row in rows:
        target = "" if row.target is None else f"{row.target:g}"
        lines.append(f"| {row.name} | {row.floor} | {row.ratio:.2f} | {target} | {row.shown} |")
    return "\n".join(lines) + "\n"


def record(rows: list[Row], rounds: int) -> None:
    """Keep this run as the one to compare with."""
    kept = {row.key: round(row.ratio, 2) for row in rows}
    RATIOS.write_text(json.dumps(kept, indent=2) + "\n", encoding="utf-8")
    before, _, rest = PAGE.read_text(encoding="utf-8").partition(BEGIN)
    after = rest.partition(END)[2]
    PAGE.write_text(before + BEGIN + table(rows, rounds) + END + after, encoding="utf-8")


def recorded() -> dict[str, float]:
    """The ratios to compare with."""
    kept: dict[str, float] = json.loads(RATIOS.read_text(encoding="utf-8"))
    return kept


def main() -> None:
    """Run everything."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--rounds", type=int, default=5)
    kind = parser.add_mutually_exclusive_group()
    kind.add_argument("--record", action="store_true", help="write ratios.json and docs/performance.md")
    kind.add_argument("--check", action="store_true", help="fail when a ratio is over twice the recorded one")
    given = parser.parse_args()
    bench = Bench(given.rounds, recorded() if given.check else None)
    keep_memory()
    asyncio.run(network(bench))
    asyncio.run(partial(bench))
    asyncio.run(media(bench))
    asyncio.run(local(bench))
    asyncio.run(structured(bench))
    asyncio.run(batch(bench))
    if given.record:
        record(bench.rows, given.rounds)
    if given.check and (found := bench.regressions()):
        sys.exit("grossly slower than recorded:\n  " + "\n  ".join(found))


if __name__ == "__main__":
    main()
