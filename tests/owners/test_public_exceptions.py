"""O7: what leaves a public method is a SmartLLMError, a pydantic.ValidationError or a cancellation."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import pytest
from odd_answers import ODD
from pydantic import BaseModel, ValidationError
from raw_server import Call, RawServer
from wires import INVOKE, RESPONSES, Wire, each_transport, share_service_models

from smartllm import LLMClient, TextRequest
from smartllm.errors import ProviderError, SmartLLMError

# They need a right answer of a call to spoil, or take long and are tried above.
OF_CALLS = {"cut", "spoilt", "begun", "no-json-event", "odd-events", "error-event", "empty-event"}
OF_CALLS |= {"frames-of-nothing", "bad-checksum"}
OURS = (SmartLLMError, ValidationError)


class Person(BaseModel):
    name: str


async def read(client: LLMClient, request: Any) -> str:
    """Read a stream."""
    return "".join([piece.text async for piece in client.generate_text_stream(request)])


async def ended(call: Awaitable[Any]) -> Any:
    """The result or the exception."""
    try:
        return await asyncio.wait_for(call, 5)
    except Exception as error:  # noqa: BLE001 - of which kind it is, is the question
        return error


async def no_retries(wire: Wire, url: str, kind: str) -> dict[str, Any]:
    """What each odd answer comes to, with all calls at once."""
    settings = {"read_timeout": 0.4, "total_timeout": 3, "max_concurrent": 100, "level": "ignore"}
    async with wire.client(url, **settings) as client:
        ways: dict[str, Callable[[str], Awaitable[Any]]] = {
            "whole": lambda name: client.generate_text(wire.request(f"{name} hi")),
            "streamed": lambda name: read(client, wire.request(f"{name} hi")),
            "structured": lambda name: client.generate_text(
                wire.request(f"{name} hi", response_format=Person)
            ),
        }
        ends = await asyncio.gather(*(ended(ways[kind](name)) for name in ODD))
    return dict(zip(ODD, ends, strict=True))


@pytest.mark.parametrize("kind", ["whole", "streamed", "structured"])
@each_transport
async def test_calls(wire: Wire, kind: str, monkeypatch: pytest.MonkeyPatch) -> None:
    share_service_models(monkeypatch)

    def act(call: Call) -> None:
        text = str(call.body)
        name = next(name for name in sorted(ODD, key=len, reverse=True) if f"{name} hi" in text)
        ODD[name](call)

    with RawServer(act) as server:
        ends = await no_retries(wire, server.url, kind)
    errors = {name: end for name, end in ends.items() if isinstance(end, Exception)}
    assert {name: repr(end) for name, end in errors.items() if not isinstance(end, OURS)} == {}
    texts = {name: getattr(end, "text", end) for name, end in ends.items() if name not in errors}
    right = {name: f"echo: {name} hi" for name in texts} if kind != "structured" else texts
    # A2: what is no answer is none, not an empty text; whole answers are not asked for events.
    assert {name for name, text in texts.items() if text != right[name]} <= {"half-a-pair"}
    assert all(text.encode() for text in texts.values())
    assert len(errors) > 30
    for name, error in errors.items():
        # Nothing hangs on it that was not ours: its cause may hold the request with its key.
        assert error.__cause__ is None or isinstance(error.__cause__, OURS), name
        if isinstance(error, ProviderError):
            assert error.model == wire.model, name
            assert isinstance(error.retryable, bool), name
            assert error.attempts == 1, name


@pytest.mark.parametrize("wire", [RESPONSES, INVOKE], ids=lambda wire: wire.api_type)
async def test_the_list_of_models(wire: Wire, monkeypatch: pytest.MonkeyPatch) -> None:
    share_service_models(monkeypatch)
    ends = {}
    with RawServer() as server:
        settings = {"read_timeout": 0.2, "total_timeout": 3, "level": "ignore"}
        monkeypatch.setenv("AWS_ENDPOINT_URL_BEDROCK", server.url)
        async with wire.client(server.url, **settings) as client:
            for name, act in ODD.items():
                if name not in OF_CALLS:
                    server.act = act
                    ends[name] = await ended(client.list_available_models())
    bare = {name: repr(end) for name, end in ends.items() if isinstance(end, Exception)}
    assert {name: text for name, text in bare.items() if not isinstance(ends[name], OURS)} == {}
    assert len(bare) > 20


ODD_SETTINGS: dict[str, dict[str, Any]] = {
    "base_url-5": {"base_url": 5},
    "base_url-bytes": {"base_url": b"http://127.0.0.1"},
    "base_url-line-end": {"base_url": "http://127.0.0.1\r\n/v1"},
    "organization-line-end": {"organization": "a\r\nX: y"},
    "api_key-line-end": {"api_key": "a\r\nX: y"},
    "api_key-umlaut": {"api_key": "schlüssel"},
    "cache_dir-5": {"cache_dir": 5},
    "cache_dir-nul": {"cache_dir": "a\0b"},
    "rules-5": {"rules": 5},
    "rules-nul": {"rules": ["a\0b"]},
    "default_model-5": {"default_model": 5},
    "dynamo_table_name-5": {"dynamo_table_name": 5},
    "max_retries-huge": {"max_retries": 10**400},
    "total_timeout-huge": {"total_timeout": 10**400},
    "timeout": {"timeout": 5},
    "api_key-none": {"api_key": lambda: None},
    "api_key-raises": {"api_key": lambda: 1 / 0},
    "api_key-wants-more": {"api_key": lambda name: name},
    "default_headers-line-end": {"default_headers": {"X": "a\r\nY: z"}},
    "default_headers-5": {"default_headers": {5: 5}},
    "ca_bundle-nul": {"ca_bundle": "a\0b"},
    "ca_bundle-nowhere": {"ca_bundle": "/nowhere/ca.pem", "base_url": "https://127.0.0.1:1/v1"},
    "aws_profile": {"aws_profile": "x"},
    "aws_session-5": {"aws_session": 5},
}
ODD_ENVIRONMENT = (
    ("OPENAI_BASE_URL", "http://127.0.0.1\n/v1"),
    ("OPENAI_ORG_ID", "a\nX: y"),
    ("OPENAI_CUSTOM_HEADERS", "a\x01: b"),
    ("ALL_PROXY", "socks5://127.0.0.1:1"),
    ("HTTP_PROXY", "socks://127.0.0.1:1"),
    ("HTTP_PROXY", "://"),
    ("SSL_CERT_FILE", "/nowhere/ca.pem"),
    ("SMARTLLM_CACHE_DIR", "/proc/1/nowhere"),
    ("SMARTLLM_RULES", "/proc/self/nowhere.toml"),
    ("OPENAI_MODEL", "\x07"),
)


async def asked(settings: dict[str, Any]) -> Any:
    """What making a client and asking comes to."""
    with RawServer() as server:
        base = {"base_url": f"{server.url}/v1", "api_key": "any", "max_retries": 0, "total_timeout": 3}
        base |= {"provider": "openai", "level": "ignore"}
        async with LLMClient(**{**base, **settings}) as client:
            return await client.generate_text(TextRequest(prompt="x", model="gpt-5.4", use_cache=False))


@pytest.mark.parametrize("name", ODD_SETTINGS)
async def test_settings(name: str) -> None:
    end = await ended(asked(ODD_SETTINGS[name]))
    assert not isinstance(end, Exception) or isinstance(end, OURS), repr(end)


@pytest.mark.parametrize(("name", "value"), ODD_ENVIRONMENT)
async def test_environment(name: str, value: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(name, value)
    end = await ended(asked({} if name != "OPENAI_BASE_URL" else {"base_url": None}))
    assert not isinstance(end, Exception) or isinstance(end, OURS), repr(end)


ODD_EXTRA: dict[str, Any] = {
    "NaN": {"x": float("nan")},
    "infinity": {"x": [float("-inf")]},
    "set": {"x": {1, 2}},
    "bytes": {"x": b"x"},
    "half-a-pair": {"x": "\ud800"},
    "mixed-keys": {"logit_bias": {1: 1, "b": 2}},
    "object": {"x": object()},
}


@pytest.mark.parametrize("name", ODD_EXTRA)
async def test_requests(name: str) -> None:
    async def made() -> Any:
        with RawServer() as server:
            async with RESPONSES.client(server.url) as client:
                await client.generate_text(RESPONSES.request(extra=ODD_EXTRA[name]))

    end = await ended(made())
    assert isinstance(end, OURS) or name == "mixed-keys", repr(end)
