"""A job that was begun as the command was killed: found again, paid once; and large files over a real S3."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
import time
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import aiobotocore.session
import pytest
from aiobotocore.config import AioConfig
from batch_service import TOKEN, aws_settings, openai_file, openai_settings, unit_of
from bedrock_jobs import ROLE, claude, jsonl
from dynamo_engine import dynamo_engine
from wires import share_service_models

from smartllm.errors import ProviderError
from smartllm.runtime.batch import s3
from smartllm.runtime.batch.aws_clients import AwsClients
from smartllm.runtime.batch.bedrock import BedrockJobs
from smartllm.runtime.batch.manifest import Manifest, Unit, line_id
from smartllm.runtime.batch.openai import OpenAIBatches
from smartllm.runtime.batch.service import BatchService
from smartllm.runtime.batch.submitting import Submitter
from smartllm.testing import LoopbackServer, Reply
from smartllm.testing.batch.engine import Engine

pytestmark = pytest.mark.slow

BUCKET, LINES = "the-bucket", 120
HAIKU = "us.anthropic.claude-haiku-4-5-20251001-v1:0"
CHILD = """
import asyncio, sys
from pathlib import Path
from smartllm.runtime.batch.manifest import Manifest
from smartllm.runtime.batch.submitting import Submitter
from test_batch_jobs_killed import bedrock_at, openai_at

async def run(provider, url, folder):
    service = {"openai": openai_at, "bedrock": bedrock_at}[provider](url)
    with Manifest.open(Path(folder)) as manifest:
        await Submitter(manifest, service).submit()

asyncio.run(run(*sys.argv[1:]))
"""


def openai_at(url: str) -> BatchService:
    return OpenAIBatches(openai_settings(url))


def bedrock_at(url: str) -> BatchService:
    settings = aws_settings(SimpleNamespace(url=url))  # type: ignore[arg-type]
    return BedrockJobs(settings, {"s3": f"s3://{BUCKET}/work", "role_arn": ROLE})


@pytest.fixture(scope="module")
def store_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with dynamo_engine(tmp_path_factory.mktemp("s3")) as found:
        yield found


@pytest.fixture
async def store(store_url: str, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Any]:
    """The SDK's client of a bucket, which the environment names as S3."""
    share_service_models(monkeypatch)
    monkeypatch.setenv("AWS_ENDPOINT_URL_S3", store_url)
    async with aiobotocore.session.get_session().create_client(
        "s3",
        region_name="us-east-1",
        endpoint_url=store_url,
        config=AioConfig(retries={"total_max_attempts": 1}),
        aws_access_key_id="AKIASANDBOX",
        aws_secret_access_key="aws-canary-0001",
    ) as found:
        await found.create_bucket(Bucket=BUCKET)
        yield found


def bedrock_file(folder: Path) -> Path:
    path = folder / "0001.jsonl"
    rows = ({"recordId": line_id(n), "modelInput": claude(f"hi {n}")} for n in range(1, LINES + 1))
    path.write_bytes(jsonl(rows))
    return path


def folder_of(folder: Path, path: Path, **fields: Any) -> None:
    with Manifest.create(folder, {}) as manifest:
        manifest.add_units([unit_of(path, **fields)])


async def until(holds: Callable[[], Any], seconds: float = 30) -> None:
    end = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < end
        await asyncio.sleep(0.02)


async def killed(provider: str, server: LoopbackServer, folder: Path, made: Callable[[], bool]) -> None:
    """Submit in a process that is killed while it waits for what the creation answers."""
    places = [str(Path(__file__).parent), str(Path(__file__).parent.parent), *sys.path]
    child = await asyncio.create_subprocess_exec(
        *(sys.executable, "-c", CHILD, provider, server.url, str(folder)),
        env={**os.environ, "PYTHONPATH": os.pathsep.join(places)},
    )
    try:
        await until(made)
        await asyncio.sleep(0.3)
    finally:
        child.kill()
        await child.wait()
    assert child.returncode == -signal.SIGKILL


async def finished(service: BatchService, folder: Path) -> tuple[Unit, list[str]]:
    """The unit as a second submission leaves it, and the ids of the lines that its job answered."""
    with Manifest.open(folder) as manifest:
        done = await Submitter(manifest, service).submit()
        assert len(done.adopted) == 1
        assert not done.submitted
        again = await Submitter(manifest, service).submit()
        assert (again.submitted, again.adopted) == ([], [])
        (unit,) = manifest.units("submitted")
    for _ in range(600):
        job = await service.job(unit)
        if job.state == "ended":
            break
        await asyncio.sleep(0.05)
    paths = await service.download(unit, job, folder / "outputs")
    return unit, sorted(one.name for path in paths for one in service.outcomes(path) if one.body)


