"""Files of Bedrock's jobs in a real S3-compatible engine, MiniStack, by the service itself."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import aiobotocore.session
import pytest
from aiobotocore.config import AioConfig
from batch_service import aws_settings, bedrock_file, unit_of
from bedrock_jobs import HAIKU, ROLE
from dynamo_engine import dynamo_engine
from wires import share_service_models

from smartllm.errors import ConfigError, NotFoundError, ProviderError, SmartLLMError
from smartllm.runtime.batch import s3
from smartllm.runtime.batch.aws_clients import S3, AwsClients
from smartllm.runtime.batch.bedrock import BedrockJobs
from smartllm.runtime.batch.s3 import Place
from smartllm.testing import LoopbackServer
from smartllm.testing.batch.engine import Engine

pytestmark = pytest.mark.slow

BUCKET = "the-bucket"
PLACE = Place(BUCKET, "a/b.jsonl")


@pytest.fixture(scope="module")
def url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with dynamo_engine(tmp_path_factory.mktemp("s3")) as found:
        yield found


@pytest.fixture(scope="module")
def server(url: str) -> Iterator[LoopbackServer]:
    with LoopbackServer(batch=Engine(seconds=0), s3=url) as running:
        yield running


@pytest.fixture
async def store(url: str, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Any]:
    """The SDK's client of a bucket that is empty, where services find it too."""
    share_service_models(monkeypatch)
    monkeypatch.setenv("AWS_ENDPOINT_URL_S3", url)
    monkeypatch.delenv("AWS_ENDPOINT_URL_BEDROCK", raising=False)
    client = aiobotocore.session.get_session().create_client(
        "s3",
        region_name="us-east-1",
        endpoint_url=url,
        aws_access_key_id="AKIASANDBOX",
        aws_secret_access_key="sandbox",
        config=AioConfig(retries={"total_max_attempts": 1}),
    )
    async with client as found:
        await found.create_bucket(Bucket=BUCKET)
        yield found
        listed = await found.list_objects_v2(Bucket=BUCKET)
        for each in listed.get("Contents", ()):
            await found.delete_object(Bucket=BUCKET, Key=each["Key"])


@pytest.fixture
async def clients(server: LoopbackServer, store: Any) -> AsyncIterator[AwsClients]:
    found = AwsClients(aws_settings(server), sleep=_at_once)
    yield found
    await found.aclose()


async def _at_once(_: float) -> None:
    await asyncio.sleep(0)


async def held(store: Any, key: str = PLACE.key) -> bytes:
    answer = await store.get_object(Bucket=BUCKET, Key=key)
    found: bytes = await answer["Body"].read()
    return found


async def open_parts(store: Any) -> int:
    return len((await store.list_multipart_uploads(Bucket=BUCKET)).get("Uploads", ()))


@pytest.fixture
def in_parts(monkeypatch: pytest.MonkeyPatch) -> None:
    """Files above 6 MB go in parts of 5 MB, the least that S3 takes."""
    monkeypatch.setattr(s3, "_WHOLE", 6_000_000)
    monkeypatch.setattr(s3, "_PART", 5 * 1024 * 1024)


async def test_a_job_from_file_to_outputs(server: LoopbackServer, store: Any, tmp_path: Path) -> None:
    service = BedrockJobs(aws_settings(server), {"s3": f"s3://{BUCKET}/work", "role_arn": ROLE})
    path = bedrock_file(tmp_path, 120)
    unit: Any = unit_of(path, model=HAIKU, endpoint="Converse")
    unit = replace(unit, upload=await service.upload(unit, path))
    job = await service.create(unit)
    unit = replace(unit, job=job.job)
    for _ in range(500):
        job = await service.job(unit)
        if job.state == "ended":
            break
        await asyncio.sleep(0.02)
    [output] = await service.download(unit, job, tmp_path / "out")
    assert len([*service.outcomes(output)]) == job.done == 120
    await service.aclose()


