"""How answers with calls end, on every wire, whole and streamed: finished, cut, broken, empty."""

from __future__ import annotations

from random import Random
from typing import Any

import pytest
from part_events import Said
from part_transport import WRITTEN
from stream_events import decoded
from wires import WIRES, Wire, each_wire

from smartllm.compiler.dialects.decoding import Decoded
from smartllm.compiler.dialects.readers import DECODERS
from smartllm.content import Other, Text, ToolCall
from smartllm.rules import Dialect

TEXT, CALL, LAST = Said("text", "Hm"), Said("call", arguments={"a": 1}), Said("call", arguments={"b": 2})
CUT = {
    "responses": "incomplete",
    "chat_completions": "length",
    "invoke": "max_tokens",
    "converse": "max_tokens",
}
SPOKEN: dict[str, Dialect] = {
    "responses": "openai_responses",
    "chat_completions": "openai_chat",
    "invoke": "anthropic_messages",
    "converse": "bedrock_converse",
}
CALLING = {
    "responses": "completed",
    "chat_completions": "tool_calls",
    "invoke": "tool_use",
    "converse": "tool_use",
}


def both(wire: Wire, said: tuple[Said, ...], reason: str) -> Decoded:
    """The answer as it is read whole, and the same one streamed."""
    dialect = SPOKEN[wire.api_type]
    write, cut, _ = WRITTEN[wire.api_type]
    reply = write(said, reason)
    whole = DECODERS[dialect].decode(reply, "m")
    events = [*cut(reply, Random(3))]  # noqa: S311 - where a stream is cut
    if reason == "incomplete":
        events = [_renamed(event) for event in events]
    assert decoded(dialect, events) == whole
    return whole


def _renamed(event: dict[str, Any]) -> dict[str, Any]:
    known = event.get("type") == "response.completed"
    return {**event, "type": "response.incomplete"} if known else event


def called(answer: Decoded) -> list[tuple[Any, bool]]:
    return [(call.arguments, call.unfinished) for call in answer.tool_calls]


@each_wire
def test_calls_are_why_it_stopped_also_where_the_word_is_that_of_a_text(wire: Wire) -> None:
    for reason in (CALLING[wire.api_type], WRITTEN[wire.api_type][2]):
        answer = both(wire, (TEXT, CALL), reason)
        assert (answer.finish_reason, answer.stop_reason) == ("tool_calls", reason)
        assert called(answer) == [({"a": 1}, False)]
        assert both(wire, (TEXT,), WRITTEN[wire.api_type][2]).finish_reason == "stop"


def test_calls_are_why_it_stopped_where_the_server_has_no_word() -> None:
    message = {"content": None, "tool_calls": [{"id": "1", "function": {"name": "f", "arguments": "{}"}}]}
    for word in (None, ""):
        reply = {"choices": [{"message": message, "finish_reason": word}]}
        assert DECODERS["openai_chat"].decode(reply, "m").finish_reason == "tool_calls"
    reply = {"choices": [{"message": message, "finish_reason": "new"}]}
    answer = DECODERS["openai_chat"].decode(reply, "m")
    assert (answer.finish_reason, called(answer)) == (None, [({}, False)])


@each_wire
def test_a_call_at_the_end_of_an_answer_that_was_cut_is_unfinished(wire: Wire) -> None:
    answer = both(wire, (TEXT, CALL, LAST), CUT[wire.api_type])
    assert answer.finish_reason == "length"
    assert called(answer) == [({"a": 1}, False), ({"b": 2}, True)]


@pytest.mark.parametrize("wire", [WIRES[0], *WIRES[2:]], ids=lambda wire: wire.api_type)
def test_a_call_before_the_text_that_was_cut_is_whole(wire: Wire) -> None:
    answer = both(wire, (CALL, TEXT), CUT[wire.api_type])
    assert called(answer) == [({"a": 1}, False)]
    # What is not read may stand behind a call that was cut.
    answer = both(wire, (CALL, Said("own", "x")), CUT[wire.api_type])
    assert [type(part) for part in answer.parts] == [ToolCall, Other]
    assert called(answer) == [({"a": 1}, True)]


