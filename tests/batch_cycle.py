"""A batch engine in memory whose calls fail as a test says, and folders that it works on."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from smartllm.runtime.batch.manifest import Unit
from smartllm.runtime.batch.openai_lines import read_outcomes
from smartllm.runtime.batch.service import Job, Outcome

GPT = "gpt-5.4"


class Killed(BaseException):
    """The process ends here."""


def answer(text: str) -> dict[str, Any]:
    message = {
        "type": "message",
        "id": "m",
        "status": "completed",
        "role": "assistant",
        "content": [{"type": "output_text", "text": text, "annotations": []}],
    }
    usage = {"input_tokens": 1, "output_tokens": 1, "total_tokens": 2}
    return {
        "id": "resp_1",
        "object": "response",
        "status": "completed",
        "model": GPT,
        "output": [message],
        "usage": usage,
    }


def good(name: str, text: str = "hello") -> dict[str, Any]:
    return {
        "custom_id": name,
        "error": None,
        "response": {"status_code": 200, "request_id": "r", "body": answer(text)},
    }


def bad(name: str, code: str = "server_error") -> dict[str, Any]:
    return {"custom_id": name, "response": None, "error": {"code": code, "message": "no"}}


class Service:
    """An engine; what its next calls raise ``before`` or ``after`` their work stands by their names."""

    def __init__(self) -> None:
        self.jobs: dict[str, Job] = {}
        self.made: list[str] = []
        self.calls: list[str] = []
        self.before: dict[str, list[BaseException]] = {}
        self.after: dict[str, list[BaseException]] = {}
        self.state: Callable[[str], Job] = lambda job: Job(job=job, state="ended", status="completed")
        self.rows: Callable[[list[dict[str, Any]]], list[dict[str, Any]]] = lambda asked: [
            good(row["custom_id"]) for row in asked
        ]
        self.folder = Path()

    def _fault(self, faults: dict[str, list[BaseException]], what: str) -> None:
        if faults.get(what):
            raise faults[what].pop(0)

    async def upload(self, unit: Unit, path: Path) -> str:
        self.calls.append("upload")
        self._fault(self.before, "upload")
        return f"file-{unit.unit}-{path.name}"

    async def find(self, unit: Unit) -> Job | None:
        self.calls.append("find")
        return self.jobs.get(unit.token)

    async def create(self, unit: Unit) -> Job:
        self.calls.append("create")
        self._fault(self.before, "create")
        job = self.jobs[unit.token] = Job(job=f"job-{len(self.made)}", state="waiting", status="validating")
        self.made.append(unit.token)
        self._fault(self.after, "create")
        return job

    async def job(self, unit: Unit) -> Job:
        self._fault(self.before, "job")
        return self.state(unit.job or "")

    async def cancel(self, unit: Unit) -> Job:
        self.calls.append("cancel")
        self._fault(self.before, "cancel")
        return Job(job=unit.job or "", state="running", status="cancelling")

    async def download(self, unit: Unit, job: Job, folder: Path) -> list[Path]:
        return [self._written(unit, folder)]

    def _written(self, unit: Unit, folder: Path) -> Path:
        folder.mkdir(parents=True, exist_ok=True)
        path = folder / "out.jsonl"
        asked = [json.loads(line) for line in (self.folder / unit.file).read_text().splitlines()]
        path.write_text("".join(json.dumps(row) + "\n" for row in self.rows(asked)))
        return path

    def outcomes(self, path: Path) -> Iterator[Outcome]:
        return read_outcomes(path.read_bytes().split(b"\n"))

    async def aclose(self) -> None:
        """Nothing is open."""
