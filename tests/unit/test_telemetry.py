"""Optional OpenTelemetry spans: what they tell of a call, its retries and its answer."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from opentelemetry import trace
from opentelemetry.sdk.trace import ReadableSpan
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from warm import Warm
from wires import CHAT, RESPONSES, WIRES, Wire, share_service_models

from smartllm import LLMClient
from smartllm.errors import ProviderError
from smartllm.runtime.observe import api
from smartllm.testing import FakeTransport, LoopbackServer, Reply

each_wire = pytest.mark.parametrize("wire", WIRES, ids=lambda wire: wire.api_type)
CANARY = "canary-0009"


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[LoopbackServer]:
    share_service_models(monkeypatch)
    with LoopbackServer() as server:
        yield server


def attributes(span: ReadableSpan) -> dict[str, Any]:
    return dict(span.attributes or {})


ASKED: dict[str, Any] = {"temperature": 0.5, "max_tokens": 77}


@each_wire
@pytest.mark.parametrize("streamed", [False, True], ids=["whole", "stream"])
async def test_a_call_is_a_span(
    wire: Wire, streamed: bool, server: LoopbackServer, spans: InMemorySpanExporter
) -> None:
    server.script(Reply(cached_tokens=20, cache_write_tokens=30))
    request = wire.request(f"hi {CANARY}", **ASKED)
    async with wire.client(server.url) as client:
        if streamed:
            *_, last = [chunk async for chunk in client.generate_text_stream(request)]
            response = last.response
        else:
            response = await client.generate_text(request)
    assert response is not None
    (span,) = spans.get_finished_spans()
    told = attributes(span)
    assert (span.name, span.kind) == (f"chat {wire.model}", trace.SpanKind.CLIENT)
    assert told["gen_ai.operation.name"] == "chat"
    assert told["gen_ai.provider.name"] == {"openai": "openai", "bedrock": "aws.bedrock"}[wire.provider]
    assert told["gen_ai.request.model"] == wire.model
    assert {name: told[f"gen_ai.request.{name}"] for name in ASKED} == ASKED
    assert (told["server.address"], told["server.port"]) == ("127.0.0.1", int(server.url.rpartition(":")[2]))
    assert told["gen_ai.usage.input_tokens"] > 50  # the whole prompt, as the conventions say
    assert told["gen_ai.usage.cache_read.input_tokens"] == 20
    assert told["gen_ai.usage.cache_creation.input_tokens"] == 30
    assert told["gen_ai.usage.output_tokens"] == response.output_tokens
    assert told["gen_ai.response.finish_reasons"] == ("stop",)
    assert told.get("gen_ai.response.id") == response.raw.get("id")
    assert told["smartllm.request_id"] == response.request_id
    assert told.get("openai.api.type") == (wire.api_type if wire.provider == "openai" else None)
    assert told.get("gen_ai.request.stream") is (True if streamed else None)
    assert ("gen_ai.response.time_to_first_chunk" in told) is streamed
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
    told = [attributes(span) for span in found]
    assert [one.get("gen_ai.usage.input_tokens", 0) > 0 for one in told] == [True, False, False, False]
    assert told[1]["gen_ai.response.finish_reasons"] == ("stop",)
    sources = [attributes(span).get("smartllm.cache_source") for span in found]
    assert sources == ["miss", "l1", None, None]
    assert [attributes(span).get("error.type") for span in found[2:]] == [
        "bad_thing",
        "ConnectionFailedError",
    ]
    assert found[2].status.status_code is trace.StatusCode.ERROR
    assert CANARY not in str(found[2].to_json())


async def test_equal_calls_at_once_count_once(server: LoopbackServer, spans: InMemorySpanExporter) -> None:
    server.script(Reply(delay=0.05))
    async with CHAT.client(server.url) as client:
        await asyncio.gather(*[client.generate_text(CHAT.request(use_cache=True)) for _ in range(3)])
    told = [attributes(span) for span in spans.get_finished_spans()]
    assert sorted("gen_ai.usage.input_tokens" in one for one in told) == [False, False, True]
    assert sorted(one.get("smartllm.joined", False) for one in told) == [False, True, True]


async def test_retries_are_events(server: LoopbackServer, spans: InMemorySpanExporter) -> None:
    server.script(Reply(status=503, error_message=CANARY), Reply(status=429, error_code="slow_down"), Reply())
    async with CHAT.client(server.url, max_retries=2) as client:
        await client.generate_text(CHAT.request())
    (span,) = spans.get_finished_spans()
    assert [event.name for event in span.events] == ["smartllm.retry"] * 2
    first, second = [dict(event.attributes or {}) for event in span.events]
    assert (first["smartllm.retry.attempt"], first["http.response.status_code"]) == (1, 503)
    assert (second["error.type"], second["smartllm.retry.attempt"]) == ("slow_down", 2)
    assert attributes(span)["smartllm.attempts"] == 3
    assert span.status.status_code is trace.StatusCode.UNSET
    assert CANARY not in str(span.to_json())


async def test_a_stream_that_begins_anew(server: LoopbackServer, spans: InMemorySpanExporter) -> None:
    # Nothing of the first is seen, as a call's arguments are told once they are whole.
    server.script(Reply(text="", cut_after=2), Reply(text="done"))
    async with CHAT.client(server.url, max_retries=1) as client:
        chunks = [chunk async for chunk in client.generate_text_stream(CHAT.request())]
    (span,) = spans.get_finished_spans()
    assert chunks[-1].response is not None
    assert attributes(span)["smartllm.attempts"] == 2
    assert attributes(span)["gen_ai.usage.output_tokens"] == chunks[-1].response.output_tokens
    assert "error.type" not in attributes(span)


async def test_spans_of_the_http_library_stand_below(
    server: LoopbackServer, spans: InMemorySpanExporter
) -> None:
    class Tracing(FakeTransport):
        async def send(self, request: Any) -> Any:
            with trace.get_tracer_provider().get_tracer("http").start_as_current_span("POST"):
                return await super().send(request)

    outer = trace.get_tracer_provider().get_tracer("mine")
    for streamed in (False, True):
        spans.clear()
        with outer.start_as_current_span("mine"):
            async with LLMClient(provider="openai", transport=Tracing(Reply())) as client:
                request = RESPONSES.request()
                if streamed:
                    assert [chunk async for chunk in client.generate_text_stream(request)]
                else:
                    await client.generate_text(request)
                assert trace.get_current_span().is_recording()
        http, call, mine = spans.get_finished_spans()
        assert http.parent is not None
        assert call.parent is not None
        assert (http.parent.span_id, call.parent.span_id) == (call.context.span_id, mine.context.span_id)


def test_a_synchronous_call_stands_below_its_callers_span(spans: InMemorySpanExporter) -> None:
    from smartllm.sync import LLMClient as SyncClient

    tracer = trace.get_tracer_provider().get_tracer("mine")
    fake = FakeTransport(Reply())
    with SyncClient(provider="openai", transport=fake) as client, tracer.start_as_current_span("mine"):
        client.generate_text(RESPONSES.request())
    call, mine = spans.get_finished_spans()
    assert call.parent is not None
    assert call.parent.span_id == mine.context.span_id


def test_nothing_is_started_before_anybody_takes_it(
    spans: InMemorySpanExporter, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert api.tracer() is not None
    assert not spans.get_finished_spans()
    monkeypatch.setattr(trace, "get_tracer_provider", trace.ProxyTracerProvider)
    assert api.tracer() is None


async def test_without_opentelemetry_nothing_happens(
    server: LoopbackServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(api, "_installed", lambda: False)
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
def test_any_folder_of_that_name_does_no_harm(content: str | None, warm: Warm, tmp_path: Path) -> None:
    package = tmp_path / "opentelemetry"
    package.mkdir()
    (package / "__init__.py").touch()
    if content is not None:
        (package / "trace.py").write_text(content, encoding="utf-8")
    code = (
        "import sys; sys.path.insert(0, '.')\n"
        "import asyncio, opentelemetry\n"
        "from smartllm import LLMClient, TextRequest\n"
        "from smartllm.testing import FakeTransport, Reply\n"
        "client = LLMClient(provider='openai', api_key='k', transport=FakeTransport(Reply(text='fine')))\n"
        "request = TextRequest(prompt='hi', model='gpt-4o', use_cache=False)\n"
        "print(asyncio.run(client.generate_text(request)).text, opentelemetry.__file__)\n"
    )
    result = warm.run(code, environment=os.environ, folder=tmp_path)
    assert result.said[0] == f"fine {package / '__init__.py'}\n", result.said[1]


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
