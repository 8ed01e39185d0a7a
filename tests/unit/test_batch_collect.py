"""Collect: what an engine gave back becomes results, in order, each answer once, whatever breaks off."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from batch_folder import Folder, MemoryEngine, answer, made

from smartllm.errors import ConnectionFailedError
from smartllm.runtime.batch.service import Outcome
from smartllm.runtime.cache.local import LocalStore


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A cache of the test's own."""
    monkeypatch.setenv("SMARTLLM_CACHE_DIR", str(tmp_path / "cache"))
    monkeypatch.setenv("OPENAI_API_KEY", "sk-canary")
    for name in ("OPENAI_BASE_URL", "OPENAI_MODEL"):
        monkeypatch.delenv(name, raising=False)
    return tmp_path / "cache"


def asked(count: int, **fields: Any) -> list[dict[str, Any]]:
    return [
        {"custom_id": f"a{n}", "prompt": f"question {n}", "temperature": 0, **fields} for n in range(count)
    ]


def kept(cache: Path) -> int:
    return len([*cache.rglob("*.json")])


async def collected(place: Path, engine: MemoryEngine) -> list[dict[str, Any]]:
    with Folder(place, engine) as folder:
        await folder.work.submit()
        await folder.work.collect()
        return folder.results


async def test_results_stand_in_the_order_of_the_requests(tmp_path: Path, cache: Path) -> None:
    def says(name: str, body: Mapping[str, Any]) -> Outcome:
        return Outcome(
            name=name, status=200, body=answer(f"to {body['input'][0]['content']}"), request_id=f"r-{name}"
        )

    place = await made(tmp_path, asked(300))
    found = await collected(place, MemoryEngine(says))
    assert [one["line"] for one in found] == [*range(1, 301)]
    assert [one["custom_id"] for one in found] == [f"a{n}" for n in range(300)]
    assert [one["text"] for one in found] == [f"to question {n}" for n in range(300)]
    assert found[6]["request_id"] == "r-L0000000007"
    assert {one["status"] for one in found} == {"answered"}
    assert kept(cache) == 300


async def test_an_answer_online_is_a_hit_of_what_was_collected(tmp_path: Path) -> None:
    from smartllm import LLMClient
    from smartllm.testing import FakeTransport

    await collected(await made(tmp_path, asked(1)), MemoryEngine())
    async with LLMClient(provider="openai", transport=FakeTransport()) as client:
        response = await client.generate_text("question 0", model="gpt-5.4", temperature=0)
    assert (response.text, response.cache_source) == ("echo", "l1")


async def test_a_batch_costs_half(tmp_path: Path) -> None:
    pytest.importorskip("genai_prices")
    from smartllm import LLMClient
    from smartllm.testing import FakeTransport

    (found,) = await collected(await made(tmp_path, asked(1)), MemoryEngine())
    async with LLMClient(provider="openai", transport=FakeTransport()) as client:
        online = await client.generate_text("question 0", model="gpt-5.4", temperature=0)
    assert found["cost"] == pytest.approx(float(online.original_cost or 0) / 2)
    assert found["cost"] > 0


async def test_what_failed_expired_is_missing_or_does_not_fit_is_told_of_its_line(tmp_path: Path) -> None:
    boom = {"error": {"message": "boom", "code": "server_error"}}
    late = {"code": "batch_expired", "message": "late"}
    outcomes: dict[str, Any] = {
        "question 0": lambda name: Outcome(name=name, status=500, body=boom),
        "question 1": lambda name: Outcome(name=name, error=late, expired=True),
        "question 2": lambda name: None,
        "question 3": lambda name: Outcome(name=name, status=400, body={"error": {"message": "no"}}),
        "question 4": lambda name: Outcome(name=name, status=200, body={"odd": True}),
        "question 5": lambda name: Outcome(name=name, status=200, body=answer("no json")),
    }

    def says(name: str, body: Mapping[str, Any]) -> Any:
        return outcomes[body["input"][0]["content"]](name)

    schema = {"type": "object", "properties": {"a": {"type": "string"}}, "required": ["a"]}
    lines = [*asked(5), {"prompt": "question 5", "temperature": 0, "response_format": schema}]
    found = await collected(await made(tmp_path, lines), MemoryEngine(says))
    told = [(one["status"], one["error"]["retryable"]) for one in found]
    assert told == [
        ("failed", True),
        ("expired", True),
        ("failed", True),
        ("failed", False),
        ("failed", False),
        ("failed", False),
    ]
    assert "boom" in found[0]["error"]["message"]
    assert found[1]["error"]["code"] == "batch_expired"
    assert found[2]["error"]["code"] == "batch_line_missing"
    assert found[5]["error"]["outputs"] == "outputs/0001"
    assert found[5]["error"]["response"]["text"] == "no json"


