"""Retry: what has no answer is sent again, or written to a file; what is answered stays as it is."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from batch_folder import Folder, MemoryEngine, answer, made

from smartllm.errors import BadRequestError
from smartllm.runtime.batch.rounds import Round
from smartllm.runtime.batch.service import Outcome
from smartllm.runtime.batch.work import retried, written

HAIKU = "us.anthropic.claude-haiku-4-5-20251001-v1:0"
OK, BOOM, NO, LATE = "ok", "boom", "no", "late"


@pytest.fixture(autouse=True)
def environment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SMARTLLM_CACHE_DIR", str(tmp_path / "cache"))
    monkeypatch.setenv("OPENAI_API_KEY", "sk-canary")
    for name in ("OPENAI_BASE_URL", "OPENAI_MODEL"):
        monkeypatch.delenv(name, raising=False)


class Fates:
    """An engine whose lines fare as their prompts say, until it is mended."""

    def __init__(self) -> None:
        self.is_mended = False
        self.engine = MemoryEngine(self.says)

    def says(self, name: str, body: Mapping[str, Any]) -> Outcome:
        fate = OK if self.is_mended else body["input"][0]["content"].split()[0]
        if fate == BOOM:
            return Outcome(name=name, status=500, body={"error": {"message": "boom"}})
        if fate == NO:
            return Outcome(name=name, status=400, body={"error": {"message": "no"}})
        if fate == LATE:
            return Outcome(name=name, error={"code": "batch_expired", "message": "late"}, expired=True)
        return Outcome(name=name, status=200, body=answer(f"to {body['input'][0]['content']}"))


async def cycle(place: Path, engine: MemoryEngine) -> list[dict[str, Any]]:
    with Folder(place, engine) as folder:
        await folder.work.submit()
        await folder.work.collect()
        return folder.results


def state(place: Path) -> list[tuple[str, Any, int | None]]:
    with Folder(place, MemoryEngine()) as folder:
        return [(line.state, line.error, line.unit) for line in folder.manifest.lines()]


def saved(place: Path, *, whole: bool = False) -> list[Any]:
    lines: list[bytes] = []
    assert written(place, lines.append, whole=whole) == len(lines)
    return [json.loads(line) for line in lines]


async def test_what_may_pass_is_sent_again(tmp_path: Path) -> None:
    fates = Fates()
    place = await made(tmp_path, ["ok 1", "boom 2", "no 3", "late 4"])
    first = await cycle(place, fates.engine)
    assert saved(place) == ["boom 2", "late 4"]
    assert saved(place, whole=True) == ["boom 2", "no 3", "late 4"]
    found = retried(place)
    assert (found.lines, [unit.unit for unit in found.units], found.refusals) == (2, [2], 0)
    assert state(place)[1] == state(place)[3] == ("ready", None, 2)
    assert retried(place) == Round()  # they wait for their job by now
    assert saved(place) == []
    fates.is_mended = True
    second = await cycle(place, fates.engine)
    assert [one["status"] for one in second] == ["answered", "answered", "failed", "answered"]
    assert [second[0], second[2]] == [first[0], first[2]]
    assert second[1]["text"] == "to boom 2"
    assert fates.engine.billed["L0000000001"] == 1


async def test_all_of_them_on_demand(tmp_path: Path) -> None:
    fates = Fates()
    place = await made(tmp_path, ["ok 1", "boom 2", "no 3"])
    await cycle(place, fates.engine)
    fates.is_mended = True
    assert retried(place, whole=True).lines == 2
    assert [one["status"] for one in await cycle(place, fates.engine)] == ["answered"] * 3
    assert retried(place, whole=True) == Round()


async def test_lines_that_share_an_answer_share_the_next_try(tmp_path: Path) -> None:
    fates = Fates()
    place = await made(tmp_path, [{"prompt": "boom", "custom_id": one} for one in "abc"])
    await cycle(place, fates.engine)
    assert [one["custom_id"] for one in saved(place)] == ["a", "b", "c"]
    assert retried(place).lines == 1
    fates.is_mended = True
    found = await cycle(place, fates.engine)
    assert [(one["custom_id"], one["text"]) for one in found] == [(one, "to boom") for one in "abc"]


async def test_what_was_refused_is_written_with_all(tmp_path: Path) -> None:
    place = await made(tmp_path, ["ok", {"prompt": "x", "nonsense": 1}, "boom"])
    await cycle(place, Fates().engine)
    assert saved(place) == ["boom"]
    assert saved(place, whole=True) == [{"prompt": "x", "nonsense": 1}, "boom"]
    assert retried(place, whole=True).lines == 1


async def test_too_few_for_a_job_stay_as_they_are(tmp_path: Path) -> None:
    def says(name: str, body: Mapping[str, Any]) -> Outcome:
        if int(name[1:]) <= 99:
            return Outcome(name=name, status=500, body={"message": "boom"})
        return Outcome(name=name, error={"code": "x", "message": "late"}, expired=True)

    engine = MemoryEngine(says)
    lines = [{"prompt": f"question {n}"} for n in range(120)]
    place = await made(tmp_path, lines, provider="bedrock", model=HAIKU)
    await cycle(place, engine)
    with Folder(place, engine) as folder, folder.manifest.change() as db:
        db.execute("UPDATE lines SET state = 'answered', error = NULL WHERE line > 99")
    before = state(place)
    found = retried(place)
    assert (found.lines, found.units, found.refusals) == (0, [], 99)
    assert [line for line, _ in found.refused] == [*range(1, 100)]
    assert "99 requests" in str(found.refused[0][1])
    assert "100 at least" in str(found.refused[0][1])
    assert state(place) == before
    assert len(saved(place)) == 99
    with Folder(place, engine) as folder, folder.manifest.change() as db:
        db.execute("UPDATE lines SET state = 'expired', error = '{\"retryable\": true}' WHERE line = 100")
    again = retried(place)
    assert (again.lines, again.refusals, [unit.lines for unit in again.units]) == (100, 0, [100])


async def test_a_second_step_is_sent_again_with_the_answer_to_the_first(tmp_path: Path) -> None:
    failing = True

    def says(name: str, body: Mapping[str, Any]) -> Outcome:
        if "text" not in body:
            return Outcome(name=name, status=200, body=answer("It was Ada."))
        if failing:
            return Outcome(name=name, status=500, body={"error": {"message": "boom"}})
        return Outcome(name=name, status=200, body=answer('{"name": "Ada"}'))

    schema = {"type": "object", "properties": {"name": {"type": "string"}}, "required": ["name"]}
    line = {"prompt": "who?", "response_format": schema, "structured_output": "two_pass"}
    engine = MemoryEngine(says)
    place = await made(tmp_path, [line])
    await cycle(place, engine)
    (found,) = await cycle(place, engine)
    assert (found["status"], found["error"]["retryable"]) == ("failed", True)
    (unit,) = retried(place).units
    assert unit.step == 1
    assert b"It was Ada." in (place / unit.file).read_bytes()
    failing = False
    (found,) = await cycle(place, engine)
    assert (found["status"], found["structured_data"]) == ("answered", {"name": "Ada"})
    assert len(engine.jobs) == 3


async def test_a_wait_goes_on_for_the_others_where_a_job_is_refused(tmp_path: Path) -> None:
    models = ("gpt-5.4", "gpt-5.4-mini", "gpt-5.4-nano")
    place = await made(tmp_path, [{"prompt": "ok", "model": model} for model in models])
    engine = MemoryEngine()
    engine.state = "running"
    troubles: list[Any] = []

    async def sleep(_: float) -> None:
        from dataclasses import replace

        engine.jobs = {name: replace(job, state="ended") for name, job in engine.jobs.items()}

    with Folder(place, engine) as folder:
        await folder.work.submit(1)
        engine.faults["create"] = [BadRequestError("bad file", model="", status=400)]
        await folder.work.collect_all(every=1, told=troubles.append, sleep=sleep)
        assert [one["status"] for one in folder.results] == ["answered", "waiting", "answered"]
        assert [unit.state for unit in folder.manifest.units()] == ["collected", "ready", "collected"]
    assert [str(one.message) for one in troubles if one] == ["bad file"]
    assert engine.calls.count("create") == 3


async def test_what_was_stopped_is_not_begun_by_one_who_waits(tmp_path: Path) -> None:
    models = ("gpt-5.4", "gpt-5.4-mini")
    place = await made(tmp_path, [{"prompt": "ok", "model": model} for model in models])
    engine = MemoryEngine()
    engine.state = "running"
    with Folder(place, engine) as folder:
        await folder.work.submit(1)
        (job,) = await folder.work.cancel()
        assert job.status == "cancelled"
        await folder.work.collect_all(every=0)
        assert [unit.state for unit in folder.manifest.units()] == ["collected", "ready"]
        assert len(engine.jobs) == 1
        engine.state = "ended"
        await folder.work.submit()
        await folder.work.collect_all(every=0)
        assert [one["status"] for one in folder.results] == ["answered", "answered"]


async def test_a_job_in_doubt_is_looked_for_before_it_is_stopped(tmp_path: Path) -> None:
    models = ("gpt-5.4", "gpt-5.4-mini")
    place, engine = (
        await made(tmp_path, [{"prompt": "ok", "model": model} for model in models]),
        MemoryEngine(),
    )
    with Folder(place, engine) as folder:
        await folder.work.submit()
        folder.manifest.update(1, state="creating", job=None, changed=5.0)
        folder.manifest.update(2, state="creating", job=None, token="unknown")
        (job,) = await folder.work.cancel()
        assert job.job == "job-1"
        assert [(unit.state, unit.job) for unit in folder.manifest.units()] == [
            ("submitted", "job-1"),
            ("ready", None),
        ]
