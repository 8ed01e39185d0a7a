"""What the rules say of batch work on Bedrock, as a checking sandbox holds jobs and records against it."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from bedrock_jobs import (
    HAIKU,
    MemoryPlace,
    asked,
    claude,
    client_of,
    converse,
    ended,
    jsonl,
    lines,
    records,
    refused,
)

from smartllm.testing import LoopbackServer
from smartllm.testing.batch.engine import Engine

FAST = Engine(seconds=0)


@pytest.fixture(scope="module")
def checking() -> Iterator[LoopbackServer]:
    server = LoopbackServer(batch=FAST, check=True)
    server._s3 = MemoryPlace(requests=records(100))  # type: ignore[assignment]
    with server:
        yield server


async def test_an_id_that_aws_does_not_know(checking: LoopbackServer) -> None:
    async with client_of(checking) as client:
        for model in ("anthropic.claude-nothing-9", "anthropic.claude-haiku-4-5-20251001-v1:0"):
            code, _, status = await refused(client.create_model_invocation_job(**asked(modelId=model)))
            assert (code, status) == ("ValidationException", 400)
        job = (await client.create_model_invocation_job(**asked()))["jobArn"]
        assert (await ended(client, job))["successRecordCount"] == 100


async def test_records_are_checked_as_calls_are(checking: LoopbackServer) -> None:
    files = MemoryPlace(requests=records(99))
    bad = [
        {"recordId": "key", "modelInput": {**converse("hi"), "modelId": HAIKU}},
        {"recordId": "limit", "modelInput": {**converse("hi"), "inferenceConfig": {"maxTokens": 10**7}}},
    ]
    files.objects["s3://the-bucket/in/requests.jsonl"] += b"".join(
        json.dumps(one).encode() + b"\n" for one in bad
    )
    checking._apis[-1]._place = files  # type: ignore[attr-defined]
    async with client_of(checking) as client:
        job = (await client.create_model_invocation_job(**asked()))["jobArn"]
        found = await ended(client, job)
    assert (found["status"], found["successRecordCount"], found["errorRecordCount"]) == ("Completed", 99, 2)
    output = lines(files.objects[f"s3://the-bucket/out/{job.rpartition('/')[2]}/requests.jsonl.out"])
    assert output["key"]["error"] == {
        "errorCode": 400,
        "errorMessage": "Malformed input request: #: extraneous key [modelId] is not permitted.",
    }
    assert output["limit"]["error"]["errorCode"] == 400
    assert "10000000 > " in output["limit"]["error"]["errorMessage"]


async def test_bodies_of_the_other_call_all_fail(checking: LoopbackServer) -> None:
    """The call without a type is InvokeModel: Converse bodies all fail then, and the job is Completed."""
    files = MemoryPlace(requests=records(100))
    checking._apis[-1]._place = files  # type: ignore[attr-defined]
    fields = asked()
    del fields["modelInvocationType"]
    async with client_of(checking) as client:
        job = (await client.create_model_invocation_job(**fields))["jobArn"]
        found = await ended(client, job)
    assert found["modelInvocationType"] == "InvokeModel"
    assert (found["status"], found["successRecordCount"], found["errorRecordCount"]) == ("Completed", 0, 100)
    output = lines(files.objects[f"s3://the-bucket/out/{job.rpartition('/')[2]}/requests.jsonl.out"])
    assert output["r000000"]["error"]["errorMessage"] == "anthropic_version: Field required"


OVERLAY = """
[host.bedrock.batch]
minimum = 3
lines = 4
bytes = {bytes}
job_bytes = {job_bytes}

