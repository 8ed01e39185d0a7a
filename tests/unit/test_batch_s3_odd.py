"""S3 that refuses, lies elsewhere or breaks off: what the service of Bedrock's engine says then."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web
from batch_service import aws_settings
from wires import refused_url, share_service_models

from smartllm import LLMConfig
from smartllm.errors import (
    ConfigError,
    ConnectionFailedError,
    PermissionDeniedError,
    ProviderError,
    ProviderTimeoutError,
    ServerError,
)
from smartllm.runtime.batch import s3
from smartllm.runtime.batch.aws_clients import S3, AwsClients
from smartllm.runtime.batch.s3 import Place
from smartllm.settings import Settings
from smartllm.testing import LoopbackServer

PLACE = Place("the-bucket", "a/b.jsonl")
Answering = Callable[[web.Request], Any]


@pytest.fixture(scope="module")
def server() -> Iterator[LoopbackServer]:
    with LoopbackServer() as running:
        yield running


@pytest.fixture(autouse=True)
def plain(monkeypatch: pytest.MonkeyPatch) -> None:
    share_service_models(monkeypatch)


async def _at_once(_: float) -> None:
    await asyncio.sleep(0)


@asynccontextmanager
async def clients_at(
    server: LoopbackServer, monkeypatch: pytest.MonkeyPatch, url: str, **given: Any
) -> AsyncIterator[AwsClients]:
    monkeypatch.setenv("AWS_ENDPOINT_URL_S3", url)
    found = AwsClients(aws_settings(server, **given), sleep=_at_once)
    try:
        yield found
    finally:
        await found.aclose()


@asynccontextmanager
async def answering(answer: Answering) -> AsyncIterator[tuple[str, list[web.Request]]]:
    """A server that gives one answer to everything, and what it was asked."""
    asked: list[web.Request] = []

    async def handle(request: web.Request) -> web.StreamResponse:
        await request.read()
        asked.append(request)
        found = answer(request)
        return await found if asyncio.iscoroutine(found) else found  # type: ignore[no-any-return]

    app = web.Application()
    app.router.add_route("*", "/{path:.*}", handle)
    runner = web.AppRunner(app)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    try:
        yield f"http://127.0.0.1:{runner.addresses[0][1]}", asked
    finally:
        await runner.cleanup()


def refusing(status: int, code: str, **headers: str) -> Answering:
    """S3's own error."""
    text = f"<Error><Code>{code}</Code><Message>no</Message><RequestId>rq-1</RequestId></Error>"
    return lambda _: web.Response(status=status, text=text, headers=headers, content_type="application/xml")


@pytest.mark.parametrize(
    ("status", "code", "headers", "kind", "hints"),
    [
        (403, "AccessDenied", {}, PermissionDeniedError, ("s3:PutObject", "owner")),
        (
            301,
            "PermanentRedirect",
            {"x-amz-bucket-region": "eu-west-1"},
            ProviderError,
            ("in eu-west-1", "set aws_region"),
        ),
        (400, "AuthorizationHeaderMalformed", {}, ProviderError, ("in another region", "set aws_region")),
        (403, "SignatureDoesNotMatch", {}, ProviderError, ("check the AWS credentials",)),
    ],
)
async def test_a_refusal_has_its_next_step(
    server: LoopbackServer,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    status: int,
    code: str,
    headers: dict[str, str],
    kind: type[ProviderError],
    hints: tuple[str, ...],
) -> None:
    path = tmp_path / "up"
    path.write_bytes(b"x")
    async with (
        answering(refusing(status, code, **headers)) as (url, _),
        clients_at(server, monkeypatch, url) as clients,
    ):
        with pytest.raises(kind) as caught:
            await s3.put(clients, PLACE, path, "123456789012")
    error = caught.value
    assert (error.code, error.retryable) == (code, False)
    assert all(hint in str(error.hint) for hint in hints), error.hint
    assert "bedrock:InvokeModel" not in str(error.hint)


