"""What fails, how often it is tried, and what the caller is told."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Callable
from typing import Any

import pytest
import pytest_asyncio
from wires import (
    WIRES,
    Wire,
    each_bedrock_wire,
    each_wire,
    saying,
)

from smartllm import LLMClient
from smartllm.errors import ProviderError, ResponseError
from smartllm.testing import LoopbackServer, Reply

HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"
AWS_CODES = {401: "UnrecognizedClientException", 409: "ConflictException", 422: "ValidationException"}
each_openai_wire = pytest.mark.parametrize("wire", WIRES[:2], ids=lambda wire: wire.api_type)


Clients = Callable[[Wire, int], LLMClient]


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def clients(running: LoopbackServer) -> AsyncIterator[Clients]:
    """One client for each wire and number of retries, for all tests of this file."""
    made: dict[tuple[Wire, int], LLMClient] = {}

    def client(wire: Wire, retries: int) -> LLMClient:
        if (wire, retries) not in made:
            made[wire, retries] = wire.client(running.url, max_retries=retries)
        return made[wire, retries]

    yield client
    for each in made.values():
        await each.aclose()


def failing(wire: Wire, status: int, **fields: Any) -> Reply:
    code = AWS_CODES.get(status) if wire.provider == "bedrock" else None
    return Reply(**{"status": status, "error_code": code, **fields})


async def failure_at(wire: Wire, url: str, **settings: Any) -> ProviderError:
    async with wire.client(url, **settings) as client:
        return await failure(client, wire)


async def failure(client: LLMClient, wire: Wire) -> ProviderError:
    with pytest.raises(ProviderError) as caught:
        await client.generate_text(wire.request())
    error = caught.value
    assert type(error).__module__ == "smartllm.errors"
    assert error.model == wire.model
    chain: BaseException | None = error
    while chain is not None:
        assert type(chain).__module__.partition(".")[0] not in {"openai", "botocore", "aiohttp", "httpx2"}
        chain = chain.__cause__ or chain.__context__
    return error


# The SDKs take long to make a client; all tests share a loop, so that they can share clients.
pytestmark = pytest.mark.asyncio(loop_scope="module")


# Attempts


@each_wire
@pytest.mark.parametrize("status", [400, 401, 403, 404, 413, 422])
async def test_what_stays_wrong_is_sent_once(
    wire: Wire, status: int, server: LoopbackServer, clients: Clients
) -> None:
    # The text must not matter: it names a number and a word that look like faults which pass.
    server.script(failing(wire, status, error_code="BadThing", error_message="throttled at 15000 of 500"))
    error = await failure(clients(wire, 2), wire)
    assert (error.status, error.code, error.retryable, error.attempts) == (status, "BadThing", False, 1)
    assert error.request_id is not None
    assert "loopback" in error.request_id
    assert "throttled at 15000 of 500" in error.message
    assert len(server.requests) == 1


@each_openai_wire
@pytest.mark.parametrize("field", ["code", "type"])
async def test_an_empty_account_is_asked_once(
    wire: Wire, field: str, server: LoopbackServer, clients: Clients
) -> None:
    server.script(Reply(status=429, error_body={"error": {"message": "pay", field: "insufficient_quota"}}))
    error = await failure(clients(wire, 2), wire)
    assert (error.status, error.code, error.retryable) == (429, "insufficient_quota", False)
    assert len(server.requests) == 1


@each_bedrock_wire
@pytest.mark.parametrize(
    ("status", "code", "retryable"),
    [
        (400, "throttlingException", True),
        (400, "TooManyRequestsException", True),
        (408, "ModelTimeoutException", True),
        (424, "ModelStreamErrorException", True),
        (429, "ModelNotReadyException", True),
        (424, "ModelErrorException", False),
        (400, "ServiceQuotaExceededException", False),
    ],
)
async def test_aws_codes_count_in_any_capitalisation(
    wire: Wire, status: int, code: str, retryable: bool, server: LoopbackServer, clients: Clients
) -> None:
    server.script(Reply(status=status, error_code=code))
    error = await failure(clients(wire, 0), wire)
    assert (error.status, error.code, error.retryable) == (status, code, retryable)


# Answers that are none


@each_wire
@pytest.mark.parametrize(
    ("raw", "shown"),
    [
        (b"<html>" + b"x" * 500, "<html>" + "x" * 194),
        (b"", "b''"),
        (b"null", "null"),
        (b"[]", "[]"),
        (b"5", "5"),
        (b"{}", "{}"),
        (b"\xff\xfe", "\\xff\\xfe"),
        (b"[" * 100_000, "[" * 200),
        (b'{"choices": [], "output": []}', '{"choices": [], "output": []}'),
        (b'{"choices": [5], "output": 5, "content": 5}', '{"choices": [5]'),
        (
            b"""{"choices": [{"message": {"content": "", "tool_calls": 5}}], "status": "completed",
                "output": [{"type": "reasoning", "summary": 5}], "content": {}}""",
            '{"choices": [{"message"',
        ),
    ],
    ids=[
        "html",
        "empty",
        "null",
        "list",
        "number",
        "object",
        "bytes",
        "deep",
        "none",
        "odd",
        "odder",
    ],
)
async def test_a_success_that_holds_no_answer(
    wire: Wire, raw: bytes, shown: str, server: LoopbackServer, clients: Clients
) -> None:
    server.script(*[Reply(raw=raw, content_type="text/html")] * 3)
    error = await failure(clients(wire, 2), wire)
    assert isinstance(error, ResponseError)
    # What is no JSON at all may have been cut on its way, and is asked for once more.
    assert (error.status, error.retryable) == (200, not is_json(raw))
    assert len(server.requests) == error.attempts == (1 if is_json(raw) else 2)
    assert error.request_id is not None
    assert shown in error.message
    assert len(error.message) < 1000


@each_wire
async def test_an_error_in_a_success(wire: Wire, server: LoopbackServer, clients: Clients) -> None:
    server.script(Reply(raw=b'{"error": {"message": "not now", "code": "busy"}}'))
    error = await failure(clients(wire, 2), wire)
    assert (type(error), error.status, error.code, error.attempts) == (ProviderError, 200, "busy", 1)
    assert error.request_id is not None
    assert "not now" in error.message


def is_json(raw: bytes) -> bool:
    try:
        json.loads(raw)
    except (ValueError, RecursionError):
        return False
    return True


@each_wire
@pytest.mark.parametrize("raw", [b"<html>", b"", b"null", b"[]", b"[" * 100_000, b"\xff", b'{"error": 5}'])
async def test_a_failure_with_an_odd_body(
    wire: Wire, raw: bytes, server: LoopbackServer, clients: Clients
) -> None:
    for status in (502, 418):
        server.script(Reply(status=status, raw=raw, content_type="text/html", error_code="Odd"))
        error = await failure(clients(wire, 0), wire)
        assert (error.status, error.retryable) == (status, status == 502)
        assert len(error.message) < 1000
        if wire.provider == "bedrock":
            assert error.code == "Odd"


@each_wire
@pytest.mark.parametrize("status", [502, 404])
async def test_a_proxy_that_is_no_provider(
    wire: Wire,
    status: int,
) -> None:
    head = f"HTTP/1.1 {status} Bad\r\nContent-Type: text/html\r\nContent-Length: 13\r\n\r\n"
    async with saying(head.encode() + b"<html>no</p>.") as (url, _):
        error = await failure_at(wire, url)
    assert (error.status, error.code, error.request_id) == (status, None, None)
    assert "<html>no</p>." in error.message
