"""Chat Completions: reasoning goes back in the field in which it came; own words are fields too."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from stream_events import decoded

import smartllm
from smartllm import LLMClient, Message, MessageRequest, Plan, SystemMessage, Tool, ToolCall, ToolResult
from smartllm.compiler.dialects.readers import DECODERS
from smartllm.content import Other, Reasoning
from smartllm.errors import UnsupportedError
from smartllm.testing import FakeTransport, Reply

MODEL = "gpt-4.1"
TOOLS = [Tool("look", parameters={"type": "object", "properties": {}})]
CALL = {"id": "c1", "type": "function", "function": {"name": "look", "arguments": "{}"}}
ASKED, TOLD = Message("user", "q"), Message("user", [ToolResult("c1", "r")])
DETAILS = [{"type": "reasoning.text", "text": "hm", "signature": "s"}]
SHOWN: list[dict[str, Any]] = [
    {"reasoning_content": "hm"},
    {"reasoning": "hm"},
    {"reasoning_details": DETAILS},
    {"reasoning_details": DETAILS, "reasoning": "hm"},
]


@pytest.fixture
def rules(tmp_path: Path) -> Any:
    def saved(kind: str) -> str:
        path = tmp_path / f"{kind}.toml"
        path.write_text(f'[model."{MODEL}"]\nwire.openai_chat.carry.reasoning = "{kind}"\n', encoding="utf-8")
        return str(path)

    return saved


def plan_of(rules: Any, *turns: Message, **fields: Any) -> Plan:
    request = MessageRequest(messages=list(turns), model=MODEL, api_type="chat_completions", **fields)
    return smartllm.compile(request, rules=rules, level="ignore")


def sent(rules: Any, *turns: Message, **fields: Any) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = plan_of(rules, *turns, **fields).body["messages"]
    return found


def told(plan: Plan) -> list[tuple[str, str]]:
    notes = ((note.code, str(note.severity)) for note in plan.diagnostics)
    return [note for note in notes if note[0] != "lifecycle-legacy"]


async def answer_of(message: dict[str, Any], rules: Any = None) -> Message:
    said = {"role": "assistant", "content": "Let me see.", "tool_calls": [CALL], **message}
    reply = {"id": "x", "choices": [{"message": said, "finish_reason": "tool_calls"}]}
    raw = Reply(raw=json.dumps(reply).encode(), content_type="application/json")
    fake = FakeTransport(raw)
    async with LLMClient(provider="openai", api_key="k", transport=fake, rules=rules) as client:
        request = MessageRequest(messages=[ASKED], model=MODEL, api_type="chat_completions", tools=TOOLS)
        return (await client.send_message(request)).as_message()


@pytest.mark.parametrize("kind", ["fields", "reasoning_content"])
@pytest.mark.parametrize("shown", SHOWN, ids="+".join)
async def test_reasoning_goes_back_in_its_field(kind: str, shown: dict[str, Any], rules: Any) -> None:
    turn = await answer_of(shown)
    message = sent(rules(kind), ASKED, turn, TOLD, tools=TOOLS)[1]
    signed = {name: value for name, value in shown.items() if name == "reasoning_details"}
    expected = {"role": "assistant", "content": "Let me see.", "tool_calls": [CALL], **(signed or shown)}
    if kind == "reasoning_content":
        expected.setdefault(kind, "")
    assert message == expected
    assert told(plan_of(rules(kind), ASKED, turn, TOLD, tools=TOOLS)) == []


async def test_where_no_page_wants_it_back_it_stays_and_that_is_told(rules: Any) -> None:
    turn = await answer_of(SHOWN[0])
    plan = plan_of(None, ASKED, turn, TOLD, tools=TOOLS)
    assert set(plan.body["messages"][1]) == {"role", "content", "tool_calls"}
    assert told(plan) == [("reasoning-dropped", "info")]


async def test_without_calls_it_stands_beside_the_text(rules: Any) -> None:
    turn = await answer_of({**SHOWN[0], "tool_calls": None})
    messages = sent(rules("fields"), ASKED, turn, ASKED)
    assert messages[1] == {"role": "assistant", "content": "Let me see.", **SHOWN[0]}


async def test_a_part_of_the_content_stands_where_it_stood(rules: Any) -> None:
    content = [
        {"type": "thinking", "thinking": [{"type": "text", "text": "hm"}]},
        {"type": "text", "text": "Let me see."},
    ]
    turn = await answer_of({"content": content})
    assert sent(rules("fields"), ASKED, turn, TOLD, tools=TOOLS)[1]["content"] == content


async def test_another_models_reasoning_is_left_out_and_the_field_is_filled(rules: Any) -> None:
    call = ToolCall("c1", "look", {})
    others = Message("assistant", [Reasoning("other", "openai_chat", [{"reasoning_content": "no"}]), call])
    plan = plan_of(rules("reasoning_content"), ASKED, others, TOLD, tools=TOOLS)
    assert plan.body["messages"][1] == {
        "role": "assistant",
        "content": None,
        "tool_calls": [CALL],
        "reasoning_content": "",
    }

    assert plan.steps[0].origins["messages[1].reasoning_content"].name == "carry.reasoning"
    assert "reasoning-dropped" in {note.code for note in plan.diagnostics}
    assert "reasoning_content" not in sent(rules("fields"), ASKED, others, TOLD, tools=TOOLS)[1]


def test_text_alone_needs_no_field(rules: Any) -> None:
    messages = sent(rules("reasoning_content"), ASKED, Message("assistant", "a"), ASKED)
    assert [set(message) for message in messages] == [{"role", "content"}] * 3


def test_a_streams_reasoning_is_that_of_the_whole_answer() -> None:
    details = [{"type": "reasoning.text", "text": "hm", "index": 0}]
    pieces = [{"type": "reasoning.text", "text": piece, "index": 0} for piece in "hm"]
    deltas = [{"reasoning": piece["text"], "reasoning_details": [piece]} for piece in pieces]
    events = [{"choices": [{"delta": delta}]} for delta in (*deltas, {"content": "Pa"})]
    streamed = decoded("openai_chat", [*events, {"choices": [{"delta": {}, "finish_reason": "stop"}]}])
    message = {"content": "Pa", "reasoning": "hm", "reasoning_details": details}
    whole = DECODERS["openai_chat"].decode({"choices": [{"message": message, "finish_reason": "stop"}]}, "m")
    assert streamed.parts == whole.parts
    assert whole.reasoning == ({"reasoning_details": details},)


def test_own_words_are_fields_of_the_message() -> None:
    turns = (
        Message("user", ["q", Other({"name": "Ann"})]),
        Message("assistant", ["a", Other({"name": "Bot", "prefix": True})]),
        Message("user", [Other({"name": "Bob"}), "b", "c"]),
    )
    assert sent(None, *turns) == [
        {"role": "user", "content": "q", "name": "Ann"},
        {"role": "assistant", "content": "a", "name": "Bot", "prefix": True},
        {"role": "user", "content": "b\n\nc", "name": "Bob"},
    ]


def test_own_words_that_name_their_type_are_content() -> None:
    refusal = {"type": "refusal", "refusal": "No."}
    message = sent(None, ASKED, Message("assistant", ["a", Other(refusal)]), ASKED)[1]
    assert message == {"role": "assistant", "content": [{"type": "text", "text": "a"}, refusal]}


def test_a_name_beside_results_is_the_users() -> None:
    turns = (
        Message("assistant", [ToolCall("c1", "look", {})]),
        Message("user", [ToolResult("c1", "r"), "so?", Other({"name": "Ann"})]),
    )
    result, said = sent(None, ASKED, *turns, tools=TOOLS)[2:]
    assert result == {"role": "tool", "tool_call_id": "c1", "content": "r"}
    assert said == {"role": "user", "content": "so?", "name": "Ann"}


def test_one_field_said_twice_is_refused() -> None:
    turn = Message("user", ["q", Other({"name": "Ann"}), Other({"name": "Bob"})])
    with pytest.raises(UnsupportedError, match=r"set its field 'name' twice: 'Ann', 'Bob'"):
        sent(None, turn)


def test_a_system_turn_has_no_fields() -> None:
    with pytest.raises(UnsupportedError, match=r"has no place here for the part 'name'"):
        sent(None, ASKED, SystemMessage(["s", Other({"name": "x"})]), ASKED)
