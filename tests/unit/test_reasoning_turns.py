"""Reasoning that survives: returned with an answer, sent back to the model that wrote it, and to no other."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import BaseModel
from wires import CHAT, CONVERSE, INVOKE, WIRES, Wire, each_bedrock_wire, share_service_models

import smartllm
from smartllm import Message, MessageRequest, Reasoning
from smartllm.compiler.dialects.readers import DECODERS, stream_reader
from smartllm.compiler.turns import turns_of
from smartllm.content import Text
from smartllm.rules import load_rules
from smartllm.testing import LoopbackServer, Reply

RULES = load_rules()
THINKING: dict[str, Any] = {"reasoning_effort": "low", "max_tokens": 4000, "use_cache": True}


class Person(BaseModel):
    name: str
    age: int


@pytest.fixture(autouse=True)
def fast_clients(monkeypatch: pytest.MonkeyPatch) -> None:
    share_service_models(monkeypatch)


def follow_up(wire: Wire, first: Message, **fields: Any) -> MessageRequest[Any]:
    base = wire.conversation(("user", "hi"), **{**THINKING, **fields})
    return base.model_copy(update={"messages": [Message("user", "hi"), first, Message("user", "and?")]})


def blocks_sent(body: Any) -> list[Any]:
    content = body["messages"][1]["content"]
    return [content] if isinstance(content, str) else content[:-1]


@each_bedrock_wire
@pytest.mark.parametrize("how", ["whole", "assembled", "streamed", "cached"])
async def test_it_goes_back_as_it_came(wire: Wire, how: str) -> None:
    with LoopbackServer() as server:
        server.script(Reply(text="fine", thinking="let me see"))
        async with wire.client(server.url) as client:
            request = wire.request("hi", **THINKING)
            if how == "streamed":
                chunks = [chunk async for chunk in client.generate_text_stream(request)]
                turn = Message("assistant", "fine", reasoning=chunks[-1].reasoning)
            elif how == "assembled":
                turn = (await client.generate_text_streamed(request)).as_message()
            else:
                turn = (await client.generate_text(request)).as_message()
            if how == "cached":
                again = await client.generate_text(request)
                assert again.cache_source == "l1"
                assert again.as_message() == turn
                turn = again.as_message()
            answer = await client.send_message(follow_up(wire, turn))
        assert not answer.diagnostics
        assert turn.reasoning is not None
        assert (turn.reasoning.model, turn.content) == (wire.model, "fine")
        sent = blocks_sent(server.requests[-1].json)
    assert sent == turn.reasoning.blocks
    assert "let me see" in str(sent)
    assert "signature" in str(sent)
    assert "let me see" not in repr(turn)
    assert answer.metadata["messages"][1] == {"role": "assistant", "content": "fine"}


@pytest.mark.parametrize("wire", WIRES, ids=lambda wire: wire.api_type)
def test_any_other_model_or_wire_does_not_get_it(wire: Wire) -> None:
    blocks = [{"type": "thinking", "thinking": "canary", "signature": "s"}]
    for model, dialect in (
        ("eu.other", "anthropic_messages"),
        (wire.model, "another"),
        (wire.model, "openai_chat"),
    ):
        turn = Message("assistant", "fine", reasoning=Reasoning(model=model, dialect=dialect, blocks=blocks))
        plan = smartllm.compile(follow_up(wire, turn), rules=RULES, level="ignore")
        assert "canary" not in plan.as_json()
        dropped = [item for item in plan.diagnostics if item.code == "reasoning-dropped"]
        assert [(item.severity, item.asked) for item in dropped] == [("info", model)]


def test_the_reasoning_of_a_turn_that_is_joined_to_another_is_dropped() -> None:
    reasoning = Reasoning(model=INVOKE.model, dialect="anthropic_messages", blocks=[{"type": "thinking"}])
    messages = [
        Message("user", "a"),
        Message("assistant", "b", reasoning=reasoning),
        Message("assistant", "c", reasoning=reasoning),
        Message("user", "d"),
    ]
    plan = smartllm.compile(
        MessageRequest(messages=messages, model=INVOKE.model), rules=RULES, level="ignore"
    )
    assert [block["type"] for block in plan.body["messages"][1]["content"]] == ["thinking", "text", "text"]
    assert "reasoning-dropped" in {item.code for item in plan.diagnostics}


async def test_two_steps_return_the_reasoning_of_the_first() -> None:
    with LoopbackServer() as server:
        server.script(Reply(text="J, 3", thinking="hm"), Reply(structured={"name": "J", "age": 3}))
        async with INVOKE.client(server.url) as client:
            request = INVOKE.request("hi", response_format=Person, structured_output="two_pass", **THINKING)
            response = await client.generate_text(request)
    assert response.reasoning is not None
    assert response.reasoning.blocks[0]["thinking"] == "hm"


async def test_what_chat_shows_of_reasoning_does_not_go_back() -> None:
    with LoopbackServer() as server:
        server.script(Reply(thinking="hm"))
        async with CHAT.client(server.url) as client:
            assert (await client.generate_text(CHAT.request("hi", **THINKING))).reasoning is None


def test_hidden_reasoning_of_a_stream_is_kept_as_it_is() -> None:
    reader = stream_reader("bedrock_converse", "m")
    for event in (
        {
            "contentBlockDelta": {
                "contentBlockIndex": 0,
                "delta": {"reasoningContent": {"redactedContent": "ab"}},
            }
        },
        {"contentBlockDelta": {"contentBlockIndex": 1, "delta": {"reasoningContent": {"signature": "s"}}}},
        {"contentBlockDelta": {"contentBlockIndex": 2, "delta": {"text": "hi"}}},
        {"messageStop": {"stopReason": "end_turn"}},
    ):
        reader.feed(event)
    found = reader.decoded()
    assert found.reasoning == (
        {"reasoningContent": {"redactedContent": "ab"}},
        {"reasoningContent": {"reasoningText": {"text": "", "signature": "s"}}},
    )
    assert (found.text, found.thinking) == ("hi", "")


def test_an_answer_without_text_is_no_turn() -> None:
    response = smartllm.TextResponse(text="", model="m", stop_reason="end_turn")
    with pytest.raises(ValueError, match="content"):
        response.as_message()


def test_a_request_with_reasoning_is_another_request() -> None:
    turn = Message("assistant", "b")
    reasoning = Reasoning(model=CONVERSE.model, dialect="bedrock_converse", blocks=[{"reasoningContent": {}}])
    plans = [
        smartllm.compile(follow_up(CONVERSE, message), rules=RULES, level="ignore")
        for message in (turn, turn.model_copy(update={"reasoning": reasoning}))
    ]
    assert plans[0].fingerprint != plans[1].fingerprint


def test_blocks_without_signature_and_blocks_of_other_kinds() -> None:
    reader = stream_reader("bedrock_converse", "m")
    reader.feed(
        {"contentBlockDelta": {"contentBlockIndex": 0, "delta": {"reasoningContent": {"text": "hm"}}}}
    )
    reader.feed({"messageStop": {"stopReason": "end_turn"}})
    assert reader.decoded().reasoning == ({"reasoningContent": {"reasoningText": {"text": "hm"}}},)
    content = [
        {"type": "something_new"},
        {"type": "redacted_thinking", "data": "x"},
        {"type": "text", "text": "y"},
    ]
    decoded = DECODERS["anthropic_messages"].decode({"content": content, "stop_reason": "end_turn"}, "m")
    assert (decoded.text, decoded.thinking, decoded.reasoning) == ("y", "", (content[1],))


def test_reasoning_that_holds_nothing_leaves_the_text_a_text() -> None:
    nothing = Reasoning(model=INVOKE.model, dialect="anthropic_messages", blocks=[])
    request = follow_up(INVOKE, Message("assistant", "fine", reasoning=nothing))
    body = smartllm.compile(request, model=INVOKE.model).body
    assert [turn["content"] for turn in body["messages"] if turn["role"] == "assistant"] == ["fine"]


@pytest.mark.parametrize(
    ("dialect", "sent"), [("bedrock_invoke", True), ("anthropic_messages", True), ("x", False)]
)
def test_reasoning_that_was_kept_under_the_dialects_old_name_goes_back(dialect: str, sent: bool) -> None:
    block = {"type": "thinking", "thinking": "hm", "signature": "s"}
    kept = Reasoning(model="claude-opus-4-7", dialect=dialect, blocks=[block])
    turns = [Message("user", "a"), Message("assistant", "b", reasoning=kept), Message("user", "c")]
    request = MessageRequest(messages=turns, model="claude-opus-4-7", api_type="invoke")
    plan = smartllm.compile(request, rules=RULES, level="ignore")
    assert (block in list(plan.body["messages"][1]["content"])) is sent


def test_a_turns_reasoning_stands_before_what_it_says() -> None:
    kept = Reasoning(model="m", dialect="d")
    (turn,) = turns_of({"messages": [Message("assistant", "b", reasoning=kept)]})
    assert [type(part) for part in turn.parts] == [Reasoning, Text]
