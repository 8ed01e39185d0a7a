"""A Bedrock job of the sandbox from its creation to its end, over an S3 in memory."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

import pytest
from bedrock_jobs import MemoryPlace, claude, converse, jsonl, records
from bedrock_started import HOUR, Started

from smartllm.testing import Reply
from smartllm.testing.batch.engine import Engine
from smartllm.testing.batch.refusals import refusing
from smartllm.testing.heard import Refused
from smartllm.testing.routes import line_route
from smartllm.testing.speaking import Spoken


async def until(started: Started, holds: Callable[[], bool]) -> None:
    """Wait until something holds of a job; longer than five seconds is a fault."""
    for _ in range(1000):
        if holds():
            return
        await asyncio.sleep(0.005)
    pytest.fail(f"the job is {started.job}")


async def test_every_record_is_answered_once_and_shuffled() -> None:
    started = Started(MemoryPlace(a=records(100)), source="s3://the-bucket/in/a.jsonl")
    job = await started.through()
    found = started.output()
    assert job.status == "Completed"
    assert job.message == ""
    assert list(found) != sorted(found) == [f"r{number:06}" for number in range(100)]
    line = found["r000007"]
    assert line["modelInput"] == converse("hi 7")
    assert line["modelOutput"]["output"]["message"]["content"][0]["text"] == "echo: hi 7"
    assert line["modelOutput"]["output"]["message"]["content"][0]["toolUse"] is None
    assert started.batches.billed.times == dict.fromkeys(found, 1)
    assert (job.total, job.processed, job.succeeded) == (100, 100, 100)
    assert started.manifest() == {
        "totalRecordCount": 100,
        "processedRecordCount": 100,
        "successRecordCount": 100,
        "errorRecordCount": 0,
        "inputTokenCount": 200,
        "outputTokenCount": 300,
        "cacheReadInputTokenCount": 0,
        "cacheWriteInputTokenCount": 0,
    }


async def test_the_order_stays_where_it_is_asked_to() -> None:
    started = Started(
        MemoryPlace(a=records(20)), Engine(seconds=0, shuffle=False), source="s3://the-bucket/in/a.jsonl"
    )
    await started.through()
    assert list(started.output()) == sorted(started.output())


async def test_one_output_a_file() -> None:
    place = MemoryPlace(a=records(3), b=records(4, begin=3), c=b"\n \n")
    started = Started(place, source="s3://the-bucket/in/")
    job = await started.through()
    assert job.status == "Completed"
    assert job.total == 7
    assert sorted(started.output("a.jsonl")) == ["r000000", "r000001", "r000002"]
    assert sorted(started.output("b.jsonl")) == [f"r{number:06}" for number in range(3, 7)]
    assert not any("c.jsonl.out" in name for name in place.objects)


async def test_bodies_of_invoke_model_have_no_nulls() -> None:
    place = MemoryPlace(a=records(2, claude))
    started = Started(place, source="s3://the-bucket/in/a.jsonl", modelInvocationType="InvokeModel")
    await started.through()
    answer = started.output()["r000001"]["modelOutput"]
    assert answer["content"] == [{"type": "text", "text": "echo: hi 1"}]
    assert answer["usage"]["output_tokens"] == 3


async def test_failures_stand_in_the_same_file_and_are_not_billed() -> None:
    engine = Engine(seconds=0, failures=0.25, seed=3)
    started = Started(MemoryPlace(a=records(200)), engine, source="s3://the-bucket/in/a.jsonl")
    started.batches.script("r000005", Reply(status=400, error_message="so it was scripted"))
    job = await started.through()
    found = started.output()
    failed = {name: line["error"] for name, line in found.items() if "error" in line}
    assert job.status == "Completed"
    assert len(found) == 200
    assert 30 < len(failed) < 70
    assert job.succeeded == 200 - len(failed)
    assert failed["r000005"] == {"errorCode": 400, "errorMessage": "so it was scripted"}
    assert {error["errorCode"] for error in failed.values()} == {400, 429, 500}
    assert all("modelOutput" not in found[name] for name in failed)
    assert set(started.batches.billed.times) == set(found) - set(failed)
    assert started.manifest()["errorRecordCount"] == len(failed)


async def test_a_record_without_an_id_gets_one() -> None:
    given = jsonl([{"modelInput": converse("one")}, {"modelInput": converse("two"), "recordId": None}])
    started = Started(MemoryPlace(a=given), source="s3://the-bucket/in/a.jsonl")
    await started.through()
    assert len(started.output()) == 2
    assert all(len(name) == 11 and name.isalnum() for name in started.output())


async def test_texts_are_written_as_they_are() -> None:
    odd = "a\u2028b\x85c\ud800"
    given = jsonl(
        [
            {"recordId": "plain", "modelInput": converse("a\u2028b")},
            {"recordId": "half", "modelInput": converse(odd)},
        ]
    )
    started = Started(MemoryPlace(a=given), source="s3://the-bucket/in/a.jsonl")
    await started.through()
    assert started.output()["half"]["modelInput"] == converse(odd)
    assert "a\u2028b".encode() in started.place.objects["s3://the-bucket/out/abcdef012345/a.jsonl.out"]


async def test_a_line_can_be_broken_on_purpose() -> None:
    started = Started(MemoryPlace(a=records(1)), source="s3://the-bucket/in/a.jsonl")
    started.batches.script("r000000", Reply(raw=b'{"recordId": "r0000'))
    assert (await started.through()).status == "Completed"
    assert started.place.objects["s3://the-bucket/out/abcdef012345/a.jsonl.out"] == b'{"recordId": "r0000\n'


async def test_a_fault_of_the_sandbox_ends_the_job_and_is_heard() -> None:
    started = Started(MemoryPlace(a=records(1)), source="s3://the-bucket/in/a.jsonl")
    started.batches.answer = lambda *_, **__: 1 / 0  # type: ignore[method-assign,assignment]
    with pytest.raises(ZeroDivisionError):
        await started.through()
    assert (started.job.status, started.job.message) == ("Failed", "Internal error: ZeroDivisionError")


async def test_the_states_follow_the_clock() -> None:
    engine = Engine(seconds=10 * HOUR)
    started = Started(MemoryPlace(a=records(80)), engine, source="s3://the-bucket/in/a.jsonl")
    assert started.job.shown()["status"] == "Submitted"
    task = asyncio.create_task(started.work.run())
    await until(started, lambda: started.job.status == "Scheduled")
    assert started.job.total == 80
    assert started.job.processed == 0
    started.batches.clock.advance(5 * HOUR)
    await until(started, lambda: started.job.status == "InProgress")
    await until(started, lambda: started.job.processed == 40)
    assert started.job.processed == 40
    assert started.place.puts == 0
    changed = started.job.modified
    started.batches.clock.advance(1)
    await asyncio.sleep(0.05)  # it looks at the clock meanwhile
    assert (started.job.status, started.job.modified) == ("InProgress", changed)
    started.batches.clock.advance(5 * HOUR)
    await asyncio.wait_for(task, 5)
    assert started.job.shown()["status"] == "Completed"


async def test_a_job_that_expires_is_done_in_part() -> None:
    engine = Engine(seconds=10 * HOUR, expire_after=5 * HOUR)
    started = Started(MemoryPlace(a=records(80)), engine, source="s3://the-bucket/in/a.jsonl")
    started.batches.clock.advance(6 * HOUR)
    job = await started.through()
    assert (job.status, job.total, job.processed) == ("PartiallyCompleted", 80, 40)
    assert len(started.output()) == len(started.batches.billed) == 40
    assert started.manifest()["totalRecordCount"] == 80
    assert started.manifest()["processedRecordCount"] == 40


async def test_a_job_that_expires_before_it_begins_leaves_nothing() -> None:
    engine = Engine(seconds=10 * HOUR, expire_after=0)
    started = Started(MemoryPlace(a=records(80)), engine, source="s3://the-bucket/in/a.jsonl")
    job = await started.through()
    assert (job.status, job.processed, started.place.puts, len(started.batches.billed)) == (
        "Expired",
        0,
        0,
        0,
    )


@pytest.mark.parametrize(("hours", "done"), [(None, 18), (48, 50)])
async def test_a_job_expires_after_its_own_time(hours: int | None, done: int) -> None:
    engine = Engine(seconds=96 * HOUR)
    fields: dict[str, Any] = {} if hours is None else {"timeoutDurationInHours": hours}
    started = Started(MemoryPlace(a=records(100)), engine, source="s3://the-bucket/in/a.jsonl", **fields)
    started.batches.clock.advance((hours or 24) * HOUR)
    job = await started.through()
    assert (job.status, job.processed) == ("PartiallyCompleted", done)


async def test_a_stopped_job_keeps_what_was_done() -> None:
    started = Started(
        MemoryPlace(a=records(80)), Engine(seconds=10 * HOUR), source="s3://the-bucket/in/a.jsonl"
    )
    started.batches.clock.advance(5 * HOUR)
    task = asyncio.create_task(started.work.run())
    await until(started, lambda: started.job.processed == 40)
    started.job.turn("Stopping", 0)
    await asyncio.wait_for(task, 5)
    assert (started.job.status, started.job.processed, len(started.output())) == ("Stopped", 40, 40)
    assert len(started.batches.billed) == 40


async def test_a_job_that_is_stopped_at_once_does_nothing() -> None:
    started = Started(MemoryPlace(a=records(80)), source="s3://the-bucket/in/a.jsonl")
    started.job.turn("Stopping", 0)
    job = await started.through()
    assert (job.status, job.total, job.processed, started.place.puts) == ("Stopped", 0, 0, 0)


async def test_the_engine_refuses_a_body_without_asking() -> None:
    started = Started(MemoryPlace(a=records(2)), source="s3://the-bucket/in/a.jsonl")
    route = line_route("bedrock", "Converse", "m")
    started.work._judge = lambda body: refusing(route, Refused("no"), 0) if body == converse("hi 1") else None
    assert (await started.through()).succeeded == 1
    assert started.output()["r000001"]["error"] == {"errorCode": 400, "errorMessage": "no"}


async def test_a_stop_is_heard_in_the_middle_of_the_work() -> None:
    started = Started(MemoryPlace(a=records(80)), source="s3://the-bucket/in/a.jsonl")
    answer = started.batches.answer

    def stopping(*arguments: Any, **fields: Any) -> Spoken:
        if started.job.processed == 9:
            started.job.turn("Stopping", 0)
        return answer(*arguments, **fields)

    started.batches.answer = stopping  # type: ignore[method-assign]
    job = await started.through()
    assert (job.status, job.processed, len(started.output())) == ("Stopped", 10, 10)
