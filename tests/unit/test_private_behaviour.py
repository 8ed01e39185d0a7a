"""What other packages do beside their documentation, we rely on: test_private_surfaces.py has the list."""

from __future__ import annotations

import asyncio
import hashlib
import os
import re
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from typing import Any

import aiobotocore.session
import aiohttp
import botocore.auth
import pytest
import tomli
from aiobotocore.config import AioConfig
from aiohttp import web
from aiolimiter import AsyncLimiter
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials as BotocoresCredentials
from botocore.exceptions import ClientError
from pydantic import ValidationError
from wires import saying

from smartllm import MessageRequest, TextRequest
from smartllm.compiler.payload import Payload
from smartllm.hosts.auth import Credentials, SigV4
from smartllm.media import Encoded
from smartllm.rules.shape import Document
from smartllm.runtime.cache.aws_http import direct_session
from smartllm.runtime.control.owner import closing_with_its_loop
from smartllm.runtime.wire import causes, connections

# The connections of aiohttp


@asynccontextmanager
async def serving(handler: Any) -> AsyncIterator[str]:
    """A server that answers everything in one way."""
    runner = web.AppRunner(web.Application())
    runner.app.router.add_route("*", "/{path:.*}", handler)
    await runner.setup()
    try:
        site = web.TCPSite(runner, "127.0.0.1", 0)
        await site.start()
        yield f"http://127.0.0.1:{runner.addresses[0][1]}"
    finally:
        await runner.cleanup()


async def slowly(request: web.Request) -> web.StreamResponse:
    """An answer whose end comes after its beginning has been read."""
    response = web.StreamResponse()
    await response.prepare(request)
    await asyncio.sleep(0.05)
    return response


def protocol_of(response: aiohttp.ClientResponse) -> Any:
    assert response.connection is not None
    return response.connection.protocol


async def test_connections_are_ours() -> None:
    async with serving(slowly) as url, aiohttp.ClientSession(connector=connections.Connector()) as session:
        connector: Any = session.connector
        assert connector._loop is asyncio.get_running_loop(), "_loop is no more what a connector's loop is"
        async with session.get(url) as response:
            protocol = protocol_of(response)
            assert isinstance(protocol, connections._Protocol), "aiohttp makes protocols without _factory"
            assert not protocol.kept
            await response.read()
        (kept,) = connector._conns.values()
        assert [pair[0] for pair in kept] == [protocol], "_conns holds other things than it did"
        assert protocol.kept, "_release does not see a connection that is kept"
        sending = connections.Sending()
        connections.SENDING.set(sending)
        async with session.get(url) as response:
            assert protocol_of(response) is protocol
            assert (sending.reused, protocol.kept) == (True, False), "_get does not see it taken again"
            await response.read()
        sending.fresh = True
        async with session.get(url) as response:
            assert protocol_of(response) is not protocol, "_get is not asked for each connection"


async def test_a_session_asks_its_connector(monkeypatch: pytest.MonkeyPatch) -> None:
    async with aiohttp.ClientSession(connector=connections.Connector()) as session:
        assert not session.closed
        with monkeypatch.context() as patch:
            patch.setattr(os, "getpid", lambda: 1)
            assert session.closed, "ClientSession.closed asks its connector no more"

        assert not session.closed


# Its exceptions


def test_the_most_special_cause_comes_first() -> None:
    kinds = [kind for kind, _ in causes._explained()]
    hidden = [
        f"{kind.__name__} is never reached, {above.__name__} comes before it"
        for place, kind in enumerate(kinds)
        for above in kinds[:place]
        if issubclass(kind, above)
    ]
    assert hidden == []


@pytest.mark.parametrize(("said", "begun"), [(b"", False), (b"HTTP/1.1 200 OK\r\nX: y\r\n", True)])
async def test_what_a_broken_answer_left(said: bytes, begun: bool) -> None:
    async with saying(said) as (url, _), aiohttp.ClientSession() as session:
        with pytest.raises(aiohttp.ServerDisconnectedError) as caught:
            await session.post(url, data=b"x")
    message: object = caught.value.message
    assert isinstance(message, str) is not begun, "it tells no more whether an answer had begun"


