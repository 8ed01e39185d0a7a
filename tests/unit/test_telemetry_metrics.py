"""Metrics of calls, by the generative-AI conventions: how long, how many tokens, where answers come from."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from typing import Any

import pytest
from measured import points
from opentelemetry.sdk.metrics.export import InMemoryMetricReader
from wires import CHAT, CLAUDE, INVOKE, WIRES, Wire, share_service_models

from smartllm import LLMClient, TextRequest
from smartllm.errors import ProviderError
from smartllm.runtime.observe import api
from smartllm.testing import FakeTransport, LoopbackServer, Reply

each_wire = pytest.mark.parametrize("wire", WIRES, ids=lambda wire: wire.api_type)
DURATION, TOKENS = "gen_ai.client.operation.duration", "gen_ai.client.token.usage"
FIRST, ANSWERS = "gen_ai.client.operation.time_to_first_chunk", "smartllm.answers"


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[LoopbackServer]:
    share_service_models(monkeypatch)
    with LoopbackServer() as server:
        yield server


@each_wire
@pytest.mark.parametrize("streamed", [False, True], ids=["whole", "stream"])
async def test_a_call_is_measured(
    wire: Wire, streamed: bool, server: LoopbackServer, measured: InMemoryMetricReader
) -> None:
    async with wire.client(server.url) as client:
        if streamed:
            *_, last = [chunk async for chunk in client.generate_text_stream(wire.request())]
            response = last.response
        else:
            response = await client.generate_text(wire.request())
    assert response is not None
    (took,) = points(measured, DURATION)
    names = dict(took.attributes)
    assert names == {
        "gen_ai.operation.name": "chat",
        "gen_ai.provider.name": {"openai": "openai", "bedrock": "aws.bedrock"}[wire.provider],
        "gen_ai.request.model": wire.model,
        "gen_ai.response.model": response.model,
        "server.address": "127.0.0.1",
        "server.port": int(server.url.rpartition(":")[2]),
    }
    assert (took.count, took.explicit_bounds[0], took.explicit_bounds[-1]) == (1, 0.01, 81.92)
    tokens = {point.attributes["gen_ai.token.type"]: point for point in points(measured, TOKENS)}
    assert {name: point.sum for name, point in tokens.items()} == {
        "input": response.input_tokens,
        "output": response.output_tokens,
    }
    assert dict(tokens["input"].attributes) == names | {"gen_ai.token.type": "input"}
    assert (tokens["input"].explicit_bounds[0], tokens["input"].explicit_bounds[-1]) == (1, 4**13)
    assert [0 < point.sum <= took.sum for point in points(measured, FIRST)] == [True] * streamed


async def test_what_is_not_sent_is_not_measured(
    server: LoopbackServer, measured: InMemoryMetricReader
) -> None:
    server.script(Reply(delay=0.05))
    async with CHAT.client(server.url) as client:
        request = CHAT.request(use_cache=True)
        await asyncio.gather(*[client.generate_text(request) for _ in range(3)])
        await client.generate_text(request)
    (took,) = points(measured, DURATION)
    assert took.count == 1
    assert [point.count for point in points(measured, TOKENS)] == [1, 1]
    sources = {point.attributes["smartllm.cache_source"]: point.value for point in points(measured, ANSWERS)}
    assert sources == {"miss": 1, "joined": 2, "l1": 1}


async def test_a_call_that_fails(server: LoopbackServer, measured: InMemoryMetricReader) -> None:
    server.script(Reply(status=400, error_code="bad_thing"))
    async with CHAT.client(server.url) as client:
        with pytest.raises(ProviderError):
            await client.generate_text(CHAT.request())
    (took,), (answer,) = points(measured, DURATION), points(measured, ANSWERS)
    assert took.attributes["error.type"] == answer.attributes["error.type"] == "bad_thing"
    assert "gen_ai.response.model" not in took.attributes
    assert points(measured, TOKENS) == []


async def test_a_stream_that_its_reader_left(server: LoopbackServer, measured: InMemoryMetricReader) -> None:
    async with CHAT.client(server.url) as client:
        stream = client.generate_text_stream(CHAT.request("a b c"))
        await anext(stream)
        await stream.aclose()
    (took,) = points(measured, DURATION)
    assert "error.type" not in took.attributes
    assert points(measured, ANSWERS) == points(measured, TOKENS) == []


async def test_the_first_chunk_counts_and_no_later_one(
    server: LoopbackServer, measured: InMemoryMetricReader
) -> None:
    server.script(Reply(chunks=["a ", "b"], stall_after=4, stall_seconds=0.2))
    async with INVOKE.client(server.url) as client:
        assert (await client.generate_text_streamed(INVOKE.request())).text == "a b"
    (first,), (took,) = points(measured, FIRST), points(measured, DURATION)
    assert first.sum < took.sum - 0.15


async def test_an_empty_stream_is_counted_once(
    server: LoopbackServer, measured: InMemoryMetricReader
) -> None:
    server.script(Reply(text="", stop_reason="length", usage={"completion_tokens": 5}))
    async with CHAT.client(server.url) as client:
        *_, last = [chunk async for chunk in client.generate_text_stream(CHAT.request())]
    assert last.text == ""
    assert [point.count for point in points(measured, TOKENS)] == [1, 1]
    assert points(measured, FIRST) == []


async def test_a_stream_of_which_somebody_else_makes_one_answer(
    server: LoopbackServer, measured: InMemoryMetricReader
) -> None:
    async with INVOKE.client(server.url) as client:
        await client.generate_text_streamed(INVOKE.request())
    (first,) = points(measured, FIRST)
    assert first.count == 1


async def test_what_was_malformed_is_counted_too(measured: InMemoryMetricReader) -> None:
    usage = {"inputTokens": 10, "outputTokens": 5}
    fake = FakeTransport(Reply(stop_reason="malformed_model_output", usage=usage), Reply(usage=usage))
    async with LLMClient(provider="bedrock", transport=fake, retry_delay=0) as client:
        schema = {"type": "object", "properties": {}}
        request = TextRequest(prompt="x", model=CLAUDE, api_type="converse", response_format=schema)
        await client.generate_text(request)
    assert len(fake.sent) == 2
    found = points(measured, TOKENS)
    assert [(point.attributes["gen_ai.token.type"], point.count, point.sum) for point in found] == [
        ("input", 2, 20),
        ("output", 2, 10),
    ]


@pytest.mark.parametrize("address", ["https://[::1", "https://host:99999", "", "ftp://host"], ids=str)
def test_an_address_that_is_none(address: str) -> None:
    found = api_names(address)
    assert found.get("server.port") is None
    assert ("server.address" in found) is (address == "ftp://host")


def api_names(address: str) -> dict[str, Any]:
    from smartllm import compile as compiled
    from smartllm.runtime.observe.sent import names_of

    return names_of(compiled(TextRequest(prompt="x", model="gpt-5.4")), address)


async def test_without_opentelemetry_nothing_is_measured(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(api, "_installed", lambda: False)
    assert (api.meters(), api.tracer()) == (None, None)
