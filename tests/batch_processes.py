"""``smartllm batch`` by real processes, against a sandbox; each may be killed."""

from __future__ import annotations

import asyncio
import json
import os
import random
import signal
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path
from threading import Thread
from typing import Any, Final

from dynamo_engine import dynamo_engine
from warm import Ended, Warm
from wires import aws_session

from smartllm.runtime.batch.manifest import Manifest, Unit
from smartllm.testing import LoopbackServer

ROLE: Final = "arn:aws:iam::123456789012:role/batch"
HAIKU: Final = "us.anthropic.claude-haiku-4-5-20251001-v1:0"
BUCKET: Final = "the-bucket"
# A job that was asked for is listed at once here; nobody need look for it as long as at the provider.
_COMMAND: Final = (
    "import smartllm.runtime.batch.openai as openai; openai.SETTLE = 0.2\n"
    "from smartllm.cli import main; main(prog_name='smartllm')"
)
_TO: Final[dict[str, tuple[str, ...]]] = {
    "openai": ("--to", "openai", "--model", "gpt-5.4"),
    "bedrock": ("--to", "bedrock", "--model", HAIKU),
}
_SENT: Final[dict[str, tuple[str, ...]]] = {
    "openai": (),
    "bedrock": ("--s3", f"s3://{BUCKET}/in", "--role-arn", ROLE),
}
_KILLED: Final = f"import os, pathlib; pathlib.Path('pid').write_text(str(os.getpid()))\n{_COMMAND}"
SECONDS: Final = 60
LONG: Final = 0.9
"""Within so many seconds a command is killed: about as long as one takes."""


class Shell:
    """A folder for files, and an environment in which commands run.

    Args:
        folder: The folder.
        server: Whose addresses and keys the commands have.
        provider: ``openai`` or ``bedrock``.
    """

    def __init__(self, folder: Path, server: LoopbackServer, provider: str) -> None:
        self.folder, self.server, self.provider = folder, server, provider
        self.work = folder / "work"
        kept = {name: os.environ[name] for name in ("PATH", "PYTHONPATH") if name in os.environ}
        home = {"HOME": str(folder), "SMARTLLM_CACHE_DIR": str(folder / "cache"), "COLUMNS": "200"}
        region = {"AWS_REGION": "us-east-1", "AWS_EC2_METADATA_DISABLED": "true"}
        self.environment = {**kept, **home, **region, **server.environment()}

    def began(self, *arguments: str) -> subprocess.Popen[str]:
        """A command that was begun."""
        return subprocess.Popen(
            [sys.executable, "-W", "error", "-c", _COMMAND, "batch", *arguments],
            cwd=self.folder, env=self.environment, text=True,
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
        )  # fmt: skip

    def run(self, *arguments: str, status: int | tuple[int, ...] = 0) -> tuple[str, str]:
        """Output and errors of a command that must end with such a status."""
        process = self.began(*arguments)
        out, err = process.communicate(timeout=SECONDS)
        wanted = (status,) if isinstance(status, int) else status
        assert process.returncode in wanted, f"{arguments}: {process.returncode}\n{out}\n{err}"
        return out, err

    def compile(self, lines: list[Any], **settings: Any) -> dict[str, Any]:
        """Make the folder of such lines; the summary."""
        source = self.folder / "requests.jsonl"
        source.write_text("".join(json.dumps(line) + "\n" for line in lines), "utf-8")
        more = [word for name, value in settings.items() for word in (f"--{name}", str(value))]
        to = _TO[self.provider]
        out, _ = self.run("compile", "requests.jsonl", *to, "-o", "work", "--json", *more, status=(0, 1))
        told: dict[str, Any] = json.loads(out)
        return told

    @property
    def submitting(self) -> tuple[str, ...]:
        """The words of a submission."""
        return ("submit", "work", *_SENT[self.provider])

    def collected(self) -> dict[str, int]:
        """Collect until all jobs have ended; how many lines have which status."""
        out, _ = self.run("collect", "work", "--wait", "--every", "0.1", "--json", status=(0, 1))
        lines: dict[str, int] = json.loads(out)["lines"]
        return lines

    def killed(self, warm: Warm, chance: random.Random, *arguments: str, longest: float = LONG) -> bool:
        """Kill a command at a moment of its work; whether it was still there."""
        pid, after, ended = self.folder / "pid", chance.uniform(0, longest), list[Ended]()
        pid.unlink(missing_ok=True)

        def waits() -> None:
            ended.append(
                warm.run(_KILLED, "batch", *arguments, environment=self.environment, folder=self.folder)
            )

        thread = Thread(target=waits)
        thread.start()
        while not (pid.exists() and pid.read_text()):
            time.sleep(0.001)
        thread.join(after)
        if thread.is_alive():
            with suppress(ProcessLookupError):  # it has just ended
                os.kill(int(pid.read_text()), signal.SIGKILL)
        thread.join()
        assert ended[0].returncode in {-signal.SIGKILL, 0, 1}, ended[0].said
        return ended[0].returncode == -signal.SIGKILL

    def results(self, name: str = "work/results.jsonl") -> list[dict[str, Any]]:
        """What stands in a file of results."""
        return [json.loads(line) for line in (self.folder / name).read_text("utf-8").split("\n") if line]

    def units(self) -> list[Unit]:
        """The units of the folder."""
        with closing(Manifest.open(self.work)) as manifest:
            return manifest.units()


def questions(count: int) -> list[dict[str, Any]]:
    """Requests that are all different."""
    return [{"custom_id": f"c{n}", "prompt": f"question {n}", "temperature": 0} for n in range(1, count + 1)]


@contextmanager
def bucket(folder: Path) -> Iterator[str]:
    """Address of an S3 that has the bucket, until the end of the block."""

    async def make(url: str) -> None:
        client = aws_session().create_client(
            "s3",
            region_name="us-east-1",
            endpoint_url=url,
            aws_access_key_id="AKIASANDBOX",
            aws_secret_access_key="sandbox",
        )
        async with client as opened:
            await opened.create_bucket(Bucket=BUCKET)

    with dynamo_engine(folder) as url:
        asyncio.run(make(url))
        yield url


def jobs_of(server: LoopbackServer, provider: str) -> list[str]:
    """For each job of a server, its unit's token or name."""
    if provider == "openai":
        listed = _read(f"{server.openai_base_url}/batches?limit=100", "Bearer sk-sandbox")
        return [job["metadata"]["smartllm_token"] for job in listed["data"]]
    signed = "AWS4-HMAC-SHA256 Credential=AKIA/20260101/us-east-1/bedrock/aws4_request"
    listed = _read(f"{server.url}/model-invocation-jobs?maxResults=1000", signed)
    return [job["jobName"] for job in listed["invocationJobSummaries"]]


def _read(url: str, authorization: str) -> dict[str, Any]:
    request = urllib.request.Request(url, headers={"authorization": authorization})  # noqa: S310 - loopback
    with urllib.request.urlopen(request, timeout=10) as answer:  # noqa: S310 - same
        found: dict[str, Any] = json.load(answer)
    return found


def all_answered(results: list[dict[str, Any]], count: int) -> None:
    """Each of the questions is answered once, with its own answer, in their order."""
    assert [one["line"] for one in results] == [*range(1, count + 1)]
    assert [one["custom_id"] for one in results] == [f"c{n}" for n in range(1, count + 1)]
    assert {one["status"] for one in results} == {"answered"}
    assert [one["text"] for one in results] == [f"echo: question {n}" for n in range(1, count + 1)]
