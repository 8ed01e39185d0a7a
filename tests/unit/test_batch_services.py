"""Batch services against servers that break off, forget metadata and refuse: real SDKs, real sockets."""

from __future__ import annotations

import asyncio
import json
import os
import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from batch_service import openai_file, openai_settings, unit_of

from smartllm.config import LLMConfig
from smartllm.errors import ConfigError, MissingExtraError, ProviderError, ProviderTimeoutError
from smartllm.runtime.batch import s3
from smartllm.runtime.batch.aws_clients import AwsClients
from smartllm.runtime.batch.manifest import Unit
from smartllm.runtime.batch.openai import OpenAIBatches
from smartllm.runtime.batch.whole_file import keep
from smartllm.settings import Settings

Write = Callable[[asyncio.StreamWriter, int], Awaitable[None]]
KEYS = {"AWS_ACCESS_KEY_ID": "AKIDEXAMPLE", "AWS_SECRET_ACCESS_KEY": "aws-canary-secret-0001"}
UNIT = Unit(
    unit=1,
    step=0,
    model="m",
    endpoint="/v1/responses",
    file="units/0001.jsonl",
    lines=1,
    bytes=1,
    state="creating",
    token="tok",
    upload="file-1",
    changed=0.0,
)


@asynccontextmanager
async def serving(write: Write) -> AsyncIterator[tuple[str, list[str]]]:
    """A server that answers each request by its number; its address, and what was asked."""
    heard: list[str] = []

    async def each(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = await reader.readuntil(b"\r\n\r\n")
        heard.append(head.split(b"\r\n")[0].decode())
        try:
            await write(writer, len(heard))
            await writer.drain()
        except ConnectionError:
            pass  # whoever asked has gone
        finally:
            writer.close()

    server = await asyncio.start_server(each, "127.0.0.1", 0)
    async with server:
        yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}", heard


def answer(body: bytes, length: int | None = None) -> bytes:
    head = f"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: {length or len(body)}\r\n\r\n"
    return head.encode() + body


async def fetched(url: str, path: Path, monkeypatch: pytest.MonkeyPatch, **config: float) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL_S3", url)
    settings = Settings.resolve(LLMConfig(provider="bedrock", retry_delay=0.0, **config), KEYS)  # type: ignore[arg-type]
    clients = AwsClients(settings)
    try:
        await s3.get(clients, s3.Place("bucket", "a/b"), path, None)
    finally:
        await clients.aclose()


async def test_an_object_that_breaks_off_is_fetched_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def write(writer: asyncio.StreamWriter, number: int) -> None:
        writer.write(answer(b"who", 5) if number == 1 else answer(b"whole"))

    async with serving(write) as (url, heard):
        await fetched(url, tmp_path / "out", monkeypatch)
    assert (tmp_path / "out").read_bytes() == b"whole"
    assert len(heard) == 2


@pytest.mark.parametrize("silent", [False, True])
async def test_an_object_that_never_comes_whole_is_the_providers_failure(
    silent: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def write(writer: asyncio.StreamWriter, number: int) -> None:
        writer.write(answer(b"who", 5))
        if silent:
            await writer.drain()
            await asyncio.sleep(0.5)

    async with serving(write) as (url, heard):
        with pytest.raises(ProviderTimeoutError if silent else ProviderError) as caught:
            await fetched(url, tmp_path / "out", monkeypatch, max_retries=1, read_timeout=0.1)
    assert caught.value.retryable
    assert len(heard) == 2
    assert not os.listdir(tmp_path)  # noqa: PTH208 - of a few names


async def test_only_the_disk_is_told_as_the_disk(tmp_path: Path) -> None:
    async def parts() -> AsyncIterator[bytes]:
        yield b"x"
        raise ConnectionResetError(104, "reset")

    with pytest.raises(ConnectionResetError):
        await keep(tmp_path / "out", parts())
    with pytest.raises(ConfigError, match="cannot be written"):
        await keep(tmp_path / "no folder" / "out", parts())
    assert not os.listdir(tmp_path)  # noqa: PTH208 - of a few names


@pytest.mark.parametrize(
    ("row", "found"),
    [
        ({"metadata": {"smartllm_token": "tok"}, "input_file_id": "file-9"}, "b1"),
        ({"metadata": None, "input_file_id": "file-1"}, "b1"),
        ({"metadata": {"smartllm_token": "other"}, "input_file_id": "file-1"}, None),
        ({"metadata": {}, "input_file_id": "file-9"}, None),
    ],
)
async def test_a_job_is_known_by_its_token_or_its_file(row: dict[str, object], found: str | None) -> None:
    page = json.dumps({"data": [{"id": "b1", "status": "validating", **row}], "has_more": False}).encode()

    async def write(writer: asyncio.StreamWriter, number: int) -> None:
        writer.write(answer(page))

    async with serving(write) as (url, _):
        service = OpenAIBatches(Settings.resolve(LLMConfig(base_url=f"{url}/v1", api_key="sk-canary-1"), {}))
        job = await service.find(UNIT)
        await service.aclose()
    assert (job and job.job) == found


async def test_without_the_sdk_the_error_names_what_to_install(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setitem(sys.modules, "openai", None)
    path = openai_file(tmp_path, 1)
    service = OpenAIBatches(openai_settings("http://127.0.0.1:1"))
    with pytest.raises(MissingExtraError) as caught:
        await service.upload(unit_of(path), path)
    assert caught.value.hint == 'pip install "smartllm[openai]"'
