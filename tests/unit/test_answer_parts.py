"""What an answer is made of: every part that a provider sends, on every wire."""

from __future__ import annotations

from typing import Any

import pytest
from stream_events import (
    BEGIN,
    END,
    STOP,
    STOPPED,
    begun,
    block,
    completed,
    decoded,
    delta,
    fed,
    message,
    start,
    text_delta,
)

from smartllm.compiler.dialects.decoding import Decoded
from smartllm.compiler.dialects.readers import DECODERS
from smartllm.compiler.dialects.stream import (
    SILENT,
    Delta,
    one_after_another,
    pieces_joined,
)
from smartllm.content import Other, Reasoning, Text, ToolCall, ToolCallDelta
from smartllm.errors import ProviderError, ResponseError

CITED = {"title": "x"}


def claude(*content: Any, reason: str = "end_turn", **fields: Any) -> Decoded:
    reply = {"content": [*content], "stop_reason": reason, **fields}
    return DECODERS["anthropic_messages"].decode(reply, "m")


def converse(*content: Any, reason: str = "end_turn") -> Decoded:
    reply = {"output": {"message": {"content": [*content]}}, "stopReason": reason}
    return DECODERS["bedrock_converse"].decode(reply, "m")


class TestClaude:
    def test_parts_in_order(self) -> None:
        thinking = {"type": "thinking", "thinking": "hm", "signature": "s"}
        hidden = {"type": "redacted_thinking", "data": "x"}
        server = {"type": "server_tool_use", "id": "s", "name": "web", "input": {}}
        tool = {"type": "tool_use", "id": "t", "name": "f", "input": {"a": 1}}
        text = {"type": "text", "text": "Pa", "citations": [CITED]}
        answer = claude(thinking, server, text, {"type": "text", "text": ""}, tool, hidden, reason="tool_use")
        assert answer.parts == (
            Reasoning("", "anthropic_messages", [thinking], "hm"),
            Other(server, "server_tool_use", "anthropic_messages"),
            Text("Pa", (CITED,)),
            ToolCall("t", "f", {"a": 1}),
            Reasoning("", "anthropic_messages", [hidden]),
        )
        assert (answer.text, answer.thinking, answer.finish_reason) == ("Pa", "hm", "tool_calls")
        assert answer.reasoning == (thinking, hidden)
        assert answer.unread == (Other(server, "server_tool_use", "anthropic_messages"),)

    def test_a_text_that_only_cites_is_a_part(self) -> None:
        assert claude({"type": "text", "text": "", "citations": [CITED]}).parts == (Text("", (CITED,)),)

    @pytest.mark.parametrize("odd", [None, "x", {}, 5, ["x"]])
    def test_citations_of_another_type_are_none(self, odd: Any) -> None:
        assert claude({"type": "text", "text": "Pa", "citations": odd}).parts == (Text("Pa"),)

    @pytest.mark.parametrize("odd", [None, 5, []])
    def test_an_id_of_another_type_is_none(self, odd: Any) -> None:
        (found,) = claude({"type": "tool_use", "id": odd, "input": {}}).parts
        assert found == ToolCall("", "", {})

    def test_a_name_of_another_type_is_an_error(self) -> None:
        with pytest.raises(ResponseError, match=r"where content\.name should be text"):
            claude({"type": "tool_use", "name": 5, "input": {}})

    def test_arguments_as_text(self) -> None:
        for given, read in (('{"a": 1}', {"a": 1}), ("[1]", "[1]"), ("{", "{"), ("", {})):
            assert claude({"type": "tool_use", "input": given}).tool_calls[0].arguments == read

    def test_a_refusal_is_its_text_or_its_explanation(self) -> None:
        text = {"type": "text", "text": "No."}
        details = {"stop_details": {"explanation": "Unsafe."}}
        for answer, words in (
            (claude(text, reason="refusal", **details), "No."),
            (claude(reason="refusal", **details), "Unsafe."),
            (claude(reason="refusal"), ""),
        ):
            assert (answer.refusal, answer.finish_reason) == (words, "refusal")

    def test_a_delta_of_an_unknown_kind_adds_to_its_block(self) -> None:
        new = [block(0, "note_delta", note=piece, place={"page": 1}) for piece in ("a", "b")]
        answer = decoded("anthropic_messages", [BEGIN, start(0, type="note"), *new, STOP, END])
        assert answer.parts == (
            Other({"type": "note", "note": "ab", "place": {"page": 1}}, "note", "anthropic_messages"),
        )

    def test_calls_are_counted_and_told_in_pieces(self) -> None:
        events = [
            BEGIN,
            start(0, type="text", text="Pa"),
            start(1, type="server_tool_use", id="s", name="web", input={}),
            block(1, "input_json_delta", partial_json="{}"),
            start(2, type="tool_use", id="t", name="f", input={}),
            start(3, type="tool_use", id="u", name="g", input={"b": "é"}),
            block(2, "input_json_delta", partial_json='{"a":'),
            block(2, "input_json_delta", partial_json="1}"),
        ]
        calls = [one.call for one in fed("anthropic_messages", events)[1] if one and one.call]
        assert calls == [
            ToolCallDelta(0, "t", "f", ""),
            ToolCallDelta(1, "u", "g", '{"b": "\\u00e9"}'),
            ToolCallDelta(0, "t", "f", '{"a":'),
            ToolCallDelta(0, "t", "f", "1}"),
        ]
        answer = decoded("anthropic_messages", [*events, STOP, END])
        assert answer.tool_calls == (ToolCall("t", "f", {"a": 1}), ToolCall("u", "g", {"b": "é"}))