@each_wire
def test_an_answer_that_was_cut_without_a_call_says_what_it_said(wire: Wire) -> None:
    assert both(wire, (TEXT,), CUT[wire.api_type]).parts == (Text("Hm"),)


def test_one_that_was_cut_before_it_said_anything() -> None:
    reply: dict[str, Any] = {"choices": [{"message": {"content": None}, "finish_reason": "length"}]}
    assert DECODERS["openai_chat"].decode(reply, "m").parts == ()
    block = {"type": "server_tool_use", "id": "s", "name": "web", "input": {}}
    reply = {"content": [block], "stop_reason": "max_tokens"}
    assert DECODERS["anthropic_messages"].decode(reply, "m").parts == (
        Other(block, "server_tool_use", "anthropic_messages"),
    )


@pytest.mark.parametrize(
    ("dialect", "word", "finish"),
    [
        ("bedrock_converse", "malformed_tool_use", "error"),
        ("bedrock_converse", "malformed_model_output", "error"),
        ("bedrock_converse", "guardrail_intervened", "content_filter"),
        ("bedrock_converse", "model_context_window_exceeded", "length"),
    ],
)
def test_whatever_else_ended_it_a_call_at_its_end_is_unfinished(
    dialect: Dialect, word: str, finish: str
) -> None:
    block = {"toolUse": {"toolUseId": "1", "name": "f", "input": "{"}}
    reply = {"output": {"message": {"content": [block]}}, "stopReason": word}
    answer = DECODERS[dialect].decode(reply, "m")
    assert (answer.finish_reason, called(answer)) == (finish, [("{", True)])


def whole_with(dialect: Dialect, given: Any) -> dict[str, Any]:
    """An answer whose call has these arguments on the wire."""
    function = {"name": "f", "arguments": given}
    message = {"content": None, "tool_calls": [{"id": "1", "function": function}]}
    item = {"type": "function_call", "call_id": "1", **function}
    use = {"toolUseId": "1", "name": "f", "input": given}
    block = {"type": "tool_use", "id": "1", "name": "f", "input": given}
    replies: dict[Dialect, dict[str, Any]] = {
        "openai_chat": {"choices": [{"message": message, "finish_reason": "tool_calls"}]},
        "openai_responses": {"status": "completed", "output": [item]},
        "bedrock_converse": {
            "output": {"message": {"content": [{"toolUse": use}]}},
            "stopReason": "tool_use",
        },
        "anthropic_messages": {"content": [block], "stop_reason": "tool_use"},
    }
    return replies[dialect]


@pytest.mark.parametrize("dialect", DECODERS)
def test_arguments_that_are_no_object_are_kept_as_text_and_none_at_all_are_an_empty_object(
    dialect: Dialect,
) -> None:
    for given in ('{"a": 1', "[1]", "null", '"x"', '{"a": NaN}', "{" * 2000):
        (call,) = DECODERS[dialect].decode(whole_with(dialect, given), "m").tool_calls
        assert call == ToolCall("1", "f", given)
    for given in ("", " \n", "{}"):
        (call,) = DECODERS[dialect].decode(whole_with(dialect, given), "m").tool_calls
        assert call == ToolCall("1", "f", {})


@pytest.mark.parametrize("wire", WIRES[:2], ids=lambda wire: wire.api_type)
def test_a_call_of_a_tool_that_takes_free_text_says_so(wire: Wire) -> None:
    answer = both(wire, (Said("call", arguments='{"a": 1}'), CALL), WRITTEN[wire.api_type][2])
    assert [(call.arguments, call.custom) for call in answer.tool_calls] == [
        ('{"a": 1}', True),
        ({"a": 1}, False),
    ]
