"""The commands on a folder of batch work: what they print, and how they end."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from batch_folder import Folder, MemoryEngine, answer, made
from click.testing import Result
from commands import invoke

from smartllm.cli import main
from smartllm.errors import AuthenticationError, BadRequestError, ConnectionFailedError
from smartllm.runtime.batch.locking import locked
from smartllm.runtime.batch.service import Job, Outcome


def says(name: str, body: Mapping[str, Any]) -> Outcome:
    if "boom" in body["input"][0]["content"]:
        return Outcome(name=name, status=500, body={"error": {"message": "boom"}})
    return Outcome(name=name, status=200, body=answer("echo"))


@pytest.fixture
def engine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> MemoryEngine:
    """The engine that commands have."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("SMARTLLM_CACHE_DIR", str(tmp_path / "cache"))
    monkeypatch.setenv("OPENAI_API_KEY", "sk-canary")
    monkeypatch.setenv("COLUMNS", "200")
    for name in ("OPENAI_BASE_URL", "OPENAI_MODEL"):
        monkeypatch.delenv(name, raising=False)
    found = MemoryEngine(says)
    monkeypatch.setattr("smartllm.runtime.batch.work.service_of", lambda *_: found)
    return found


@pytest.fixture
def place(tmp_path: Path, engine: MemoryEngine) -> Path:
    """A folder of two units; a line fails, one is the same as another, one is refused."""
    lines = [
        "one",
        "boom",
        {"prompt": "other", "model": "gpt-5.4-mini"},
        "one",
        {"prompt": "x", "nonsense": 1},
    ]
    return asyncio.run(made(tmp_path, lines))


def run(*arguments: str, status: int = 0) -> Result:
    done = invoke(main, ["batch", *arguments])
    assert done.exit_code == status, (done.stdout, done.stderr, done.exception)
    assert "Traceback" not in done.stderr
    assert "sk-canary" not in done.stdout + done.stderr
    return done


def data(*arguments: str, status: int = 0) -> Any:
    return json.loads(run(*arguments, "--json", status=status).stdout)


@pytest.mark.usefixtures("place")
def test_a_cycle_as_people_see_it(engine: MemoryEngine) -> None:
    done = run("submit", "work")
    assert done.stdout == "work: 2 jobs begun, 0 found again, 2 under way, 0 to come\n"
    assert done.stderr.splitlines() == [
        "units/0001.jsonl: submitted as job-1, 2 lines",
        "units/0002.jsonl: submitted as job-2, 1 line",
        "next: smartllm batch collect work --wait",
    ]
    done = run("collect", "work", status=1)
    assert done.stdout == "work/results.jsonl: 3 answered, 1 failed, 1 refused\n"
    assert done.stderr == "next: smartllm batch retry work\n"
    done = run("retry", "work")
    assert done.stdout == "work: 1 request in 1 new file\n"
    assert done.stderr == "next: smartllm batch submit work\n"
    assert run("retry", "work").stdout == "work: 0 requests in 0 new files\n"
    engine.says = lambda name, body: Outcome(name=name, status=200, body=answer("at last"))
    run("submit", "work")
    done = run("collect", "work", "--wait", status=1)  # one was refused
    assert done.stdout == "work/results.jsonl: 4 answered, 1 refused\n"


@pytest.mark.usefixtures("place")
def test_a_cycle_as_programs_see_it() -> None:
    assert data("submit", "work", "--most", "1") == {
        "folder": "work", "submitted": [1], "adopted": [], "refused": [], "left": 1,
    }  # fmt: skip
    assert data("collect", "work", status=1) == {
        "folder": "work", "results": "work/results.jsonl", "collected": [1], "failed": [],
        "lines": {"answered": 2, "failed": 1, "waiting": 1, "refused": 1},
        "second_steps": 0, "under_way": 0, "strays": [], "strayed": 0, "twice": 0,
    }  # fmt: skip
    told = data("retry", "work")
    assert (told["lines"], told["refused"]) == (1, [])
    assert [(unit["unit"], unit["file"], unit["state"]) for unit in told["units"]] == [
        (3, "units/0003.jsonl", "ready")
    ]


def test_all_answered_ends_with_zero(tmp_path: Path, engine: MemoryEngine) -> None:
    asyncio.run(made(tmp_path, ["one", "two"]))
    run("submit", "work")
    assert run("collect", "work").stderr == ""
    assert engine.calls.count("create") == 1