class TestConverse:
    def test_parts_in_order(self) -> None:
        thought = {"reasoningContent": {"reasoningText": {"text": "hm", "signature": "s"}}}
        own = {"toolUse": {"toolUseId": "s", "name": "web", "type": "server_tool_use", "input": {}}}
        result = {"toolResult": {"toolUseId": "s", "content": []}}
        tool = {"toolUse": {"toolUseId": "t", "name": "f", "input": {"a": 1}}}
        cited = {"citationsContent": {"content": [{"text": "P"}, {"text": "a"}], "citations": [CITED]}}
        image = {"image": {"format": "png", "source": {}}}
        answer = converse(thought, own, result, cited, {"text": ""}, tool, image, reason="tool_use")
        assert answer.parts == (
            Reasoning("", "bedrock_converse", [thought], "hm"),
            Other(own, "server_tool_use", "bedrock_converse"),
            Other(result, "toolResult", "bedrock_converse"),
            Text("Pa", (CITED,)),
            ToolCall("t", "f", {"a": 1}),
            Other(image, "image", "bedrock_converse"),
        )
        assert (answer.text, answer.finish_reason) == ("Pa", "tool_calls")

    def test_a_name_of_another_type_is_an_error(self) -> None:
        with pytest.raises(ResponseError, match=r"where content\.toolUse\.name should be text"):
            converse({"toolUse": {"name": 5, "input": {}}})
        assert converse({"toolUse": {"toolUseId": 5, "input": {}}}).parts == (ToolCall("", "", {}),)

    @pytest.mark.parametrize("reason", ["guardrail_intervened", "content_filtered"])
    def test_what_is_withheld_is_no_refusal_of_the_model(self, reason: str) -> None:
        answer = converse({"text": "Sorry."}, reason=reason)
        assert (answer.finish_reason, answer.refusal) == ("content_filter", "Sorry.")

    def test_deltas_of_unknown_kinds_are_kept(self) -> None:
        events = [
            delta(0, sound={"data": "a"}),
            delta(0, sound={"data": "b"}),
            begun(1, {"image": {"format": "png"}}),
            delta(1, image={"source": {"bytes": "x"}}),
            delta(1, other=5),
            STOPPED,
        ]
        assert decoded("bedrock_converse", events).parts == (
            Other({"sound": {"data": "ab"}}, "sound", "bedrock_converse"),
            Other({"image": {"format": "png", "source": {"bytes": "x"}}}, "image", "bedrock_converse"),
            Other({"other": 5}, "other", "bedrock_converse"),
        )

    def test_calls_are_counted_and_told_in_pieces(self) -> None:
        events = [
            begun(0, {"toolUse": {"toolUseId": "s", "name": "web", "type": "server_tool_use"}}),
            delta(0, toolUse={"input": "{}"}),
            begun(1, {"toolUse": {"toolUseId": "t", "name": "f"}}),
            begun(2, {"toolUse": {"toolUseId": "u", "name": "g"}}),
            delta(1, toolUse={"input": "{}"}),
        ]
        assert [one and one.call for one in fed("bedrock_converse", events)[1]] == [
            None,
            None,
            ToolCallDelta(0, "t", "f", ""),
            ToolCallDelta(1, "u", "g", ""),
            ToolCallDelta(0, "t", "f", "{}"),
        ]


@pytest.mark.parametrize(
    ("old", "new", "joined"),
    [
        ("a", "b", "ab"),
        (None, "b", "b"),
        ("a", None, "a"),
        (1, 2, 2),
        ({"id": "1", "x": "a"}, {"id": "1", "x": "b"}, {"id": "1", "x": "ab"}),
        ([1], [2], [1, 2]),
        ([{"index": 0, "x": "a"}], [{"index": 0, "x": "b"}], [{"index": 0, "x": "ab"}]),
        ([{"index": 0}], [{"index": 1}], [{"index": 0}, {"index": 1}]),
        (
            [{"index": 0, "type": "a"}],
            [{"index": 0, "type": "b"}],
            [{"index": 0, "type": "a"}, {"index": 0, "type": "b"}],
        ),
    ],
)
def test_pieces_of_one_field(old: Any, new: Any, joined: Any) -> None:
    assert pieces_joined(old, new) == joined


def test_what_an_event_says_leaves_silence_out() -> None:
    assert one_after_another([]) is None
    assert one_after_another([SILENT, SILENT]) == SILENT
    assert one_after_another([SILENT, Delta("a")]) == Delta("a")


def test_the_call_s_id_stands_beside_the_answer_or_in_it() -> None:
    reply = {"id": "a", "status": "completed", "output": [message("Pa")]}
    assert DECODERS["openai_responses"].decode(reply, "m").request_id == "a"
    assert DECODERS["openai_responses"].decode(reply, "m", "header").request_id == "header"
    reader, _ = fed("openai_responses", [text_delta("Pa"), completed(message("Pa"))])
    assert reader.decoded("header").request_id == "header"


def test_the_text_beside_an_error_leaves_other_parts_out() -> None:
    content = [{"reasoningContent": {"reasoningText": {"text": "hm"}}}, {"text": "Pa"}]
    reply = {"output": {"message": {"content": content}}, "error": {"message": "no"}}
    with pytest.raises(ProviderError) as caught:
        DECODERS["bedrock_converse"].decode(reply, "m")
    assert caught.value.partial_text == "Pa"
