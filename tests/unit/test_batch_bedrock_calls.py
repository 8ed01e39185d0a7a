"""The calls of Bedrock's batch engine in the sandbox, by AWS's client: what is told, what is refused."""

from __future__ import annotations

import asyncio
import json
import urllib.error
import urllib.request
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path
from typing import Any

import aiobotocore.session
import pytest
from aiobotocore.config import AioConfig
from bedrock_jobs import HAIKU, OVER, ROLE, MemoryPlace, asked, converse, jsonl, lines, records
from botocore.exceptions import ClientError
from wires import share_service_models

from smartllm.testing import LoopbackServer, Reply
from smartllm.testing.batch.bedrock_job import arn_of, seconds_of, time_of
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


def client_of(server: LoopbackServer, region: str = "us-east-1") -> Any:
    return aiobotocore.session.get_session().create_client(
        "bedrock",
        region_name=region,
        endpoint_url=server.url,
        aws_access_key_id="AKIASANDBOX",
        aws_secret_access_key="sandbox",
        config=AioConfig(retries={"total_max_attempts": 1}),
    )


@pytest.fixture
async def client(server: LoopbackServer, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Any]:
    share_service_models(monkeypatch)
    async with client_of(server) as found:
        yield found


async def until(client: Any, job: str, holds: Callable[[dict[str, Any]], bool]) -> dict[str, Any]:
    """A job once something holds of it; longer than five seconds is a fault."""
    for _ in range(500):
        found: dict[str, Any] = await client.get_model_invocation_job(jobIdentifier=job)
        if holds(found):
            return found
        await asyncio.sleep(0.01)
    pytest.fail(f"the job is {found}")


async def ended(client: Any, job: str) -> dict[str, Any]:
    """A job once it is over."""
    return await until(client, job, lambda found: found["status"] in OVER)


async def refused(call: Any) -> tuple[str, str, int]:
    """Code, message and status of the error of a call."""
    with pytest.raises(ClientError) as caught:
        await call
    told: Any = caught.value.response
    return told["Error"]["Code"], told["Error"]["Message"], told["ResponseMetadata"]["HTTPStatusCode"]


async def test_a_job_from_its_creation_to_its_end(
    server: LoopbackServer, client: Any, place: MemoryPlace
) -> None:
    server.batches.engine = FAST
    fields = asked(clientRequestToken="token1", timeoutDurationInHours=36, tags=[{"key": "a", "value": "b"}])
    job = (await client.create_model_invocation_job(**fields))["jobArn"]
    assert job.startswith("arn:aws:bedrock:us-east-1:123456789012:model-invocation-job/")
    found = await ended(client, job)
    assert found["status"] == "Completed"
    assert found["modelId"] == f"arn:aws:bedrock:us-east-1:123456789012:inference-profile/{HAIKU}"
    assert (found["jobArn"], found["jobName"], found["roleArn"]) == (job, "a-job", ROLE)
    assert (found["clientRequestToken"], found["modelInvocationType"]) == ("token1", "Converse")
    assert found["inputDataConfig"] == fields["inputDataConfig"]
    assert found["outputDataConfig"] == fields["outputDataConfig"]
    assert (found["jobExpirationTime"] - found["submitTime"]).total_seconds() == 36 * 3600
    assert found["submitTime"] <= found["lastModifiedTime"] == found["endTime"]
    counts = [found[f"{name}RecordCount"] for name in ("total", "processed", "success", "error")]
    assert counts == [100, 100, 100, 0]
    output = place.objects[f"s3://the-bucket/out/{job.rpartition('/')[2]}/requests.jsonl.out"]
    assert len(lines(output)) == 100
    by_id = await client.get_model_invocation_job(jobIdentifier=job.rpartition("/")[2])
    assert by_id["jobArn"] == job


async def test_a_new_job_has_not_begun(client: Any) -> None:
    job = (await client.create_model_invocation_job(**asked()))["jobArn"]
    found = await client.get_model_invocation_job(jobIdentifier=job)
    assert found["status"] in {"Submitted", "Validating", "Scheduled"}
    assert found["processedRecordCount"] == found["successRecordCount"] == found["errorRecordCount"] == 0
    assert "endTime" not in found
    assert "message" not in found


