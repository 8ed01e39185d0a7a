"""Bedrock's batch engine as a folder's service: aiobotocore against the sandbox, with an S3 in memory."""

from __future__ import annotations

import asyncio
import json
import stat
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from batch_s3 import MemoryClients, MemoryS3
from batch_service import TOKEN, aws_settings, bedrock_file, openai_settings, unit_of
from bedrock_jobs import HAIKU, ROLE, MemoryPlace
from wires import share_service_models

from smartllm.errors import ConfigError, NotFoundError, PermissionDeniedError, ProviderError
from smartllm.runtime.batch.bedrock import BedrockJobs
from smartllm.runtime.batch.manifest import Unit
from smartllm.runtime.batch.openai import OpenAIBatches
from smartllm.runtime.batch.s3 import Place
from smartllm.runtime.batch.service import Job
from smartllm.runtime.batch.services import service_of
from smartllm.testing import LoopbackServer, Reply
from smartllm.testing.batch.engine import Engine

ABOUT = {"s3": "s3://the-bucket/work/", "role_arn": ROLE}


@pytest.fixture(scope="module")
def running() -> Iterator[LoopbackServer]:
    with LoopbackServer() as server:
        yield server


@pytest.fixture
def server(running: LoopbackServer, monkeypatch: pytest.MonkeyPatch) -> LoopbackServer:
    share_service_models(monkeypatch)
    for name in ("AWS_ENDPOINT_URL_BEDROCK", "AWS_ENDPOINT_URL"):
        monkeypatch.delenv(name, raising=False)
    running.reset()
    running.batches.engine = Engine(seconds=0)
    running._apis[1]._place = running._s3 = MemoryPlace()  # type: ignore[attr-defined, assignment]
    return running


@pytest.fixture
def store(server: LoopbackServer) -> MemoryS3:
    place: Any = server._s3
    return MemoryS3(place)


@pytest.fixture
async def service(server: LoopbackServer, store: MemoryS3) -> AsyncIterator[BedrockJobs]:
    async with service_with(server, store) as found:
        yield found


@asynccontextmanager
async def service_with(server: LoopbackServer, store: MemoryS3, **about: Any) -> AsyncIterator[BedrockJobs]:
    clients = MemoryClients(server, store)
    found = BedrockJobs(aws_settings(server), {**ABOUT, **about}, clients=clients)
    try:
        yield found
    finally:
        await found.aclose()


def unit(path: Path, **fields: Any) -> Unit:
    return unit_of(path, **{"model": HAIKU, "endpoint": "Converse", **fields})


async def begun(service: BedrockJobs, path: Path, **fields: Any) -> Unit:
    """A unit whose job has begun."""
    found = unit(path, **fields)
    found = replace(found, upload=await service.upload(found, path))
    return replace(found, job=(await service.create(found)).job)


async def until(
    service: BedrockJobs,
    unit: Unit,
    holds: Callable[[Job], bool] = lambda job: job.state in {"ended", "failed"},
) -> Job:
    for _ in range(500):
        job = await service.job(unit)
        if holds(job):
            return job
        await asyncio.sleep(0.01)
    raise AssertionError(job)