def created(server: LoopbackServer, path: str) -> int:
    return sum(one.method == "POST" and one.path == path for one in server.requests)


@pytest.mark.parametrize("kill", [True, False])
async def test_openai_has_one_job_of_a_unit_whose_answer_was_lost(kill: bool, tmp_path: Path) -> None:
    folder_of(tmp_path, openai_file(tmp_path, LINES))
    with LoopbackServer(batch=Engine(seconds=0.5)) as server:
        # The listing of files, the upload, then the creation.
        server.script(Reply(), Reply(), Reply(delay=60) if kill else Reply(cut_after=0))
        service = openai_at(server.url)
        try:
            if kill:
                await killed("openai", server, tmp_path, lambda: created(server, "/v1/batches") == 1)
                unit, names = await finished(service, tmp_path)
            else:
                with Manifest.open(tmp_path) as manifest:
                    done = await Submitter(manifest, service).submit()
                    assert len(done.submitted) == 1
                    (unit,) = manifest.units("submitted")
                await until(lambda: len(server.batches.billed.times) == LINES)
                names = sorted(server.batches.billed.times)
        finally:
            await service.aclose()
        assert created(server, "/v1/batches") == created(server, "/v1/files") == 1
        assert server.batches.billed.times == dict.fromkeys(names, 1)
    assert names == [line_id(number) for number in range(1, LINES + 1)]
    assert unit.job


@pytest.mark.usefixtures("store")
async def test_bedrock_has_one_job_of_a_unit_whose_answer_was_lost(store_url: str, tmp_path: Path) -> None:
    folder_of(tmp_path, bedrock_file(tmp_path), model=HAIKU, endpoint="InvokeModel")
    with LoopbackServer(s3=store_url, batch=Engine(seconds=0.5)) as server:
        server.script(Reply(delay=60))
        service = bedrock_at(server.url)
        try:
            await killed("bedrock", server, tmp_path, lambda: created(server, "/model-invocation-job") == 1)
            unit, names = await finished(service, tmp_path)
        finally:
            await service.aclose()
        assert created(server, "/model-invocation-job") == 1
        assert server.batches.billed.times == dict.fromkeys(names, 1)
    assert names == [line_id(number) for number in range(1, LINES + 1)]
    assert unit.job


@asynccontextmanager
async def clients_at(url: str) -> AsyncIterator[AwsClients]:
    clients = AwsClients(aws_settings(SimpleNamespace(url=url)))  # type: ignore[arg-type]
    try:
        yield clients
    finally:
        await clients.aclose()


async def test_a_large_file_goes_up_in_parts_and_what_was_left_is_dropped(
    store: Any, store_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(s3, "_WHOLE", 1 << 20)
    monkeypatch.setattr(s3, "_PART", 5 << 20)
    path, place = tmp_path / "large.jsonl", s3.Place(BUCKET, f"{TOKEN}/large.jsonl")
    data = os.urandom(1 << 20) * 12
    path.write_bytes(data)
    other = {"Bucket": BUCKET, "Key": f"{place.key}.other"}
    kept = await store.create_multipart_upload(**other)
    for _ in range(2):  # as killed uploads leave them
        left = await store.create_multipart_upload(Bucket=BUCKET, Key=place.key)
        await store.upload_part(
            Bucket=BUCKET, Key=place.key, UploadId=left["UploadId"], PartNumber=1, Body=b"x"
        )
    async with clients_at(store_url) as clients:
        await s3.put(clients, place, path, None)
        await s3.get(clients, place, tmp_path / "back", None)
        assert (tmp_path / "back").read_bytes() == data
        listed = await store.list_multipart_uploads(Bucket=BUCKET)
        assert [row["UploadId"] for row in listed.get("Uploads", ())] == [kept["UploadId"]]
        head = await store.head_object(Bucket=BUCKET, Key=place.key)
        assert head["ETag"].strip('"').endswith("-3")
        with pytest.raises(ProviderError):
            await s3.put(clients, s3.Place("no-such-bucket", "a"), path, None)
    await store.abort_multipart_upload(**other, UploadId=kept["UploadId"])