async def test_a_job_that_fails_says_why(client: Any) -> None:
    job = (await client.create_model_invocation_job(**asked(source="s3://nowhere/in/")))["jobArn"]
    found = await ended(client, job)
    assert (found["status"], found["totalRecordCount"]) == ("Failed", 0)
    assert found["message"] == "Cannot access s3://nowhere: NoSuchBucket (HeadBucket)"


async def test_a_token_makes_one_job(server: LoopbackServer, client: Any) -> None:
    one = await client.create_model_invocation_job(**asked(clientRequestToken="same"))
    two = await client.create_model_invocation_job(**asked(clientRequestToken="same", jobName="another"))
    three = await client.create_model_invocation_job(**asked(clientRequestToken="other"))
    four = await client.create_model_invocation_job(**asked())
    async with client_of(server, "eu-west-1") as elsewhere:
        five = await elsewhere.create_model_invocation_job(**asked(clientRequestToken="same"))
    assert one["jobArn"] == two["jobArn"]
    assert len({found["jobArn"] for found in (one, three, four, five)}) == 4
    assert ":eu-west-1:" in five["jobArn"]
    jobs = (await client.list_model_invocation_jobs())["invocationJobSummaries"]
    assert [found["jobArn"] for found in jobs] == [four["jobArn"], three["jobArn"], one["jobArn"]]


async def test_an_answer_that_is_lost_leaves_the_job(server: LoopbackServer, client: Any) -> None:
    server.script(Reply(cut_after=0))
    with pytest.raises(Exception, match="closed before"):
        await client.create_model_invocation_job(**asked(clientRequestToken="lost"))
    (job,) = (await client.list_model_invocation_jobs())["invocationJobSummaries"]
    again = await client.create_model_invocation_job(**asked(clientRequestToken="lost"))
    assert again["jobArn"] == job["jobArn"]


async def test_a_scripted_error_does_nothing(server: LoopbackServer, client: Any) -> None:
    server.script(Reply(status=429, error_message="slowly"), Reply(status=503), Reply(raw=b"{}"))
    assert await refused(client.create_model_invocation_job(**asked())) == (
        "ThrottlingException",
        "slowly",
        429,
    )
    code, _, status = await refused(client.create_model_invocation_job(**asked()))
    assert (code, status) == ("ServiceUnavailableException", 503)
    assert "invocationJobSummaries" not in await client.list_model_invocation_jobs()
    assert (await client.list_model_invocation_jobs())["invocationJobSummaries"] == []


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


async def test_a_job_has_an_engine_of_its_own(server: LoopbackServer, client: Any) -> None:
    def add(request: Any, **_: Any) -> None:
        request.headers["x-smartllm-batch"] = headers.pop()

    headers = ['{"speed": 3}', '{"seconds": 0}']
    client.meta.events.register("before-sign.bedrock.CreateModelInvocationJob", add)
    job = (await client.create_model_invocation_job(**asked()))["jobArn"]
    assert (await ended(client, job))["status"] == "Completed"
    code, message, _ = await refused(client.create_model_invocation_job(**asked()))
    assert code == "ValidationException"
    assert message.startswith("x-smartllm-batch: there is no field 'speed'")


async def test_jobs_that_have_not_ended_are_counted(server: LoopbackServer, client: Any) -> None:
    jobs = [(await client.create_model_invocation_job(**asked()))["jobArn"] for _ in range(20)]
    told = await refused(client.create_model_invocation_job(**asked()))
    assert told[0::2] == ("ServiceQuotaExceededException", 400)
    other = "anthropic.claude-sonnet-4-5-20250929-v1:0"
    await client.create_model_invocation_job(**asked(modelId=other))
    await client.stop_model_invocation_job(jobIdentifier=jobs[3])
    assert (await ended(client, jobs[3]))["status"] == "Stopped"
    await client.create_model_invocation_job(**asked())