async def test_the_whole_way(
    server: LoopbackServer, store: MemoryS3, service: BedrockJobs, tmp_path: Path
) -> None:
    server.batches.engine = Engine(seconds=0, failures=0.2)
    path = bedrock_file(tmp_path, 100)
    started = await begun(service, path)
    assert started.upload == f"s3://the-bucket/work/{TOKEN}/0001.jsonl"
    assert store.place.objects[started.upload] == path.read_bytes()
    sent = server.requests[-1].json
    assert sent == {
        "jobName": f"smartllm-{TOKEN}-1",
        "roleArn": ROLE,
        "clientRequestToken": TOKEN,
        "modelId": HAIKU,
        "modelInvocationType": "Converse",
        "inputDataConfig": {"s3InputDataConfig": {"s3Uri": started.upload, "s3InputFormat": "JSONL"}},
        "outputDataConfig": {"s3OutputDataConfig": {"s3Uri": f"s3://the-bucket/work/{TOKEN}/output/"}},
    }
    job = await until(service, started)
    assert (job.status, job.total, job.done, job.errors) == ("Completed", 100, 100, ())
    assert job.failed == 100 - len(server.batches.billed) > 0
    assert job.expires is not None
    folder = tmp_path / "out" / "1"
    paths = await service.download(started, job, folder)
    assert [each.name for each in paths] == ["0001.jsonl.out"]
    assert sorted(each.name for each in folder.iterdir()) == ["0001.jsonl.out", "manifest.json.out"]
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    found = [*service.outcomes(paths[0])]
    assert sorted(one.name for one in found) == [f"L{number:010d}" for number in range(1, 101)]
    assert sorted(one.name for one in found if one.body) == sorted(server.batches.billed.times)
    assert {one.status for one in found if not one.body} <= {429, 500}

    asked = len(store.asked)
    assert await service.download(started, job, folder) == paths
    assert {name for name, _ in store.asked[asked:]} == {"list_objects_v2"}


async def test_what_a_folder_says_is_asked_for(
    server: LoopbackServer, store: MemoryS3, tmp_path: Path
) -> None:
    more = {"s3_owner": "123456789012", "kms_key": "arn:aws:kms:us-east-1:123456789012:alias/k", "hours": 24}
    async with service_with(server, store, **more) as service:
        found = await begun(service, bedrock_file(tmp_path, 100), endpoint="InvokeModel", unit=12)
        sent = server.requests[-1].json
        job = await until(service, found)
        await service.download(found, job, tmp_path / "out")
    assert "modelInvocationType" not in sent
    assert (sent["jobName"], sent["timeoutDurationInHours"]) == (f"smartllm-{TOKEN}-12", 24)
    assert sent["inputDataConfig"]["s3InputDataConfig"]["s3BucketOwner"] == "123456789012"
    wanted = sent["outputDataConfig"]["s3OutputDataConfig"]
    assert (wanted["s3BucketOwner"], wanted["s3EncryptionKeyId"]) == ("123456789012", more["kms_key"])
    assert {name for name, _ in store.asked} == {"put_object", "list_objects_v2", "get_object"}
    assert {asked["ExpectedBucketOwner"] for _, asked in store.asked} == {"123456789012"}


async def test_one_token_begins_one_job(server: LoopbackServer, service: BedrockJobs, tmp_path: Path) -> None:
    path = bedrock_file(tmp_path, 100)
    first = await begun(service, path)
    assert (await begun(service, path)).job == first.job
    assert (await begun(service, path, token="f" * 32)).job != first.job


async def test_a_job_that_nobody_saw_begin_is_found(
    server: LoopbackServer, service: BedrockJobs, tmp_path: Path
) -> None:
    path = bedrock_file(tmp_path, 100)
    first = await begun(service, path, unit=1)
    await begun(service, path, unit=11, token="e" * 32)
    found = await service.find(unit(path))
    assert found is not None
    assert found.job == first.job
    assert await service.find(unit(path, token="d" * 32)) is None


@pytest.mark.parametrize(
    ("fields", "found"),
    [
        ({"jobName": f"smartllm-{TOKEN}-1"}, True),
        ({"clientRequestToken": TOKEN, "jobName": "renamed"}, True),
        ({"jobName": f"smartllm-{TOKEN}-11"}, False),
        ({"jobName": f"smartllm-{TOKEN}-11", "clientRequestToken": "x"}, False),
    ],
)
async def test_a_job_is_known_by_name_or_token_on_any_page(
    server: LoopbackServer, service: BedrockJobs, tmp_path: Path, fields: dict[str, Any], found: bool
) -> None:
    row = {"jobArn": "arn:aws:bedrock:us-east-1:123456789012:model-invocation-job/a", "status": "InProgress"}
    pages = (
        {"invocationJobSummaries": [], "nextToken": "n"},
        {"invocationJobSummaries": [{**row, **fields}]},
    )
    server.script(*(Reply(raw=json.dumps(page).encode()) for page in pages))
    job = await service.find(unit(bedrock_file(tmp_path, 1)))
    assert (job is not None) is found
    assert ["nextToken=n" in one.raw_path for one in server.requests] == [False, True]
    assert all(f"nameContains=smartllm-{TOKEN}-1" in one.raw_path for one in server.requests)


