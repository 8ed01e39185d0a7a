"""Transports: what one of a user's own is given and may give back; the fake one is like the server."""

from __future__ import annotations

import asyncio
import contextlib
import io
import re
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from how_many import examples
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from wires import AWS_KEYS, INVOKE, RESPONSES, Wire, each_bedrock_wire, each_wire
from yarl import URL

from smartllm import LLMClient, LLMConfig, TextRequest
from smartllm.errors import (
    ConfigError,
    ConnectionFailedError,
    ProviderError,
    RateLimitError,
    ResponseError,
    StreamError,
    UnknownModelError,
)
from smartllm.runtime.transport import Headers, WireRequest, WireResponse
from smartllm.runtime.wire import body as wire_body
from smartllm.runtime.wire.http import HttpResponse
from smartllm.runtime.wire.way import Ways
from smartllm.settings import Settings
from smartllm.testing import FakeTransport, LoopbackServer, Reply

CONNECTING = Path(__file__).parents[2] / "docs" / "connecting.md"
# What differs from one sending to the next, or is of the connection.
VARYING = {"x-amz-date", "authorization", "host", "accept-encoding", "content-length", "user-agent"}


class Forwarding:
    """A user's own transport, over another session."""

    def __init__(self) -> None:
        self.seen: list[WireRequest] = []
        self.closed = 0
        self.session = aiohttp.ClientSession()

    async def send(self, request: WireRequest) -> WireResponse:
        self.seen.append(request)
        url = URL(request.url, encoded=True)
        found = await self.session.request(request.method, url, headers=request.headers, data=request.body)
        return WireResponse(found.status, dict(found.headers), found.content.iter_any(), close=self._closed)

    async def _closed(self) -> None:
        self.closed += 1

    async def aclose(self) -> None:
        await self.session.close()


async def ask(client: LLMClient, wire: Wire, streamed: bool, **fields: Any) -> Any:
    """The answer and its counts, or the error."""
    request = wire.request(**fields)
    try:
        if not streamed:
            response = await client.generate_text(request)
            return response.text, response.stop_reason, response.input_tokens, response.output_tokens
        chunks = [chunk async for chunk in client.generate_text_stream(request)]
    except ProviderError as error:
        return error
    return "".join(chunk.text for chunk in chunks), chunks[-1].stop_reason, chunks[-1].usage


# A transport of one's own


def test_the_one_in_the_documentation() -> None:
    page = CONNECTING.read_text(encoding="utf-8").partition("## A transport of your own")[2]
    found = re.search(r"```python\n(.*?)```", page, re.DOTALL)
    assert found is not None
    printed = io.StringIO()
    with contextlib.redirect_stdout(printed):
        exec(compile(found[1], str(CONNECTING), "exec"), {"__name__": "connecting"})  # noqa: S102 - our own page
    sent, answer = printed.getvalue().splitlines()
    assert sent.startswith("POST https://api.openai.com/v1/responses Bearer sk-any ")
    assert answer == "Paris"


@each_wire
@pytest.mark.parametrize("streamed", [False, True])
async def test_it_gets_what_http_would_send(wire: Wire, streamed: bool, server: LoopbackServer) -> None:
    own = Forwarding()
    async with wire.client(server.url, transport=own) as client, wire.client(server.url) as direct:
        answer = await ask(client, wire, streamed)
        assert answer[0] == "echo: hello there"
        [theirs] = server.requests
        assert await ask(direct, wire, streamed) == answer
        plan = client.compile(wire.request(stream=streamed))
    [_, ours] = server.requests
    [request] = own.seen
    assert (theirs.raw_path, theirs.body) == (ours.raw_path, ours.body)
    assert request.url == f"{server.url}{ours.raw_path}"
    assert (request.method, request.model) == ("POST", wire.model)
    assert request.body == plan.steps[0].payload
    kept = {name: value for name, value in theirs.headers.items() if name not in VARYING}
    assert kept == {name: value for name, value in ours.headers.items() if name not in VARYING}
    scheme = "Bearer any" if wire.provider == "openai" else "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/"
    assert request.headers["Authorization"].startswith(scheme)
    assert own.closed == 1


@each_wire
async def test_a_status_is_read_by_the_host(wire: Wire, server: LoopbackServer) -> None:
    own = Forwarding()
    server.script(Reply(status=429, headers={"retry-after": "7"}))
    async with wire.client(server.url, transport=own) as client:
        error = await ask(client, wire, streamed=False)
    assert isinstance(error, RateLimitError)
    assert (error.status, error.retry_after, error.retryable) == (429, 7.0, True)
    assert "loopback" in str(error.request_id)
    assert own.closed == 1


