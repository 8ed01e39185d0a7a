"""Spans of a run of tools: each round's call, and each function that runs, with its own spans inside."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from opentelemetry import trace
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from tool_rounds import Rounds, asking, called, calling, saying

from smartllm import CallEvent, Tool, ToolCall
from smartllm.runtime.tool_calls import CallRunner

CANARY = "canary-0012"


def weather(city: str) -> str:
    """Weather of a city."""
    with trace.get_tracer_provider().get_tracer("mine").start_as_current_span("inside"):
        return f"clear in {city}"


async def failing(text: str) -> None:
    await asyncio.sleep(0)
    raise ValueError(text)


@pytest.mark.parametrize("content", [False, True])
async def test_each_function_that_runs_is_a_span(content: bool, spans: InMemorySpanExporter) -> None:
    tools = [Tool.from_(weather), Tool.from_(failing)]
    runner = CallRunner(tools, None, 2, content=content)
    for name, arguments in ("weather", {"city": CANARY}), ("failing", {"text": CANARY}), ("nobody", {}):
        assert await runner.answered(ToolCall(f"call_{name}", name, arguments), 1)
    runner.close()
    found = {span.name: span for span in spans.get_finished_spans()}
    assert sorted(found) == ["execute_tool failing", "execute_tool weather", "inside"]
    run, failed, inside = (found[name] for name in ("execute_tool weather", "execute_tool failing", "inside"))
    told = dict(run.attributes or {})
    assert told.pop("gen_ai.tool.call.arguments", None) == ('{"city": "%s"}' % CANARY if content else None)  # noqa: UP031
    assert told == {
        "gen_ai.operation.name": "execute_tool",
        "gen_ai.tool.name": "weather",
        "gen_ai.tool.type": "function",
        "gen_ai.tool.call.id": "call_weather",
        "gen_ai.tool.description": "Weather of a city.",
    }
    assert (run.kind, run.status.status_code) == (trace.SpanKind.INTERNAL, trace.StatusCode.UNSET)
    assert inside.parent is not None
    assert inside.parent.span_id == run.context.span_id
    assert (failed.attributes or {})["error.type"] == "ValueError"
    assert (failed.status.status_code, failed.status.description) == (
        trace.StatusCode.ERROR,
        CANARY if content else None,
    )
    assert list(run.events) == list(failed.events) == []
    if not content:
        assert CANARY not in "".join(span.to_json() for span in found.values())


class MuteError(Exception):
    def __str__(self) -> str:
        raise RuntimeError


async def test_an_exception_that_cannot_be_told_does_no_harm(spans: InMemorySpanExporter) -> None:
    def mute() -> None:
        raise MuteError

    rounds = Rounds(calling(called("mute")), saying("done"))
    async with rounds.client() as client:
        assert (await client.run_tools(asking(), [mute])).rounds == 2
    runner = CallRunner([Tool.from_(mute)], None, 1, content=True)
    assert await runner.answered(ToolCall("1", "mute", {}), 1)
    runner.close()
    found = [span for span in spans.get_finished_spans() if span.name == "execute_tool mute"]
    assert [(span.attributes or {})["error.type"] for span in found] == ["MuteError"] * 2


async def test_a_run_has_spans_of_its_rounds_and_functions(spans: InMemorySpanExporter) -> None:
    def hook(event: CallEvent) -> Any:
        return "answered" if event.call.name == "asked" else None

    calls = called("weather", {"city": "a"}), called("asked", {"city": "a"})
    rounds = Rounds(calling(*calls), saying("done"))
    async with rounds.client() as client:
        await client.run_tools(asking(), [weather, Tool("asked", function=weather)], on_call=hook)
    names = [span.name for span in spans.get_finished_spans()]
    assert names == ["chat local", "inside", "execute_tool weather", "chat local"]


async def test_a_cancelled_function_is_a_span_that_failed(spans: InMemorySpanExporter) -> None:
    started = asyncio.Event()

    async def waiting() -> None:
        started.set()
        await asyncio.sleep(20)

    rounds = Rounds(calling(called("waiting", "{}", "")))
    async with rounds.client() as client:
        running = asyncio.create_task(client.run_tools(asking(), [waiting]))
        await started.wait()
        running.cancel()
        with pytest.raises(asyncio.CancelledError):
            await running
    (span,) = [span for span in spans.get_finished_spans() if span.name == "execute_tool waiting"]
    assert (span.attributes or {})["error.type"] == "CancelledError"
    assert list(span.events) == []