async def test_a_job_that_expires_in_part_keeps_what_is_done(
    server: LoopbackServer, service: BedrockJobs, tmp_path: Path
) -> None:
    server.batches.engine = Engine(seconds=1000, expire_after=500)
    started = await begun(service, bedrock_file(tmp_path, 100))
    assert (await service.job(started)).state == "waiting"
    server.batches.clock.advance(400)
    job = await until(service, started, lambda job: job.state == "running")
    assert job.outputs == ()
    server.batches.clock.advance(100)
    job = await until(service, started)
    assert (job.status, job.state) == ("PartiallyCompleted", "ended")
    [path] = await service.download(started, job, tmp_path / "out")
    assert len([*service.outcomes(path)]) == 50


async def test_a_job_that_expires_before_it_begins_has_no_outputs(
    server: LoopbackServer, service: BedrockJobs, tmp_path: Path
) -> None:
    server.batches.engine = Engine(seconds=1000, expire_after=0)
    started = await begun(service, bedrock_file(tmp_path, 100))
    job = await until(service, started)
    assert (job.status, job.state, job.done) == ("Expired", "ended", None)
    assert await service.download(started, job, tmp_path / "out") == []


async def test_a_job_that_is_stopped(server: LoopbackServer, service: BedrockJobs, tmp_path: Path) -> None:
    server.batches.engine = Engine(seconds=1000)
    started = await begun(service, bedrock_file(tmp_path, 100))
    server.batches.clock.advance(500)
    await until(service, started, lambda job: job.done == 50)
    assert (await service.cancel(started)).status in {"Stopping", "Stopped"}
    job = await until(service, started)
    assert (job.status, job.state) == ("Stopped", "ended")
    [path] = await service.download(started, job, tmp_path / "out")
    assert len([*service.outcomes(path)]) == 50
    assert await service.cancel(started) == job  # AWS refuses: there is nothing left to stop
    server.script(Reply(status=403, error_code="AccessDeniedException", error_message="no"))
    with pytest.raises(PermissionDeniedError):
        await service.cancel(started)


async def test_a_stop_that_is_refused_is_told(
    server: LoopbackServer, service: BedrockJobs, tmp_path: Path
) -> None:
    server.batches.engine = Engine(seconds=1000)
    started = await begun(service, bedrock_file(tmp_path, 100))
    for code in ("ConflictException", "ValidationException"):
        server.script(Reply(status=400, error_code=code, error_message="no"))
        with pytest.raises(ProviderError, match="no"):
            await service.cancel(started)


async def test_a_job_that_fails_says_why(
    server: LoopbackServer, service: BedrockJobs, tmp_path: Path
) -> None:
    started = await begun(service, bedrock_file(tmp_path, 99))
    job = await until(service, started)
    assert (job.state, job.outputs) == ("failed", ())
    [error] = job.errors
    assert (error["code"], error["line"]) == ("Failed", None)
    assert "100" in error["message"]


@pytest.mark.parametrize(
    ("fields", "told"),
    [
        ({"status": "Completed", "processedRecordCount": 0}, ("ended", None, 1)),
        ({"status": "BrandNew"}, ("running", None, 0)),
        ({"status": "Stopping"}, ("running", None, 0)),
        ({"status": "Scheduled"}, ("waiting", None, 0)),
        ({"status": "Expired", "message": "late"}, ("ended", None, 1)),
        ({"status": "Completed", "outputDataConfig": None}, ("ended", None, 0)),
    ],
)
async def test_what_jobs_say(
    server: LoopbackServer, service: BedrockJobs, tmp_path: Path, fields: dict[str, Any], told: Any
) -> None:
    body = {
        "jobArn": "arn:aws:bedrock:us-east-1:123456789012:model-invocation-job/abc",
        "outputDataConfig": {"s3OutputDataConfig": {"s3Uri": "s3://the-bucket/out/"}},
        **fields,
    }
    server.script(Reply(raw=json.dumps(body).encode()))
    job = await service.job(unit(bedrock_file(tmp_path, 1), job="abc"))
    assert (job.state, job.done, len(job.outputs)) == told
    assert job.outputs in {(), ("s3://the-bucket/out/abc",)}
    assert job.status == fields["status"]


