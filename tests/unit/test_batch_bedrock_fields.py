"""What AWS refuses of the calls to its batch engine, and how jobs are listed, in the sandbox."""

from __future__ import annotations

import json
import urllib.error
import urllib.request
from collections.abc import AsyncIterator, Iterator
from typing import Any

import pytest
from bedrock_jobs import (
    MemoryPlace,
    asked,
    client_of,
    ended,
    records,
    refused,
)
from wires import share_service_models

from smartllm.testing import LoopbackServer
from smartllm.testing.batch.engine import Engine

SLOW = Engine(seconds=1000)
FAST = Engine(seconds=0)


@pytest.fixture(scope="module")
def place() -> MemoryPlace:
    return MemoryPlace(requests=records(100))


@pytest.fixture(scope="module")
def running(place: MemoryPlace) -> Iterator[LoopbackServer]:
    server = LoopbackServer(batch=SLOW)
    server._s3 = place  # type: ignore[assignment]
    with server:
        yield server


@pytest.fixture
def server(running: LoopbackServer) -> LoopbackServer:
    running.reset()
    running.batches.engine = SLOW
    return running


@pytest.fixture
async def client(server: LoopbackServer, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Any]:
    share_service_models(monkeypatch)
    async with client_of(server) as found:
        yield found


@pytest.mark.parametrize(
    ("fields", "told"),
    [
        (
            {"jobName": "a_b"},
            ["Value 'a_b' at 'jobName' failed to satisfy constraint: Member must satisfy regular"],
        ),
        ({"roleArn": "role"}, ["Value 'role' at 'roleArn' failed"]),
        ({"modelId": "us.openai.gpt-5.6-sol"}, ["Value 'us.openai.gpt-5.6-sol' at 'modelId' failed"]),
        ({"source": "in.jsonl"}, ["Value 'in.jsonl' at 'inputDataConfig.s3InputDataConfig.s3Uri' failed"]),
        ({"clientRequestToken": "a_b"}, ["at 'clientRequestToken' failed"]),
        ({"modelInvocationType": "Chat"}, ["Member must satisfy enum value set: [InvokeModel, Converse]"]),
        (
            {"jobName": "a_b", "modelInvocationType": "Chat"},
            ["2 validation errors detected: ", "'jobName'", "; Value 'Chat' at 'modelInvocationType'"],
        ),
        (
            {"tags": [{"key": "a", "value": "b"}, {"key": "é", "value": "b"}]},
            ["Value 'é' at 'tags.2.member.key'"],
        ),
    ],
)
async def test_what_aws_refuses_of_the_fields(client: Any, fields: dict[str, Any], told: list[str]) -> None:
    code, message, status = await refused(client.create_model_invocation_job(**asked(**fields)))
    assert (code, status) == ("ValidationException", 400)
    assert all(part in message for part in told), message


def bare(server: LoopbackServer, method: str, target: str, body: bytes | None = None) -> tuple[int, str, str]:
    """Status, kind and message of the error of a request that no client sends."""
    request = urllib.request.Request(f"{server.url}{target}", body, method=method)  # noqa: S310 - our own server
    with pytest.raises(urllib.error.HTTPError) as caught:
        urllib.request.urlopen(request)  # noqa: S310 - same
    with caught.value as error:
        return error.code, error.headers["x-amzn-errortype"], json.loads(error.read())["message"]


def posted(server: LoopbackServer, body: bytes) -> tuple[int, str, str]:
    """The error of a body that no client sends."""
    return bare(server, "POST", "/model-invocation-job", body)


@pytest.mark.parametrize(
    ("body", "kind", "message"),
    [
        (b"{", "SerializationException", "NoneType can not be converted to a structure (body)"),
        (b"[]", "SerializationException", "list can not be converted to a structure (body)"),
        (
            json.dumps(asked(jobName=5)).encode(),
            "SerializationException",
            "int can not be converted to a string (jobName)",
        ),
        (
            json.dumps(asked(timeoutDurationInHours=True)).encode(),
            "SerializationException",
            "bool can not be converted to a integer (timeoutDurationInHours)",
        ),
        (
            json.dumps(asked(timeoutDurationInHours=23, jobName="x" * 64, clientRequestToken="")).encode(),
            "ValidationException",
            (
                "4 validation errors detected: "
                f"Value '{'x' * 64}' at 'jobName' failed to satisfy constraint: "
                "Member must have length less than or equal to 63; "
                "Value '' at 'clientRequestToken' failed to satisfy constraint: "
                "Member must have length greater than or equal to 1; "
                "Value '' at 'clientRequestToken' failed to satisfy constraint: "
                "Member must satisfy regular expression pattern: [a-zA-Z0-9]{1,256}(-*[a-zA-Z0-9]){0,256}; "
                "Value '23' at 'timeoutDurationInHours' failed to satisfy constraint: "
                "Member must have value greater than or equal to 24"
            ),
        ),
        (
            json.dumps({**asked(), "jobName": None, "roleArn": None, "modelId": None}).encode(),
            "ValidationException",
            (
                "3 validation errors detected: "
                "Value null at 'jobName' failed to satisfy constraint: Member must not be null; "
                "Value null at 'roleArn' failed to satisfy constraint: Member must not be null; "
                "Value null at 'modelId' failed to satisfy constraint: Member must not be null"
            ),
        ),
    ],
)
def test_what_a_client_would_not_send(server: LoopbackServer, body: bytes, kind: str, message: str) -> None:
    assert posted(server, body) == (400, kind, message)