@pytest.mark.parametrize("size", [0, 6_000_000, 6_000_001, 15_728_640])
async def test_what_goes_up_comes_down(
    clients: AwsClients, store: Any, in_parts: None, tmp_path: Path, size: int
) -> None:
    path, back = tmp_path / "up", tmp_path / "down"
    data = bytes(range(251)) * (size // 251 + 1)
    path.write_bytes(data[:size])
    await s3.put(clients, PLACE, path, None)
    assert await held(store) == data[:size]
    tag = (await store.head_object(Bucket=BUCKET, Key=PLACE.key))["ETag"]
    assert ("-" in tag) is (size > 6_000_000)
    await s3.get(clients, PLACE, back, None)
    assert back.read_bytes() == data[:size]
    path.write_bytes(b"again")
    await s3.put(clients, PLACE, path, None)
    assert await held(store) == b"again"
    assert await open_parts(store) == 0


async def test_parts_that_a_killed_upload_left_go(
    clients: AwsClients, store: Any, in_parts: None, tmp_path: Path
) -> None:
    for key in (PLACE.key, f"{PLACE.key}.other"):
        await store.create_multipart_upload(Bucket=BUCKET, Key=key)
    path = tmp_path / "up"
    path.write_bytes(b"x" * 6_000_001)
    await s3.put(clients, PLACE, path, None)
    left = (await store.list_multipart_uploads(Bucket=BUCKET))["Uploads"]
    assert [one["Key"] for one in left] == [f"{PLACE.key}.other"]
    for one in left:
        await store.abort_multipart_upload(Bucket=BUCKET, Key=one["Key"], UploadId=one["UploadId"])


async def test_an_upload_in_parts_that_fails_leaves_none(
    clients: AwsClients, store: Any, in_parts: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    call, parts = clients.call, 0

    async def failing(service: str, make: Any, **about: Any) -> Any:
        nonlocal parts

        async def made(client: Any) -> Any:
            class Half:
                def __getattr__(self, name: str) -> Any:
                    if name == "upload_part" and parts == 2:
                        raise ProviderError("the line is cut", model="", retryable=False)
                    return getattr(client, name)

            return await make(Half())

        parts += 1 if make.__name__ == "part" else 0
        return await call(service, made, **about)

    monkeypatch.setattr(clients, "call", failing)
    path = tmp_path / "up"
    path.write_bytes(b"x" * 12_000_000)
    with pytest.raises(ProviderError, match="the line is cut"):
        await s3.put(clients, PLACE, path, None)
    assert (parts, await open_parts(store)) == (2, 0)
    assert (await store.list_objects_v2(Bucket=BUCKET)).get("KeyCount") == 0


async def test_what_is_not_there(clients: AwsClients, store: Any, tmp_path: Path) -> None:
    path = tmp_path / "down"
    with pytest.raises(NotFoundError) as caught:
        await s3.get(clients, PLACE, path, None)
    assert caught.value.code == "NoSuchKey"
    assert "somebody deleted it" in str(caught.value.hint)
    path.write_bytes(b"x")
    with pytest.raises(NotFoundError) as caught:
        await s3.put(clients, Place("no-such-bucket", "k"), path, None)
    assert caught.value.code == "NoSuchBucket"
    assert "--s3 s3://BUCKET/PREFIX" in str(caught.value.hint)
    with pytest.raises(ConfigError, match="cannot be read"):
        await s3.put(clients, PLACE, tmp_path / "none", None)
    assert not (tmp_path / "none").exists()


async def test_lists_of_many(clients: AwsClients, store: Any) -> None:
    for number in range(1003):
        await store.put_object(Bucket=BUCKET, Key=f"p/{number:04}", Body=b"")
    await store.put_object(Bucket=BUCKET, Key="p2/x", Body=b"")
    found = await s3.listed(clients, Place(BUCKET, "p"), None)
    assert [one.key for one in found] == [f"p/{number:04}" for number in range(1003)]
    assert await s3.listed(clients, Place(BUCKET, "none"), None) == []


async def test_no_secret_is_told(clients: AwsClients, store: Any, tmp_path: Path) -> None:
    with pytest.raises(SmartLLMError) as caught:
        await clients.call(S3, lambda client: client.get_object(Bucket=BUCKET, Key="aws-canary-0001"))
    assert "canary" not in f"{caught.value!r}{caught.value}"
