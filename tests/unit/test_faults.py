"""The table of faults: on every wire, whole and streamed, what is tried again and what the caller is told."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import pytest
import pytest_asyncio
from fault_server import (
    Act,
    FaultServer,
    bad_length,
    closed,
    cut,
    cut_chunked,
    not_http,
    reset,
    reset_midway,
)
from wires import WIRES, Wire, refused_url

from smartllm import LLMClient
from smartllm.errors import (
    AuthenticationError,
    BadRequestError,
    ConnectionFailedError,
    NotFoundError,
    PermissionDeniedError,
    ProviderError,
    QuotaError,
    RateLimitError,
    ResponseError,
    ServerError,
    StreamError,
)
from smartllm.testing import LoopbackServer, Reply

RETRIES = 3
ALL = RETRIES + 1
pytestmark = pytest.mark.asyncio(loop_scope="module")


@dataclass(frozen=True)
class Fault:
    """A fault and what must come of it.

    Attributes:
        reply: The faulty answer.
        attempts: Requests that arrive as long as it lasts.
        kind: Type of the error; None is a right answer.
        status: Status on the error.
        streamed: Whether it concerns only streams (True), only whole answers (False), or both (None).
        only: The provider that it concerns.
        code: Code on the error.
        partial: Whether the error carries text.
    """

    reply: Mapping[str, Any]
    attempts: int = ALL
    kind: type[ProviderError] | None = ProviderError
    status: int | None = None
    streamed: bool | None = None
    only: str | None = None
    code: str | None = None
    partial: bool = False


KINDS = {
    400: BadRequestError,
    401: AuthenticationError,
    402: QuotaError,
    403: PermissionDeniedError,
    404: NotFoundError,
    413: BadRequestError,
    422: BadRequestError,
    429: RateLimitError,
}


def http(status: int, attempts: int, **fields: Any) -> Fault:
    given = {name: fields.pop(name) for name in ("streamed", "only", "code", "kind") if name in fields}
    given = {"kind": KINDS.get(status, ServerError), **given}
    return Fault({"status": status, **fields}, attempts, status=status, **given)


def body(raw: bytes, attempts: int = 1) -> Fault:
    return Fault({"raw": raw}, attempts, ResponseError, 200, streamed=False)


def aws(status: int, code: str, attempts: int, kind: type[ProviderError]) -> Fault:
    return http(status, attempts, only="bedrock", error_code=code, code=code, kind=kind)


def frame(code: str, attempts: int, status: int | None, **payload: Any) -> Fault:
    """An exception inside a Bedrock stream, before any text."""
    reply = {"stream_error": {"type": code, "message": "no", **payload}, "stream_error_after": 1}
    return Fault(reply, attempts, StreamError, status, streamed=True, only="bedrock", code=code)


HTML = b"<html><body>Bad gateway</body></html>"
BUSY = {"code": "rate_limit_exceeded", "message": "slow down"}
BROKEN = {"type": "response.failed", "code": "server_error", "message": "oops"}

FAULTS: dict[str, Fault] = {
    "429": http(429, ALL),
    "429-retry-after-0": http(429, ALL, headers={"Retry-After": "0"}),
    "429-retry-after-ms": http(429, ALL, headers={"retry-after-ms": "5", "Retry-After": "60"}),
    "429-retry-after-past-date": http(429, ALL, headers={"Retry-After": "Fri, 31 Dec 1999 23:59:59 GMT"}),
    "429-retry-after-garbage": http(429, ALL, headers={"Retry-After": "soon"}),
    "429-retry-after-negative": http(429, ALL, headers={"Retry-After": "-5"}),
    "429-retry-after-too-long": http(429, 1, headers={"Retry-After": "86400"}),
    "429-quota": http(
        429, 1, only="openai", error_code="insufficient_quota", code="insufficient_quota", kind=QuotaError
    ),
    "408": http(408, ALL),
    "409": http(409, ALL, error_code="ConflictException"),
    "500": http(500, ALL),
    "502-html": http(502, ALL, raw=HTML, content_type="text/html"),
    "503": http(503, ALL),
    "504": http(504, ALL, raw=b""),
    "529": http(529, ALL),
    "520-cloudflare": http(520, ALL, raw=HTML, content_type="text/html"),
    "524-cloudflare": http(524, ALL, raw=HTML, content_type="text/html"),
    "400": http(400, 1, error_message="prompt is too long: 15000 tokens, throttled, 500"),
    "401": http(401, 1, error_code="invalid_api_key"),
    "402": http(402, 1, error_code="PaymentRequired"),
    "403": http(403, 1),
    "404": http(404, 1),
    "413": http(413, 1, error_code="RequestEntityTooLarge"),
    "422": http(422, 1, error_code="ValidationException"),
    "501": http(501, 1, error_code="NotImplemented"),
    "aws-throttling-as-400": aws(400, "ThrottlingException", ALL, RateLimitError),
    "aws-throttling-lower-case": aws(400, "throttlingException", ALL, RateLimitError),
    "aws-too-many-requests": aws(400, "TooManyRequestsException", ALL, RateLimitError),
    "aws-not-ready": aws(429, "ModelNotReadyException", ALL, ServerError),
    "aws-timeout": aws(408, "ModelTimeoutException", ALL, ServerError),
    "aws-quota": aws(400, "ServiceQuotaExceededException", 1, QuotaError),
    "aws-model-error": aws(424, "ModelErrorException", 1, ServerError),
    "html-with-200": body(HTML, 2),
    "empty-with-200": body(b"", 2),
    "null-with-200": body(b"null"),
    "list-with-200": body(b"[]"),
    "object-with-200": body(b"{}"),
    "error-with-200": Fault({"raw": b'{"error": {"message": "oops"}}'}, 1, status=200, streamed=False),
    "passing-error-with-200": Fault(
        {"raw": b'{"error": {"message": "oops", "code": 429}}'}, ALL, RateLimitError, 429, streamed=False
    ),
    "no-choices": body(b'{"choices": [], "output": [], "content": []}'),
    "truncated-json": body(b'{"choices": [{"message": {"content": "ha', 2),
    "invalid-utf8": body(b'{"content": "\xff\xfe"}', 2),
    "deep-json": body(b"[" * 200_000, 2),
    "null-usage": Fault({"usage": None}, 1, None),
    "html-instead-of-a-stream": Fault(
        {"raw": HTML, "content_type": "text/html"}, 1, ResponseError, 200, streamed=True, only="openai"
    ),
    "html-instead-of-frames": Fault({"raw": HTML}, ALL, StreamError, None, streamed=True, only="bedrock"),
    "empty-stream": Fault({"end_after": 0}, ALL, StreamError, None, streamed=True),
    "cut-before-text": Fault({"cut_after": 1}, ALL, StreamError, None, streamed=True),
    "cut-in-text": Fault({"cut_after": -3}, 1, StreamError, None, streamed=True, partial=True),
    "ended-before-text": Fault({"end_after": 1}, ALL, StreamError, None, streamed=True),
    "ended-in-text": Fault({"end_after": -3}, 1, StreamError, None, streamed=True, partial=True),
    "bad-crc-before-text": Fault({"bad_crc_at": 0}, ALL, StreamError, None, streamed=True, only="bedrock"),
    "bad-crc-in-text": Fault(
        {"bad_crc_at": -3}, 1, StreamError, None, streamed=True, only="bedrock", partial=True
    ),
    "throttled-in-stream": frame("throttlingException", ALL, 429),
    "throttled-in-stream-capitals": frame("ThrottlingException", ALL, 429),
    "unavailable-in-stream": frame("serviceUnavailableException", ALL, 503),
    "failing-in-stream": frame("internalServerException", ALL, 500),
    "timeout-in-stream": frame("modelTimeoutException", ALL, 408),
    "stream-error-in-stream": frame("modelStreamErrorException", ALL, 424, originalStatusCode=500),
    "refused-in-stream": frame("validationException", 1, 400),
    "unknown-in-stream": frame("somethingNewException", 1, None),
    "busy-in-stream": Fault(
        {"stream_error": BUSY},
        ALL,
        StreamError,
        429,
        streamed=True,
        only="openai",
        code="rate_limit_exceeded",
    ),
    "quota-in-stream": Fault(
        {"stream_error": {"code": "insufficient_quota", "message": "pay"}},
        1,
        StreamError,
        429,
        streamed=True,
        only="openai",
        code="insufficient_quota",
    ),
    "failed-in-stream": Fault(
        {"stream_error": BROKEN, "stream_error_after": 1}, ALL, StreamError, 500, streamed=True, only="openai"
    ),
    "error-in-text": Fault(
        {"stream_error": {"type": "throttlingException", **BUSY}, "stream_error_after": -3},
        1,
        StreamError,
        429,
        streamed=True,
        partial=True,
    ),
}
ACTS: dict[str, Act] = {
    "closed-before-headers": closed,
    "reset-before-headers": reset,
    "cut-in-the-body": cut,
    "reset-in-the-body": reset_midway,
    "cut-between-chunks": cut_chunked,
    "not-http": not_http,
    "bad-length": bad_length,
}
FRAMES: dict[tuple[Wire, bool], int] = {}  # of a right answer, once known
PROMPT = "one two three four five six seven eight nine ten"


Clients = Callable[[Wire], LLMClient]


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def clients(running: LoopbackServer) -> AsyncIterator[Clients]:
    """One client for each provider; making one takes long."""
    made: dict[str, LLMClient] = {}

    def client(wire: Wire) -> LLMClient:
        if wire.provider not in made:
            made[wire.provider] = wire.client(running.url, max_retries=RETRIES, retry_budget=None)
        return made[wire.provider]

    yield client
    for each in made.values():
        await each.aclose()


def cases() -> Iterator[Any]:
    for name, fault in FAULTS.items():
        for wire in WIRES:
            for streamed in (False, True):
                if fault.only in {None, wire.provider} and fault.streamed in {None, streamed}:
                    mode = "stream" if streamed else "whole"
                    yield pytest.param(wire, fault, streamed, id=f"{name}-{wire.api_type}-{mode}")


async def asked(client: LLMClient, wire: Wire, streamed: bool) -> str:
    """The text of an answer."""
    if not streamed:
        return (await client.generate_text(wire.request(PROMPT))).text
    return "".join([chunk.text async for chunk in client.generate_text_stream(wire.request(PROMPT))])


def reply_for(fault: Fault, frames: int) -> Reply:
    """The faulty answer; positions from the end count from there."""
    places = ("cut_after", "end_after", "bad_crc_at", "stream_error_after")
    counted = {name: frames + fault.reply[name] for name in places if fault.reply.get(name, 0) < 0}
    return Reply(**{**fault.reply, **counted})


@pytest.mark.parametrize(("wire", "fault", "streamed"), list(cases()))
async def test_fault(
    wire: Wire, fault: Fault, streamed: bool, running: LoopbackServer, clients: Clients
) -> None:
    client, right = clients(wire), f"echo: {PROMPT}"
    if (wire, streamed) not in FRAMES:
        running.reset()
        assert await asked(client, wire, streamed) == right
        FRAMES[wire, streamed] = running.requests[0].frames_sent
    reply = reply_for(fault, FRAMES[wire, streamed])
    running.reset()
    running.script(*[reply] * (ALL + 1))
    if fault.kind is None:
        assert await asked(client, wire, streamed) == right
        return
    error = await failure(client, wire, streamed)
    assert type(error) is fault.kind
    assert len(running.requests) == error.attempts == fault.attempts
    assert error.status == fault.status
    assert fault.code in {None, error.code}
    assert (error.partial_text != "") == fault.partial
    assert right.startswith(error.partial_text)
    # The same bytes each time, and a right answer as soon as the fault is over.
    assert len({recorded.body for recorded in running.requests}) == 1
    running.reset()
    running.script(reply)
    if fault.attempts > 1:
        assert await asked(client, wire, streamed) == right
        assert len(running.requests) == 2


async def failure(client: LLMClient, wire: Wire, streamed: bool) -> ProviderError:
    with pytest.raises(ProviderError) as caught:
        await asked(client, wire, streamed)
    error = caught.value
    assert error.model == wire.model
    assert error.__context__ is None
    assert type(error).__module__ == "smartllm.errors"
    return error


@pytest.mark.parametrize("streamed", [False, True], ids=["whole", "stream"])
@pytest.mark.parametrize("act", ACTS.values(), ids=ACTS)
@pytest.mark.parametrize("wire", WIRES, ids=lambda wire: wire.api_type)
async def test_broken_connection(wire: Wire, act: Act, streamed: bool) -> None:
    async with FaultServer(*[act] * (ALL + 1)) as server:
        async with wire.client(server.url, max_retries=RETRIES) as client:
            error = await failure(client, wire, streamed)
        begun = bool(error.partial_text)
        assert server.requests == error.attempts == (1 if begun else ALL)
        assert error.retryable
        assert isinstance(error, StreamError if begun else ConnectionFailedError | StreamError)
    if begun:
        return
    async with FaultServer(act) as server, wire.client(server.url, max_retries=1) as client:
        assert await asked(client, wire, streamed) == f"echo: {PROMPT}"
        assert server.requests == 2


@pytest.mark.parametrize("streamed", [False, True], ids=["whole", "stream"])
@pytest.mark.parametrize("wire", WIRES, ids=lambda wire: wire.api_type)
async def test_refused_connection(wire: Wire, streamed: bool) -> None:
    async with wire.client(refused_url(), max_retries=RETRIES) as client:
        error = await failure(client, wire, streamed)
    assert (type(error), error.attempts, error.status) == (ConnectionFailedError, ALL, None)


@pytest.mark.parametrize("wire", WIRES, ids=lambda wire: wire.api_type)
async def test_an_endless_redirect(wire: Wire, running: LoopbackServer, clients: Clients) -> None:
    running.reset()
    running.script(
        *[Reply(status=307, raw=b"", headers={"Location": f"{running.url}{wire.raw_path()}"})] * 99
    )
    error = await failure(clients(wire), wire, False)
    assert (error.status, error.attempts, len(running.requests)) == (307, 1, 1)
    assert "redirects are not followed" in error.hint


@pytest.mark.parametrize("streamed", [False, True], ids=["whole", "stream"])
@pytest.mark.parametrize("wire", WIRES, ids=lambda wire: wire.api_type)
async def test_a_redirect_to_another_origin_never_carries_the_credential(
    wire: Wire, streamed: bool, running: LoopbackServer
) -> None:
    running.reset()
    secrets = {"api_key": "sk-canary-0001"}
    if wire.provider == "bedrock":
        secrets = {"aws_secret_access_key": "canary-0002", "aws_session_token": "canary-0003"}
    with LoopbackServer() as other:
        location = f"{other.url}{wire.raw_path()}"
        running.script(*[Reply(status=307, raw=b"", headers={"Location": location})] * ALL)
        async with wire.client(running.url, **secrets) as client:
            with contextlib.suppress(ProviderError):
                await asked(client, wire, streamed)
        carried = [str(recorded.headers) for recorded in other.requests]
    assert len(running.requests) == 1
    assert not [secret for secret in secrets.values() if secret in "".join(carried)]
