"""Submit, collect, retry and cancel over an engine in memory that fails as the test says."""

from __future__ import annotations

import json
from collections.abc import AsyncGenerator, Mapping
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from batch_cycle import GPT, Killed, Service, bad, good

from smartllm import batch
from smartllm.errors import ConfigError, ConnectionFailedError, ProviderError
from smartllm.runtime.batch import rounds, work
from smartllm.runtime.batch.folder_lines import FolderLines
from smartllm.runtime.batch.locking import locked
from smartllm.runtime.batch.manifest import Manifest
from smartllm.runtime.batch.planning import Planner
from smartllm.runtime.batch.service import Job
from smartllm.runtime.batch.work import Work, opened, retried, written

pytestmark = pytest.mark.usefixtures("reachable")


class Cache:
    def __init__(self) -> None:
        self.kept: dict[str, Any] = {}

    async def put(self, key: str, entry: Mapping[str, Any]) -> tuple[()]:
        self.kept[key] = entry
        return ()

    async def aclose(self) -> None:
        """Nothing is open."""


class Cycle:
    def __init__(self, folder: Path, service: Service, cache: Cache) -> None:
        self.folder, self.service, self.cache = folder, service, cache

    async def make(self, *prompts: str, **fields: Any) -> None:
        source = self.folder.parent / "requests.jsonl"
        source.write_text("".join(json.dumps({"prompt": one, **fields}) + "\n" for one in prompts))
        await batch.compile_batch(source, self.folder, provider="openai", model=GPT, use_cache=False)

    @property
    def lines(self) -> list[tuple[int, str]]:
        with Manifest.open(self.folder) as manifest:
            return [(line.line, line.state) for line in manifest.lines()]

    @property
    def states(self) -> list[str]:
        with Manifest.open(self.folder) as manifest:
            return [unit.state for unit in manifest.units()]

    @property
    def results(self) -> list[dict[str, Any]]:
        return [json.loads(line) for line in (self.folder / "results.jsonl").read_text().splitlines()]