async def test_the_owner_is_asked_for(
    server: LoopbackServer, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    path = tmp_path / "up"
    path.write_bytes(b"x")
    async with (
        answering(lambda _: web.Response()) as (url, asked),
        clients_at(server, monkeypatch, url) as clients,
    ):
        await s3.put(clients, PLACE, path, "123456789012")
        await s3.put(clients, PLACE, path, None)
    assert [one.headers.get("x-amz-expected-bucket-owner") for one in asked] == ["123456789012", None]


async def test_a_failure_that_passes_is_tried_again_from_the_begin(
    server: LoopbackServer, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    path = tmp_path / "up"
    path.write_bytes(b"12345")
    refuse = refusing(503, "SlowDown")
    bodies: list[bytes] = []

    async def answer(request: web.Request) -> web.Response:
        bodies.append(await request.read())
        return refuse(request) if len(bodies) < 3 else web.Response()

    async with answering(answer) as (url, _), clients_at(server, monkeypatch, url) as clients:
        await s3.put(clients, PLACE, path, None)
    assert len(bodies) == 3
    assert all(b"12345" in body for body in bodies)


async def test_who_may_not_list_parts_may_still_bring_files(
    server: LoopbackServer, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(s3, "_WHOLE", 1)
    path = tmp_path / "up"
    path.write_bytes(b"12345")
    denied = refusing(403, "AccessDenied")
    begun = "<InitiateMultipartUploadResult><UploadId>u</UploadId></InitiateMultipartUploadResult>"

    def answer(request: web.Request) -> web.Response:
        if request.method == "GET":
            return denied(request)  # type: ignore[no-any-return]
        if request.method == "POST" and "uploads" in request.query:
            return web.Response(text=begun, content_type="application/xml")
        if request.method == "POST":
            done = "<CompleteMultipartUploadResult><ETag>e</ETag></CompleteMultipartUploadResult>"
            return web.Response(text=done, content_type="application/xml")
        return web.Response(headers={"ETag": '"e"'})

    async with answering(answer) as (url, asked), clients_at(server, monkeypatch, url) as clients:
        await s3.put(clients, PLACE, path, None)
    assert [one.method for one in asked] == ["GET", "POST", "PUT", "POST"]


async def test_the_first_failure_is_told_though_parts_stay(
    server: LoopbackServer, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(s3, "_WHOLE", 1)
    path = tmp_path / "up"
    path.write_bytes(b"12345")
    begun = "<InitiateMultipartUploadResult><UploadId>u</UploadId></InitiateMultipartUploadResult>"
    codes = {"PUT": refusing(400, "EntityTooSmall"), "DELETE": refusing(500, "InternalError")}

    def answer(request: web.Request) -> web.Response:
        if request.method in codes:
            return codes[request.method](request)  # type: ignore[no-any-return]
        text = begun if request.method == "POST" else "<ListMultipartUploadsResult/>"
        return web.Response(text=text, content_type="application/xml")

    async with answering(answer) as (url, asked), clients_at(server, monkeypatch, url) as clients:
        with pytest.raises(ProviderError) as caught:
            await s3.put(clients, PLACE, path, None)
    assert caught.value.code == "EntityTooSmall"
    assert [one.method for one in asked] == ["GET", "POST", "PUT", "DELETE"]


@pytest.mark.parametrize("breaks", [1, 99])
async def test_a_download_that_breaks_off(
    server: LoopbackServer, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, breaks: int
) -> None:
    times = 0

    async def answer(request: web.Request) -> web.StreamResponse:
        nonlocal times
        times += 1
        response = web.StreamResponse()
        response.content_length = 10
        await response.prepare(request)
        await response.write(b"12345" if times <= breaks else b"1234567890")
        if times <= breaks and request.transport is not None:
            request.transport.close()
        return response

    path = tmp_path / "down"
    async with answering(answer) as (url, _), clients_at(server, monkeypatch, url) as clients:
        if breaks == 1:
            await s3.get(clients, PLACE, path, None)
            assert path.read_bytes() == b"1234567890"
        else:
            with pytest.raises(ProviderError) as caught:
                await s3.get(clients, PLACE, path, None)
            assert caught.value.retryable
    assert {one.name for one in tmp_path.glob("*")} == ({"down"} if breaks == 1 else set())  # noqa: ASYNC240


async def test_nobody_there(server: LoopbackServer, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    async with clients_at(server, monkeypatch, refused_url()) as clients:
        with pytest.raises(ConnectionFailedError) as caught:
            await s3.get(clients, PLACE, tmp_path / "down", None)
    assert caught.value.retryable


async def test_a_server_that_says_nothing(
    server: LoopbackServer, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    async def silent(_: web.Request) -> web.Response:
        await asyncio.sleep(0.4)
        return web.Response()

    async with (
        answering(silent) as (url, _),
        clients_at(server, monkeypatch, url, read_timeout=0.1, max_retries=0) as clients,
    ):
        with pytest.raises(ProviderTimeoutError, match=r"0\.1"):
            await s3.get(clients, PLACE, tmp_path / "down", None)


async def test_an_answer_that_is_no_s3s(
    server: LoopbackServer, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    page = web.Response(status=502, text="<html>bad gateway</html>", content_type="text/html")
    async with (
        answering(lambda _: page) as (url, _),
        clients_at(server, monkeypatch, url, max_retries=0) as clients,
    ):
        with pytest.raises(ServerError) as caught:
            await s3.get(clients, PLACE, tmp_path / "down", None)
    assert caught.value.status == 502


async def test_an_address_that_is_none(
    server: LoopbackServer, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    async with clients_at(server, monkeypatch, "no address") as clients:
        with pytest.raises(ConfigError) as caught:
            await s3.get(clients, PLACE, tmp_path / "down", None)
    assert "AWS_ENDPOINT_URL_S3" in str(caught.value.hint)


async def test_fields_that_the_sdk_does_not_take(
    server: LoopbackServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with clients_at(server, monkeypatch, refused_url()) as clients:
        with pytest.raises(ConfigError, match="AWS's SDK refuses it") as caught:
            await clients.call(S3, lambda client: client.get_object(Bucket="b", Key=7))
    assert "--s3" in str(caught.value.hint)


async def test_no_credentials(
    server: LoopbackServer, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_PROFILE", "AWS_SESSION_TOKEN"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "none"))
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(tmp_path / "none"))
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    monkeypatch.setenv("AWS_BEARER_TOKEN_BEDROCK", "bearer-canary-0001")
    monkeypatch.setenv("AWS_ENDPOINT_URL_S3", refused_url())
    config = LLMConfig(provider="bedrock", aws_region="us-east-1", endpoint_url=server.url)
    clients = AwsClients(Settings.resolve(config), sleep=_at_once)
    with pytest.raises(ConfigError) as caught:
        await s3.get(clients, PLACE, tmp_path / "down", None)
    assert "S3 takes no bearer token" in str(caught.value.hint)
    assert "canary" not in f"{caught.value!r}{caught.value}"
    await clients.aclose()
