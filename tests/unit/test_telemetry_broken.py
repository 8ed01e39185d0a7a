"""An application's telemetry that raises: calls go on, and are told nothing of it but one line."""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import Any

import pytest
from opentelemetry import metrics, trace
from opentelemetry.context import Context
from opentelemetry.sdk.trace import ReadableSpan, Span, SpanProcessor, TracerProvider

from smartllm import LLMClient, Tool, ToolCall
from smartllm.runtime.tool_calls import CallRunner
from smartllm.testing import FakeTransport


class _AtStart(SpanProcessor):
    def on_start(self, span: Span, parent_context: Context | None = None) -> None:
        raise RuntimeError("at the start")


class _AtEnd(SpanProcessor):
    def on_end(self, span: ReadableSpan) -> None:
        raise RuntimeError("at the end")


class _NoTracer(trace.TracerProvider):
    def get_tracer(self, *_: Any, **__: Any) -> Any:
        raise RuntimeError("no tracer")


class _Other(trace.TracerProvider):
    """A class of an application's own, which gives what is no tracer."""

    def get_tracer(self, *_: Any, **__: Any) -> Any:
        return object()


class _Own(_Other):
    """It has no hash either."""

    def __eq__(self, other: object) -> bool:
        return self is other

    __hash__ = None  # type: ignore[assignment]


class _NoMeter(metrics.MeterProvider):
    def get_meter(self, *_: Any, **__: Any) -> Any:
        raise RuntimeError("no meter")


def _with(processor: SpanProcessor) -> TracerProvider:
    provider = TracerProvider(shutdown_on_exit=False)
    provider.add_span_processor(processor)
    return provider


def _raising() -> Any:
    raise RuntimeError("no provider")


def double(number: int) -> int:
    """Twice a number."""
    return 2 * number


@pytest.mark.parametrize(
    ("of", "named", "provider"),
    [
        (trace, "get_tracer_provider", lambda: _with(_AtStart())),
        (trace, "get_tracer_provider", lambda: _with(_AtEnd())),
        (trace, "get_tracer_provider", _NoTracer),
        (trace, "get_tracer_provider", _Own),
        (trace, "get_tracer_provider", _Other),
        (trace, "get_tracer_provider", lambda: _raising),
        (metrics, "get_meter_provider", _NoMeter),
        (metrics, "get_meter_provider", lambda: _raising),
    ],
    ids=["start", "end", "tracer", "no hash", "no tracer", "provider", "meter", "meters"],
)
async def test_a_paid_answer_is_worth_more_than_its_span(
    of: Any,
    named: str,
    provider: Callable[[], Any],
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    made = provider()
    monkeypatch.setattr(of, named, made if made is _raising else lambda: made)
    async with LLMClient(provider="openai", api_key="k", transport=FakeTransport()) as client:
        with caplog.at_level(logging.WARNING, "smartllm"):
            assert (await client.generate_text("hi", use_cache=False)).text == "echo: hi"
            assert [chunk.text async for chunk in client.generate_text_stream("a b")][-2:] == ["b", ""]
            runner = CallRunner([Tool.from_(double)], None, 2)
            result = await runner.answered(ToolCall("1", "double", {"number": 4}), 1)
            runner.close()
    assert result is not None
    assert result.content == 8
    kinds: dict[Any, str] = {_Own: "TypeError", _Other: "AttributeError"}
    kind = kinds.get(provider, "RuntimeError")
    (line,) = caplog.messages
    assert line == f"OpenTelemetry raised {kind}; calls go on without their spans and metrics"