[on.bedrock.model.claude-haiku-4-5]
batch.available = "{available}"
wire.bedrock_converse.batch.tools = {tools}
batch.schemas = {tools}
verified = 2026-11-26
source = ["https://example.com"]
"""


@pytest.fixture
def overlay(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    def write(available: str = "yes", tools: str = "false", sizes: tuple[int, int] = (9999, 9999)) -> None:
        path = tmp_path / f"{available}-{tools}.toml"
        path.write_text(OVERLAY.format(available=available, tools=tools, bytes=sizes[0], job_bytes=sizes[1]))
        monkeypatch.setenv("SMARTLLM_RULES", str(path))

    return write


async def test_a_model_without_batch_work_is_refused(
    checking: LoopbackServer, overlay: Callable[..., None]
) -> None:
    overlay("no")
    async with client_of(checking) as client:
        told = await refused(client.create_model_invocation_job(**asked()))
    assert told == ("ValidationException", "Batch inference is not supported for the requested model.", 400)
    assert checking.requests[-1].fact == "batch.available"


async def test_a_model_of_which_nobody_knows_is_taken(
    checking: LoopbackServer, overlay: Callable[..., None]
) -> None:
    overlay("unknown")
    async with client_of(checking) as client:
        await client.create_model_invocation_job(**asked())


@pytest.mark.parametrize(
    ("count", "message"), [(2, "required minimum of: 3"), (5, "permitted maximum of: 4"), (3, "")]
)
async def test_an_overlay_changes_the_quotas(
    checking: LoopbackServer, overlay: Callable[..., None], count: int, message: str
) -> None:
    overlay()
    checking._apis[-1]._place = MemoryPlace(requests=records(count))  # type: ignore[attr-defined]
    async with client_of(checking) as client:
        job = (await client.create_model_invocation_job(**asked()))["jobArn"]
        found = await ended(client, job)
    assert found["status"] == ("Failed" if message else "Completed")
    assert found.get("message", "").endswith(message)


@pytest.mark.parametrize(
    ("sizes", "message"),
    [((300, 9999), "Input file requests.jsonl"), ((9999, 300), "Batch job"), ((309, 309), "")],
)
async def test_an_overlay_changes_the_sizes(
    checking: LoopbackServer, overlay: Callable[..., None], sizes: tuple[int, int], message: str
) -> None:
    overlay(sizes=sizes)
    checking._apis[-1]._place = MemoryPlace(requests=records(3))  # type: ignore[attr-defined]
    async with client_of(checking) as client:
        found = await ended(client, (await client.create_model_invocation_job(**asked()))["jobArn"])
    wanted = f"{message} contains more bytes (309) than the permitted maximum of: 300" if message else ""
    assert found.get("message", "") == wanted


@pytest.mark.parametrize("takes", [False, True])
async def test_tools_and_schemas_are_as_the_rules_say(
    checking: LoopbackServer, overlay: Callable[..., None], *, takes: bool
) -> None:
    overlay(tools=str(takes).lower())
    schema = {"type": "object", "properties": {}, "additionalProperties": False}
    tool = {"toolSpec": {"name": "look", "inputSchema": {"json": schema}}}
    form = {"type": "json_schema", "structure": {"jsonSchema": {"schema": json.dumps(schema)}}}
    bodies = {
        "plain": converse("hi"),
        "tool": {**converse("hi"), "toolConfig": {"tools": [tool]}},
        "schema": {**converse("hi"), "outputConfig": {"textFormat": form}},
        "broken": {"messages": "hi", "toolConfig": 5},
    }
    files = MemoryPlace(
        requests=jsonl({"recordId": name, "modelInput": body} for name, body in bodies.items())
    )
    checking._apis[-1]._place = files  # type: ignore[attr-defined]
    async with client_of(checking) as client:
        job = (await client.create_model_invocation_job(**asked()))["jobArn"]
        await ended(client, job)
    output = lines(files.objects[f"s3://the-bucket/out/{job.rpartition('/')[2]}/requests.jsonl.out"])
    errors = {name: line["error"]["errorMessage"] for name, line in output.items() if "error" in line}
    assert "understood" in errors.pop("broken")
    assert errors == (
        {}
        if takes
        else {
            "tool": "Tool use is not supported in batch inference.",
            "schema": "Structured output is not supported in batch inference.",
        }
    )


async def test_an_id_of_the_servers_own_is_taken(overlay: Callable[..., None]) -> None:
    server = LoopbackServer(batch=FAST, check=True, models=["my.own-model", HAIKU])
    server._s3 = MemoryPlace(requests=records(3))  # type: ignore[assignment]
    overlay("no")
    with server:
        async with client_of(server) as client:
            await client.create_model_invocation_job(**asked())
            job = (await client.create_model_invocation_job(**asked(modelId="my.own-model")))["jobArn"]
            assert (await ended(client, job))["successRecordCount"] == 3


@pytest.mark.parametrize("check", [False, True])
async def test_keys_of_other_calls_are_refused_where_it_checks(*, check: bool) -> None:
    server, place = LoopbackServer(batch=FAST, check=check), MemoryPlace(requests=b"")
    bodies = {name: {**claude("hi"), name: "x"} for name in ("model", "modelId", "stream")}
    more = [{"modelInput": claude("hi")}] * 97
    items = [{"recordId": name, "modelInput": body} for name, body in bodies.items()]
    place.objects["s3://the-bucket/in/requests.jsonl"] = jsonl([*items, *more])
    server._s3 = place  # type: ignore[assignment]
    with server:
        async with client_of(server) as client:
            fields = asked(modelInvocationType="InvokeModel")
            found = await ended(client, (await client.create_model_invocation_job(**fields))["jobArn"])
    output = lines(
        place.objects[f"s3://the-bucket/out/{found['jobArn'].rpartition('/')[2]}/requests.jsonl.out"]
    )
    errors = {name: output[name]["error"]["errorMessage"] for name in bodies if "error" in output[name]}
    assert errors == ({name: f"{name}: Extra inputs are not permitted" for name in bodies} if check else {})
