"""Bedrock's batch jobs in the sandbox over a real S3-compatible engine, MiniStack, by AWS's own clients."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import aiobotocore.session
import pytest
from aiobotocore.config import AioConfig
from bedrock_jobs import OVER, asked, claude, lines, records
from dynamo_engine import dynamo_engine
from wires import share_service_models

from smartllm.errors import ConfigError, MissingExtraError
from smartllm.testing import LoopbackServer
from smartllm.testing.batch import bedrock_s3
from smartllm.testing.batch.bedrock_records import InputError
from smartllm.testing.batch.bedrock_s3 import S3, S3Place
from smartllm.testing.batch.engine import Engine

KEYS = {"aws_access_key_id": "AKIASANDBOX", "aws_secret_access_key": "sandbox"}
BUCKET = "the-bucket"


@pytest.fixture(scope="module")
def url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with dynamo_engine(tmp_path_factory.mktemp("s3")) as found:
        yield found


@pytest.fixture(autouse=True)
def fast_clients(monkeypatch: pytest.MonkeyPatch) -> None:
    share_service_models(monkeypatch)


def client_of(service: str, address: str) -> Any:
    return aiobotocore.session.get_session().create_client(
        service,
        region_name="us-east-1",
        endpoint_url=address,
        config=AioConfig(retries={"total_max_attempts": 1}),
        **KEYS,
    )


@pytest.fixture
async def store(url: str) -> AsyncIterator[Any]:
    """The SDK's client of a bucket that is empty."""
    async with client_of("s3", url) as found:
        await found.create_bucket(Bucket=BUCKET)
        yield found
        listed = await found.list_objects_v2(Bucket=BUCKET)
        for each in listed.get("Contents", ()):
            await found.delete_object(Bucket=BUCKET, Key=each["Key"])


@pytest.fixture
async def s3(url: str) -> AsyncIterator[S3]:
    async with S3Place.of(url).opened("us-east-1") as found:
        yield found


async def ended(client: Any, job: str) -> Any:
    """A job once it is over."""
    for _ in range(500):
        told = await client.get_model_invocation_job(jobIdentifier=job)
        if told["status"] in OVER:
            return told
        await asyncio.sleep(0.02)
    pytest.fail(f"the job is {told}")


async def held(store: Any, key: str) -> bytes:
    answer = await store.get_object(Bucket=BUCKET, Key=key)
    body: bytes = await answer["Body"].read()
    return body


async def test_a_folder_of_files_becomes_a_folder_of_outputs(url: str, store: Any) -> None:
    files = {"in/one.jsonl": records(150, claude), "in/deep/two.jsonl": records(50, claude, begin=150)}
    for key, data in {**files, "in/picture.png": b"no lines"}.items():
        await store.put_object(Bucket=BUCKET, Key=key, Body=data)
    fields = asked(
        source=f"s3://{BUCKET}/in/", target=f"s3://{BUCKET}/out", modelInvocationType="InvokeModel"
    )
    with LoopbackServer(s3=url, batch=Engine(seconds=0.5, failures=0.05, seed=2), check=True) as server:
        async with client_of("bedrock", server.url) as client:
            job = (await client.create_model_invocation_job(**fields))["jobArn"]
            told = await ended(client, job)
        billed = server.batches.billed.times
    assert told["status"] == "Completed", told
    folder = f"out/{job.rpartition('/')[2]}"
    one = lines(await held(store, f"{folder}/one.jsonl.out"))
    two = lines(await held(store, f"{folder}/deep/two.jsonl.out"))
    assert sorted(one) == [f"r{number:06}" for number in range(150)]
    assert sorted(two) == [f"r{number:06}" for number in range(150, 200)]
    failed = {name for name, line in {**one, **two}.items() if "error" in line}
    assert 0 < len(failed) < 40
    assert billed == dict.fromkeys({*one, *two} - failed, 1)
    summary = json.loads(await held(store, f"{folder}/manifest.json.out"))
    assert (summary["totalRecordCount"], summary["errorRecordCount"]) == (200, len(failed))
    listed = await store.list_objects_v2(Bucket=BUCKET, Prefix="out/")
    assert len(listed["Contents"]) == 3


