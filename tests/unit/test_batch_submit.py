"""Submit: each unit gets one job, whatever breaks off and whatever the provider says."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pytest
from batch_folder import Folder, MemoryEngine, made

from smartllm.errors import (
    AuthenticationError,
    BadRequestError,
    ConfigError,
    ConnectionFailedError,
    PermissionDeniedError,
    ProviderError,
    QuotaError,
    RateLimitError,
    ServerError,
    SmartLLMError,
)
from smartllm.runtime.batch.rows import Unit
from smartllm.runtime.batch.service import Job
from smartllm.runtime.batch.submitting import Submission, Submitter

MODELS = ("gpt-5.4", "gpt-5.4-mini", "gpt-5.4-nano")


@pytest.fixture(autouse=True)
def environment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SMARTLLM_CACHE_DIR", str(tmp_path / "cache"))
    monkeypatch.setenv("OPENAI_API_KEY", "sk-canary")
    for name in ("OPENAI_BASE_URL", "OPENAI_MODEL"):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture
async def place(tmp_path: Path) -> Path:
    """A folder of three units."""
    return await made(tmp_path, [{"prompt": f"for {model}", "model": model} for model in MODELS])


class Submits:
    """Submits a folder with waits that take no time.

    Attributes:
        waits: How long they were to be.
        told: What was told of which unit.
    """

    def __init__(self, place: Path, engine: MemoryEngine) -> None:
        self.place, self.engine = place, engine
        self.waits: list[float] = []
        self.told: list[tuple[int, str]] = []

    async def submit(self, most: int | None = None) -> Submission:
        async def sleep(seconds: float) -> None:
            self.waits.append(seconds)

        with Folder(self.place, self.engine) as folder:
            submitter = Submitter(
                folder.manifest,
                self.engine,
                told=lambda unit, what: self.told.append((unit.unit, what)),
                clock=lambda: 1000.0,
                sleep=sleep,
            )
            return await submitter.submit(most)

    @property
    def units(self) -> list[Unit]:
        with Folder(self.place, self.engine) as folder:
            return folder.manifest.units()

    @property
    def states(self) -> list[str]:
        return [unit.state for unit in self.units]


def failing(error: type[ProviderError], status: int | None, **fields: Any) -> ProviderError:
    return error("no", model="gpt-5.4", status=status, **fields)


async def test_each_unit_gets_a_job(place: Path) -> None:
    one = Submits(place, MemoryEngine())
    done = await one.submit()
    assert [unit.unit for unit in done.submitted] == [1, 2, 3]
    assert (done.adopted, done.refused, done.left) == ([], [], 0)
    assert one.told == [(n, what) for n in (1, 2, 3) for what in ("uploaded", "submitted")]
    assert [(u.state, u.job, u.upload, u.began, u.changed, u.status) for u in one.units] == [
        ("submitted", f"job-{n}", f"file-{n}", 1000.0, 1000.0, "completed") for n in (1, 2, 3)
    ]
    before = list(one.engine.calls)
    again = await one.submit()
    assert (again.submitted, again.adopted, one.engine.calls) == ([], [], before)


@pytest.mark.parametrize(("call", "jobs"), [("upload", 0), ("create", 1)])
async def test_killed_in_a_call_it_goes_on(place: Path, call: str, jobs: int) -> None:
    engine = MemoryEngine()
    engine.faults[call] = [asyncio.CancelledError()]
    one = Submits(place, engine)
    with pytest.raises(asyncio.CancelledError):
        await one.submit()
    assert len(engine.jobs) == jobs
    assert one.states == ["creating" if jobs else "ready", "ready", "ready"]
    done = await one.submit()
    assert [unit.unit for unit in done.adopted] == [1, 2, 3][:jobs]
    assert [unit.unit for unit in done.submitted] == [1, 2, 3][jobs:]
    assert one.states == ["submitted"] * 3
    assert (len(engine.jobs), engine.calls.count("create")) == (3, 3)
    assert engine.calls.count("find") == jobs
    assert ((1, "adopted") in one.told) == bool(jobs)
    assert set(engine.billed.values()) == {1}


async def test_killed_before_the_provider_heard_of_it_the_job_is_begun_then(place: Path) -> None:
    one = Submits(place, MemoryEngine())
    with Folder(place, one.engine) as folder:
        (unit, *_) = folder.manifest.units()
        await one.engine.upload(unit, place / unit.file)
        folder.manifest.update(1, state="creating", upload="file-1", changed=1.0)
    one.engine.calls.clear()
    done = await one.submit()
    assert [unit.unit for unit in done.submitted] == [1, 2, 3]
    assert one.engine.calls[:3] == ["find", "create", "upload"]  # the file of the first is there already


async def test_an_adopted_job_has_begun_when_it_was_asked_for(place: Path) -> None:
    one = Submits(place, MemoryEngine())
    with Folder(place, one.engine) as folder:
        (unit, *_) = folder.manifest.units()
        await one.engine.upload(unit, place / unit.file)
        folder.manifest.update(1, state="creating", upload="file-1", changed=77.0)
        await one.engine.create(unit)
    await one.submit()
    assert (one.units[0].began, one.units[0].job) == (77.0, "job-1")


async def test_the_intent_is_kept_before_the_provider_hears_of_it(place: Path) -> None:
    seen: list[str] = []

    class Looking(MemoryEngine):
        async def create(self, unit: Unit) -> Job:
            with Folder(place, self) as folder:
                seen.append(folder.manifest.units()[unit.unit - 1].state)
            return await super().create(unit)

    await Submits(place, Looking()).submit()
    assert seen == ["creating"] * 3


class Limited(MemoryEngine):
    """Does nothing but refuse so many times."""

    def __init__(self, *errors: SmartLLMError) -> None:
        super().__init__()
        self.errors = list(errors)

    async def create(self, unit: Unit) -> Job:
        if self.errors:
            self.calls.append("create")
            raise self.errors.pop(0)
        return await super().create(unit)


async def test_what_is_too_much_for_now_is_asked_again_after_a_while(place: Path) -> None:
    limits = [failing(RateLimitError, 429, retry_after=wait) for wait in (None, 50.0, 1.0)]
    one = Submits(place, Limited(*limits))
    done = await one.submit()
    assert one.waits == [2.0, 50.0, 8.0]
    assert len(done.submitted) == 3
    assert "find" not in one.engine.calls  # it was refused: there is no job to look for
    assert one.engine.calls.count("upload") == 3


async def test_what_stays_too_much_ends_the_submission_and_keeps_the_file(place: Path) -> None:
    limits = [failing(RateLimitError, 429, retry_after=1.0) for _ in range(4)]
    one = Submits(place, Limited(*limits))
    with pytest.raises(RateLimitError):
        await one.submit()
    assert one.states == ["ready"] * 3
    assert one.waits == [2.0, 4.0, 8.0]
    assert one.units[0].upload == "file-1"
    told = one.units[0].error or {}
    assert (told["type"], told["status"], told["message"]) == ("RateLimitError", 429, "no")
    await one.submit()
    assert one.states == ["submitted"] * 3
    assert one.units[0].error is None
    assert one.engine.calls.count("upload") == 3


async def test_a_job_that_is_refused_leaves_the_others_alone(place: Path) -> None:
    engine = MemoryEngine()
    engine.faults["create"] = [failing(BadRequestError, 400, code="bad_file")]
    one = Submits(place, engine)
    done = await one.submit()
    ((refused, error),) = done.refused
    assert (refused.unit, error.code, done.left) == (1, "bad_file", 0)
    assert [unit.unit for unit in done.submitted] == [2, 3]
    assert one.states == ["ready", "submitted", "submitted"]
    assert one.told[1] == (1, "refused")
    assert one.waits == []
    assert (one.units[0].error or {})["code"] == "bad_file"
    assert one.units[0].upload is None  # perhaps the file was what it did not like
    await one.submit()
    assert one.states == ["submitted"] * 3
    assert engine.calls.count("upload") == 4


@pytest.mark.parametrize(
    ("error", "status"), [(AuthenticationError, 401), (PermissionDeniedError, 403), (QuotaError, 429)]
)
async def test_what_holds_for_all_units_ends_it_at_once(
    place: Path, error: type[ProviderError], status: int
) -> None:
    one = Submits(place, Limited(failing(error, status)))
    with pytest.raises(error):
        await one.submit()
    assert one.states == ["ready"] * 3
    assert (one.waits, one.engine.jobs) == ([], {})
    assert one.engine.calls.count("create") == 1
    assert "find" not in one.engine.calls
    assert one.units[0].upload == "file-1"  # it has nothing to do with the file


async def test_settings_that_the_sdk_refuses_leave_no_doubt(place: Path) -> None:
    one = Submits(place, Limited(ConfigError("no such region")))
    with pytest.raises(ConfigError):
        await one.submit()
    assert one.states == ["ready"] * 3
    assert one.units[0].upload == "file-1"


@pytest.mark.parametrize(
    "error",
    [
        failing(ConnectionFailedError, None, retryable=True),
        failing(ServerError, 500, retryable=True),
        failing(ServerError, 408, retryable=True),
        failing(ServerError, 409, retryable=True),
    ],
)
async def test_a_job_whose_answer_was_lost_is_looked_for(place: Path, error: ProviderError) -> None:
    engine = MemoryEngine()
    engine.faults["create"] = [error]  # it does it, and nobody hears of it
    one = Submits(place, engine)
    done = await one.submit()
    assert [unit.job for unit in done.submitted] == ["job-1", "job-2", "job-3"]
    assert (engine.calls.count("create"), engine.calls.count("find"), one.waits) == (3, 1, [])
    assert set(engine.billed.values()) == {1}


async def test_a_job_that_is_not_found_is_asked_for_again(place: Path) -> None:
    one = Submits(place, Limited(*[failing(ServerError, 503, retryable=True)] * 2))
    await one.submit()
    assert one.states == ["submitted"] * 3
    assert one.engine.calls[:6] == ["upload", "create", "find", "create", "find", "create"]
    assert one.waits == [2.0, 4.0]


async def test_a_server_that_stays_broken_leaves_units_that_are_ready(place: Path) -> None:
    one = Submits(place, Limited(*[failing(ServerError, 503, retryable=True)] * 4))
    with pytest.raises(ServerError):
        await one.submit()
    assert one.states == ["ready"] * 3
    assert one.units[0].upload == "file-1"
    assert one.engine.calls.count("find") == 4


async def test_where_the_look_fails_too_the_doubt_is_kept(place: Path) -> None:
    engine = MemoryEngine()
    gone = failing(ConnectionFailedError, None, retryable=True)
    engine.faults = {"create": [gone], "find": [gone]}
    one = Submits(place, engine)
    with pytest.raises(ConnectionFailedError):
        await one.submit()
    assert one.states == ["creating", "ready", "ready"]
    done = await one.submit()
    assert [unit.unit for unit in done.adopted] == [1]
    assert len(engine.jobs) == 3


async def test_at_most_so_many_at_once(place: Path) -> None:
    one = Submits(place, MemoryEngine())
    assert (await one.submit(2)).left == 1
    assert one.states == ["submitted", "submitted", "ready"]
    assert (await one.submit(2)).submitted == []
    with Folder(place, one.engine) as folder:
        folder.manifest.update(1, state="ended")
    assert [unit.unit for unit in (await one.submit(2)).submitted] == [3]


async def test_a_unit_in_doubt_counts_as_under_way(place: Path) -> None:
    engine = MemoryEngine()
    engine.faults["create"] = [asyncio.CancelledError()]
    one = Submits(place, engine)
    with pytest.raises(asyncio.CancelledError):
        await one.submit()
    done = await one.submit(1)
    assert ([unit.unit for unit in done.adopted], done.submitted, done.left) == ([1], [], 2)
