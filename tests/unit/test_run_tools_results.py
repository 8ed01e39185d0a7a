"""What the model is told of its calls: what functions give back, and what went wrong, to be mended."""

from __future__ import annotations

import asyncio
import functools
import json
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from enum import Enum
from typing import Any

import pytest
from pydantic import BaseModel
from tool_rounds import Rounds, asking, called, calling, saying

from smartllm import Text, Tool, ToolCall, ToolError, ToolResult
from smartllm.runtime.tool_calls import result_of

CALL = ToolCall("1", "f", {})


class Sky(BaseModel):
    clear: bool
    since: date


@dataclass
class Wind:
    speed: float


class Unit(Enum):
    C = "celsius"


@pytest.mark.parametrize(
    ("value", "content"),
    [
        ("clear", "clear"),
        ("", ""),
        ("half \ud800", "half \ufffd"),
        (None, None),
        (3, 3),
        (True, True),
        ([1, {"a": None}], [1, {"a": None}]),
        ({1: (2, {3})}, {"1": [2, [3]]}),
        ([], []),
        (float("nan"), "NaN"),
        ({"text": "half \ud800"}, {"text": "half \ufffd"}),
        (Sky(clear=True, since=date(2026, 11, 26)), {"clear": True, "since": "2026-11-26"}),
        ([Wind(1.5)], [{"speed": 1.5}]),
        (Unit.C, "celsius"),
        (b"text", "text"),
        (Text("a"), [Text("a")]),
        (["a", Text("b")], ["a", Text("b")]),
        (ToolResult("", [{"type": "text", "text": "a"}], parts=True), [Text("a")]),
        (ToolResult("of another", {"a": date(2026, 11, 26)}), {"a": "2026-11-26"}),
    ],
    ids=repr,
)
def test_what_a_function_gives_back_is_told_as_text_json_or_parts(value: Any, content: Any) -> None:
    result = result_of(CALL, value)
    assert (result.call_id, result.content, result.error) == ("1", content, False)


def test_a_result_may_say_that_it_is_an_error() -> None:
    assert result_of(CALL, ToolResult("", "no such city", error=True)) == ToolResult(
        "1", "no such city", True
    )


CIRCLE: list[Any] = []
CIRCLE.append(CIRCLE)


@pytest.mark.parametrize(
    "value",
    [object(), b"\xff", CIRCLE, [ToolCall("2", "g", {})], CALL, ToolResult("1", object()), [Text("")]],
    ids=lambda value: repr(value)[:12],
)
def test_what_no_model_can_be_told_is_refused(value: Any) -> None:
    with pytest.raises(
        ToolError, match=r"tool f: .* cannot be told to a model; allowed: text, what JSON can"
    ):
        result_of(CALL, value)


def raising(error: BaseException) -> Callable[[], Any]:
    def function() -> Any:
        raise error

    return function


def later(error: BaseException) -> Callable[[], Any]:
    async def function() -> Any:
        await asyncio.sleep(0)
        raise error

    return function


class MuteError(Exception):
    def __str__(self) -> str:
        raise RuntimeError


@pytest.mark.parametrize("of", [raising, later])
@pytest.mark.parametrize(
    ("error", "told"),
    [
        (ValueError("no city of that name"), "ValueError: no city of that name"),
        (KeyError("x"), "KeyError: 'x'"),
        (RuntimeError(), "RuntimeError"),
        (MuteError(), "MuteError"),
        (SystemExit(2), "SystemExit: 2"),
        (asyncio.CancelledError(), "CancelledError"),
        (ExceptionGroup("two", [ValueError("a")]), "ExceptionGroup: two (1 sub-exception)"),
        (
            OSError("the key is sk-canary-0123456789, half \ud800"),
            "OSError: the key is [secret], half \ufffd",
        ),
        (ValueError("x" * 5000), "ValueError: " + "x" * 1988 + "…"),
    ],
    ids=lambda value: repr(value)[:20],
)
async def test_an_exception_is_a_result_from_which_the_model_goes_on(
    of: Callable[..., Any], error: BaseException, told: str
) -> None:
    rounds = Rounds(calling(called("work"), called("other")), saying("done"))
    tools = [Tool("work", function=of(error)), Tool("other", function=lambda: "fine")]
    async with rounds.client() as client:
        run = await client.run_tools(asking(), tools)
    content = run.messages[2].content
    assert content == [ToolResult("call_work", told, error=True), ToolResult("call_other", "fine")]
    assert run.response.text == "done"


async def test_a_function_that_ends_with_stop_iteration_ends() -> None:
    rounds = Rounds(calling(called("work")), saying("done"))
    async with rounds.client() as client:
        run = await asyncio.wait_for(
            client.run_tools(asking(), [Tool("work", function=lambda: next(iter([])))]), 5
        )
    assert run.messages[2].content == [ToolResult("call_work", "StopIteration", error=True)]


@pytest.mark.parametrize(
    ("call", "told"),
    [
        (called("add", {"a": 1}), "add: b: Field required"),
        (called("add", {"a": "x", "b": 2}), "unable to parse string as an integer, not 'x'"),
        (called("add", '{"a": 1, "b"'), "add: the arguments are no JSON: Expecting ':' delimiter"),
        (called("add", "[1]"), "add: the arguments are [1], not an object"),
        (called("sub", {"a": 1}), "there is no tool 'sub'; tools are: add, last"),
    ],
    ids=lambda value: str(value)[-30:],
)
async def test_a_call_that_cannot_be_made_is_told_what_is_wrong(call: dict[str, Any], told: str) -> None:
    ran = []

    def add(a: int, b: int) -> int:
        ran.append(1)
        return a + b

    rounds = Rounds(calling(call), calling(called("add", {"a": 1, "b": 2})), saying("3"))
    async with rounds.client() as client:
        run = await client.run_tools(asking(), [add, Tool("last")])
    result = run.messages[2].content[0]
    assert isinstance(result, ToolResult)
    assert result.error
    assert told in result.content
    assert not result.content.startswith("Tool")
    assert "Traceback" not in result.content
    assert told in rounds.results(1)[0]
    assert (run.messages[4].content, len(ran)) == ([ToolResult("call_add", 3)], 1)


def scaled(factor: int, number: int) -> int:
    return factor * number


class Counter:
    def __init__(self) -> None:
        self.count = 0

    async def up(self, by: int) -> int:
        await asyncio.sleep(0)
        self.count += by
        return self.count

    async def __call__(self, by: int) -> int:
        return await self.up(by)


async def test_methods_partials_and_objects_are_functions_too() -> None:
    counter = Counter()
    tools = [
        Tool("double", function=functools.partial(scaled, 2)),
        Tool("up", function=counter.up),
        Tool("ahead", function=functools.partial(counter.up, by=10)),
        Tool("call", function=counter),
    ]
    calls = [
        called("double", {"number": 4}),
        called("up", {"by": 1}),
        called("ahead", {}),
        called("call", {"by": 100}),
    ]
    rounds = Rounds(calling(*calls), saying("done"))
    async with rounds.client() as client:
        await client.run_tools(asking(), tools, max_parallel=1)
    assert [json.loads(result) for result in rounds.results()] == [8, 1, 11, 111]


async def test_a_model_as_parameters_is_what_the_function_gets() -> None:
    rounds = Rounds(calling(called("look", {"clear": True, "since": "2026-11-26"})), saying("done"))
    async with rounds.client() as client:
        await client.run_tools(
            asking(), [Tool("look", parameters=Sky, function=lambda sky: f"{sky.since:%d.%m.}")]
        )
    assert rounds.results() == ["26.11."]