async def test_strays_and_doubles_are_told_and_the_first_answer_counts(tmp_path: Path) -> None:
    place = await made(tmp_path, asked(200))
    engine = MemoryEngine()
    with Folder(place, engine) as folder:
        await folder.work.submit()
        rows = engine.outputs["job-1"]
        rows.append(Outcome(name="L0000000200", status=200, body=answer("again")))
        rows.append(Outcome(name="L0000009999", status=200, body=answer("whose?")))
        rows.append(Outcome(name="", error={"message": "half a line"}))
        done, _ = await folder.work.collect()
        assert (done.twice, done.strays) == (1, ["L0000009999", "half a line"])
        assert folder.results[199]["text"] == "echo"
        (unit,) = folder.manifest.units()
        assert unit.error is not None
        assert (unit.error["twice"], unit.error["strays"]) == (1, ["L0000009999", "half a line"])


async def test_a_failure_that_comes_before_the_answer_of_the_same_line_gives_way(tmp_path: Path) -> None:
    place = await made(tmp_path, asked(1))
    engine = MemoryEngine()
    with Folder(place, engine) as folder:
        await folder.work.submit()
        engine.outputs["job-1"].insert(
            0, Outcome(name="L0000000001", status=500, body={"error": {"message": "x"}})
        )
        await folder.work.collect()
        assert folder.results[0]["status"] == "answered"


class BrokenError(Exception):
    """Stands for a kill."""


