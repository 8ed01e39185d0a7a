"""What OpenAI's batch engine in the sandbox finds wrong: with a call at once, with a file's lines later."""

from __future__ import annotations

import json
from collections.abc import Iterator
from io import BytesIO
from typing import Any

import openai
import pytest
from openai_jobs import RESPONSES, begun, client_of, jsonl, line, raw, rows, until

from smartllm.testing import LoopbackServer
from smartllm.testing.batch.engine import Engine
from smartllm.testing.batch.openai_lines import looked_through
from smartllm.testing.batch.work import HEADER


@pytest.fixture(scope="module")
def server() -> Iterator[LoopbackServer]:
    with LoopbackServer(batch=Engine(seconds=0), check=True) as running:
        yield running


@pytest.fixture(scope="module")
def client(server: LoopbackServer) -> Iterator[openai.OpenAI]:
    with client_of(server) as found:
        yield found


@pytest.fixture
def file(client: openai.OpenAI) -> str:
    found: str = client.files.create(file=("a.jsonl", jsonl([line("a")])), purpose="batch").id
    return found


def without(name: str) -> dict[str, Any]:
    return {key: value for key, value in line("b").items() if key != name}


A = jsonl([line("a")])


@pytest.mark.parametrize(
    ("data", "code", "where", "param"),
    [
        (b"\n \n", "empty_file", None, None),
        (A + b"{\n", "invalid_json_line", 2, None),
        (A + b"\n\n[]\n", "invalid_json_line", 4, None),
        (A + b"\xff\n", "invalid_json_line", 2, None),
        (b"\xef\xbb\xbf" + A, "invalid_json_line", 1, None),
        (A + b'{"custom_id": "b", "method": "POST", "x": NaN}', "invalid_json_line", 2, None),
        (A + b"[" * 100_000, "invalid_json_line", 2, None),
        (A + A, "duplicate_custom_id", 2, "custom_id"),
        (A + jsonl([without("custom_id")]), "missing_required_parameter", 2, "custom_id"),
        (A + jsonl([{**line("b"), "custom_id": 7}]), "missing_required_parameter", 2, "custom_id"),
        (A + jsonl([line("")]), "missing_required_parameter", 2, "custom_id"),
        (A + jsonl([without("method")]), "missing_required_parameter", 2, "method"),
        (A + jsonl([{**line("b"), "method": "GET"}]), "invalid_method", 2, "method"),
        (A + jsonl([without("url")]), "missing_required_parameter", 2, "url"),
        (A + jsonl([line("b", "/v1/chat/completions")]), "url_mismatch", 2, "url"),
        (A + jsonl([without("body")]), "missing_required_parameter", 2, "body"),
        (A + jsonl([{**line("b"), "body": []}]), "missing_required_parameter", 2, "body"),
        (A + jsonl([{**line("b"), "body": {}}]), "missing_required_parameter", 2, "body.model"),
        (A + jsonl([line("b", model="")]), "missing_required_parameter", 2, "body.model"),
        (A + jsonl([line("b", model="gpt-5.4-mini")]), "model_mismatch", 2, "body.model"),
    ],
)
def test_lines_that_fail_a_batch(
    server: LoopbackServer,
    client: openai.OpenAI,
    data: bytes,
    code: str,
    where: int | None,
    param: str | None,
) -> None:
    server.reset()
    batch = until(client, begun(client, data).id)
    assert (batch.status, batch.output_file_id, batch.error_file_id) == ("failed", None, None)
    assert batch.errors is not None
    assert batch.errors.data is not None
    [error] = batch.errors.data
    assert (error.code, error.line, error.param) == (code, where, param)
    assert error.message
    assert batch.failed_at is not None
    assert (batch.in_progress_at, batch.completed_at) == (None, None)
    assert batch.request_counts is not None
    assert batch.request_counts.model_dump() == {"total": 0, "completed": 0, "failed": 0}
    assert len(server.batches.billed) == 0


async def test_all_that_is_wrong_is_told_but_not_without_end() -> None:
    broken = [without("method"), {**line("c"), "url": "x", "method": "PUT"}, line("b")]
    found = await looked_through(BytesIO(jsonl(broken)), RESPONSES, 3)
    assert [(one["line"], one["code"]) for one in found.errors] == [
        (1, "missing_required_parameter"),
        (2, "invalid_method"),
        (2, "url_mismatch"),
        (3, "duplicate_custom_id"),
    ]
    many = b"{\n" * 200
    found = await looked_through(BytesIO(many), RESPONSES, 200)
    assert [one["line"] for one in found.errors] == [*range(1, 101)]
    found = await looked_through(BytesIO(many), RESPONSES, 199)
    assert [one["code"] for one in found.errors] == ["too_many_tasks"]
    assert "The maximum is 199" in found.errors[0]["message"]


async def test_what_lines_hold() -> None:
    data = jsonl([line("a", input="x" * 400)]) + b"\n" + jsonl([line("b")])
    found = await looked_through(BytesIO(data.rstrip()), RESPONSES, 2)
    assert [*found.places] == [0, data.index(b'{"custom_id": "b"')]
    assert (found.model, found.errors) == ("gpt-5.4", [])
    assert 100 < found.tokens < 250
    again = await looked_through(BytesIO(data), RESPONSES, 2)
    assert found.digest != again.digest