async def test_stopping(server: LoopbackServer, client: Any) -> None:
    job = (await client.create_model_invocation_job(**asked()))["jobArn"]
    server.batches.clock.advance(500)
    await until(client, job, lambda found: found["processedRecordCount"] == 50)
    assert (await client.stop_model_invocation_job(jobIdentifier=job))["ResponseMetadata"][
        "HTTPStatusCode"
    ] == 200
    found = await ended(client, job)
    assert (found["status"], found["processedRecordCount"], found["totalRecordCount"]) == ("Stopped", 50, 100)
    code, message, status = await refused(client.stop_model_invocation_job(jobIdentifier=job))
    assert (code, status) == ("ConflictException", 400)
    assert message == f"The model invocation job {job} is Stopped and cannot be stopped."


@pytest.mark.parametrize("call", ["get_model_invocation_job", "stop_model_invocation_job"])
async def test_a_job_that_is_not_there(server: LoopbackServer, client: Any, call: str) -> None:
    job = (await client.create_model_invocation_job(**asked()))["jobArn"]
    foreign = job.replace("123456789012", "999999999999")
    async with client_of(server, "eu-west-1") as elsewhere:
        for one, name in ((client, "abcdefabcdef"), (client, foreign), (elsewhere, job.rpartition("/")[2])):
            told = await refused(getattr(one, call)(jobIdentifier=name))
            assert told == (
                "ResourceNotFoundException",
                "The provided job identifier could not be found.",
                404,
            )
    code, message, _ = await refused(getattr(client, call)(jobIdentifier="not/a/job"))
    assert code == "ValidationException"
    assert "Value 'not/a/job' at 'jobIdentifier'" in message


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
    assert await arns(sortOrder="Ascending", sortBy="CreationTime") == created
    assert await arns(nameContains="b-1") == created[1::2][::-1]
    await client.stop_model_invocation_job(jobIdentifier=created[2])
    await ended(client, created[2])
    assert await arns(statusEquals="Stopped") == [created[2]]
    third = (await client.get_model_invocation_job(jobIdentifier=created[3]))["submitTime"]
    assert await arns(submitTimeAfter=third, sortOrder="Ascending") == created[3:]
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


async def test_without_an_s3_no_job_is_created() -> None:
    with LoopbackServer() as alone:
        async with client_of(alone) as client:
            code, message, _ = await refused(client.create_model_invocation_job(**asked()))
    assert code == "ValidationException"
    assert "smartllm sandbox --s3" in message


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


async def test_the_request_is_recorded(server: LoopbackServer, client: Any) -> None:
    job = (await client.create_model_invocation_job(**asked()))["jobArn"]
    await client.get_model_invocation_job(jobIdentifier=job)
    create, get = server.requests
    assert create.json["jobName"] == "a-job"
    assert create.route is not None
    assert get.route is not None
    assert (create.route.operation, get.route.operation) == (
        "CreateModelInvocationJob",
        "GetModelInvocationJob",
    )
    assert (create.status, get.status) == (200, 200)


def test_times_and_names() -> None:
    assert time_of(0.5) == "1970-01-01T00:00:00.500Z"
    assert seconds_of("1970-01-01T00:00:01Z") == seconds_of("1970-01-01T00:00:01") == 1
    assert arn_of("anthropic.a-b", "eu-west-1") == "arn:aws:bedrock:eu-west-1::foundation-model/anthropic.a-b"
    arn = "arn:aws:bedrock:us-east-1:123456789012:inference-profile/us.anthropic.x"
    assert arn_of(arn, "eu-west-1") == arn


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

[on.bedrock.model.claude-haiku-4-5]
batch.available = "{available}"
wire.bedrock_converse.batch.tools = {tools}
batch.schemas = {tools}
verified = 2026-11-26
source = ["https://example.com"]
"""


@pytest.fixture
def overlay(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    def write(available: str = "yes", tools: str = "false") -> None:
        path = tmp_path / f"{available}-{tools}.toml"
        path.write_text(OVERLAY.format(available=available, tools=tools))
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


async def test_an_id_of_the_servers_own_is_taken() -> None:
    server = LoopbackServer(batch=FAST, check=True, models=["my.own-model"])
    server._s3 = MemoryPlace(requests=records(100))  # type: ignore[assignment]
    with server:
        async with client_of(server) as client:
            job = (await client.create_model_invocation_job(**asked(modelId="my.own-model")))["jobArn"]
            assert (await ended(client, job))["successRecordCount"] == 100
