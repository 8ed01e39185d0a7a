"""The commands of the page on bulk work, in their order, against the sandbox's batch engines."""

from __future__ import annotations

import asyncio
import json
import os
import re
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final
from urllib.request import urlopen

import pytest
import shown
from commands import invoke
from dynamo_engine import dynamo_engine
from wires import aws_session, share_service_models

import smartllm
from smartllm.cli import main
from smartllm.rules.vocabulary.host import HostBatch
from smartllm.testing import LoopbackServer, Reply
from smartllm.testing.batch.engine import Engine

PAGE: Final = (Path(__file__).parents[2] / "docs" / "batch.md").read_text(encoding="utf-8")
BEDROCK: Final = "\n## On Bedrock\n"
_FENCE: Final = re.compile(r"^```console\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_OWN: Final = re.compile(r"batch_\w+|arn:aws:bedrock:\S+(?=,)|\d\d-\d\d \d\d:\d\d|[\d,.]+/s(?=,)")
"""What is another at each run."""
_CHANGING: Final = {"request_id": "req_…", "timestamp": "…", "elapsed_seconds": 0, "cache_key": "…"}


def commands(text: str) -> Iterator[tuple[str, str]]:
    """Commands and what they print, errors among it."""
    for block in _FENCE.findall(text):
        for piece in re.split(r"^\$ ", block, flags=re.MULTILINE)[1:]:
            command, _, printed = piece.partition("\n")
            yield command, printed


def hidden(found: re.Match[str]) -> str:
    return f"{'batch_' * found[0].startswith('batch_')}{'arn:' * found[0].startswith('arn:')}…"


def printed_by(command: str) -> str:
    """What a command prints on both outputs; the page asks as seldom as people do, a test need not."""
    if not command.startswith("smartllm "):
        subprocess.run(["/bin/bash", "-c", command], check=True)
        return ""
    result = invoke(main, command.replace("--wait", "--wait --every 0.1").split()[1:])
    assert result.exit_code == ("1 failed" in result.stdout and " collect " in command), result.stderr
    return _OWN.sub(hidden, result.stdout + result.stderr)


def run_commands(text: str) -> int:
    """Run what a text shows; how many commands these were. Lines of both outputs are in any order."""
    found = list(commands(text))
    for command, printed in found:
        assert sorted(printed_by(command).splitlines()) == sorted(printed.splitlines()), command
        if command.startswith("smartllm batch submit"):
            wait_for_jobs()
    return len(found)


def wait_for_jobs() -> None:
    """Wait until OpenAI's jobs are over, as they are when people look again."""
    for _ in range(500):
        with urlopen(f"{os.environ['OPENAI_BASE_URL']}/batches") as reply:  # noqa: S310 - the sandbox
            if all(job["status"] == "completed" for job in json.load(reply)["data"]):
                return
        time.sleep(0.01)


@pytest.fixture(autouse=True)
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    share_service_models(monkeypatch)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("SMARTLLM_CACHE_DIR", str(tmp_path / "cache"))
    monkeypatch.setenv("AWS_REGION", "us-east-1")
    return tmp_path


def environment(server: LoopbackServer, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in server.environment().items():
        monkeypatch.setenv(name, value)


def test_the_cycle_and_the_run(monkeypatch: pytest.MonkeyPatch, place: Path) -> None:
    for name, text in shown.files(PAGE).items():
        (place / name).write_text(text, encoding="utf-8")
    with LoopbackServer(check=True, batch=Engine(seconds=0)) as server:
        environment(server, monkeypatch)
        server.batches.script("L0000000002", Reply(status=500))
        assert run_commands(PAGE.partition(BEDROCK)[0]) == 10
        assert sum(server.batches.billed.times.values()) == 3
    first, *others = map(json.loads, (place / "work/results.jsonl").read_text(encoding="utf-8").splitlines())
    told = re.findall(r"^```json\n(\{\n  \"line\".*?)^```$", PAGE, re.MULTILINE | re.DOTALL)
    assert [json.loads(one) for one in told] == [first | _CHANGING]
    assert others[-1]["same_as"] == 1
    files = {path.name for path in (place / "work").iterdir()} - {"lock"}
    rows = set(re.findall(r"^\| `(\w+\.?\w*)[/`]", PAGE.partition("### The folder")[2], re.MULTILINE))
    assert files <= rows


@pytest.mark.slow
def test_a_job_of_bedrock(monkeypatch: pytest.MonkeyPatch, place: Path) -> None:
    with (
        dynamo_engine(place) as url,
        LoopbackServer(s3=url, check=True, batch=Engine(seconds=0)) as server,
    ):
        environment(server, monkeypatch)
        bucket_at(url)
        assert run_commands(PAGE.partition(BEDROCK)[2]) == 4
        assert len(server.batches.billed.times) == 120


def bucket_at(url: str) -> None:
    async def make() -> None:
        session: Any = aws_session()
        keys = {"aws_access_key_id": "AKIASANDBOX", "aws_secret_access_key": "sandbox"}
        async with session.create_client("s3", region_name="us-east-1", endpoint_url=url, **keys) as client:
            await client.create_bucket(Bucket="the-bucket")

    asyncio.run(make())


def engine_of(model: str) -> HostBatch:
    found = smartllm.compile("hi", model=model, batch=True).host_row.batch
    assert found is not None
    return found


def test_limits_are_those_of_the_rules() -> None:
    openai, bedrock = engine_of("gpt-5.4-mini"), engine_of("us.anthropic.claude-haiku-4-5-20251001-v1:0")
    lines = [f"{one.minimum:,} to {one.lines:,}" for one in (openai, bedrock)]
    for row in (
        f"| Lines of a file | {lines[0]} | {lines[1]} |",
        f"| Bytes of a file | {openai.bytes // 10**6} MB | {bedrock.bytes // 10**9} GB |",
        f"| Bytes of a job | {openai.job_bytes // 10**6} MB | {bedrock.job_bytes // 10**9} GB |",
        f"| Time | {openai.window_hours} hours | {bedrock.window_hours} to 168 hours (`--hours`) |",
    ):
        assert row in PAGE


def test_the_policy_is_json() -> None:
    (text,) = re.findall(r"^```json\n(\{\n  \"Version.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)
    assert {one["Effect"] for one in json.loads(text)["Statement"]} == {"Allow"}