def test_a_line_that_is_nested_deeply_fails_alone(server: LoopbackServer, client: openai.OpenAI) -> None:
    deep = (
        f'{{"custom_id": "b", "method": "POST", "url": "{RESPONSES}", "body": {{"model": "gpt-5.4", "input": '
    )
    deep += "[" * 600 + "]" * 600 + "}}\n"
    batch = until(client, begun(client, A + deep.encode()).id)
    assert batch.status == "completed"
    assert [*rows(client, batch.output_file_id)] == ["a"]
    assert rows(client, batch.error_file_id)["b"]["response"]["status_code"] == 400


GOOD: dict[str, Any] = {"endpoint": RESPONSES, "completion_window": "24h"}


@pytest.mark.parametrize(
    ("given", "code", "param", "why"),
    [
        (
            {"input_file_id": None},
            "missing_required_parameter",
            "input_file_id",
            "Missing required parameter",
        ),
        (
            {"endpoint": None},
            "missing_required_parameter",
            "endpoint",
            "Missing required parameter: 'endpoint'",
        ),
        ({"completion_window": 24}, "missing_required_parameter", "completion_window", "Missing required"),
        ({"completion_window": "1h"}, "invalid_value", "completion_window", "Supported values are: '24h'."),
        ({"endpoint": "/v1/x"}, "invalid_value", "endpoint", "'/v1/responses'"),
        ({"input_file_id": "file-x"}, "not_found", "input_file_id", "No such File object: file-x"),
        ({"metadata": []}, "invalid_value", "metadata", "expected an object of strings"),
        ({"metadata": {"a": 1}}, "invalid_value", "metadata", "expected an object of strings"),
        ({"metadata": {str(n): "" for n in range(17)}}, "invalid_value", "metadata", "at most 16 pairs"),
        ({"metadata": {"k" * 65: ""}}, "invalid_value", "metadata", "at most 64 characters in a key"),
        ({"metadata": {"k": "v" * 513}}, "invalid_value", "metadata", "at most 512 characters in a value"),
        ({"output_expires_after": 3600}, "invalid_value", "output_expires_after", "'created_at'"),
        (
            {"output_expires_after": {"anchor": "created_at", "seconds": 3599}},
            "invalid_value",
            "output_expires_after",
            "3,600 to 2,592,000",
        ),
        (
            {"output_expires_after": {"anchor": "created_at", "seconds": 2_592_001}},
            "invalid_value",
            "output_expires_after",
            "3,600 to 2,592,000",
        ),
        (
            {"output_expires_after": {"anchor": "created_at", "seconds": 3600.5}},
            "invalid_value",
            "output_expires_after",
            "a whole number",
        ),
        ({"window": 1}, "unknown_parameter", "window", "Unknown parameter: 'window'."),
    ],
)
def test_calls_that_begin_no_batch(
    server: LoopbackServer, file: str, given: dict[str, Any], code: str, param: str, why: str
) -> None:
    asked = {"input_file_id": file, **GOOD, **given}
    status, said = raw(server, "POST", "batches", json.dumps(asked).encode())
    assert (status, said["error"]["code"], said["error"]["param"]) == (400, code, param)
    assert said["error"]["type"] == "invalid_request_error"
    assert why in said["error"]["message"]
    assert server.requests[-1].refused is not None


def test_what_is_just_allowed(server: LoopbackServer, file: str) -> None:
    asked = {
        "input_file_id": file,
        **GOOD,
        "metadata": {"k" * 64: "v" * 512, **{str(n): "" for n in range(15)}},
        "output_expires_after": {"anchor": "created_at", "seconds": 2_592_000},
    }
    status, said = raw(server, "POST", "batches", json.dumps(asked).encode())
    assert (status, said["metadata"]) == (200, asked["metadata"])
    nothing = {"metadata": None, "output_expires_after": None}
    assert raw(server, "POST", "batches", json.dumps({**asked, **nothing}).encode())[0] == 200


def test_outputs_are_no_input(server: LoopbackServer, client: openai.OpenAI) -> None:
    batch = until(client, begun(client, A).id)
    with pytest.raises(openai.BadRequestError, match="its purpose is 'batch_output', not 'batch'"):
        client.batches.create(
            input_file_id=str(batch.output_file_id), endpoint="/v1/responses", completion_window="24h"
        )


def test_bodies_that_are_none_and_engines_that_are_none(
    server: LoopbackServer, client: openai.OpenAI
) -> None:
    assert "not understood" in raw(server, "POST", "batches", b"{")[1]["error"]["message"]
    assert raw(server, "POST", "batches", b"[]")[1]["error"]["param"] == "input_file_id"
    with pytest.raises(openai.BadRequestError, match=f"{HEADER}: there is no field 'speed'"):
        begun(client, A, extra_headers={HEADER: '{"speed": 1}'})
    for call in (client.batches.retrieve, client.batches.cancel):
        with pytest.raises(openai.NotFoundError, match="No batch found with id 'batch_x'"):
            call("batch_x")