async def test_a_file_is_found_by_its_address(s3: S3, store: Any) -> None:
    for key in ("a.jsonl", "a.jsonl.old", "in/a.jsonl", "in/a.jsonl2/b.jsonl", "in/b.txt", "in/"):
        await store.put_object(Bucket=BUCKET, Key=key, Body=key.encode())
    assert [(one.key, one.name, one.size) for one in await s3.inputs(f"s3://{BUCKET}/in/a.jsonl")] == [
        ("in/a.jsonl", "a.jsonl", 10)
    ]
    assert [one.name for one in await s3.inputs(f"s3://{BUCKET}/a.jsonl")] == ["a.jsonl"]
    everything = ["a.jsonl", "in/a.jsonl", "in/a.jsonl2/b.jsonl"]
    assert [one.name for one in await s3.inputs(f"s3://{BUCKET}")] == everything
    assert [one.name for one in await s3.inputs(f"s3://{BUCKET}/")] == everything
    assert [one.name for one in await s3.inputs(f"s3://{BUCKET}/in")] == ["a.jsonl", "a.jsonl2/b.jsonl"]
    assert [one.name for one in await s3.inputs(f"s3://{BUCKET}/in/")] == ["a.jsonl", "a.jsonl2/b.jsonl"]


@pytest.mark.parametrize(
    ("uri", "message"),
    [
        (f"s3://{BUCKET}/in/b.txt", f"Input file s3://{BUCKET}/in/b.txt does not end with .jsonl"),
        (
            f"s3://{BUCKET}/no",
            f"No input files were found at s3://{BUCKET}/no: there is no object that ends with .jsonl",
        ),
        ("s3://nowhere/in/", "Cannot access s3://nowhere: NoSuchBucket (HeadBucket)"),
    ],
)
async def test_what_is_not_found(s3: S3, store: Any, uri: str, message: str) -> None:
    await store.put_object(Bucket=BUCKET, Key="in/b.txt", Body=b"x")
    with pytest.raises(InputError) as caught:
        await s3.inputs(uri)
    assert str(caught.value) == message


async def test_files_come_and_go_as_they_are(s3: S3, store: Any, tmp_path: Path) -> None:
    data = bytes(range(256)) * 4096
    (tmp_path / "out").write_bytes(data)
    await s3.check(f"s3://{BUCKET}/any")
    await s3.put(f"s3://{BUCKET}/out/a b.jsonl", tmp_path / "out")
    assert await held(store, "out/a b.jsonl") == data
    await store.put_object(Bucket=BUCKET, Key="in/a.jsonl", Body=data)
    (source,) = await s3.inputs(f"s3://{BUCKET}/in/a.jsonl")
    with (tmp_path / "in").open("w+b") as file:
        await s3.fetch(source, file)
        file.seek(0)
        assert file.read() == data


async def test_an_s3_that_is_away() -> None:
    async with S3Place.of("http://127.0.0.1:9").opened("us-east-1") as away:
        with pytest.raises(InputError, match=r"^Cannot access s3://abc: EndpointConnectionError$"):
            await away.check("s3://abc/x")


async def test_a_users_own_settings_of_aws_do_not_count(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "config").write_text("[profile other]\nregion = nowhere\n")
    monkeypatch.setenv("AWS_PROFILE", "missing")
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "config"))
    bedrock_s3._session.cache_clear()
    async with S3Place.of("http://127.0.0.1:9").opened("us-east-1") as found:
        assert isinstance(found, S3)
    bedrock_s3._session.cache_clear()


def test_addresses() -> None:
    assert S3Place.of("http://127.0.0.1:4566/") == S3Place("http://127.0.0.1:4566")
    place = S3Place.of("https://key:se%40cret@[::1]:9000")
    assert (place.url, place.access_key, place.secret_key) == ("https://[::1]:9000", "key", "se@cret")
    assert repr(place) == "S3Place('https://[::1]:9000')"
    assert S3Place.of("http://key@host").secret_key == ""
    for wrong in (
        "127.0.0.1:4566",
        "ftp://host",
        "http://host:99999",
        "http://",
        "http://host/folder",
        "http://host?x",
    ):
        with pytest.raises(ConfigError, match="is no address of an S3"):
            S3Place.of(wrong)
    with pytest.raises(ConfigError) as caught:
        LoopbackServer(s3="http://key:secret@host/folder")
    assert "secret" not in f"{caught.value}"


def test_the_environment_names_the_s3() -> None:
    found = LoopbackServer(s3="http://key:secret@127.0.0.1:9").environment()
    assert found["AWS_ENDPOINT_URL_S3"] == "http://127.0.0.1:9"
    assert (found["AWS_ACCESS_KEY_ID"], found["AWS_SECRET_ACCESS_KEY"]) == ("key", "secret")
    alone = LoopbackServer().environment()
    assert "AWS_ENDPOINT_URL_S3" not in alone
    assert (alone["AWS_ACCESS_KEY_ID"], alone["AWS_SECRET_ACCESS_KEY"]) == ("AKIASANDBOX", "sandbox")


def test_without_the_sdk(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(__import__("sys").modules, "aiobotocore.session", None)
    with pytest.raises(MissingExtraError, match="s3 needs aiobotocore"):
        LoopbackServer(s3="http://127.0.0.1:9")
