"""Folders of batch work for tests, and an engine in memory that fails as it is told."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, Self

from smartllm.errors import ProviderError
from smartllm.runtime.batch.folder import compile_folder
from smartllm.runtime.batch.manifest import Manifest
from smartllm.runtime.batch.planning import Planner
from smartllm.runtime.batch.rows import Unit
from smartllm.runtime.batch.service import Job, Outcome
from smartllm.runtime.batch.work import Work


def answer(text: str, model: str = "gpt-5.4") -> dict[str, Any]:
    """A whole answer on the Responses wire."""
    content = [{"type": "output_text", "text": text, "annotations": []}]
    return {
        "id": "resp_1",
        "object": "response",
        "status": "completed",
        "model": model,
        "output": [
            {"type": "message", "id": "m", "role": "assistant", "status": "completed", "content": content}
        ],
        "usage": {"input_tokens": 3, "output_tokens": 5, "total_tokens": 8},
    }


async def made(folder: Path, lines: Sequence[Any], **given: Any) -> Path:
    """A compiled folder of such lines."""
    settings = {"provider": "openai", "model": "gpt-5.4", **given}
    source = folder / "requests.jsonl"
    source.write_text("".join(json.dumps(line) + "\n" for line in lines), "utf-8")
    place = folder / "work"
    planner = Planner.new(settings.pop("provider"), files=folder, **settings)
    with source.open("rb") as file:
        await compile_folder(file, place, planner, name="requests.jsonl", use_cache=False)
    return place


class MemoryEngine:
    """A ``BatchService`` without a provider.

    Attributes:
        jobs: Jobs by id, as they stand.
        outputs: Lines of outputs by the job's id, made by ``says`` when a job is created.
        billed: How often each line was run.
        faults: Errors that the next calls of a method raise, by its name; a callable runs before it.
        status: The provider's word for new jobs.
    """

    def __init__(self, says: Callable[[str, Mapping[str, Any]], Outcome] | None = None) -> None:
        self.says = says or (
            lambda name, body: Outcome(name=name, status=200, body=answer("echo"), request_id="r")
        )
        self.jobs: dict[str, Job] = {}
        self.tokens: dict[str, str] = {}
        self.outputs: dict[str, list[Outcome]] = {}
        self.billed: dict[str, int] = {}
        self.faults: dict[str, list[Any]] = {}
        self.uploads: dict[str, bytes] = {}
        self.calls: list[str] = []
        self.status, self.state = "completed", "ended"

    def _fault(self, call: str) -> None:
        self.calls.append(call)
        queued = self.faults.get(call)
        if queued:
            fault = queued.pop(0)
            if fault is not None:
                raise fault

    async def upload(self, unit: Unit, path: Path) -> str:
        self._fault("upload")
        self.uploads[unit.token] = path.read_bytes()  # noqa: ASYNC240 - a small file of the test's
        return f"file-{unit.unit}"

    async def find(self, unit: Unit) -> Job | None:
        self._fault("find")
        return self.jobs.get(self.tokens.get(unit.token, ""))

    async def create(self, unit: Unit) -> Job:
        self.calls.append("create")
        queued = self.faults.get("create") or [None]
        fault = queued.pop(0)
        if isinstance(fault, ProviderError) and fault.status == 400:
            raise fault
        name = f"job-{len(self.jobs) + 1}"
        job = Job(job=name, state=self.state, status=self.status)  # type: ignore[arg-type]
        self.jobs[name], self.tokens[unit.token] = job, name
        rows = [json.loads(line) for line in self.uploads[unit.token].splitlines()]
        found = [
            self.says(row.get("custom_id") or row["recordId"], row.get("body") or row["modelInput"])
            for row in rows
        ]
        self.outputs[name] = [one for one in found if one is not None][::-1]
        for one in self.outputs[name]:
            self.billed[one.name] = self.billed.get(one.name, 0) + (one.body is not None)
        if fault is not None:
            raise fault  # the provider did it, and nobody hears of it
        return job

    async def job(self, unit: Unit) -> Job:
        self._fault("job")
        return self.jobs[unit.job or ""]

    async def cancel(self, unit: Unit) -> Job:
        self._fault("cancel")
        self.jobs[unit.job or ""] = replace(self.jobs[unit.job or ""], status="cancelled", state="ended")
        return self.jobs[unit.job or ""]

    async def download(self, unit: Unit, job: Job, folder: Path) -> list[Path]:
        self._fault("download")
        folder.mkdir(parents=True, exist_ok=True)  # noqa: ASYNC240 - same
        path = folder / f"{job.job}.txt"
        path.write_text(job.job, "utf-8")
        return [path]

    def outcomes(self, path: Path) -> Iterator[Outcome]:
        yield from self.outputs[path.read_text("utf-8")]

    async def aclose(self) -> None:
        pass


class Folder:
    """A folder that is held, with its engine; a context manager."""

    def __init__(self, place: Path, engine: MemoryEngine) -> None:
        self.place, self.engine = place, engine
        self.manifest = Manifest.open(place)
        planner = Planner(self.manifest.about)
        self.work = Work(self.manifest, engine, planner.settings, planner)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.manifest.close()

    @property
    def results(self) -> list[dict[str, Any]]:
        """What stands in the results."""
        text = (self.place / "results.jsonl").read_text("utf-8")
        return [json.loads(line) for line in text.split("\n") if line]
