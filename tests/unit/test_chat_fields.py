"""Chat Completions: what a caller says in own words stands in the content of a message, or in its fields."""

from __future__ import annotations

from typing import Any

import pytest

import smartllm
from smartllm import Message, MessageRequest, SystemMessage, Tool, ToolCall, ToolResult
from smartllm.content import Other
from smartllm.errors import UnsupportedError

TOOLS = [Tool("look", parameters={"type": "object", "properties": {}})]
ASKED = Message("user", "q")


def sent(*turns: Message, **fields: Any) -> list[dict[str, Any]]:
    request = MessageRequest(messages=list(turns), model="gpt-4.1", api_type="chat_completions", **fields)
    found: list[dict[str, Any]] = smartllm.compile(request, level="ignore").body["messages"]
    return found


def test_own_words_are_fields_of_the_message() -> None:
    turns = (
        Message("user", ["q", Other({"name": "Ann"})]),
        Message("assistant", ["a", Other({"name": "Bot", "prefix": True})]),
        Message("user", [Other({"name": "Bob"}), "b", "c"]),
    )
    assert sent(*turns) == [
        {"role": "user", "content": "q", "name": "Ann"},
        {"role": "assistant", "content": "a", "name": "Bot", "prefix": True},
        {"role": "user", "content": "b\n\nc", "name": "Bob"},
    ]


def test_own_words_that_name_their_type_are_content() -> None:
    refusal = {"type": "refusal", "refusal": "No."}
    message = sent(ASKED, Message("assistant", ["a", Other(refusal)]), ASKED)[1]
    assert message == {"role": "assistant", "content": [{"type": "text", "text": "a"}, refusal]}


def test_own_words_stand_beside_calls() -> None:
    call = {"id": "c1", "type": "function", "function": {"name": "look", "arguments": "{}"}}
    parts: list[Any] = [
        Other({"reasoning_content": "hm"}),
        "a",
        Other({"type": "x"}),
        ToolCall("c1", "look", {}),
    ]
    turns = Message("assistant", parts), Message("user", [ToolResult("c1", "r")])
    assert sent(ASKED, *turns, tools=TOOLS)[1] == {
        "role": "assistant",
        "content": [{"type": "text", "text": "a"}, {"type": "x"}],
        "tool_calls": [call],
        "reasoning_content": "hm",
    }


def test_a_turn_of_own_words_alone() -> None:
    refusal = {"refusal": "No."}
    assert sent(ASKED, Message("assistant", [Other(refusal)]), ASKED)[1] == {
        "role": "assistant",
        "content": None,
        **refusal,
    }


def test_what_an_answer_said_beside_its_text_stays_out() -> None:
    read = Other({"executed_tools": [1]}, "executed_tools", "openai_chat")
    assert sent(ASKED, Message("assistant", ["a", read]), ASKED)[1] == {"role": "assistant", "content": "a"}


def test_a_name_beside_results_is_the_users() -> None:
    turns = (
        Message("assistant", [ToolCall("c1", "look", {})]),
        Message("user", [ToolResult("c1", "r"), "so?", Other({"name": "Ann"})]),
    )
    result, said = sent(ASKED, *turns, tools=TOOLS)[2:]
    assert result == {"role": "tool", "tool_call_id": "c1", "content": "r"}
    assert said == {"role": "user", "content": "so?", "name": "Ann"}


def test_one_field_said_twice_is_refused() -> None:
    turn = Message("user", ["q", Other({"name": "Ann"}), Other({"name": "Bob"})])
    with pytest.raises(UnsupportedError, match=r"set its field 'name' twice: 'Ann', 'Bob'"):
        sent(turn)


def test_a_system_turn_has_no_fields() -> None:
    with pytest.raises(UnsupportedError, match=r"has no place here for the part 'name'"):
        sent(ASKED, SystemMessage(["s", Other({"name": "x"})]), ASKED)
