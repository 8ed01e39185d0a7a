"""Answers that Claude pauses in the midst of its own tools go back as they came, and run_tools goes on."""

from __future__ import annotations

import datetime as dt
import json
from typing import Any

import pytest
from model_ids import called

import smartllm
from smartllm import LLMClient, Message, MessageRequest, Plan, ToolCall
from smartllm.compiler.dialects.readers import DECODERS
from smartllm.content import Other, Reasoning
from smartllm.errors import UnsupportedError
from smartllm.testing import FakeTransport, Reply

MODEL = "claude-opus-4-8"
SEARCH = {"type": "server_tool_use", "id": "s1", "name": "web_search", "input": {"query": "x"}}
FOUND = {"type": "web_search_tool_result", "tool_use_id": "s1", "content": []}
THOUGHT = {"type": "thinking", "thinking": "hm", "signature": "s"}
CALL = {"type": "tool_use", "id": "t1", "name": "look", "input": {}}
ASKED = Message("user", "q")


def look() -> str:
    """Look."""
    return "seen"


def text(said: str) -> dict[str, Any]:
    return {"type": "text", "text": said}


def said(stop: str, *content: dict[str, Any]) -> Reply:
    usage = {"input_tokens": 5, "output_tokens": 3}
    message = {"type": "message", "role": "assistant", "model": MODEL, "content": content}
    body = json.dumps({**message, "id": "m", "stop_reason": stop, "usage": usage})
    return Reply(raw=body.encode(), content_type="application/json")


async def asked(*replies: Reply, extra: Any = None, **limits: Any) -> tuple[Any, FakeTransport]:
    fake = FakeTransport(*replies)
    request = MessageRequest(messages=[ASKED], model=MODEL, extra=extra or {})
    async with LLMClient(provider="anthropic", api_key="k", transport=fake, level="ignore") as client:
        return await client.run_tools(request, [look], **limits), fake


async def run(*replies: Reply, **limits: Any) -> tuple[Any, list[Any]]:
    found, fake = await asked(*replies, **limits)
    return found, [sent.body["messages"] for sent in fake.sent]


def own(raw: dict[str, Any]) -> Other:
    return Other(raw, raw["type"], "anthropic_messages")


def plan(*turns: Message, model: str = MODEL, **fields: Any) -> Plan:
    request = MessageRequest(messages=list(turns), **fields)
    return smartllm.compile(request, model=model, provider="anthropic", level="ignore")


async def test_a_run_goes_on_until_the_answer_is_whole() -> None:
    found, bodies = await run(
        said("pause_turn", text("Let me search."), SEARCH),
        said("tool_use", FOUND, THOUGHT, CALL),
        said("end_turn", text("Done.")),
    )
    assert (found.response.text, found.rounds) == ("Done.", 3)
    assert bodies[1][1:] == [{"role": "assistant", "content": [text("Let me search."), SEARCH]}]
    assert [turn["role"] for turn in bodies[2]] == ["user", "assistant", "user"]
    assert bodies[2][1]["content"] == [text("Let me search."), SEARCH, FOUND, THOUGHT, CALL]
    assert [message.role for message in found.messages] == [
        "user",
        "assistant",
        "assistant",
        "user",
        "assistant",
    ]


async def test_rounds_end_it_as_any_other_run() -> None:
    found, bodies = await run(*[said("pause_turn", SEARCH)] * 3, max_rounds=2)
    assert (found.rounds, len(bodies)) == (2, 2)
    assert found.response.stop_reason == "pause_turn"
    assert {note.code for note in found.response.diagnostics} >= {"answer-paused"}


@pytest.mark.parametrize(
    "reply",
    [
        said("pause_turn", SEARCH, text("So far")),
        said("end_turn", SEARCH, FOUND),
        said("end_turn", text("x")),
    ],
)
async def test_what_is_not_paused_in_a_tool_is_the_answer(reply: Reply) -> None:
    found, bodies = await run(reply)
    assert (found.rounds, len(bodies)) == (1, 1)


def test_a_paused_turn_is_no_prefill() -> None:
    turns = plan(ASKED, Message("assistant", ["Let me search.", own(SEARCH)])).body["messages"]
    assert turns[-1] == {"role": "assistant", "content": [text("Let me search."), SEARCH]}


