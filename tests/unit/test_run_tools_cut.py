"""Runs of tools whose answers are not whole: cut off, withheld, refused, empty."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import pytest
from tool_rounds import Rounds, asking, called, calling, saying
from wires import INVOKE

from smartllm import (
    TextResponse,
    Tool,
    ToolCall,
    TruncatedError,
    Usage,
)
from smartllm.content import Other
from smartllm.runtime.control.deadline import Deadline, OpenWaits
from smartllm.runtime.observe.progress import Progress
from smartllm.runtime.tool_calls import CallRunner
from smartllm.runtime.tool_loop import ToolLoop, tools_of
from smartllm.testing import Reply


def weather(city: str) -> dict[str, Any]:
    """Weather of a city."""
    return {"city": city, "sky": "clear"}


CLAUDES_CALL = {"type": "tool_use", "id": "1", "name": "weather", "input": {"city": "a"}}


def claude(stop_reason: str, *content: dict[str, Any]) -> Reply:
    usage = {"input_tokens": 1, "output_tokens": 1}
    return Reply(raw=json.dumps({"content": content, "stop_reason": stop_reason, "usage": usage}).encode())


@pytest.mark.parametrize("arguments", ['{"city": "Pa', "", '{"city": "Paris"}'])
async def test_an_answer_that_was_cut_off_in_a_call_runs_nothing(arguments: str) -> None:
    ran = []
    calls = called("note", {}, "1"), called("note", arguments, "2")
    rounds = Rounds(calling(*calls, finish="length"))
    async with rounds.client() as client:
        with pytest.raises(
            TruncatedError, match=r"cut off in a call of note \(length\); no call was run"
        ) as caught:
            await client.run_tools(asking(), [Tool("note", function=lambda: ran.append(1))])
    assert ran == []
    assert caught.value.run is not None
    assert len(caught.value.run.calls) == 2
    assert caught.value.response is caught.value.run.response


async def test_calls_are_run_if_their_answer_was_cut_off_in_text_behind_them() -> None:
    cut = claude("max_tokens", CLAUDES_CALL, {"type": "text", "text": "And th"})
    rounds = Rounds(cut, Reply(text="done"), provider="bedrock")
    async with rounds.client() as client:
        run = await client.run_tools(asking(model=INVOKE.model), [weather])
    assert (run.response.text, run.responses[0].finish_reason) == ("done", "length")


async def test_calls_of_an_answer_that_was_withheld_are_not_run() -> None:
    rounds = Rounds(calling(called("weather", {"city": "a"}), finish="content_filter"))
    async with rounds.client() as client:
        run = await client.run_tools(asking(), [weather])
    assert (run.response.finish_reason, len(run.calls), run.rounds) == ("content_filter", 1, 1)


async def test_calls_of_a_refusal_are_not_run() -> None:
    rounds = Rounds(claude("refusal", CLAUDES_CALL), provider="bedrock")
    async with rounds.client() as client:
        run = await client.run_tools(asking(model=INVOKE.model), [weather])
    assert (run.response.finish_reason, len(run.calls), run.rounds) == ("refusal", 1, 1)


@dataclass
class Said:
    parts: tuple[ToolCall, ...] = (ToolCall("1", "weather", {"city": "a"}),)
    raw: Mapping[str, Any] = field(default_factory=dict)
    pictures: tuple[Other, ...] = ()
    usage: Usage = field(default_factory=Usage)


async def test_calls_of_an_answer_that_went_wrong_are_not_run() -> None:
    response: TextResponse[Any] = TextResponse("", "m", "malformed_tool_use", finish_reason="error")
    response._answers = (Said(),)
    ran: list[int] = []

    async def ask(_: Any, *, deadline: Deadline) -> TextResponse[Any]:
        return response

    request = asking(tools=[Tool("weather", function=lambda: ran.append(1))])
    progress = Progress(request, model="m", provider="p", max_retries=0, max_tokens=1)
    runner = CallRunner(tools_of(request), None, 1)
    loop: ToolLoop[Any] = ToolLoop(ask, progress, runner, Deadline(5, "m", OpenWaits()), 3)
    run = await loop.run(request)
    assert (len(run.calls), run.rounds, ran) == (1, 1, [])


@pytest.mark.parametrize("finish", ["content_filter", "length"])
async def test_an_answer_that_says_nothing_is_no_turn(finish: str) -> None:
    rounds = Rounds(calling(called("weather", {"city": "a"})), saying("", finish))
    async with rounds.client() as client:
        run = await client.run_tools(asking(), [weather])
    assert [message.role for message in run.messages] == ["user", "assistant", "user"]
    assert (run.response.text, run.calls) == ("", ())
