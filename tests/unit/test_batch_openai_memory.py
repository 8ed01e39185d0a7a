"""A file of 50,000 lines and 200 MB goes through the sandbox's OpenAI engine without being held in memory."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Final

import pytest

_LINES: Final = 50_000
_SIZE: Final = 200_000_000
_RUN: Final = """
import json, resource, sys, time, openai
from smartllm.testing import LoopbackServer
from smartllm.testing.batch.engine import Engine

def peak():
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024

with LoopbackServer(batch=Engine(seconds=0)) as server:
    client = openai.OpenAI(base_url=server.openai_base_url, api_key="any", max_retries=0, timeout=120)
    def whole(path):
        with open(path, "rb") as file:
            taken = client.files.create(file=("a.jsonl", file), purpose="batch")
        batch = client.batches.create(
            input_file_id=taken.id, endpoint="/v1/responses", completion_window="24h"
        )
        slowest = 0
        while batch.status not in ("completed", "failed"):
            time.sleep(0.05)
            begun = time.perf_counter()
            batch = client.batches.retrieve(batch.id)
            slowest = max(slowest, time.perf_counter() - begun)
        got = 0
        with client.files.with_streaming_response.content(batch.output_file_id) as answer:
            for part in answer.iter_bytes(65536):
                got += part.count(b"\\n")
        return batch, got, slowest
    whole(sys.argv[1])
    before = peak()
    batch, got, slowest = whole(sys.argv[2])
    print(json.dumps({"before": before, "peak": peak(), "got": got, "status": batch.status,
                      "slowest": slowest}))
"""


def _written(path: Path, lines: int, size: int) -> None:
    text = "x" * (size // lines - 170)
    with path.open("w", encoding="utf-8") as file:
        for number in range(lines):
            body = {"model": "gpt-5.4", "input": text, "instructions": "say"}
            row = {"custom_id": f"L{number:010}", "method": "POST", "url": "/v1/responses", "body": body}
            file.write(json.dumps(row) + "\n")


@pytest.mark.slow
def test_the_largest_file(tmp_path: Path) -> None:
    small, large = tmp_path / "small.jsonl", tmp_path / "large.jsonl"
    _written(small, 1000, 4_000_000)
    _written(large, _LINES, _SIZE)
    done = subprocess.run(
        [sys.executable, "-c", _RUN, str(small), str(large)], capture_output=True, text=True, check=True
    )
    told = json.loads(done.stdout)
    assert (told["status"], told["got"]) == ("completed", _LINES)
    assert told["slowest"] < 1
    # A copy of the upload alone, or of the output, would be 200 MB.
    assert told["peak"] - told["before"] < 100, told