@each_wire
async def test_the_listing_goes_over_it_too(wire: Wire, server: LoopbackServer) -> None:
    own = Forwarding()
    async with wire.client(server.url, transport=own) as client:
        assert "loopback-model" in await client.list_available_model_ids()
    assert {request.method for request in own.seen} == {"GET"}


@each_bedrock_wire
async def test_a_key_is_needed_unless_the_transport_says_otherwise(
    wire: Wire, monkeypatch: pytest.MonkeyPatch
) -> None:
    request = wire.request()
    async with LLMClient(provider="bedrock", transport=Broken()) as client:
        with pytest.raises(ConfigError, match="Unable to locate credentials"):
            await client.generate_text(request)
    fake = FakeTransport()
    async with LLMClient(provider="bedrock", transport=fake) as client:
        await client.generate_text(request)
        await client.generate_text_stream(request).__anext__()
    async with LLMClient(provider="bedrock", transport=fake, **AWS_KEYS) as client:
        await client.generate_text(request)
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKIDENVIRONMENT")
    async with LLMClient(provider="bedrock", transport=fake) as client:  # half a pair of keys is none
        await client.generate_text(request)
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "a-secret-key")
    async with LLMClient(provider="bedrock", transport=fake) as client:
        await client.generate_text(request)
    signed = [sent.headers.get("authorization", "").partition("/")[0] for sent in fake.sent]
    scheme = "AWS4-HMAC-SHA256 Credential="
    assert signed == ["", "", f"{scheme}AKIDEXAMPLE", "", f"{scheme}AKIDENVIRONMENT"]
    assert [sent.streamed for sent in fake.sent] == [False, True, False, False, False]


class Broken:
    """Gives a response, or raises."""

    def __init__(self, *parts: bytes | Exception) -> None:
        self.parts = parts
        self.closed = 0

    async def send(self, request: WireRequest) -> WireResponse:
        return WireResponse(200, {"X-Request-Id": "req-9"}, self._body(), close=self._close)

    async def _body(self) -> AsyncIterator[bytes]:
        for part in self.parts:
            if isinstance(part, Exception):
                raise part
            yield part

    async def _close(self) -> None:
        self.closed += 1

    async def aclose(self) -> None:
        """Nothing is open."""


def openai(transport: Any) -> LLMClient:
    return LLMClient(provider="openai", transport=transport, max_retries=0)


@pytest.mark.parametrize("streamed", [False, True])
async def test_an_answer_that_breaks_off(streamed: bool) -> None:
    failure = ConnectionFailedError("the tape is torn", model="m", retryable=True, hint="mend it")
    own = Broken(b"data: ", failure)
    async with openai(own) as client:
        error = await ask(client, RESPONSES, streamed)
    assert type(error) is (StreamError if streamed else ConnectionFailedError)
    assert "the tape is torn" in error.message
    assert (error.hint, error.retryable) == ("mend it", True)
    assert own.closed == 1


@pytest.mark.parametrize("streamed", [False, True])
async def test_ids_are_found_in_any_capitalisation(streamed: bool) -> None:
    async with openai(Broken(b'{"x": 1}')) as client:
        error = await ask(client, RESPONSES, streamed)
    assert isinstance(error, ResponseError)
    assert error.request_id == "req-9"


