"""Optional parts: OpenTelemetry spans, and what a call cost."""

from __future__ import annotations

import builtins
import os
import subprocess
import sys
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from opentelemetry import trace
from opentelemetry.sdk.trace import ReadableSpan
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from wires import CHAT, INVOKE, RESPONSES, WIRES, Wire, share_service_models

from smartllm import TextResponse
from smartllm.cost import Billing
from smartllm.errors import ProviderError
from smartllm.runtime.observe import telemetry
from smartllm.testing import LoopbackServer, Reply

each_wire = pytest.mark.parametrize("wire", WIRES, ids=lambda wire: wire.api_type)
CANARY = "canary-0009"


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[LoopbackServer]:
    share_service_models(monkeypatch)
    with LoopbackServer() as server:
        yield server


def attributes(span: ReadableSpan) -> dict[str, Any]:
    return dict(span.attributes or {})


@each_wire
@pytest.mark.parametrize("streamed", [False, True], ids=["whole", "stream"])
async def test_a_call_is_a_span(
    wire: Wire, streamed: bool, server: LoopbackServer, spans: InMemorySpanExporter
) -> None:
    asked = {"temperature": 0.5, "top_p": 0.25, "top_k": 3, "max_tokens": 77}
    server.script(Reply(cached_tokens=20, cache_write_tokens=30))
    request = wire.request(f"hi {CANARY}", **asked)
    async with wire.client(server.url) as client:
        if streamed:
            assert [chunk async for chunk in client.generate_text_stream(request)]
        else:
            await client.generate_text(request)
    (span,) = spans.get_finished_spans()
    told = attributes(span)
    assert (span.name, span.kind) == (f"chat {wire.model}", trace.SpanKind.CLIENT)
    assert told["gen_ai.operation.name"] == "chat"
    assert told["gen_ai.provider.name"] == {"openai": "openai", "bedrock": "aws.bedrock"}[wire.provider]
    assert told["gen_ai.request.model"] == wire.model
    assert {name: told[f"gen_ai.request.{name}"] for name in asked} == asked
    assert told["gen_ai.usage.input_tokens"] > 50  # the whole prompt, as the conventions say
    assert told["gen_ai.usage.cache_read.input_tokens"] == 20
    assert told["gen_ai.usage.cache_creation.input_tokens"] == 30
    assert told["gen_ai.usage.output_tokens"] > 0
    assert told["gen_ai.response.finish_reasons"][0]
    assert CANARY not in str(span.to_json())


async def test_content_only_when_asked_for(server: LoopbackServer, spans: InMemorySpanExporter) -> None:
    async with RESPONSES.client(server.url, trace_content=True) as client:
        await client.generate_text(RESPONSES.request("hi"))
        await client.send_message(RESPONSES.conversation(("user", "you")))
    one, two = map(attributes, spans.get_finished_spans())
    assert '"content": "hi"' in one["gen_ai.input.messages"]
    assert "echo: hi" in one["gen_ai.output.messages"]
    assert '"content": "you"' in two["gen_ai.input.messages"]


async def test_errors_and_cache_hits(server: LoopbackServer, spans: InMemorySpanExporter) -> None:
    server.script(
        Reply(),
        Reply(status=400, error_code="bad_thing", error_message=CANARY),
        # Twice, since a kept connection that is closed costs no attempt.
        *[Reply(cut_after=0)] * 2,
    )
    async with CHAT.client(server.url) as client:
        for prompt in ("a", "a", "b", "c"):
            try:
                await client.generate_text(CHAT.request(prompt, use_cache=True))
            except ProviderError:
                assert prompt in "bc"
    found = spans.get_finished_spans()
    sources = [attributes(span).get("smartllm.cache_source") for span in found]
    assert sources == ["miss", "l1", None, None]
    assert [attributes(span).get("error.type") for span in found[2:]] == [
        "bad_thing",
        "ConnectionFailedError",
    ]
    assert found[2].status.status_code is trace.StatusCode.ERROR
    assert CANARY not in str(found[2].to_json())


