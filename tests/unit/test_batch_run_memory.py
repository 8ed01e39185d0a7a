"""A run's memory does not grow with the lines of its file, also where answers overtake each other."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from memory import resident, tells_its_memory

from smartllm.map_progress import MapProgress
from smartllm.response import TextResponse
from smartllm.runtime.batch.run import RunWish, answer_file
from smartllm.runtime.batch.run_lines import RunLines

LINES, MEBIBYTE = 100_000, 1 << 20


class Answering:
    """A client that answers at once, but for one line of a thousand."""

    config = SimpleNamespace(max_concurrent=None)

    def __init__(self) -> None:
        self.asked = 0

    async def generate_text(self, request: Any) -> TextResponse[Any]:
        self.asked += 1
        await asyncio.sleep(0 if self.asked % 1000 else 0.5)
        return TextResponse(text="well " * 20, model="m", stop_reason="stop", output_tokens=20)


@pytest.mark.slow
@tells_its_memory
async def test_a_hundred_thousand_lines(tmp_path: Path) -> None:
    source, results, client = tmp_path / "requests.jsonl", tmp_path / "results.jsonl", Answering()
    with source.open("w") as made:
        for number in range(LINES):
            made.write(json.dumps({"prompt": f"p{number}", "custom_id": f"a-{number}"}) + "\n")
    sizes: list[int] = []

    def tell(state: MapProgress) -> None:
        if state.done in {LINES // 10, LINES}:
            sizes.append(resident())

    given: Any = client
    for _ in range(2):
        with source.open("rb") as file, RunLines(tmp_path) as reading:
            wish = RunWish(max_concurrent=64)
            summary = await answer_file(file, results, reading, lambda _: given, wish, tell=tell)
        assert (summary.answered, client.asked) == (LINES, LINES)
    early, late = sizes
    assert late - early < 10 * MEBIBYTE
    with results.open() as found:
        assert [json.loads(line)["line"] for line in found] == list(range(1, LINES + 1))
    assert results.with_name("results.jsonl.journal").stat().st_size < MEBIBYTE
