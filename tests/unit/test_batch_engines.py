"""The whole cycle by the shell, over the sandbox's engines with the real SDKs; and killed at random."""

from __future__ import annotations

import asyncio
import json
import os
import random
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import aiobotocore.session
import pytest
from dynamo_engine import dynamo_engine

from smartllm.testing import LoopbackServer
from smartllm.testing.batch.engine import Engine

pytestmark = pytest.mark.slow

CLAUDE = "us.anthropic.claude-opus-4-6-v1"
KEYS = {"AWS_ACCESS_KEY_ID": "AKIASANDBOX", "AWS_SECRET_ACCESS_KEY": "sandbox", "AWS_REGION": "us-east-1"}
BUCKET = ["--s3", "s3://the-bucket/bulk", "--role-arn", "arn:aws:iam::123456789012:role/batch"]
KILLS = 20


class Shell:
    """The command, in processes of its own."""

    def __init__(self, folder: Path, server: LoopbackServer, **environment: str) -> None:
        self.folder, self.server = folder, server
        self.environment = {
            **{name: value for name, value in os.environ.items() if not name.startswith(("AWS_", "OPENAI_"))},
            "OPENAI_API_KEY": "sk-a-secret-of-ours",
            "OPENAI_BASE_URL": f"{server.url}/v1",
            "SMARTLLM_CACHE_DIR": str(folder / "cache"),
            "NO_PROXY": "127.0.0.1",
            **environment,
        }

    def begun(self, *arguments: str) -> subprocess.Popen[str]:
        return subprocess.Popen(
            [sys.executable, "-m", "smartllm", "batch", *arguments],
            cwd=self.folder,
            env=self.environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )

    def run(self, *arguments: str, status: int | None = 0) -> str:
        process = self.begun(*arguments)
        told, _ = process.communicate(timeout=120)
        assert status is None or process.returncode == status, told
        return told

    def compile(self, lines: int, *arguments: str) -> None:
        rows = [json.dumps({"prompt": f"Say {number}", "max_tokens": 100}) for number in range(lines)]
        (self.folder / "requests.jsonl").write_text("\n".join(rows))
        self.run("compile", "requests.jsonl", "-o", "bulk", *arguments)

    def results(self) -> list[dict[str, Any]]:
        text = (self.folder / "bulk" / "results.jsonl").read_text()
        return [json.loads(line) for line in text.splitlines()]

    def check(self, lines: int) -> None:
        """Every request has one answer, in order, and is paid for once; no secret is on the disk."""
        found = self.results()
        assert [one["line"] for one in found] == list(range(1, lines + 1))
        assert {one["status"] for one in found} == {"answered"}
        assert self.server.batches.billed.twice == []
        for path in (self.folder / "bulk").rglob("*"):
            assert path.is_dir() or b"a-secret-of-ours" not in path.read_bytes(), path


@contextmanager
def openai(folder: Path, engine: Engine) -> Iterator[Shell]:
    with LoopbackServer(batch=engine, check=True) as server:
        yield Shell(folder, server)


def test_openai_with_failures_and_an_expired_batch(tmp_path: Path) -> None:
    with openai(tmp_path, Engine(seconds=2, expire_after=1, failures=0.05)) as shell:
        shell.compile(300, "--to", "openai", "--model", "gpt-5.4")
        shell.run("submit", "bulk")
        shell.run("collect", "bulk", "--wait", "--every", "0.2", status=1)
        statuses = {one["status"] for one in shell.results()}
        assert statuses == {"answered", "failed", "expired"}
        shell.server.batches.engine = Engine(seconds=0.2)
        shell.run("retry", "bulk")
        shell.run("submit", "bulk")
        shell.run("collect", "bulk", "--wait", "--every", "0.2")
        shell.check(300)


def test_bedrock_with_failures_and_an_expired_job(tmp_path: Path) -> None:
    with (
        dynamo_engine(tmp_path) as s3,
        LoopbackServer(batch=Engine(seconds=2, expire_after=1, failures=0.05), s3=s3, check=True) as server,
    ):
        addresses = {"AWS_ENDPOINT_URL_S3": s3, "AWS_ENDPOINT_URL_BEDROCK": server.url}
        shell = Shell(tmp_path, server, **KEYS, **addresses)
        asyncio.run(_bucket(s3))
        shell.compile(400, "--to", "bedrock", "--model", CLAUDE)
        shell.run("submit", "bulk", *BUCKET)
        shell.run("collect", "bulk", "--wait", "--every", "0.2", status=1)
        assert {"answered", "expired"} <= {one["status"] for one in shell.results()}
        server.batches.engine = Engine(seconds=0.2)
        shell.run("retry", "bulk")
        shell.run("submit", "bulk")
        shell.run("collect", "bulk", "--wait", "--every", "0.2")
        shell.check(400)


def test_killed_at_random_moments(tmp_path: Path) -> None:
    chance = random.Random(22)  # noqa: S311 - moments, not secrets
    with openai(tmp_path, Engine(seconds=6)) as shell:
        shell.compile(120, "--to", "openai", "--model", "gpt-5.4")
        for number in range(KILLS):
            command = ("submit", "bulk") if number % 2 == 0 else ("collect", "bulk")
            process = shell.begun(*command)
            try:
                process.communicate(timeout=chance.uniform(0.3, 1.6))
            except subprocess.TimeoutExpired:
                process.send_signal(signal.SIGKILL)
                process.communicate()
        shell.run("submit", "bulk")
        shell.run("collect", "bulk", "--wait", "--every", "0.2")
        shell.check(120)
        before = (tmp_path / "bulk" / "results.jsonl").read_bytes()
        shell.run("collect", "bulk")
        assert (tmp_path / "bulk" / "results.jsonl").read_bytes() == before


async def _bucket(url: str) -> None:
    session = aiobotocore.session.get_session()
    async with session.create_client(
        "s3",
        region_name="us-east-1",
        endpoint_url=url,
        aws_access_key_id=KEYS["AWS_ACCESS_KEY_ID"],
        aws_secret_access_key=KEYS["AWS_SECRET_ACCESS_KEY"],
    ) as client:
        await client.create_bucket(Bucket="the-bucket")