async def test_without_opentelemetry_nothing_happens(
    server: LoopbackServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(telemetry, "_installed", lambda: False)
    monkeypatch.setattr(trace, "get_tracer_provider", None)
    server.script(Reply(), Reply(status=400))
    async with RESPONSES.client(server.url) as client:
        assert (await client.generate_text(RESPONSES.request("hi"))).text == "echo: hi"
        with pytest.raises(ProviderError):
            await client.generate_text(RESPONSES.request("hi"))


@pytest.mark.parametrize(
    "content",
    [None, "", "raise RuntimeError('broken')", "get_tracer_provider = None; del get_tracer_provider"],
    ids=["without-trace", "empty", "broken", "another"],
)
def test_any_folder_of_that_name_does_no_harm(content: str | None, tmp_path: Path) -> None:
    package = tmp_path / "opentelemetry"
    package.mkdir()
    (package / "__init__.py").touch()
    if content is not None:
        (package / "trace.py").write_text(content, encoding="utf-8")
    code = (
        "import asyncio, opentelemetry, sys\n"
        "from smartllm import LLMClient, TextRequest\n"
        "from smartllm.testing import FakeTransport, Reply\n"
        "client = LLMClient(provider='openai', api_key='k', transport=FakeTransport(Reply(text='fine')))\n"
        "request = TextRequest(prompt='hi', model='gpt-4o', use_cache=False)\n"
        "print(asyncio.run(client.generate_text(request)).text, opentelemetry.__file__)\n"
    )
    paths = os.pathsep.join([str(tmp_path), str(Path(__file__).parents[2])])
    command, environment = [sys.executable, "-c", code], {**os.environ, "PYTHONPATH": paths}
    result = subprocess.run(command, capture_output=True, text=True, check=False, env=environment)
    assert result.stdout == f"fine {package / '__init__.py'}\n", result.stderr


async def test_a_stream_that_is_left_is_no_failure(
    server: LoopbackServer, spans: InMemorySpanExporter
) -> None:
    async with RESPONSES.client(server.url) as client:
        stream = client.generate_text_stream(RESPONSES.request("a b c"))
        await anext(stream)
        await stream.aclose()
    (span,) = spans.get_finished_spans()
    assert span.status.status_code is trace.StatusCode.UNSET
    assert "error.type" not in attributes(span)


# Cost


async def test_what_a_call_cost(server: LoopbackServer) -> None:
    usage = {"input_tokens": 1000, "output_tokens": 100, "input_tokens_details": {"cached_tokens": 0}}
    server.script(Reply(usage=usage))
    async with RESPONSES.client(server.url) as client:
        request = RESPONSES.request("hi", model="gpt-4o", use_cache=True)
        first = await client.generate_text(request)
        again = await client.generate_text(request)
    assert first.cost == Decimal("0.0035")
    assert (again.cache_source, again.cost) == ("l1", first.cost)
    assert (first.provider, first.requested_model) == ("openai", "gpt-4o")


async def test_claude_on_bedrock(server: LoopbackServer) -> None:
    server.script(Reply(usage={"input_tokens": 1000, "output_tokens": 100}), Reply(cached_tokens=1000))
    async with INVOKE.client(server.url) as client:
        first, second = [await client.generate_text(INVOKE.request("hi")) for _ in range(2)]
    assert first.cost is not None
    assert second.cost is not None
    assert 0 < second.cost < first.cost < 1


def test_no_price(monkeypatch: pytest.MonkeyPatch) -> None:
    response: TextResponse[Any] = TextResponse(text="x", model="m", stop_reason="stop", input_tokens=5)
    assert response.cost is None
    response.billing, response.requested_model = Billing("openai"), "what-ever"
    assert response.cost is None
    original = builtins.__import__

    def missing(name: str, *rest: Any) -> Any:
        if name == "genai_prices":
            raise ImportError(name)
        return original(name, *rest)

    response.requested_model = "gpt-4o"
    assert response.cost is not None
    monkeypatch.setattr(builtins, "__import__", missing)
    assert response.cost is None