# botocore and aiobotocore


@pytest.mark.parametrize("token", [None, "session/token+"])
@pytest.mark.parametrize("method", ["GET", "POST"])
async def test_a_signature_is_botocores(
    method: str, token: str | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    moment = datetime(2026, 11, 26, 1, 2, 3, tzinfo=UTC)
    name = "get_current_datetime"
    assert hasattr(botocore.auth, name), "this test stops botocore's clock there"
    monkeypatch.setattr(botocore.auth, name, lambda remove_tzinfo=True: moment.replace(tzinfo=None))
    url = "https://host.example/model/a%3Ab%2Fc/invoke?b=2&a=%20x"
    headers, body = {"Content-Type": "application/json"}, b"" if method == "GET" else '{"ü": 1}'.encode()
    signer = SigV4("eu-west-1", "bedrock", Credentials("AKID", "secret/+", token))
    ours = await signer.sign(method, url, headers, body)
    request = AWSRequest(method=method, url=url, headers=dict(headers), data=body)
    SigV4Auth(BotocoresCredentials("AKID", "secret/+", token), "bedrock", "eu-west-1").add_auth(request)
    assert ours == dict(request.headers.items())
    assert ours["Authorization"].startswith("AWS4-HMAC-SHA256 Credential=AKID/20261126/eu-west-1/bedrock/")
    assert ours.get("X-Amz-Security-Token") == token


async def test_the_signature_of_a_body_in_parts_is_that_of_its_bytes(monkeypatch: pytest.MonkeyPatch) -> None:
    moment = datetime(2026, 11, 26, 1, 2, 3)  # noqa: DTZ001 - as botocore has it
    monkeypatch.setattr(botocore.auth, "get_current_datetime", lambda remove_tzinfo=True: moment)
    url, headers = "https://host.example/model/a/invoke", {"Content-Type": "application/json"}
    body = Payload([b'{"a":"', Encoded(bytes(1_000_000), "image/png"), b'"}'])
    ours = await SigV4("eu-west-1", "bedrock", Credentials("AKID", "secret/+")).sign(
        "POST", url, headers, body
    )
    told = headers | {"X-Amz-Content-SHA256": hashlib.sha256(bytes(body)).hexdigest()}
    request = AWSRequest(method="POST", url=url, headers=told, data=bytes(body))
    SigV4Auth(BotocoresCredentials("AKID", "secret/+"), "bedrock", "eu-west-1").add_auth(request)
    assert ours == dict(request.headers.items())


async def test_keys_that_refresh_themselves_are_asked_for_what_they_are() -> None:
    """What the chain finds gives a frozen copy, with the names that the signer reads."""
    from aiobotocore.credentials import AioRefreshableCredentials

    async def refresh() -> dict[str, str]:
        until = (datetime.now(UTC) + timedelta(hours=1)).isoformat()
        return {"access_key": "NEW", "secret_key": "s", "token": "t", "expiry_time": until}

    old = datetime.now(UTC) - timedelta(hours=1)
    found = AioRefreshableCredentials("OLD", "s", "t", old, refresh, method="test")
    frozen = await found.get_frozen_credentials()
    assert (frozen.access_key, frozen.secret_key, frozen.token) == ("NEW", "s", "t")


async def test_the_tables_session_follows_nobody_and_has_an_owner(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[str] = []
    made: list[aiohttp.ClientSession] = []

    async def elsewhere(request: web.Request) -> web.Response:
        asked.append(request.path)
        return web.Response(status=307, headers={"Location": "/elsewhere"})

    monkeypatch.setattr(connections, "watched", made.append)
    keys = {"aws_access_key_id": "a", "aws_secret_access_key": "s", "region_name": "us-east-1"}
    config = AioConfig(retries={"total_max_attempts": 1}, http_session_cls=direct_session())
    session = aiobotocore.session.get_session()
    async with serving(elsewhere) as url:
        async with session.create_client("dynamodb", endpoint_url=url, config=config, **keys) as client:
            with pytest.raises(ClientError):
                await client.get_item(TableName="t", Key={"pk": {"S": "k"}})
            assert asked == ["/"], "it follows redirects by another way than session.request"

            (theirs,) = made
            assert isinstance(theirs.connector, connections.Owned), "its connections have no owner"
            assert isinstance(theirs.connector, aiohttp.TCPConnector)
            assert not theirs.closed
        assert theirs.closed, "aiobotocore closes its session no more"


# pydantic and tomli


@pytest.mark.parametrize(
    ("document", "mistakes"),
    [
        (
            {"model": {"x": {"profil": "a"}}},
            {("model", "x", "str"): "string_type", ("model", "x", "ModelRow", "profil"): "extra_forbidden"},
        ),
        (
            {"model": {"x": 3}},
            {("model", "x", "str"): "string_type", ("model", "x", "ModelRow"): "model_type"},
        ),
        ({"on": {"mars": {}}}, {("on", "mars", "[key]"): "literal_error"}),
        ({"quota": {"m": {"concurrency": 0}}}, {("quota", "m", "concurrency"): "greater_than_equal"}),
    ],
)
def test_where_pydantic_finds_a_mistake(document: dict[str, Any], mistakes: dict[Any, str]) -> None:
    with pytest.raises(ValidationError) as caught:
        Document.model_validate(document)
    found = caught.value.errors(include_url=False)
    assert {item["loc"]: item["type"] for item in found} == mistakes, "rules/shape.py reads these places"
    assert all(re.match(r"(Input|Extra inputs) ", item["msg"]) for item in found), "it is put into a sentence"


@pytest.mark.parametrize("kind", [TextRequest, MessageRequest])
def test_a_models_variables_are_its_fields(kind: Any) -> None:
    given = {"prompt": "x"} if kind is TextRequest else {"messages": [{"role": "user", "content": "x"}]}
    assert set(vars(kind(**given))) == set(kind.model_fields), "compile() reads a request with vars()"


def test_where_tomli_finds_a_mistake() -> None:
    with pytest.raises(tomli.TOMLDecodeError) as caught:
        tomli.loads("a = 1\nb = [")
    assert (caught.value.lineno, type(caught.value.msg)) == (2, str)


# Clocks and loops


async def test_the_bucket_tells_its_size() -> None:
    bucket = AsyncLimiter(5, 60)
    assert bucket.max_rate == 5
    with pytest.raises(ValueError, match="maximum"):
        await bucket.acquire(5.1)
    await bucket.acquire(bucket.max_rate)
    assert not bucket.has_capacity()


async def test_a_timeout_can_be_ended_by_somebody_else() -> None:
    loop = asyncio.get_running_loop()
    scope = asyncio.timeout_at(loop.time() + 60)
    loop.call_later(0.01, lambda: scope.reschedule(loop.time()))

    async def wait() -> None:
        async with scope:
            assert not scope.expired()
            await asyncio.sleep(30)

    with pytest.raises(TimeoutError):
        await wait()
    assert scope.expired()
    with pytest.raises(RuntimeError):
        scope.reschedule(loop.time())


@pytest.mark.parametrize("dropped", [False, True], ids=["at the loop's end", "when nobody holds it"])
def test_a_loop_finishes_its_generators(dropped: bool) -> None:
    closed: list[asyncio.AbstractEventLoop] = []
    held: list[AsyncGenerator[None]] = []

    async def close() -> None:
        await asyncio.sleep(0)
        closed.append(asyncio.get_running_loop())

    async def main() -> asyncio.AbstractEventLoop:
        held.append(await closing_with_its_loop(close))
        if dropped:
            held.clear()
            await asyncio.sleep(0.01)
            assert closed, "the loop closes no generator that nobody holds"
        return asyncio.get_running_loop()

    loop = asyncio.run(main())
    assert closed == [loop]
