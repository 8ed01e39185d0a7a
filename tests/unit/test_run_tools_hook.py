"""What ``on_call`` is told, and what it can do: allow, refuse, answer, change, end the run."""

from __future__ import annotations

import asyncio
import contextvars
import threading
from typing import Any

import pytest
from tool_rounds import Rounds, asking, called, calling, saying

from smartllm import CallEvent, Tool, ToolError, ToolResult, ToolRoundsError


def add(a: int, b: int) -> int:
    """Add two numbers."""
    return a + b


ADD = calling(called("add", {"a": 1, "b": 2}))


async def test_each_call_is_told_before_and_after() -> None:
    events: list[CallEvent] = []
    calls = called("add", {"a": 1, "b": 2}, "1"), called("add", {"a": 1}, "2"), called("sub", {}, "3")
    rounds = Rounds(calling(*calls), calling(called("fail", {}, "4")), saying("done"))
    error = ValueError("no")

    def fail() -> None:
        raise error

    async with rounds.client() as client:
        await client.run_tools(asking(), [add, fail], on_call=events.append, max_parallel=1)
    told = [(event.call.id, event.round, event.result is None) for event in events]
    assert told == [(id_, 1 if id_ < "4" else 2, first) for id_ in "1234" for first in (True, False)]
    assert [event.tool and event.tool.name for event in events[::2]] == ["add", "add", None, "fail"]
    assert all(event.exception is None and event.elapsed_seconds is None for event in events[::2])
    after = events[1::2]
    assert after[0].result == ToolResult("1", 3)
    assert [type(event.exception).__name__ for event in after[:3]] == [
        "NoneType",
        "ToolArgumentsError",
        "ToolError",
    ]
    assert after[3].exception is error
    assert all(event.elapsed_seconds is not None and event.elapsed_seconds >= 0 for event in after)


@pytest.mark.parametrize(
    "value", ["not allowed", ToolResult("", "not allowed", error=True), {"no": 1}, 0, False]
)
async def test_what_it_gives_back_before_a_call_is_the_result_and_nothing_runs(value: Any) -> None:
    after = []

    def never() -> None:
        raise AssertionError

    def hook(event: CallEvent) -> Any:
        if event.result is not None:
            after.append(event.result)
            return None
        return value

    rounds = Rounds(calling(called("never")), saying("done"))
    async with rounds.client() as client:
        run = await client.run_tools(asking(), [never], on_call=hook)
    expected = ToolResult("call_never", getattr(value, "content", value), getattr(value, "error", False))
    assert run.messages[2].content == after == [expected]


async def test_what_it_gives_back_after_a_call_replaces_the_result() -> None:
    async def hook(event: CallEvent) -> Any:
        await asyncio.sleep(0)
        return None if event.result is None else f"it is {event.result.content}"

    rounds = Rounds(ADD, saying("done"))
    async with rounds.client() as client:
        await client.run_tools(asking(), [add], on_call=hook)
    assert rounds.results() == ["it is 3"]


async def test_it_can_answer_for_tools_that_have_no_function() -> None:
    def hook(event: CallEvent) -> Any:
        return "answered" if event.call.name == "one" else None

    rounds = Rounds(calling(called("one"), called("two")), saying("done"))
    async with rounds.client() as client:
        run = await client.run_tools(asking(tools=[Tool("one"), Tool("two")]), on_call=hook)
    assert [call.name for call in run.calls] == ["two"]
    assert run.results == (ToolResult("call_one", "answered"),)


async def test_it_is_told_of_one_call_at_a_time_in_a_thread_with_the_callers_context() -> None:
    who = contextvars.ContextVar("who", default="nobody")
    busy = threading.Lock()
    seen = []

    def hook(event: CallEvent) -> None:
        assert busy.acquire(blocking=False)
        threading.Event().wait(0.01)
        seen.append((event.call.id, who.get(), threading.current_thread() is threading.main_thread()))
        busy.release()

    who.set("me")
    calls = [called("add", {"a": 1, "b": number}, str(number)) for number in range(4)]
    rounds = Rounds(calling(*calls), saying("done"))
    async with rounds.client() as client:
        await client.run_tools(asking(), [add], on_call=hook)
    assert len(seen) == 8
    assert {one[1:] for one in seen} == {("me", False)}


@pytest.mark.parametrize("before", [True, False])
@pytest.mark.parametrize(
    "error", [PermissionError("stop"), SystemExit(1), asyncio.CancelledError()], ids=repr
)
async def test_what_it_raises_ends_the_run(before: bool, error: BaseException) -> None:
    ended = asyncio.Event()

    async def waiting() -> None:
        try:
            await asyncio.sleep(20)
        finally:
            ended.set()

    def hook(event: CallEvent) -> None:
        if event.call.name == "add" and (event.result is None) is before:
            raise error

    rounds = Rounds(calling(called("waiting"), called("add", {"a": 1, "b": 2})))
    async with rounds.client() as client:
        if isinstance(error, PermissionError):
            with pytest.raises(PermissionError, match="stop"):
                await client.run_tools(asking(), [waiting, add], on_call=hook)
        else:
            with pytest.raises(ToolError, match=f"on_call raised {type(error).__name__}"):
                await client.run_tools(asking(), [waiting, add], on_call=hook)
    assert ended.is_set()
    assert len(rounds.fake.sent) == 1


async def test_what_it_gives_back_must_be_something_to_tell() -> None:
    rounds = Rounds(ADD)
    async with rounds.client() as client:
        with pytest.raises(ToolError, match="tool add: <object object"):
            await client.run_tools(asking(), [add], on_call=lambda _: object())


async def test_an_error_of_a_run_inside_of_it_keeps_that_run() -> None:
    inner = Rounds(calling(called("other")))

    async def hook(event: CallEvent) -> None:
        async with inner.client() as client:
            await client.run_tools(asking(), [Tool("other", function=print)], max_rounds=1)

    rounds = Rounds(ADD)
    async with rounds.client() as client:
        with pytest.raises(ToolRoundsError) as caught:
            await client.run_tools(asking(), [add], on_call=hook)
    assert caught.value.run is not None
    assert [call.name for call in caught.value.run.calls] == ["other"]