async def test_an_answer_has_a_limit(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(wire_body, "LARGEST_ANSWER", 2 << 20)
    own = Broken(*[b"x" * (1 << 20)] * 3)
    async with openai(own) as client:
        error = await ask(client, RESPONSES, streamed=False)
    assert isinstance(error, ResponseError)
    assert "larger than 2 MB" in error.message
    assert own.closed == 1


async def test_what_is_no_error_of_ours_is_handed_on() -> None:
    async with openai(Broken(KeyError("a mistake of its own"))) as client:
        with pytest.raises(KeyError, match="a mistake"):
            await client.generate_text(RESPONSES.request())


async def test_the_tape_may_give_bytes() -> None:
    response = WireResponse(200, {"A": "b"}, b"abc")
    assert [part async for part in response] == [b"abc"]
    await response.aclose()
    assert [part async for part in WireResponse(204, {})] == [b""]


def test_headers_are_a_mapping() -> None:
    headers = Headers({"X-One": "1", "two": "2"})
    assert (headers["x-one"], headers.get("TWO"), headers.get("three")) == ("1", "2", None)
    assert ({**headers}, len(headers)) == ({"x-one": "1", "two": "2"}, 2)


class Answering:
    """Gives the same bytes to every request."""

    keyless = True

    def __init__(self, body: bytes, status: int = 200) -> None:
        self.body, self.status = body, status
        self.seen: list[str] = []

    async def send(self, request: WireRequest) -> WireResponse:
        self.seen.append(request.url)
        return WireResponse(self.status, {}, self.body)

    async def aclose(self) -> None:
        """Nothing is open."""


ELSEWHERE = {"base_url": "http://gpu:8000/v1"}


@pytest.mark.parametrize(("status", "body"), [(200, b'{"x": 1}'), (404, b"{}")])
@pytest.mark.parametrize(
    ("provider", "given", "address"),
    [
        ("openai", {}, None),
        ("openai", ELSEWHERE, "http://gpu:8000/v1/responses"),
        ("bedrock", {"endpoint_url": "http://gpu:8000"}, None),
    ],
)
async def test_only_servers_of_others_may_not_know_a_path(
    status: int, body: bytes, provider: Any, given: dict[str, Any], address: str | None
) -> None:
    wire = RESPONSES if provider == "openai" else INVOKE
    async with LLMClient(
        provider=provider, transport=Answering(body, status), max_retries=0, **given
    ) as client:
        error = await ask(client, wire, streamed=False)
    assert isinstance(error, ProviderError)
    if address is None:
        assert "set api_type=" not in error.hint
    else:
        assert error.hint.startswith(f"POST {address} was called; set api_type=")


async def test_listings_go_to_the_control_plane() -> None:
    own = Answering(b'{"modelSummaries": [], "inferenceProfileSummaries": []}')
    async with LLMClient(provider="bedrock", aws_region="eu-west-1", transport=own) as client:
        assert await client.list_available_models() == []
    control = "https://bedrock.eu-west-1.amazonaws.com"
    assert own.seen == [
        f"{control}/foundation-models?byOutputModality=TEXT&byInferenceType=ON_DEMAND",
        f"{control}/inference-profiles",
    ]


async def test_a_query_of_the_address_ends_every_url() -> None:
    own = Answering(b'{"data": []}')
    async with LLMClient(base_url="http://gpu/v1?api-version=1", transport=own, max_retries=0) as client:
        await client.list_available_models()
        await ask(client, RESPONSES, streamed=False)
    assert own.seen == ["http://gpu/v1/models?api-version=1", "http://gpu/v1/responses?api-version=1"]


async def test_a_server_of_ones_own_does_not_make_bedrock_take_any_id() -> None:
    own = Answering(b"{}")
    async with LLMClient(provider="bedrock", endpoint_url="http://gpu", transport=own) as client:
        with pytest.raises(UnknownModelError):
            client.compile(TextRequest(prompt="hi", model="nobody-knows-it"))


# The ways of HTTP


def ways(environment: dict[str, str], **given: Any) -> Ways:
    keys = {"AWS_ACCESS_KEY_ID": "a", "AWS_SECRET_ACCESS_KEY": "b"}
    return Ways(Settings.resolve(LLMConfig(provider="bedrock", **given), {**keys, **environment}))


def test_each_address_has_the_proxy_that_is_its_own() -> None:
    control = "https://bedrock.us-east-1.amazonaws.com"
    found = ways({"HTTPS_PROXY": "http://proxy:1", "NO_PROXY": control.removeprefix("https://")})
    main = found.to("https://bedrock-runtime.us-east-1.amazonaws.com/model/m/invoke")
    assert (main, main.proxy) == (found.main, "http://proxy:1")
    other = found.to(f"{control}/foundation-models?a=b")
    assert (other.address, other.proxy) == (control, None)
    assert found.to(f"{control}/inference-profiles") is other


@pytest.mark.parametrize(
    ("url", "same"), [("http://gpu:80/x", True), ("http://gpu:80?x", True), ("http://gpu:8000/x", False)]
)
def test_an_address_that_only_begins_alike_is_another(url: str, same: bool) -> None:
    found = ways({}, endpoint_url="http://gpu:80")
    assert (found.to(url) is found.main) is same


async def test_a_response_whose_client_was_closed_meanwhile() -> None:
    class Closed:
        status, headers, content = 200, dict[str, str](), None

        async def iter_any(self) -> AsyncIterator[bytes]:
            raise RuntimeError("Session is closed")
            yield b""

    stub: Any = Closed()
    stub.content = stub
    with pytest.raises(ConnectionFailedError, match="the client was closed meanwhile"):
        [part async for part in HttpResponse(stub, ways({}).main, "m")]


# The fake one is like the server

TEXTS = st.text(st.characters(codec="utf-8", exclude_categories=["Cs"]), max_size=20)
REPLIES = st.builds(
    Reply,
    status=st.sampled_from([200, 200, 200, 307, 400, 401, 403, 404, 408, 424, 429, 500, 503, 529]),
    headers=st.sampled_from([{}, {"retry-after": "3"}, {"X-Request-Id": "own"}, {"x-amzn-requestid": "own"}]),
    text=st.none() | TEXTS,
    thinking=st.sampled_from([None, False, "", "let me see"]),
    stop_reason=st.sampled_from([None, "max_tokens", "length", "stop_sequence"]),
    refusal=st.sampled_from([None, None, "I will not"]),
    cached_tokens=st.integers(0, 9),
    usage=st.sampled_from([{}, None, {"input_tokens": 5}]),
    error_code=st.sampled_from([None, "slow_down", "ThrottlingException", "insufficient_quota"]),
    error_message=st.none() | TEXTS,
    raw=st.sampled_from([None, None, None, b"", b"{}", b"<html>", b"data: [DONE]\n\n", b"\x00\x00"]),
    content_type=st.sampled_from(["application/json", "text/event-stream", "text/html"]),
    cut_after=st.none() | st.integers(0, 9),
    end_after=st.none() | st.integers(0, 9),
    lose_at=st.none() | st.integers(0, 2),
    stream_error=st.sampled_from(
        [None, None, {"type": "throttlingException", "code": "slow_down", "message": "no"}]
    ),
    stream_error_after=st.integers(0, 3),
    bad_crc_at=st.none() | st.integers(0, 3),
)


def told(found: Any) -> Any:
    """An outcome without what only a connection has: its address and how it broke."""
    if not isinstance(found, ProviderError):
        return found
    seen = {name: value for name, value in vars(found).items() if name not in {"address", "hint"}}
    broke = isinstance(found, ConnectionFailedError) or "connection broke" in found.message
    if broke:
        seen["message"] = "it broke"
    return type(found).__name__, seen


async def both(wire: Wire, server: LoopbackServer, reply: Reply, streamed: bool) -> tuple[Any, Any]:
    server.reset()
    server.script(reply)
    fake = FakeTransport(reply)
    async with wire.client(server.url) as real, wire.client(server.url, transport=fake) as faked:
        return await ask(real, wire, streamed), await ask(faked, wire, streamed)


@each_wire
@pytest.mark.parametrize("streamed", [False, True])
@settings(
    max_examples=examples(60), deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(reply=REPLIES)
def test_the_fake_transport_answers_as_the_server(
    wire: Wire, streamed: bool, running: LoopbackServer, reply: Reply
) -> None:
    real, faked = asyncio.run(both(wire, running, reply, streamed))
    assert told(faked) == told(real)


@each_wire
def test_what_the_fake_transport_keeps(wire: Wire) -> None:
    fake = FakeTransport(Reply(text="Paris"))

    async def main() -> str:
        async with wire.client("https://gateway.example/some/path", transport=fake) as client:
            return (await client.generate_text(wire.request("capital?"))).text

    assert asyncio.run(main()) == "Paris"
    [sent] = fake.sent
    assert sent.url.startswith("https://gateway.example/some/path/")
    assert sent.body == wire_plan(wire).steps[0].body
    assert (sent.model, sent.dialect, sent.operation, sent.streamed) == (
        wire.model,
        wire_plan(wire).steps[0].dialect,
        wire_plan(wire).steps[0].operation,
        False,
    )


def wire_plan(wire: Wire) -> Any:
    return wire.client("http://any").compile(wire.request("capital?"))


@each_wire
async def test_the_listing_of_the_fake_takes_no_reply(wire: Wire) -> None:
    fake = FakeTransport(Reply(text="first"))
    async with LLMClient(provider=wire.provider, transport=fake) as client:
        assert await client.list_available_model_ids() == ["fake-model"]
        assert (await client.generate_text(wire.request())).text == "first"
