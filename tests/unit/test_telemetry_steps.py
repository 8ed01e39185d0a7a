"""Spans of calls that take several on the wire: one of ours, and in it one of each."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from opentelemetry import trace
from opentelemetry.sdk.trace import ReadableSpan
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from wires import CHAT, RESPONSES, share_service_models

from smartllm import LLMClient, ProviderError, TextRequest
from smartllm.testing import FakeTransport, LoopbackServer, Reply

PLACE: dict[str, Any] = {"title": "P", "type": "object", "properties": {"city": {"type": "string"}}}
PLACE |= {"required": ["city"]}
TWO = {"response_format": PLACE, "structured_output": "two_pass"}
ROME = Reply(structured={"city": "Rome"})


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[LoopbackServer]:
    share_service_models(monkeypatch)
    with LoopbackServer() as server:
        yield server


def told(span: ReadableSpan) -> dict[str, Any]:
    return dict(span.attributes or {})


@pytest.mark.parametrize("streamed", [False, True], ids=["whole", "stream"])
async def test_each_step_has_a_span(
    streamed: bool, server: LoopbackServer, spans: InMemorySpanExporter
) -> None:
    server.script(Reply(text="It is Rome."), ROME)
    async with CHAT.client(server.url) as client:
        request = CHAT.request(temperature=0.5, **TWO)
        if streamed:
            *_, last = [chunk async for chunk in client.generate_text_stream(request)]
            response = last.response
        else:
            response = await client.generate_text(request)
        plan = client.compile(request)
    assert response is not None
    first, second, whole = spans.get_finished_spans()
    assert [span.name for span in (first, second)] == [f"chat {CHAT.model}"] * 2
    assert (whole.name, whole.kind) == (f"smartllm.answer {CHAT.model}", trace.SpanKind.INTERNAL)
    assert told(whole) == {
        "smartllm.model": CHAT.model,
        "smartllm.steps": 2,
        "smartllm.cache_source": "miss",
    }
    for span in (first, second):
        assert span.parent is not None
        assert span.parent.span_id == whole.context.span_id
    counts = [told(span)["gen_ai.usage.output_tokens"] for span in (first, second)]
    assert sum(counts) == response.output_tokens
    assert ["gen_ai.output.type" in told(span) for span in (first, second)] == [False, True]
    temperatures = [told(span).get("gen_ai.request.temperature") for span in (first, second)]
    assert temperatures == [step.body.get("temperature") for step in plan.steps]
    assert ("gen_ai.response.time_to_first_chunk" in told(first)) is streamed
    assert "gen_ai.response.time_to_first_chunk" not in told(second)


async def test_from_the_cache_no_step_is_told(server: LoopbackServer, spans: InMemorySpanExporter) -> None:
    server.script(Reply(text="It is Rome."), ROME)
    async with CHAT.client(server.url) as client:
        for _ in range(2):
            await client.generate_text(CHAT.request(use_cache=True, **TWO))
    *_, whole, again = spans.get_finished_spans()
    assert len(spans.get_finished_spans()) == 4
    assert [told(span)["smartllm.cache_source"] for span in (whole, again)] == ["miss", "l1"]


async def test_a_second_step_that_fails(server: LoopbackServer, spans: InMemorySpanExporter) -> None:
    server.script(Reply(text="It is Rome."), Reply(status=400, error_code="bad_thing"))
    async with CHAT.client(server.url) as client:
        with pytest.raises(ProviderError):
            await client.generate_text(CHAT.request(**TWO))
    first, second, whole = spans.get_finished_spans()
    assert ["error.type" in told(span) for span in (first, second, whole)] == [False, True, True]
    assert told(second)["error.type"] == told(whole)["error.type"] == "bad_thing"
    assert "gen_ai.usage.output_tokens" in told(first)
    assert second.status.status_code is whole.status.status_code is trace.StatusCode.ERROR


async def test_another_way_after_a_refused_schema(spans: InMemorySpanExporter) -> None:
    fake = FakeTransport(ROME, native=False)
    async with LLMClient(provider="openai", transport=fake) as client:
        request = TextRequest(prompt="x", model=RESPONSES.model, response_format=PLACE)
        await client.generate_text(request)
    (span,) = spans.get_finished_spans()
    assert len(fake.sent) == 2
    assert "error.type" not in told(span)
    assert told(span)["gen_ai.usage.output_tokens"] > 0
