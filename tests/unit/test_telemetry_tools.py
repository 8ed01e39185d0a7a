"""Spans of a run of tools: each round's call, and each function that runs, with its own spans inside."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from measured import points
from opentelemetry import trace
from opentelemetry.sdk.metrics.export import InMemoryMetricReader
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from tool_rounds import Rounds, asking, called, calling, saying

from smartllm import CallEvent, Tool, ToolCall
from smartllm.runtime.observe.tool_span import span_of_call
from smartllm.runtime.tool_calls import CallRunner
from smartllm.tools.errors import ToolRoundsError

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
    assert told.pop("gen_ai.tool.call.arguments", None) == ('{"city":"%s"}' % CANARY if content else None)  # noqa: UP031
    assert told.pop("gen_ai.tool.call.result", None) == (f"clear in {CANARY}" if content else None)
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
    found = spans.get_finished_spans()
    names = [span.name for span in found]
    assert names == ["chat local", "inside", "execute_tool weather", "chat local", "invoke_agent"]
    run = found[-1]
    assert (run.kind, (run.attributes or {})["gen_ai.request.model"]) == (trace.SpanKind.INTERNAL, "local")
    assert not [name for name in run.attributes or {} if "usage" in name]
    parents = [span.parent and span.parent.span_id for span in found]
    assert parents[:1] + parents[2:] == [run.context.span_id] * 3 + [None]


@pytest.mark.parametrize("content", [False, True])
async def test_a_run_that_fails(content: bool, spans: InMemorySpanExporter) -> None:
    rounds = Rounds(calling(called("weather", {"city": CANARY})), trace_content=content)
    async with rounds.client() as client:
        with pytest.raises(ToolRoundsError):
            await client.run_tools(asking(), [weather], max_rounds=1)
    run = spans.get_finished_spans()[-1]
    assert (run.name, (run.attributes or {})["error.type"]) == ("invoke_agent", "ToolRoundsError")
    assert (run.status.description is not None) is content
    assert list(run.events) == []


def test_a_result_that_is_no_json(spans: InMemorySpanExporter) -> None:
    call = ToolCall("1", "weather", {})
    with span_of_call(call, Tool.from_(weather), content=True) as ended:
        ended({"at": object, 5: float("inf")}, None)
    (span,) = spans.get_finished_spans()
    assert '"Infinity"' in str((span.attributes or {})["gen_ai.tool.call.result"])


async def test_what_cannot_be_written_into_a_span_does_no_harm(spans: InMemorySpanExporter) -> None:
    def halved() -> Any:
        return {"half": "\ud83d"}

    runner = CallRunner([Tool.from_(halved)], None, 1, content=True)
    result = await runner.answered(ToolCall("1", "halved", {}), 1)
    runner.close()
    assert result is not None
    (span,) = spans.get_finished_spans()
    assert result is not None
    assert (result.content, (span.attributes or {})["gen_ai.tool.call.result"]) == (
        {"half": "\ufffd"},
        "<dict>",
    )


@pytest.mark.parametrize("fails", [False, True])
async def test_how_long_a_function_takes(fails: bool, measured: InMemoryMetricReader) -> None:
    tool = Tool.from_(failing if fails else weather)
    runner = CallRunner([tool], None, 1)
    await runner.answered(ToolCall("1", tool.name, {"text": "x"} if fails else {"city": "x"}), 1)
    runner.close()
    (point,) = points(measured, "gen_ai.execute_tool.duration")
    assert dict(point.attributes) == {
        "gen_ai.tool.name": tool.name,
        "gen_ai.tool.type": "function",
        **({"error.type": "ValueError"} if fails else {}),
    }
    assert (point.count, point.sum > 0) == (1, True)


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
