"""OpenAI's batch engine in the sandbox, by OpenAI's own SDK: how a batch runs and ends."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import openai
import pytest
from openai_jobs import begun, client_of, jsonl, line, rows, until

from smartllm.testing import LoopbackServer, Reply
from smartllm.testing.batch.engine import Engine
from smartllm.testing.batch.work import HEADER

DAY = 24 * 60 * 60


@pytest.fixture(scope="module")
def running() -> Iterator[LoopbackServer]:
    with LoopbackServer(batch=Engine(seconds=0), check=True) as server:
        yield server


@pytest.fixture
def server(running: LoopbackServer) -> LoopbackServer:
    running.reset()
    running.batches.engine = Engine(seconds=0)
    running.check = True
    return running


@pytest.fixture(scope="module")
def client(running: LoopbackServer) -> Iterator[openai.OpenAI]:
    with client_of(running) as found:
        yield found


def ended(client: openai.OpenAI, lines: Any, **more: Any) -> Any:
    return until(client, begun(client, jsonl(lines), **more).id)


def engine(**fields: Any) -> dict[str, Any]:
    return {"extra_headers": {HEADER: json.dumps(fields)}}


def test_a_batch_from_its_creation_to_its_end(server: LoopbackServer, client: openai.OpenAI) -> None:
    server.batches.engine = Engine(seconds=100)
    batch = begun(client, jsonl(line(f"n{n}") for n in range(20)), metadata={"a": "b"})
    assert (batch.object, batch.status, batch.endpoint) == ("batch", "validating", "/v1/responses")
    assert (batch.completion_window, batch.metadata, batch.errors) == ("24h", {"a": "b"}, None)
    assert batch.expires_at == batch.created_at + DAY
    assert batch.request_counts is not None
    assert batch.request_counts.total == 0
    assert (batch.in_progress_at, batch.model_dump()["model"]) == (None, None)

    server.batches.clock.advance(10)
    batch = until(client, batch.id, {"in_progress"})
    assert batch.request_counts is not None
    assert (batch.request_counts.total, batch.model_dump()["model"]) == (20, "gpt-5.4")
    assert batch.in_progress_at is not None
    assert batch.in_progress_at >= batch.created_at + 10

    server.batches.clock.advance(40)
    while (half := client.batches.retrieve(batch.id)).request_counts.completed < 10:  # type: ignore[union-attr]
        assert half.status == "in_progress"
    assert half.output_file_id is None
    server.batches.clock.advance(41)
    assert until(client, batch.id, {"finalizing"}).output_file_id is None
    server.batches.clock.advance(10)
    batch = until(client, batch.id)
    assert batch.status == "completed"
    assert batch.request_counts is not None
    assert batch.request_counts.model_dump() == {"total": 20, "completed": 20, "failed": 0}
    assert (batch.error_file_id, batch.errors, batch.failed_at, batch.expired_at) == (None,) * 4
    assert batch.finalizing_at is not None
    assert batch.completed_at is not None
    assert batch.created_at + 91 <= batch.finalizing_at < batch.completed_at

    output = client.files.retrieve(str(batch.output_file_id))
    assert (output.purpose, output.filename) == ("batch_output", f"{batch.id}_output.jsonl")
    assert output.expires_at == output.created_at + 30 * DAY
    content = client.files.content(output.id)
    assert output.bytes == len(content.content)
    found = rows(client, output.id)
    assert [*found] != sorted(found)
    assert sorted(found) == sorted(f"n{n}" for n in range(20))
    row = found["n7"]
    assert {*row} == {"id", "custom_id", "response", "error"}
    assert (row["error"], row["response"]["status_code"]) == (None, 200)
    assert row["id"].startswith("batch_req_")
    assert row["response"]["request_id"]
    assert row["response"]["body"]["output"][-1]["content"][0]["text"] == "echo: say n7"
    usage = [each["response"]["body"]["usage"] for each in found.values()]
    told = batch.model_dump()["usage"]
    for name in ("input_tokens", "output_tokens", "total_tokens"):
        assert told[name] == sum(each[name] for each in usage) > 0
    assert server.batches.billed.times == dict.fromkeys(found, 1)


def test_a_batch_that_takes_no_time_has_all_its_times(server: LoopbackServer, client: openai.OpenAI) -> None:
    batch = ended(client, [line("a")])
    assert batch.status == "completed"
    times = [batch.created_at, batch.in_progress_at, batch.finalizing_at, batch.completed_at]
    assert times == sorted(times)


def test_chat_lines(server: LoopbackServer, client: openai.OpenAI) -> None:
    body = {"model": "gpt-5.4", "messages": [{"role": "user", "content": "hi"}]}
    row = {"custom_id": "a", "method": "POST", "url": "/v1/chat/completions", "body": body}
    batch = until(client, begun(client, jsonl([row]), "/v1/chat/completions").id)
    answer = rows(client, batch.output_file_id)["a"]["response"]["body"]
    assert answer["choices"][0]["message"]["content"] == "echo: hi"


def test_failures_are_in_a_file_of_their_own(server: LoopbackServer, client: openai.OpenAI) -> None:
    server.batches.script("b", Reply(status=500, error_message="oh"), Reply(text="later"))
    lines = [line("a"), line("b"), line("c", reasoning={"effort": "absurd"})]
    batch = ended(client, lines)
    assert batch.status == "completed"
    assert batch.request_counts.model_dump() == {"total": 3, "completed": 1, "failed": 2}
    assert [*rows(client, batch.output_file_id)] == ["a"]
    failed = rows(client, batch.error_file_id)
    assert sorted(failed) == ["b", "c"]
    assert failed["b"]["error"] is None
    assert failed["b"]["response"]["status_code"] == 500
    assert failed["b"]["response"]["body"]["error"]["message"] == "oh"
    assert failed["c"]["response"]["status_code"] == 400
    assert server.batches.billed.times == {"a": 1}
    again = ended(client, lines[:2])
    assert (again.error_file_id, server.batches.billed.twice) == (None, ["a"])
    assert "later" in str(rows(client, again.output_file_id)["b"])


def test_all_lines_may_fail_and_the_batch_completes(server: LoopbackServer, client: openai.OpenAI) -> None:
    batch = ended(client, [line("a"), line("b")], **engine(failures=1))
    assert (batch.status, batch.output_file_id) == ("completed", None)
    assert {row["response"]["status_code"] for row in rows(client, batch.error_file_id).values()} <= {
        429,
        500,
    }
    assert (batch.request_counts.failed, batch.model_dump()["usage"]["total_tokens"]) == (2, 0)


def test_one_seed_fails_the_same_lines_in_the_same_order(
    server: LoopbackServer, client: openai.OpenAI
) -> None:
    def run(**fields: Any) -> tuple[list[str], list[str]]:
        batch = ended(client, lines, **engine(failures=0.5, **fields))
        return [*rows(client, batch.output_file_id)], [*rows(client, batch.error_file_id)]

    lines = [line(f"n{n}") for n in range(30)]
    first, second = run(), run()
    assert first != second  # another try has another chance
    server.reset()
    assert (run(), run()) == (first, second)
    server.reset()
    assert run(seed=1) != first
    names = [*run(shuffle=False)]
    assert [sorted(each, key=lambda name: int(name[1:])) for each in names] == names


@pytest.mark.parametrize(("check", "status"), [(True, 400), (False, 200)])
def test_what_the_engine_itself_refuses(check: bool, status: int, tmp_path: Any) -> None:
    with LoopbackServer(batch=Engine(seconds=0), check=check) as server, client_of(server) as client:
        batch = ended(client, [line("a", stream=True, stream_options={"include_obfuscation": False})])
        row = rows(client, batch.error_file_id or batch.output_file_id)["a"]
        assert row["response"]["status_code"] == status
        assert ("Streaming is not supported" in str(row)) is check
        assert isinstance(row["response"]["body"], dict)
        batch = ended(client, [line("a", model="gpt-4o-search-preview")])
        row = rows(client, batch.error_file_id or batch.output_file_id)["a"]
        assert row["response"]["status_code"] == status
        assert ("is not supported in the Batch API" in str(row)) is check
        assert len(server.batches.billed) == (0 if check else 1)


def test_a_batch_that_expires(server: LoopbackServer, client: openai.OpenAI) -> None:
    batch = begun(client, jsonl(line(f"n{n}") for n in range(20)), **engine(seconds=100, expire_after=50))
    assert batch.expires_at == batch.created_at + 50
    until(client, batch.id, {"validating"})
    server.batches.clock.advance(50)
    batch = until(client, batch.id)
    assert (batch.status, batch.finalizing_at, batch.completed_at) == ("expired", None, None)
    assert batch.expired_at is not None
    assert batch.expired_at >= batch.created_at + 50
    assert batch.request_counts is not None
    assert batch.request_counts.model_dump() == {"total": 20, "completed": 10, "failed": 10}
    done, late = rows(client, batch.output_file_id), rows(client, batch.error_file_id)
    assert (len(done), len({*done, *late})) == (10, 20)
    assert sorted(done) == sorted(server.batches.billed.times)
    for row in late.values():
        assert row["response"] is None
        assert row["error"]["code"] == "batch_expired"


def test_the_window_of_a_day_ends_a_batch_that_takes_longer(
    server: LoopbackServer, client: openai.OpenAI
) -> None:
    batch = begun(client, jsonl([line("a")]), **engine(seconds=10 * DAY))
    server.batches.clock.advance(DAY + 1)
    batch = until(client, batch.id)
    assert (batch.status, batch.output_file_id) == ("expired", None)
    assert [*rows(client, batch.error_file_id)] == ["a"]


def test_a_batch_that_is_cancelled_keeps_what_is_done(server: LoopbackServer, client: openai.OpenAI) -> None:
    batch = begun(client, jsonl(line(f"n{n}") for n in range(20)), **engine(seconds=100))
    server.batches.clock.advance(50)
    while client.batches.retrieve(batch.id).request_counts.completed < 10:  # type: ignore[union-attr]
        pass
    cancelling = client.batches.cancel(batch.id)
    assert (cancelling.status, cancelling.output_file_id) == ("cancelling", None)
    batch = until(client, batch.id)
    assert (batch.status, batch.error_file_id, batch.completed_at) == ("cancelled", None, None)
    assert batch.cancelling_at is not None
    assert batch.cancelled_at is not None
    assert batch.cancelling_at <= batch.cancelled_at
    assert len(rows(client, batch.output_file_id)) == 10
    with pytest.raises(openai.ConflictError, match="Cannot cancel a batch with status 'cancelled'"):
        client.batches.cancel(batch.id)


@pytest.mark.parametrize("data", [jsonl([line("a")]), b"{\n"])
def test_a_batch_that_is_cancelled_before_it_begins(
    server: LoopbackServer, client: openai.OpenAI, data: bytes
) -> None:
    batch = begun(client, data, **engine(seconds=1000))
    client.batches.cancel(batch.id)
    batch = until(client, batch.id)
    assert (batch.status, batch.output_file_id, batch.error_file_id) == ("cancelled", None, None)
    assert (batch.in_progress_at, batch.failed_at, batch.errors) == (None, None, None)


def test_a_batch_outlives_its_file_and_none_hangs(
    server: LoopbackServer, client: openai.OpenAI, monkeypatch: pytest.MonkeyPatch
) -> None:
    batch = begun(client, jsonl([line("a")]), **engine(seconds=0.2))
    assert client.files.delete(str(batch.input_file_id)).deleted
    assert until(client, batch.id).status == "completed"

    def broken(*_: Any, **__: Any) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr(server.batches, "answer", broken)
    batch = ended(client, [line("b")])
    assert batch.status == "failed"
    assert batch.errors is not None
    assert batch.errors.data[0].code == "server_error"


def test_enqueued_tokens(server: LoopbackServer, client: openai.OpenAI) -> None:
    lines = [line("a", input="x" * 4000)]
    first = begun(client, jsonl(lines), **engine(seconds=1000, token_limit=1500))
    server.batches.clock.advance(100)
    until(client, first.id, {"in_progress"})
    batch = ended(client, lines, **engine(seconds=0, token_limit=1500))
    assert batch.status == "failed"
    error = batch.errors.data[0]
    assert (error.code, error.line, error.param) == ("token_limit_exceeded", None, None)
    assert "Limit: 1,500 enqueued tokens" in error.message
    assert batch.request_counts.total == 0
    other = ended(client, [line("a", model="gpt-5.4-mini", input="x" * 4000)], **engine(token_limit=1500))
    assert other.status == "completed"
    client.batches.cancel(first.id)
    until(client, first.id)
    assert ended(client, lines, **engine(seconds=0, token_limit=1500)).status == "completed"


def test_ids_that_are_half_a_character_come_back(server: LoopbackServer, client: openai.OpenAI) -> None:
    batch = ended(client, [line("\ud800"), line("é\u2028")], **engine(failures=0.5))
    found = {**rows(client, batch.output_file_id), **rows(client, batch.error_file_id)}
    assert {*found} == {"\ud800", "é\u2028"}
