"""Compiler and sandbox agree: whatever the one makes of tools and calls, the other does not refuse."""

from __future__ import annotations

from typing import Any

from how_many import examples
from hypothesis import given, settings
from hypothesis import strategies as st

import smartllm
from smartllm import Message, MessageRequest, Tool, ToolCall, ToolResult, UnsupportedError
from smartllm.content import Text
from smartllm.rules import load_rules
from smartllm.testing.check import refusal

RULES = load_rules()
NAMES = ["weather", "time-of-day", "2nd", "_x", "a" * 64, "b_" * 30]
SCHEMAS: list[dict[str, Any]] = [
    {"type": "object"},
    {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]},
    {"type": "object", "properties": {"größe": {"type": "integer", "minimum": 1}, "a b": {}}},
    {
        "title": "Search",
        "type": "object",
        "properties": {
            "place": {"$ref": "#/$defs/Place"},
            "when": {"anyOf": [{"type": "string"}, {"type": "null"}]},
        },
        "required": ["place"],
        "additionalProperties": False,
        "$defs": {"Place": {"type": "object", "properties": {"city": {"enum": ["Oslo", "Rome"]}}}},
    },
    {"anyOf": [{"type": "object", "properties": {"a": {"type": "string"}}}, {"type": "object"}]},
    {"type": "object", "properties": {f"p{number}": {"type": "string"} for number in range(13)}},
]
ANSWER = {
    "title": "Answer",
    "type": "object",
    "properties": {"text": {"type": "string"}},
    "required": ["text"],
}
tools = st.builds(
    Tool,
    name=st.sampled_from(NAMES),
    description=st.sampled_from(["", " ", "What it does.", "x" * 1025]),
    parameters=st.sampled_from(SCHEMAS),
    strict=st.sampled_from([None, True, False]),
)
several = st.lists(tools, max_size=4, unique_by=lambda tool: tool.name)
ids = st.sampled_from(["call_1", "toolu_01AbC", "functions.weather:0", "a b", "x" * 70, "abcDEF123", "é"])
arguments: st.SearchStrategy[Any] = st.sampled_from(
    [{}, {"city": "Oslo"}, {"größe": 2}, "", '{"city": "Ro', "[1]"]
)
contents = st.sampled_from(["4 degrees", "", " ", {"degrees": 4}, [1, 2], None, True, [Text("seen")]])


@st.composite
def rounds(draw: st.DrawFn) -> list[Message]:
    """A conversation with some rounds of calls, and texts wherever they may be said."""
    turns = [Message("user", "The weather?")]
    for _ in range(draw(st.integers(0, 3))):
        names = draw(st.lists(st.sampled_from(NAMES), min_size=1, max_size=3))
        calls = [ToolCall(draw(ids) + str(index), name, draw(arguments)) for index, name in enumerate(names)]
        said = draw(st.sampled_from([[], ["I look."], [" "]]))
        results = [ToolResult(call.id, draw(contents), draw(st.booleans())) for call in calls]
        turns.append(Message("assistant", [*said, *calls]))
        turns.append(
            Message("user", [*draw(st.permutations(results)), *draw(st.sampled_from([[], ["And?"]]))])
        )
        if draw(st.booleans()):
            turns += [Message("assistant", "So it is."), Message("user", "Go on.")]
    return turns


@st.composite
def requests(draw: st.DrawFn) -> MessageRequest[Any]:
    declared = draw(several)
    names = [tool.name for tool in declared]
    choices = ["auto", "none", "required", *names, *([names[:2]] if names else [])]
    chosen: dict[str, Any] = {}
    if declared:
        chosen = {
            "tools": declared,
            "tool_choice": draw(st.sampled_from([None, *choices])),
            "parallel_tool_calls": draw(st.sampled_from([None, True, False])),
        }
    return MessageRequest(
        messages=draw(rounds()),
        api_type=draw(st.sampled_from(["responses", "chat_completions", "converse"])),
        reasoning_effort=draw(st.sampled_from([None, "none", "low", "high"])),
        max_tokens=20_000,
        response_format=draw(st.sampled_from([None, None, ANSWER])),
        stream=draw(st.booleans()),
        **chosen,
    )


@settings(max_examples=examples(60), deadline=None)
@given(st.sampled_from(sorted(RULES.table("model"))), requests())
def test_nothing_that_is_compiled_is_refused(model: str, request: MessageRequest[Any]) -> None:
    try:
        plan = smartllm.compile(request, model=model, rules=RULES, level="ignore")
    except UnsupportedError:
        return
    for step in plan.steps:
        found = refusal(step.body, model, step.dialect, host=step.host, streamed=step.streamed)
        assert found is None, (str(found), step.body)