def test_words_and_other_wires_are_a_prefill_still() -> None:
    with pytest.raises(UnsupportedError, match="takes no prefill"):
        plan(ASKED, Message("assistant", [own(SEARCH), "So"]))
    block = Other({"toolUse": {}}, "toolUse", "bedrock_converse")
    request = MessageRequest(messages=[ASKED, Message("assistant", ["a", block])], api_type="converse")
    with pytest.raises(UnsupportedError, match="takes no prefill"):
        smartllm.compile(request, model=called(MODEL), level="ignore")


def test_its_thinking_stays_where_a_budget_wants_it() -> None:
    model = "claude-sonnet-4-5"
    thought = Reasoning(model, "anthropic_messages", [THOUGHT])
    made = plan(ASKED, Message("assistant", [thought, own(SEARCH)]), model=model, reasoning_effort="low")
    assert made.body["messages"][-1]["content"] == [THOUGHT, SEARCH]
    assert made.body["thinking"]["type"] == "enabled"


def test_reasoning_of_another_turn_still_does_not_stand_behind_words() -> None:
    thought = Reasoning(MODEL, "anthropic_messages", [THOUGHT])
    turns = Message("assistant", "a"), Message("assistant", [thought, "b"])
    made = plan(ASKED, *turns, ASKED)
    assert made.body["messages"][1]["content"] == [text("a"), text("b")]
    assert "reasoning-dropped" in {note.code for note in made.diagnostics}
    paused = Message("assistant", [own(SEARCH)]), Message("assistant", [thought, ToolCall("t1", "look", {})])
    told = Message("user", [smartllm.ToolResult("t1", "r")])
    content = plan(ASKED, *paused, told, tools=[smartllm.Tool("look")]).body["messages"][1]["content"]
    assert [block["type"] for block in content] == ["server_tool_use", "thinking", "tool_use"]


RUN = {"type": "server_tool_use", "id": "s2", "name": "code_execution", "input": {"code": "look()"}}
MADE = {**CALL, "caller": {"type": "code_execution_20260120", "tool_id": "s2"}}


def in_container(stop: str, *content: dict[str, Any], days: float = 1) -> Reply:
    ends = dt.datetime.now(dt.UTC) + dt.timedelta(days=days)
    body = json.loads(said(stop, *content).raw or b"")
    container = {"id": "container_1", "expires_at": ends.isoformat().replace("+00:00", "Z")}
    return Reply(raw=json.dumps(body | {"container": container}).encode(), content_type="application/json")


async def test_calls_that_code_makes_are_answered_in_its_container() -> None:
    replies = in_container("tool_use", RUN, MADE), said("end_turn", text("Done."))
    found, fake = await asked(*replies, extra={"container": {"skills": []}})
    assert found.responses[0].tool_calls[0].own == {"caller": MADE["caller"]}
    assert fake.sent[0].body["container"] == {"skills": []}
    assert fake.sent[1].body["container"] == {"skills": [], "id": "container_1"}
    assert fake.sent[1].body["messages"][1]["content"] == [RUN, MADE]


@pytest.mark.parametrize(("days", "sent"), [(1, "container_1"), (-1, None)])
async def test_a_container_that_has_ended_is_not_asked_for(days: float, sent: str | None) -> None:
    found, fake = await asked(in_container("tool_use", CALL, days=days), said("end_turn", text("Done.")))
    assert fake.sent[1].body.get("container") == sent
    assert found.responses[0].tool_calls[0].own == {}


def test_what_a_call_says_of_itself() -> None:
    member = {**CALL, "toolset_name": "computer"}
    for block, own_words in (
        (CALL, {}),
        (MADE, {"caller": MADE["caller"]}),
        (member, {"toolset_name": "computer"}),
    ):
        reply = {"content": [block], "stop_reason": "tool_use"}
        (call,) = DECODERS["anthropic_messages"].decode(reply, MODEL).tool_calls
        assert call.own == own_words
        direct = {**block, "caller": {"type": "direct"}} if block is CALL else block
        (call,) = DECODERS["anthropic_messages"].decode({**reply, "content": [direct]}, MODEL).tool_calls
        assert call.own == own_words
    with pytest.raises(UnsupportedError, match="own"):
        plan(ASKED, Message("assistant", [ToolCall("t1", "look", {}, own={"caller": object()})]), ASKED)