def test_status_asks_how_jobs_stand(place: Path, engine: MemoryEngine) -> None:
    run("submit", "work", "--most", "1")
    engine.jobs["job-1"] = Job(
        job="job-1", state="running", status="in_progress", done=1, total=2, failed=1, expires=0.0
    )
    done = run("status", "work")
    first, second = (line for line in done.stdout.splitlines() if line.startswith("units/"))
    for word in ("gpt-5.4", "/v1/responses", "submitted", "in_progress", "1/2", "01-01 00:00"):
        assert word in first
    assert "ready" in second
    assert "gpt-5.4-mini" in second
    assert done.stdout.splitlines()[-1] == "work: 1 refused, 4 waiting"
    told = data("status", "work")
    assert (told["folder"], told["provider"]) == ("work", "openai")
    assert told["lines"] == {"refused": 1, "waiting": 4}
    (one, two) = told["units"]
    assert (one["job"], one["done"], one["total"], one["failed"]) == ("job-1", 1, 2, 1)
    assert (two["state"], "done" in two) == ("ready", False)
    with Folder(place, engine) as folder:
        assert folder.manifest.units()[0].state == "submitted"  # it only looked


@pytest.mark.usefixtures("place")
def test_status_asks_nobody_where_it_need_not(engine: MemoryEngine) -> None:
    run("status", "work")
    run("submit", "work")
    before = list(engine.calls)
    assert data("status", "work", "--offline")["units"][0]["status"] == "completed"
    assert engine.calls == before


@pytest.mark.usefixtures("place")
def test_status_tells_of_single_lines(engine: MemoryEngine) -> None:
    run("submit", "work")
    engine.outputs["job-1"].append(Outcome(name="L0000000099", status=200, body=answer("whose?")))
    engine.outputs["job-2"] *= 2
    done = run("collect", "work", status=1)
    assert "1 line of the outputs belong to no request: L0000000099" in done.stderr
    assert "1 request came twice in the outputs; the first answer counts" in done.stderr
    plain = run("status", "work")
    assert "boom" not in plain.stdout
    assert (
        "warning: units/0001.jsonl: 1 line of the outputs belong to no request: L0000000099" in plain.stderr
    )
    assert "warning: units/0002.jsonl: 1 request came twice in the outputs" in plain.stderr
    told = run("status", "work", "--diagnostics").stdout
    assert "line 2: failed: 500 from the provider: boom\n" in told
    assert "line 5: refused: nonsense: " in told


def test_status_watches_until_the_jobs_have_ended(place: Path, engine: MemoryEngine) -> None:
    engine.state, engine.status = "running", "in_progress"
    run("submit", "work")
    real, looks = engine.job, 0

    async def job(unit: Any) -> Job:
        nonlocal looks
        looks += 1
        if looks == 4:  # the second look at the second job
            for name, one in engine.jobs.items():
                engine.jobs[name] = replace(one, state="ended", status="completed")
        return await real(unit)

    engine.job = job  # type: ignore[method-assign]
    done = run("status", "work", "--watch", "0.1")
    assert looks == 5  # the second job is known to have ended by the third time
    assert done.stdout.count("work: 1 refused, 4 waiting") == 3
    assert done.stdout.count("completed") == 3
    with Folder(place, engine) as folder:
        assert [unit.state for unit in folder.manifest.units()] == ["ended"] * 2


@pytest.mark.usefixtures("place")
def test_what_the_provider_finds_wrong_with_a_file_is_told(engine: MemoryEngine) -> None:
    run("submit", "work")
    errors = ({"code": "url_mismatch", "message": "wrong url", "line": 2, "param": "url"},)
    engine.jobs["job-1"] = Job(job="job-1", state="failed", status="failed", errors=errors)
    done = run("collect", "work", status=1)
    assert "failed: units/0001.jsonl: the provider took no line of it: wrong url" in done.stderr
    assert "units/0001.jsonl: line 2: url_mismatch wrong url" in run("status", "work").stderr
    assert "line 2: failed: wrong url (url)" in run("status", "work", "--diagnostics").stdout


@pytest.mark.usefixtures("place")
def test_a_refused_job_is_told(engine: MemoryEngine) -> None:
    engine.faults["create"] = [BadRequestError("bad file", model="", status=400)]
    done = run("submit", "work", status=1)
    assert "failed: units/0001.jsonl: bad file" in done.stderr
    assert done.stdout == "work: 1 job begun, 0 found again, 1 under way, 0 to come\n"
    assert "units/0001.jsonl: bad file" in run("status", "work").stderr
    engine.faults["create"] = [BadRequestError("bad file", model="", status=400)]
    (refused,) = data("submit", "work", status=1)["refused"]
    assert (refused["unit"], "bad file" in refused["error"]) == (1, True)