@pytest.mark.parametrize("after", [0, 1, 10, 127, 128, 250])
async def test_broken_off_at_any_entry_and_run_again_it_ends_the_same(
    after: int, tmp_path: Path, cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    place, engine = await made(tmp_path, asked(300)), MemoryEngine()
    puts = 0
    real = LocalStore.put

    async def put(self: LocalStore, key: str, entry: Mapping[str, Any]) -> None:
        nonlocal puts
        puts += 1
        if puts == after + 1:
            raise BrokenError
        await real(self, key, entry)

    with Folder(place, engine) as folder:
        await folder.work.submit()
        monkeypatch.setattr(LocalStore, "put", put)
        with pytest.raises(BrokenError):
            await folder.work.collect()
        monkeypatch.setattr(LocalStore, "put", real)
    with Folder(place, engine) as folder:
        await folder.work.collect()
        first = (place / "results.jsonl").read_bytes()
        assert {one["status"] for one in folder.results} == {"answered"}
    assert kept(cache) == 300
    with Folder(place, engine) as folder:
        await folder.work.collect()
    assert (place / "results.jsonl").read_bytes() == first
    assert set(engine.billed.values()) == {1}


async def test_lines_that_ask_the_same_share_an_answer_or_its_failure(tmp_path: Path) -> None:
    lines = [
        {"custom_id": "a", "prompt": "x"},
        {"custom_id": "b", "prompt": "x"},
        {"custom_id": "c", "prompt": "y"},
        {"prompt": "y"},
    ]

    def says(name: str, body: Mapping[str, Any]) -> Outcome:
        if body["input"][0]["content"] == "y":
            return Outcome(name=name, error={"code": "batch_expired", "message": "late"}, expired=True)
        return Outcome(name=name, status=200, body=answer("one"), request_id="r")

    engine = MemoryEngine(says)
    found = await collected(await made(tmp_path, lines), engine)
    assert [(one["status"], one.get("text"), one.get("same_as")) for one in found] == [
        ("answered", "one", None), ("answered", "one", 1), ("expired", None, None), ("expired", None, 3),
    ]  # fmt: skip
    assert found[1]["custom_id"] == "b"
    assert sum(engine.billed.values()) == 1


async def test_a_plan_of_two_steps_takes_two_rounds(tmp_path: Path, cache: Path) -> None:
    schema = {
        "type": "object",
        "properties": {"name": {"type": "string"}},
        "required": ["name"],
        "additionalProperties": False,
    }
    lines = asked(3, response_format=schema, structured_output="two_pass")
    place = await made(tmp_path, lines)

    def says(name: str, body: Mapping[str, Any]) -> Outcome:
        text = json.dumps({"name": "Ada"}) if "text" in body else "It was Ada."
        return Outcome(name=name, status=200, body=answer(text), request_id="r")

    engine = MemoryEngine(says)
    with Folder(place, engine) as folder:
        await folder.work.submit()
        _, further = await folder.work.collect()
        assert (further.lines, [unit.step for unit in folder.manifest.units()]) == (3, [0, 1])
        assert {one["status"] for one in folder.results} == {"waiting"}
        assert b"It was Ada." in (place / "units" / "0002.jsonl").read_bytes()
        await folder.work.submit()
        await folder.work.collect()
        assert [one["structured_data"] for one in folder.results] == [{"name": "Ada"}] * 3
    assert kept(cache) == 3


async def test_what_a_provider_refuses_of_a_file_is_told_of_the_lines_that_it_means(tmp_path: Path) -> None:
    place, engine = await made(tmp_path, asked(4)), MemoryEngine()
    engine.state, engine.status = "failed", "failed"
    with Folder(place, engine) as folder:
        await folder.work.submit()
        from dataclasses import replace

        errors = ({"code": "url_mismatch", "message": "wrong url", "line": 3, "param": "url"},)
        engine.jobs["job-1"] = replace(engine.jobs["job-1"], errors=errors)
        await folder.work.collect()
        found = folder.results
        assert [(one["status"], one["error"]["retryable"]) for one in found] == [
            ("failed", True), ("failed", True), ("failed", False), ("failed", True),
        ]  # fmt: skip
        assert found[2]["error"]["message"] == "wrong url (url)"
        assert found[0]["error"]["code"] == "url_mismatch"
        assert [unit.state for unit in folder.manifest.units()] == ["failed"]


@pytest.mark.parametrize("status", ["expired", "cancelled", "PartiallyCompleted", "Stopped", "Expired"])
async def test_lines_that_a_job_did_not_come_to_have_expired(status: str, tmp_path: Path) -> None:
    engine = MemoryEngine(lambda name, body: None)  # type: ignore[arg-type, return-value]
    engine.status = status
    found = await collected(await made(tmp_path, asked(2)), engine)
    assert [(one["status"], one["error"]["retryable"]) for one in found] == [("expired", True)] * 2


async def test_a_wait_outlasts_trouble_and_sends_what_was_held_back(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    lines = [*asked(2), *asked(2, model="gpt-5.4-mini")]
    for number, line in enumerate(lines):
        line["custom_id"] = str(number)
    place, engine = await made(tmp_path, lines), MemoryEngine()
    engine.faults["job"] = [None, ConnectionFailedError("gone", model="", retryable=True)]
    waits: list[float] = []

    async def sleep(seconds: float) -> None:
        waits.append(seconds)

    troubles: list[Any] = []
    with Folder(place, engine) as folder:
        await folder.work.submit(1)
        assert [unit.state for unit in folder.manifest.units()] == ["submitted", "ready"]
        await folder.work.collect_all(every=7, most=1, told=troubles.append, sleep=sleep)
        assert {one["status"] for one in folder.results} == {"answered"}
    assert set(waits) == {7}
    assert [str(one.message) for one in troubles if one] == ["gone"]


async def test_a_folder_that_nobody_submitted_is_not_submitted_by_waiting(tmp_path: Path) -> None:
    place, engine = await made(tmp_path, asked(2)), MemoryEngine()
    with Folder(place, engine) as folder:
        await folder.work.collect_all(every=0)
        assert {one["status"] for one in folder.results} == {"waiting"}
    assert engine.calls == []
