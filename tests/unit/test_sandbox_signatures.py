"""Thinking that the sandbox signed goes back unchanged, after the same turns, or is refused."""

from __future__ import annotations

import copy
from typing import Any

import pytest
import tool_refusals as messages
import tool_refusals_converse as converse
from model_facts import CONVERSE, MESSAGES

from smartllm.rules import Dialect
from smartllm.testing import Reply
from smartllm.testing.answer import compose
from smartllm.testing.check import refusal
from smartllm.testing.routes import WIRES
from smartllm.testing.signature import changed, moved, signature

BOUND, SIGNED = "claude-opus-5-5", "claude-opus-4-7"
FIRST: dict[Dialect, dict[str, Any]] = {
    MESSAGES: messages.claude(tools=[messages.spec()], system="Be brief."),
    CONVERSE: converse.converse(tools=[converse.spec()]) | {"system": [{"text": "Be brief."}]},
}
each_wire = pytest.mark.parametrize("dialect", FIRST)


def second(dialect: Dialect, thinking: str = "hm") -> dict[str, Any]:
    """The next round after an answer that thought and called."""
    wire, body = WIRES[dialect], copy.deepcopy(FIRST[dialect])
    reply = Reply(thinking=thinking, tool_calls=[{"name": "weather", "id": "t1"}])
    whole = wire.whole(compose(wire.read(body, BOUND), reply, 1))
    said = whole["content"] if dialect == MESSAGES else whole["output"]["message"]["content"]
    result = messages.result("t1") if dialect == MESSAGES else converse.result("t1")
    body["messages"] += [{"role": "assistant", "content": said}, {"role": "user", "content": [result]}]
    return body


def refused(body: dict[str, Any], dialect: Dialect, model: str = BOUND) -> str:
    return str(refusal(body, model, dialect) or "")


@each_wire
@pytest.mark.parametrize("thinking", ["hm", ""])
def test_what_goes_back_unchanged_is_right(dialect: Dialect, thinking: str) -> None:
    body = second(dialect, thinking)
    assert not refused(body, dialect)
    marks = {"cache_control": {"type": "ephemeral"}}
    if dialect == MESSAGES:
        body["tools"][0] |= marks
        body["messages"][-1]["content"][0] |= marks
    else:
        body["system"].append({"cachePoint": {"type": "default"}})
        body["messages"][0]["content"].append({"cachePoint": {"type": "default"}})
    assert not refused(body, dialect)


@each_wire
@pytest.mark.parametrize("key", ["system", "tools", "messages"])
def test_what_stands_before_it_may_not_change_where_it_is_bound_to_that(dialect: Dialect, key: str) -> None:
    body = second(dialect)
    if key == "system":
        body["system"] = "Be long." if dialect == MESSAGES else []
    elif key == "tools":
        tools = body["tools"] if dialect == MESSAGES else body["toolConfig"]["tools"]
        tools.append(messages.spec(name="clock") if dialect == MESSAGES else converse.spec(name="clock"))
    else:
        body["messages"][0]["content"] = "hello" if dialect == MESSAGES else [{"text": "hello"}]
    assert "different conversation" in refused(body, dialect)
    assert not refused(body, dialect, SIGNED)


@each_wire
def test_its_text_may_not_change(dialect: Dialect) -> None:
    body = second(dialect)
    (thought, *_) = body["messages"][1]["content"]
    if dialect == MESSAGES:
        thought["thinking"] = "ha"
    else:
        thought["reasoningContent"]["reasoningText"]["text"] = "ha"
    for model in (BOUND, SIGNED):
        assert "cannot be modified" in refused(body, dialect, model)


@each_wire
def test_a_stream_signs_alike(dialect: Dialect) -> None:
    wire, body = WIRES[dialect], FIRST[dialect]
    answer = compose(wire.read(body, BOUND), Reply(thinking="hm"), 1)
    signed = signature(body, "hm")
    assert signed in str(wire.whole(answer))
    if dialect == CONVERSE:
        assert signed.encode() in b"".join(wire.frames(answer))


@pytest.mark.parametrize("given", ["s", "bG9vcGJhY2s=", "eDp5Ono=", "/w=="])
def test_what_others_signed_is_not_judged(given: str) -> None:
    assert not changed(given, "x")
    assert not moved(given, {}, 0)