def test_a_union_that_is_empty(server: LoopbackServer) -> None:
    body = {**asked(), "inputDataConfig": {}}
    assert posted(server, json.dumps(body).encode()) == (
        400,
        "ValidationException",
        (
            "1 validation error detected: Value '{}' at 'inputDataConfig' failed to satisfy constraint: "
            "Member must have exactly one member set"
        ),
    )


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("DELETE", "/model-invocation-job/abcdefabcdef"),
        ("POST", "/model-invocation-jobs"),
        ("GET", "/model-invocation-job"),
        ("POST", "/model-invocation-job/abcdefabcdef"),
        ("GET", "/model-invocation"),
    ],
)
def test_other_paths_are_others(server: LoopbackServer, method: str, path: str) -> None:
    assert bare(server, method, path) == (
        404,
        "ResourceNotFoundException",
        "The loopback server does not know this path.",
    )


async def test_lists(server: LoopbackServer, client: Any) -> None:
    created = []
    for number in range(13):
        created.append(
            (await client.create_model_invocation_job(**asked(jobName=f"job-{number % 2}")))["jobArn"]
        )
        server.batches.clock.advance(60)

    async def arns(**fields: Any) -> list[str]:
        pages = client.get_paginator("list_model_invocation_jobs").paginate(**fields)
        return [job["jobArn"] async for page in pages for job in page["invocationJobSummaries"]]

    first = await client.list_model_invocation_jobs(maxResults=5, sortOrder="Ascending")
    assert [job["jobArn"] for job in first["invocationJobSummaries"]] == created[:5]
    assert len((await client.list_model_invocation_jobs())["invocationJobSummaries"]) == 10
    assert await arns() == await arns(maxResults=4) == await arns(maxResults=13) == created[::-1]
    assert "nextToken" not in await client.list_model_invocation_jobs(maxResults=13)
    assert await arns(sortOrder="Ascending", sortBy="CreationTime") == created
    assert await arns(nameContains="b-1") == created[1::2][::-1]
    await client.stop_model_invocation_job(jobIdentifier=created[2])
    await ended(client, created[2])
    assert await arns(statusEquals="Stopped") == [created[2]]
    third = (await client.get_model_invocation_job(jobIdentifier=created[3]))["submitTime"]
    assert await arns(submitTimeAfter=third, sortOrder="Ascending") == created[4:]
    assert await arns(submitTimeBefore=third) == created[2::-1]
    for fields in ({"nextToken": "x"}, {"maxResults": 1001}, {"statusEquals": "Done"}, {"sortBy": "Name"}):
        assert (await refused(client.list_model_invocation_jobs(**fields)))[0] == "ValidationException"


async def test_a_page_begins_where_the_last_one_ended(client: Any) -> None:
    old = [(await client.create_model_invocation_job(**asked()))["jobArn"] for _ in range(3)]
    page = await client.list_model_invocation_jobs(maxResults=2)
    await client.create_model_invocation_job(**asked())
    rest = await client.list_model_invocation_jobs(maxResults=2, nextToken=page["nextToken"])
    assert [job["jobArn"] for job in rest["invocationJobSummaries"]] == [old[0]]
    assert "nextToken" not in rest


@pytest.mark.parametrize("query", ["maxResults=few", "submitTimeAfter=yesterday"])
def test_a_query_that_is_malformed(server: LoopbackServer, query: str) -> None:
    status, kind, message = bare(server, "GET", f"/model-invocation-jobs?{query}")
    assert (status, kind) == (400, "ValidationException")
    assert "malformed" in message


def test_calls_without_a_token_make_a_job_each(server: LoopbackServer) -> None:
    longest = json.dumps(asked(jobName="x" * 63, timeoutDurationInHours=168)).encode()
    made = set()
    for _ in range(2):
        with urllib.request.urlopen(f"{server.url}/model-invocation-job", longest) as answer:  # noqa: S310 - ours
            made.add(json.loads(answer.read())["jobArn"])
    assert len(made) == 2