@pytest.fixture
def cycle(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Cycle:
    service, cache = Service(), Cache()
    service.folder = tmp_path / "bulk"
    monkeypatch.setattr(work, "service_of", lambda *_: service)
    monkeypatch.setattr(work, "open_cache", lambda *_: cache)
    return Cycle(tmp_path / "bulk", service, cache)


@asynccontextmanager
async def held(cycle: Cycle) -> AsyncGenerator[Work]:
    async with opened(cycle.folder) as found:
        yield found


async def test_all_lines_are_answered_in_order(cycle: Cycle) -> None:
    await cycle.make("a", "b", "a", "c")
    cycle.service.rows = lambda asked: [good(row["custom_id"]) for row in reversed(asked)]
    await batch.submit(cycle.folder)
    done, _ = await batch.collect(cycle.folder)
    assert [(one["line"], one["status"]) for one in cycle.results] == [(n, "answered") for n in (1, 2, 3, 4)]
    assert cycle.results[2]["same_as"] == 1
    assert cycle.results[0]["cost"] > 0
    assert cycle.results[2]["cost"] == 0
    assert done.states == {"answered": 3}
    assert len(cycle.cache.kept) == 3


async def test_a_job_is_not_begun_twice_after_a_kill(cycle: Cycle) -> None:
    await cycle.make("a")
    cycle.service.after["create"] = [Killed()]
    with pytest.raises(Killed):
        await batch.submit(cycle.folder)
    assert cycle.states == ["creating"]
    done = await batch.submit(cycle.folder)
    assert (len(done.adopted), len(done.submitted), len(cycle.service.made)) == (1, 0, 1)


async def test_a_job_is_begun_when_the_kill_came_first(cycle: Cycle) -> None:
    await cycle.make("a")
    cycle.service.before["create"] = [Killed()]
    with pytest.raises(Killed):
        await batch.submit(cycle.folder)
    done = await batch.submit(cycle.folder)
    assert (len(done.submitted), len(cycle.service.made)) == (1, 1)
    assert cycle.service.calls.count("upload") == 1


async def test_a_lost_answer_of_create_is_looked_up(cycle: Cycle) -> None:
    await cycle.make("a")
    cycle.service.after["create"] = [ConnectionFailedError("gone", model=GPT)]
    await batch.submit(cycle.folder)
    assert len(cycle.service.made) == 1
    assert cycle.states == ["submitted"]


async def test_a_refused_file_is_uploaded_again(cycle: Cycle) -> None:
    await cycle.make("a")
    cycle.service.before["create"] = [ProviderError("no such file", model=GPT, status=404)]
    done = await batch.submit(cycle.folder)
    assert len(done.refused) == 1
    await batch.submit(cycle.folder)
    assert cycle.service.calls.count("upload") == 2


async def test_a_killed_collection_loses_no_entry(cycle: Cycle, monkeypatch: pytest.MonkeyPatch) -> None:
    await cycle.make("a", "b")
    await batch.submit(cycle.folder)
    put = cycle.cache.put

    async def killed(*_: Any) -> tuple[()]:
        raise Killed

    monkeypatch.setattr(cycle.cache, "put", killed)
    with pytest.raises(Killed):
        await batch.collect(cycle.folder)
    monkeypatch.setattr(cycle.cache, "put", put)
    done, _ = await batch.collect(cycle.folder)
    assert (len(cycle.cache.kept), done.twice) == (2, 0)


async def test_strays_and_doubles_are_told_and_kept(cycle: Cycle, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("smartllm.runtime.batch.collecting._WINDOW", 1)
    await cycle.make("a", "b")
    await batch.submit(cycle.folder)
    cycle.service.rows = lambda asked: [
        good("L0000000001"),
        good("L0000000002"),
        good("L0000000009"),
        good("mine"),
        good("L0000000001", "two"),
    ]
    done, _ = await batch.collect(cycle.folder)
    assert (done.strayed, done.strays, done.twice) == (2, ["L0000000009", "mine"], 1)
    assert cycle.results[0]["text"] == "hello"
    with Manifest.open(cycle.folder) as manifest:
        assert manifest.units()[0].error == {"strayed": 2, "strays": ["L0000000009", "mine"], "twice": 1}


@pytest.mark.parametrize(
    ("status", "state"), [("expired", "expired"), ("cancelled", "expired"), ("completed", "failed")]
)
async def test_lines_that_no_output_names(cycle: Cycle, status: str, state: str) -> None:
    await cycle.make("a", "b")
    await batch.submit(cycle.folder)
    cycle.service.state = lambda job: Job(job=job, state="ended", status=status)
    cycle.service.rows = lambda asked: [good(asked[0]["custom_id"])]
    await batch.collect(cycle.folder)
    assert cycle.lines == [(1, "answered"), (2, state)]
    assert cycle.results[1]["error"]["retryable"]


async def test_validation_errors_are_told_of_their_lines(cycle: Cycle) -> None:
    await cycle.make("a", "b")
    await batch.submit(cycle.folder)
    error = {"line": 2, "code": "invalid", "message": "bad body", "param": "body.x"}
    cycle.service.state = lambda job: Job(job=job, state="failed", status="failed", errors=(error,))
    await batch.collect(cycle.folder)
    first, second = (one["error"] for one in cycle.results)
    assert (second["message"], second["retryable"]) == ("bad body (body.x)", False)
    assert first["retryable"]


async def test_retried_lines_are_sent_again_and_merged(cycle: Cycle) -> None:
    await cycle.make("a", "b", "b", "c")
    await batch.submit(cycle.folder)
    cycle.service.rows = lambda asked: [
        good("L0000000001"),
        bad("L0000000002"),
        bad("L0000000004", "invalid_request"),
    ]
    await batch.collect(cycle.folder)
    assert [one["status"] for one in cycle.results] == ["answered", "failed", "failed", "failed"]
    again = await batch.retry(cycle.folder)
    before = again.lines
    assert before == sum(one["error"]["retryable"] for one in (cycle.results[1], cycle.results[3]))
    with Manifest.open(cycle.folder) as manifest:
        assert all(line.error is None for line in manifest.lines("state = 'ready'"))
    await batch.submit(cycle.folder)
    cycle.service.rows = lambda asked: [good(row["custom_id"], "again") for row in asked]
    await batch.collect(cycle.folder)
    await batch.retry(cycle.folder, whole=True)
    await batch.collect(cycle.folder, wait=True, every=0)
    assert [one["status"] for one in cycle.results] == ["answered"] * 4
    assert cycle.results[2]["text"] == "again"


async def test_too_few_for_a_job_stay_as_they_are(cycle: Cycle, monkeypatch: pytest.MonkeyPatch) -> None:
    await cycle.make("a", "b")
    await batch.submit(cycle.folder)
    cycle.service.rows = lambda asked: [bad(row["custom_id"], "server_error") for row in asked]
    await batch.collect(cycle.folder)
    before = cycle.results
    engine = Planner.engine.fget  # type: ignore[attr-defined]
    most = property(lambda self: replace(engine(self), minimum=100))
    monkeypatch.setattr(Planner, "engine", most)
    found = retried(cycle.folder, whole=True)
    assert (found.lines, found.refusals, found.units) == (0, 2, [])
    assert "2 requests" in str(found.refused[0][1])
    await batch.collect(cycle.folder)
    assert cycle.results == before
    out: list[bytes] = []
    assert written(cycle.folder, out.append, whole=True) == 2


async def test_cancelled_files_are_not_sent_by_waiting(cycle: Cycle) -> None:
    await cycle.make("a")
    cycle.service.after["create"] = [Killed()]
    with pytest.raises(Killed):
        await batch.submit(cycle.folder)
    assert [job.status for job in await batch.cancel(cycle.folder)] == ["cancelling"]
    cycle.service.state = lambda job: Job(job=job, state="ended", status="cancelled")
    cycle.service.rows = lambda asked: []
    await batch.collect(cycle.folder, wait=True, every=0)
    assert cycle.lines == [(1, "expired")]
    await batch.retry(cycle.folder)
    await batch.collect(cycle.folder, wait=True, every=0)
    assert cycle.states[-1] == "ready"


async def test_cancel_of_what_never_began_and_of_what_has_ended(cycle: Cycle) -> None:
    await cycle.make("a")
    cycle.service.before["create"] = [Killed()]
    with pytest.raises(Killed):
        await batch.submit(cycle.folder)
    assert await batch.cancel(cycle.folder) == []
    assert cycle.states == ["ready"]
    await batch.submit(cycle.folder)
    cycle.service.before["cancel"] = [ProviderError("it has ended", model=GPT, status=400)]
    assert [job.status for job in await batch.cancel(cycle.folder)] == ["completed"]


async def test_waiting_outlives_what_passes(cycle: Cycle) -> None:
    await cycle.make("a")
    await batch.submit(cycle.folder)
    cycle.service.before["job"] = [ConnectionFailedError("gone", model=GPT, retryable=True)]
    await batch.collect(cycle.folder, wait=True, every=0)
    assert cycle.lines == [(1, "answered")]


async def test_status_looks_while_another_command_holds_the_folder(cycle: Cycle) -> None:
    await cycle.make("a")
    await batch.submit(cycle.folder)
    with locked(cycle.folder):
        standing = await batch.status(cycle.folder)
        with pytest.raises(ConfigError, match="held by another command"):
            await batch.collect(cycle.folder)
    assert standing.lines == {"waiting": 1}
    assert standing.jobs[1].status == "completed"
    assert cycle.states == ["submitted"]


async def test_second_steps_wait_for_the_first_where_jobs_have_a_least(
    cycle: Cycle, monkeypatch: pytest.MonkeyPatch
) -> None:
    await cycle.make("a", "b")
    with Manifest.open(cycle.folder) as manifest:
        planner = Planner(manifest.about)
        engine = planner.engine
        monkeypatch.setattr(Planner, "engine", property(lambda _: replace(engine, minimum=100)))
        with manifest.change() as db:
            db.execute("UPDATE lines SET state = 'next' WHERE line = 1")
        with FolderLines(manifest, planner) as lines:
            made = rounds.Rounds(manifest, planner, lines)
            assert made.second_steps().refusals == 0
            manifest.update(1, state="collected")
            assert made.second_steps().refusals == 1
            assert made.second_steps().refusals == 0
        line = next(manifest.lines("line = 1"))
        assert (line.state, (line.error or {})["retryable"]) == ("failed", True)
        assert "batch retry" in (line.error or {})["hint"]


async def test_a_failure_without_words_may_pass(cycle: Cycle) -> None:
    await cycle.make("a")
    await batch.submit(cycle.folder)
    cycle.service.rows = lambda asked: [{"custom_id": "L0000000001", "response": None, "error": None}]
    await batch.collect(cycle.folder)
    assert cycle.results[0]["error"]["retryable"]


async def test_answers_of_two_steps_take_two_rounds(cycle: Cycle) -> None:
    shape = {"type": "object", "properties": {"n": {"type": "integer"}}, "required": ["n"]}
    await cycle.make("a", response_format=shape, structured_output="two_pass")
    await batch.submit(cycle.folder)
    _, further = await batch.collect(cycle.folder)
    assert (further.lines, cycle.results[0]["status"]) == (1, "waiting")
    cycle.service.rows = lambda asked: [good(row["custom_id"], '{"n": 3}') for row in asked]
    await batch.collect(cycle.folder, wait=True, every=0)
    assert cycle.results[0]["status"] == "answered"
    assert len(cycle.service.made) == 2
