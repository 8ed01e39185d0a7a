"""Write the tables of docs/scale.md, what many requests take; a test holds that they are up to date."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Final, NamedTuple

import smartllm

if TYPE_CHECKING:
    from smartllm.rules.vocabulary.host import HostBatch

PAGE: Final = Path(__file__).parents[1] / "docs" / "scale.md"
COUNTS: Final = (10**6, 10**9)
INPUT, OUTPUT = 500, 200
"""Tokens of a request and of its answer."""


class Price(NamedTuple):
    """Dollars of a million tokens."""

    input: float
    output: float


PRICED: Final = "2026-11-26"
"""The day of the prices of models; a test compares them with genai-prices at that day."""
PRICES: Final[Mapping[str, Price]] = {
    "gpt-5.4-mini": Price(0.75, 4.5),
    "us.anthropic.claude-haiku-4-5-20251001-v1:0": Price(1.1, 5.5),
}

# Bytes of a request of 2,000 and an answer of 800 characters, as tests/scale_sizes.py measures them.
SIZES: Final[Mapping[str, int]] = {
    "requests.jsonl": 2050,
    "units": 2200,
    "outputs": 1900,
    "results.jsonl": 3400,
    "manifest.sqlite": 4500,
    "entry": 5700,
    "item": 2040,
}
_BLOCK: Final = 4096
"""Most file systems give a file whole blocks; the cache on the disk is a file an answer."""
_ITEM_BESIDE: Final = 64 + 2 + 4 + 3 + 6 + 2 * 8
"""Bytes of an item's key, names and numbers, about (AWS's developer guide on item sizes)."""

COMPILED: Final = 8000
"""Requests a second that a core compiles into a folder: 8,900 were measured on 2026-11-27."""
BATCHES_AN_HOUR: Final = 2000
"""How many batches OpenAI lets an account begin (its guide on batches, 2026-07-15)."""
JOBS_AT_ONCE: Final = 20
"""Jobs of a region that Bedrock keeps at once: reported, a quota of the account."""
WAITING: Final[Mapping[str, int]] = {
    "gpt-4o-mini, tier 1, reported in 2024": 2_000_000,
    "gpt-5-mini, tier 1, reported in September 2025": 5_000_000,
    "a large account, assumed": 10**9,
}
"""Tokens of prompts that may wait in all batches of a model."""

WRITE_UNITS: Final = 0.625
READ_UNITS: Final = 0.125
"""Dollars of a million on-demand units of DynamoDB in us-east-1, as pages of 2025 and 2026 tell them."""
TABLE_MONTH: Final = 0.25
S3_MONTH: Final = 0.023
"""Dollars of a GB and month, assumed: list prices of us-east-1."""
RATES: Final = (500, 5_000, 30_000)
"""Requests a minute."""
SECONDS: Final = 3
"""How long a call takes, assumed."""
_EXACT: Final = 100
_TB: Final = 1e12


def engine_of(model: str) -> HostBatch:
    """What the rules say of the engine that runs a model."""
    found = smartllm.compile("hi", model=model, batch=True).host_row.batch
    assert found is not None
    return found


def cost(model: str, count: int) -> float:
    """Dollars of so many requests online."""
    price = PRICES[model]
    return count * (INPUT * price.input + OUTPUT * price.output) / 1e6


def jobs(model: str, count: int) -> int:
    """How many jobs of the engine so many requests need."""
    engine = engine_of(model)
    most = min(engine.lines, engine.bytes // SIZES["units"], engine.job_bytes // SIZES["units"])
    return -(-count // most)


def rounds(limit: int, count: int) -> int:
    """How often a queue of so many tokens is filled."""
    return -(-count // (limit // INPUT))


def costs() -> list[str]:
    """What it costs."""
    rows = []
    for model in PRICES:
        online = [cost(model, count) for count in COUNTS]
        batch = [engine_of(model).price * one for one in online]
        rows += [[f"`{model}`", "online", *map(dollars, online)], ["", "batch", *map(dollars, batch)]]
    return table(("Model", "", *heads()), rows)


def engines() -> list[str]:
    """How many jobs it is, and how long they may take."""
    openai, bedrock = PRICES
    window, hours = (engine_of(one).window_hours for one in (openai, bedrock))
    made = [jobs(openai, count) for count in COUNTS]
    records = [jobs(bedrock, count) for count in COUNTS]
    rows = [
        ["OpenAI: files, a batch each", *(f"{one:,}" for one in made)],
        [
            f"OpenAI: to begin them, {BATCHES_AN_HOUR:,} an hour",
            *(span(one / BATCHES_AN_HOUR) for one in made),
        ],
    ]
    for told, limit in WAITING.items():
        often = [rounds(limit, count) for count in COUNTS]
        each = (f"{one:,}; {span(one)} to {span(one * window)}" for one in often)
        rows.append([f"OpenAI: queues of {limit:,} waiting tokens ({told})", *each])
    turns = [-(-one // JOBS_AT_ONCE) for one in records]
    rows += [
        ["Bedrock: jobs", *(f"{one:,}" for one in records)],
        [
            f"Bedrock: turns of {JOBS_AT_ONCE} jobs at once",
            *(f"{one:,}; {span(one)} to {span(one * hours)}" for one in turns),
        ],
    ]
    return table(("", *heads()), rows)


def sizes() -> list[str]:
    """What lies where."""
    folder = ("requests.jsonl", "units", "outputs", "results.jsonl", "manifest.sqlite")
    blocks = -(-SIZES["entry"] // _BLOCK) * _BLOCK
    each = {
        "Up to the provider": SIZES["units"],
        "Down from it": SIZES["outputs"],
        "In S3, Bedrock alone": SIZES["units"] + SIZES["outputs"],
        "The folder, at its end": sum(SIZES[name] for name in folder),
        "of that `results.jsonl`": SIZES["results.jsonl"],
        "of that `manifest.sqlite`": SIZES["manifest.sqlite"],
        "The cache on the disk, a file an answer": blocks,
        "The cache in DynamoDB": SIZES["item"] + _ITEM_BESIDE,
    }
    rows = [[what, f"{one:,} B", *(data(one * count) for count in COUNTS)] for what, one in each.items()]
    return table(("", "a request", *heads()), rows)


def clouds() -> list[str]:
    """What bucket and table cost."""
    item = SIZES["item"] + _ITEM_BESIDE
    writes, reads = -(-item // 1024), -(-item // 4096) / 2
    kept = SIZES["units"] + SIZES["outputs"]
    rows = [
        [f"DynamoDB: write units, {writes} an answer", *(f"{writes * count:,}" for count in COUNTS)],
        ["to write them", *(dollars(writes * count * WRITE_UNITS / 1e6) for count in COUNTS)],
        ["to read each once", *(dollars(reads * count * READ_UNITS / 1e6) for count in COUNTS)],
        ["to keep them a month", *(dollars(item * count * TABLE_MONTH / 1e9) for count in COUNTS)],
        [
            "S3: to keep both files a month",
            *(dollars(kept * count * S3_MONTH / 1e9) for count in COUNTS),
        ],
    ]
    return table(("", *heads()), rows)


def times() -> list[str]:
    """How long this machine works, and how long calls online take."""
    rows = [
        [f"Compile, {COMPILED:,} a second, a core", "", *(span(count / COMPILED / 3600) for count in COUNTS)],
    ]
    for rate in RATES:
        need = f"{-(-rate * SECONDS // 60):,} calls in flight, {rate * (INPUT + OUTPUT):,} tokens a minute"
        rows.append(
            [f"Online, {rate:,} requests a minute", need, *(span(count / rate / 60) for count in COUNTS)]
        )
    return table(("", "which takes", *heads()), rows)


TABLES: Final[Mapping[str, Callable[[], list[str]]]] = {
    "cost": costs,
    "engines": engines,
    "bytes": sizes,
    "clouds": clouds,
    "time": times,
}


def heads() -> list[str]:
    """The columns of the counts."""
    return [f"{count:,}" for count in COUNTS]


def table(head: Iterable[str], rows: Iterable[Iterable[str]]) -> list[str]:
    """A table of Markdown."""
    names = list(head)
    lines = [f"| {' | '.join(cells)} |".replace("|  |", "| |") for cells in (names, *rows)]
    return [lines[0], f"|---|{'---:|' * (len(names) - 1)}", *lines[1:]]


def dollars(amount: float) -> str:
    """A sum of money, as exactly as one plans."""
    return f"${amount:,.2f}" if amount < _EXACT else f"${amount:,.0f}"


def data(size: float) -> str:
    """A number of bytes."""
    return f"{size / _TB:,.1f} TB" if size >= _TB else f"{size / 1e9:,.1f} GB"


def span(hours: float) -> str:
    """A time, in the largest unit that it fills."""
    for unit, length in (("years", 8760.0), ("days", 24.0), ("hours", 1.0), ("minutes", 1 / 60)):
        if hours >= 2 * length:
            return f"{hours / length:,.0f} {unit}" if hours >= 10 * length else f"{hours / length:.2g} {unit}"
    return f"{hours * 60:.2g} minutes"


def written(text: str) -> str:
    """A page with its tables made anew."""
    for name, made in TABLES.items():
        begin, end = f"<!-- {name}: begin -->", f"<!-- {name}: end -->"
        found = f"{begin}\n" + "\n".join(made()) + f"\n{end}"
        before, _, rest = text.partition(begin)
        _, ended, after = rest.partition(end)
        assert ended, name
        text = before + found + after
    return text


if __name__ == "__main__":
    PAGE.write_text(written(PAGE.read_text(encoding="utf-8")), encoding="utf-8")