async def test_a_download_that_breaks_off_is_tried_again_and_never_half(
    server: LoopbackServer, store: MemoryS3, service: BedrockJobs, tmp_path: Path
) -> None:
    started = await begun(service, bedrock_file(tmp_path, 100))
    job = await until(service, started)
    store.short = 1
    [path] = await service.download(started, job, tmp_path / "out")
    assert len([*service.outcomes(path)]) == 100
    store.short = 99
    with pytest.raises(ProviderError, match="broke off 7 bytes before its end") as caught:
        await service.download(started, job, tmp_path / "other")
    assert caught.value.retryable
    assert [*(tmp_path / "other").iterdir()] == []


@pytest.mark.parametrize(
    ("status", "code", "kind", "hint"),
    [
        (403, "AccessDeniedException", PermissionDeniedError, "iam:PassRole"),
        (400, "ServiceQuotaExceededException", ProviderError, "wait until other jobs"),
        (400, "ConflictException", ProviderError, ""),
        (404, "ResourceNotFoundException", NotFoundError, ""),
    ],
)
async def test_a_job_that_is_refused(
    server: LoopbackServer,
    service: BedrockJobs,
    tmp_path: Path,
    status: int,
    code: str,
    kind: type[Exception],
    hint: str,
) -> None:
    path = bedrock_file(tmp_path, 100)
    server.script(Reply(status=status, error_code=code, error_message="no aws-canary-0001"))
    with pytest.raises(kind) as caught:
        await begun(service, path)
    error: Any = caught.value
    assert (error.status, error.code) == (status, code)
    assert hint in (error.hint or "")
    assert "canary" not in f"{error!r}{error}"
    assert len(server.requests) == 1


async def test_a_creation_is_asked_for_once_and_other_calls_again(
    server: LoopbackServer, service: BedrockJobs, tmp_path: Path
) -> None:
    path = bedrock_file(tmp_path, 100)
    server.script(Reply(status=500))
    with pytest.raises(ProviderError):
        await begun(service, path)
    assert len(server.requests) == 1
    started = await begun(service, path)
    server.script(Reply(status=500), Reply(status=429))
    await service.job(started)
    assert len(server.requests) == 5


@pytest.mark.parametrize(
    ("about", "why"),
    [
        ({"s3": None}, "s3: None is no address of S3"),
        ({"s3": "https://b/k"}, "is no address of S3"),
        ({"s3": "s3:///k"}, "is no address of S3"),
        ({"s3": "s3://b ucket/k"}, "is no address of S3"),
        ({"role_arn": None}, "role_arn: None is no ARN"),
        ({"role_arn": "arn:aws:iam::1:role/x"}, "role_arn: 'arn:aws:iam::1:role/x' is no ARN"),
        ({"hours": 23}, "hours: 23 is not a whole number from 24 to 168"),
        ({"hours": 169}, "hours: 169"),
        ({"hours": True}, "hours: True"),
        ({"hours": "24"}, "hours: '24'"),
    ],
)
def test_a_folder_that_says_too_little(server: LoopbackServer, about: dict[str, Any], why: str) -> None:
    with pytest.raises(ConfigError) as caught:
        service_of(aws_settings(server), {**ABOUT, **about})
    assert why in str(caught.value)


def test_which_service_runs_a_folder(server: LoopbackServer) -> None:
    china = ROLE.replace("arn:aws:", "arn:aws-cn:")
    assert isinstance(
        service_of(aws_settings(server), {**ABOUT, "role_arn": china, "hours": 168}), BedrockJobs
    )
    assert isinstance(service_of(openai_settings(server.url), {}), OpenAIBatches)


def test_places() -> None:
    assert str(Place.of("s3://b").below("x", "y")) == "s3://b/x/y"
    assert str(Place.of("s3://b/p/q/").below("x")) == "s3://b/p/q/x"
