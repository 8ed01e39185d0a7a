"""Calls of tools that take free text: they go back as what they were, where the model has such tools."""

from __future__ import annotations

from typing import Any

import pytest

import smartllm
from smartllm import Message, MessageRequest, Plan, Tool
from smartllm.compiler.passes import calls as calls_pass
from smartllm.compiler.planned import intent_of
from smartllm.compiler.target import choose_target
from smartllm.compiler.trace import Trace
from smartllm.content import ToolCall, ToolResult
from smartllm.rules import load_rules
from smartllm.words import ApiType

RULES = load_rules()
GPT, OLDER, CLAUDE = "gpt-5", "gpt-4.1", "claude-sonnet-4-5"
SQL = "SELECT 1"
LOOK = Tool("look", "", {"type": "object", "properties": {"at": {"type": "string"}}})
TURNS = [
    Message("user", "How many?"),
    Message("assistant", [ToolCall("c1", "sql", SQL, custom=True), ToolCall("c2", "look", {"at": "x"})]),
    Message("user", [ToolResult("c1", "1"), ToolResult("c2", "2")]),
]


def request_of(api_type: ApiType, *turns: Message, **fields: Any) -> MessageRequest[Any]:
    return MessageRequest(messages=list(turns or TURNS), api_type=api_type, tools=[LOOK], **fields)


def plan_of(model: str, api_type: ApiType = "responses", *turns: Message) -> Plan:
    return smartllm.compile(request_of(api_type, *turns), model=model, rules=RULES, level="ignore")


def test_on_responses_the_call_and_its_result_have_items_of_their_own() -> None:
    assert plan_of(GPT).body["input"][1:] == [
        {"type": "custom_tool_call", "call_id": "c1", "name": "sql", "input": SQL},
        {"type": "function_call", "call_id": "c2", "name": "look", "arguments": '{"at": "x"}'},
        {"type": "custom_tool_call_output", "call_id": "c1", "output": "1"},
        {"type": "function_call_output", "call_id": "c2", "output": "2"},
    ]


def test_an_id_that_is_changed_is_that_of_the_result_too() -> None:
    call, result = ToolCall("x" * 80, "sql", SQL, custom=True), ToolResult("x" * 80, "1")
    _, called, told = plan_of(
        GPT, "responses", TURNS[0], Message("assistant", [call]), Message("user", [result])
    ).body["input"]
    assert (called["type"], told["type"]) == ("custom_tool_call", "custom_tool_call_output")
    assert called["call_id"] == told["call_id"] != call.id


def test_on_chat_the_call_has_a_type_of_its_own() -> None:
    _, asked, *told = plan_of(GPT, "chat_completions").body["messages"]
    assert asked["tool_calls"] == [
        {"id": "c1", "type": "custom", "custom": {"name": "sql", "input": SQL}},
        {"id": "c2", "type": "function", "function": {"name": "look", "arguments": '{"at": "x"}'}},
    ]
    assert [message["tool_call_id"] for message in told] == ["c1", "c2"]


@pytest.mark.parametrize(
    ("model", "api_type"), [(OLDER, "responses"), (OLDER, "chat_completions"), (CLAUDE, "invoke")]
)
@pytest.mark.parametrize("text", [SQL, '{"a": 1}'])
def test_where_there_are_none_it_is_a_call_with_its_text_in_a_property(
    model: str, api_type: ApiType, text: str
) -> None:
    call = ToolCall("c1", "sql", text, custom=True)
    turns = TURNS[0], Message("assistant", [call]), Message("user", [ToolResult("c1", "1")])
    plan = plan_of(model, api_type, *turns)
    assert [note.applied for note in plan.diagnostics if note.code == "call-arguments-wrapped"] == [
        {"arguments": text}
    ]
    assert "custom" not in plan.as_json()


def test_one_with_an_object_is_a_call_like_any_other() -> None:
    call = ToolCall("c1", "sql", {"a": 1}, custom=True)
    turns = TURNS[0], Message("assistant", [call]), Message("user", [ToolResult("c1", "1")])
    assert plan_of(GPT, "responses", *turns).body["input"][1] == {
        "type": "function_call",
        "call_id": "c1",
        "name": "sql",
        "arguments": '{"a": 1}',
    }


def test_a_second_run_of_the_pass_changes_nothing() -> None:
    request = request_of("responses")
    target, _ = choose_target(request, None, GPT, RULES)
    intent, _ = intent_of(request, target, {})
    once = calls_pass(intent, target.facts, Trace())
    assert once.custom == {"c1"}
    trace = Trace()
    assert calls_pass(once, target.facts, trace) == once
    assert trace.changes == []
