"""How many bytes a request takes at each of its places, measured with the sandbox's engine."""

from __future__ import annotations

import asyncio
import json
import random
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

from smartllm.batch import collect, compile_batch, submit
from smartllm.runtime.batch.rows import line_id
from smartllm.runtime.cache.dynamo import _packed
from smartllm.testing import LoopbackServer, Reply
from smartllm.testing.batch.engine import Engine

# The letters of English words, by how often they come; gzip finds about what it finds in those.
_LETTERS: Final = (
    "e" * 12
    + "t" * 9
    + "a" * 8
    + "o" * 8
    + "i" * 7
    + "n" * 7
    + "shr" * 6
    + "dl" * 4
    + "cum" * 3
    + "wfgypb" * 2
    + "vk"
)
_WORDS: Final = 5000


def texts(count: int, characters: int, seed: int) -> list[str]:
    """Texts of so many characters each, of words of which some are common and most are rare."""
    chance = random.Random(seed)  # noqa: S311 - the same texts each time
    words = ["".join(chance.choices(_LETTERS, k=chance.randint(2, 9))) for _ in range(_WORDS)]
    weights = [1 / (rank + 1) for rank in range(_WORDS)]
    found = []
    for _ in range(count):
        text = " ".join(chance.choices(words, weights, k=characters // 3))
        found.append(text[:characters])
    return found


def measured(folder: Path, *, lines: int, asked: int, answered: int) -> dict[str, float]:
    """Bytes of a line at each place, once its answer is there.

    Args:
        folder: An empty one.
        lines: How many to measure with.
        asked: Characters of a prompt.
        answered: Characters of an answer.
    """
    prompts, answers = texts(lines, asked, 1), texts(lines, answered, 2)
    rows = ({"custom_id": f"r{at}", "prompt": text, "max_tokens": 200} for at, text in enumerate(prompts))
    (folder / "requests.jsonl").write_text("".join(f"{json.dumps(row)}\n" for row in rows), encoding="utf-8")
    work = folder / "work"

    with LoopbackServer(batch=Engine(seconds=0)) as server:
        asyncio.run(_through(server, folder, answers))
    found = {
        name: _bytes([work / name]) / lines
        for name in ("requests.jsonl", "units", "outputs", "results.jsonl")
    }
    found["manifest.sqlite"] = _bytes(sorted(work.glob("manifest.sqlite*"))) / lines
    entries = [path for path in (folder / "cache").rglob("*") if path.is_file()]
    whole = [path for path in entries if path.suffix == ".json"]
    assert len(whole) == lines
    found["entry"] = _bytes(whole) / lines
    found["item"] = sum(len(_packed(json.loads(path.read_bytes()), ())) for path in whole) / lines
    return found


async def _through(server: LoopbackServer, folder: Path, answers: Sequence[str]) -> None:
    settings: dict[str, Any] = {"base_url": server.openai_base_url, "api_key": "any"}
    await compile_batch(folder / "requests.jsonl", folder / "work", provider="openai", model="gpt-5.4-mini")
    for at, text in enumerate(answers, 1):
        server.batches.script(line_id(at), Reply(text=text))
    await submit(folder / "work", **settings)
    await collect(folder / "work", wait=True, every=0.1, **settings)


def _bytes(places: Sequence[Path]) -> int:
    files = [path for place in places for path in ([place] if place.is_file() else place.rglob("*"))]
    return sum(path.stat().st_size for path in files if path.is_file())
