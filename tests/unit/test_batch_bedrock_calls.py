"""The calls of Bedrock's batch engine in the sandbox, by AWS's own client: jobs from end to end."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from typing import Any

import pytest
from bedrock_jobs import (
    HAIKU,
    ROLE,
    MemoryPlace,
    asked,
    client_of,
    ended,
    lines,
    records,
    refused,
    until,
)
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


@pytest.fixture
async def client(server: LoopbackServer, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Any]:
    share_service_models(monkeypatch)
    async with client_of(server) as found:
        yield found


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


async def test_without_an_s3_no_job_is_created() -> None:
    with LoopbackServer() as alone:
        async with client_of(alone) as client:
            code, message, _ = await refused(client.create_model_invocation_job(**asked()))
    assert code == "ValidationException"
    assert "smartllm sandbox --s3" in message


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