@pytest.mark.parametrize("command", ["submit", "collect", "cancel", "status"])
def test_a_provider_that_fails_ends_it_with_one(place: Path, engine: MemoryEngine, command: str) -> None:
    run("submit", "work")
    with Folder(place, engine) as folder:
        folder.manifest.update(2, state="ready")
    error = AuthenticationError("wrong key", model="", status=401)
    engine.faults = {"job": [error], "cancel": [error], "upload": [error], "find": [error]}
    if command == "submit":
        with Folder(place, engine) as folder:
            folder.manifest.update(2, state="creating")
    assert "wrong key" in run(command, "work", status=1).stderr


@pytest.mark.usefixtures("place")
def test_trouble_that_passes_is_told_by_one_who_waits(engine: MemoryEngine) -> None:
    run("submit", "work")
    engine.faults["job"] = [ConnectionFailedError("gone", model="", retryable=True)]
    done = run("collect", "work", "--wait", "--every", "0.1", status=1)
    assert "waiting: gone" in done.stderr
    assert done.stdout == "work/results.jsonl: 3 answered, 1 failed, 1 refused\n"


@pytest.mark.usefixtures("place")
def test_cancel_stops_what_is_under_way(engine: MemoryEngine) -> None:
    run("submit", "work")
    done = run("cancel", "work")
    assert done.stdout == "job-1: cancelled\njob-2: cancelled\n"
    assert done.stderr == "2 jobs told to stop; next: smartllm batch collect work --wait\n"
    assert data("cancel", "work")[0] == {"job": "job-1", "status": "cancelled"}
    assert engine.calls.count("cancel") == 4
    run("collect", "work", status=1)
    assert data("cancel", "work") == []


@pytest.mark.parametrize("command", ["submit", "status", "collect", "retry", "cancel"])
@pytest.mark.usefixtures("engine")
def test_a_folder_without_batch_work(command: str) -> None:
    done = run(command, "nowhere", status=2)
    assert "nowhere holds no batch work" in done.stderr
    assert "smartllm batch compile" in done.stderr
    assert not Path("nowhere").exists()


@pytest.mark.parametrize("command", ["submit", "status", "collect", "cancel"])
@pytest.mark.usefixtures("place")
def test_a_folder_of_another_address(command: str, monkeypatch: pytest.MonkeyPatch) -> None:
    run("submit", "work")
    monkeypatch.setenv("OPENAI_BASE_URL", "http://127.0.0.1:1/v1")
    done = run(command, "work", status=2)
    assert "compiled for another address, region or headers" in done.stderr


def test_while_another_command_holds_it_its_status_can_be_asked(place: Path) -> None:
    run("submit", "work")
    with locked(place):
        for command in ("submit", "collect", "retry", "cancel"):
            assert "held by another command" in run(command, "work", status=2).stderr
        assert data("status", "work")["lines"] == {"refused": 1, "waiting": 4}
    run("retry", "work")


@pytest.mark.usefixtures("place")
def test_requests_without_an_answer_are_written_to_a_file() -> None:
    run("submit", "work")
    run("collect", "work", status=1)
    done = run("retry", "work", "-o", "rest.jsonl")
    assert done.stdout == "rest.jsonl: 1 request\n"
    assert done.stderr == "next: smartllm batch run rest.jsonl -o RESULTS\n"
    assert Path("rest.jsonl").read_text() == '"boom"\n'
    assert "rest.jsonl is there already" in run("retry", "work", "-o", "rest.jsonl", status=2).stderr
    assert Path("rest.jsonl").read_text() == '"boom"\n'
    assert data("retry", "work", "--all", "-o", "all.jsonl") == {
        "folder": "work", "file": "all.jsonl", "lines": 2,
    }  # fmt: skip
    assert "cannot be written" in run("retry", "work", "-o", "no/such/file", status=2).stderr
    run("retry", "nowhere", "-o", "none.jsonl", status=2)
    assert not Path("none.jsonl").exists()


def test_settings_of_a_bucket_are_the_folders(place: Path, engine: MemoryEngine) -> None:
    run("submit", "work", "--s3", "s3://bucket/in", "--role-arn", "arn", "--hours", "48")
    with Folder(place, engine) as folder:
        about = folder.manifest.about
    assert (about["s3"], about["role_arn"], about["hours"], about.get("kms_key")) == (
        "s3://bucket/in", "arn", 48, None,
    )  # fmt: skip
    run("submit", "work", "--hours", "23", status=2)
