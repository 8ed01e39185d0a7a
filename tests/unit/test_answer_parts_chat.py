"""What an answer of Chat Completions is made of, whole and streamed."""

from __future__ import annotations

from typing import Any

import pytest
from stream_events import (
    call,
    chunk,
    decoded,
    fed,
)

from smartllm.compiler.dialects.decoding import Decoded
from smartllm.compiler.dialects.readers import DECODERS
from smartllm.compiler.dialects.stream import (
    DONE,
    Delta,
    WholeReply,
)
from smartllm.content import Other, Reasoning, Refusal, Text, ToolCall, ToolCallDelta
from smartllm.errors import ResponseError

CITED = {"title": "x"}
CUSTOM = {"id": "2", "type": "custom", "custom": {"name": "run", "input": "x"}}


def chat(reason: str = "stop", **fields: Any) -> Decoded:
    reply = {"choices": [{"finish_reason": reason, "message": {"role": "assistant", **fields}}]}
    return DECODERS["openai_chat"].decode(reply, "m")


def function(name: Any = "f", arguments: Any = "{}", **fields: Any) -> dict[str, Any]:
    return {"id": "1", "type": "function", "function": {"name": name, "arguments": arguments}, **fields}


class TestChat:
    def test_parts_in_order(self) -> None:
        answer = chat(
            tool_calls=[function(arguments='{"a": 1}'), CUSTOM],
            refusal="No.",
            content="Pa",
            reasoning="hm",
            annotations=[CITED],
            audio={"id": "a"},
        )
        assert answer.parts == (
            Reasoning(text="hm"),
            Text("Pa", (CITED,)),
            Refusal("No."),
            ToolCall("1", "f", {"a": 1}),
            ToolCall("2", "run", "x", custom=True),
            Other({"audio": {"id": "a"}}, "audio", "openai_chat"),
        )
        assert (answer.refusal, answer.finish_reason) == ("No.", "refusal")

    def test_parts_of_content(self) -> None:
        image = {"type": "image_url", "image_url": {"url": "x"}}
        content = [
            {"type": "text", "text": "a", "annotations": [CITED]},
            {"type": "output_text", "text": "b"},
            image,
            image,
            {"type": "thinking", "thinking": "h"},
            {"type": "thinking", "thinking": "m"},
            {"type": "refusal", "refusal": "N"},
            {"type": "refusal", "refusal": "o"},
            {"type": "text", "text": ""},
        ]
        answer = chat(content=content)
        assert answer.parts == (
            Text("ab", (CITED,)),
            Other(image, "image_url", "openai_chat"),
            Other(image, "image_url", "openai_chat"),
            Reasoning(text="hm"),
            Refusal("No"),
        )
        assert (answer.text, answer.thinking, answer.refusal) == ("ab", "hm", "No")

    def test_what_the_message_cites_stands_at_its_last_text(self) -> None:
        image = {"type": "image_url"}
        parts = [{"type": "text", "text": "a"}, image, {"type": "text", "text": "b"}, image]
        assert chat(content=parts, annotations=[CITED]).parts[2] == Text("b", (CITED,))
        assert chat(content=None, annotations=[CITED]).parts == (
            Other({"annotations": [CITED]}, "annotations", "openai_chat"),
        )

    def test_blocks_of_reasoning(self) -> None:
        details = [{"type": "reasoning.encrypted", "data": "x"}]
        assert chat(content="Pa", reasoning_details=details).parts[0] == Reasoning(blocks=details)
        assert chat(content="Pa", reasoning_details=details).reasoning == ()

    @pytest.mark.parametrize("field", [{}, [], {"data": "", "id": None}, "text", 5, True, None], ids=repr)
    def test_a_field_that_says_nothing_is_no_part(self, field: Any) -> None:
        assert chat(content="Pa", audio=field).parts == (Text("Pa"),)

    def test_arguments(self) -> None:
        for given, read in (
            (None, {}),
            ("", {}),
            ("[]", "[]"),
            ({"a": 1}, {"a": 1}),
            ('{"a": NaN}', '{"a": NaN}'),
        ):
            assert chat(tool_calls=[function(arguments=given)]).tool_calls[0].arguments == read

    def test_the_older_call_counts_where_there_is_no_other(self) -> None:
        older = {"name": "g", "arguments": "{}"}
        assert chat(function_call=older).tool_calls == (ToolCall("", "g", {}),)
        assert chat(function_call=older, tool_calls=[function()]).tool_calls == (ToolCall("1", "f", {}),)

    @pytest.mark.parametrize("odd", [{"custom": 5}, {"custom": {"name": 5}}, {"custom": {"input": 5}}])
    def test_a_custom_call_of_another_shape_is_an_error(self, odd: Any) -> None:
        with pytest.raises(ResponseError, match="custom"):
            chat(tool_calls=[{"type": "custom", **odd}])

    def test_a_function_s_name_of_another_type_is_an_error(self) -> None:
        with pytest.raises(ResponseError, match=r"function\.name should be text"):
            chat(tool_calls=[function(name=5)])

    @pytest.mark.parametrize(
        ("reason", "fields", "finish"),
        [
            ("stop", {"content": "Pa"}, "stop"),
            ("stop", {"content": None, "refusal": "No."}, "refusal"),
            ("stop", {"tool_calls": [function()]}, "tool_calls"),
            ("tool_calls", {"tool_calls": [function()]}, "tool_calls"),
            ("length", {"refusal": "No."}, "length"),
            ("content_filter", {"content": ""}, "content_filter"),
            ("", {"content": "Pa"}, None),
            ("eos", {"tool_calls": [function()]}, None),
        ],
    )
    def test_why_it_stopped(self, reason: str, fields: Any, finish: Any) -> None:
        assert chat(reason, **fields).finish_reason == finish

    def test_one_event_may_say_several_things(self) -> None:
        said = {
            "reasoning": "hm",
            "content": "Pa",
            "tool_calls": [
                {"index": 0, "id": "1", "function": {"name": "f", "arguments": "{}"}},
                {"index": 1, "id": "2", "type": "custom", "custom": {"name": "run", "input": "x"}},
            ],
        }
        (given,) = fed("openai_chat", [chunk(said, "stop")])[1]
        assert given is not None
        assert [one._replace(then=None) for one in given.all] == [
            Delta("hm", thinking=True),
            Delta("Pa"),
            Delta("", call=ToolCallDelta(0, "1", "f", "{}")),
            Delta("", call=ToolCallDelta(1, "2", "run", "x")),
        ]

    def test_parts_of_a_stream(self) -> None:
        image = {"type": "image_url", "image_url": {"url": "x"}}
        events = [
            chunk({"content": "P"}),
            chunk({"content": [image, image]}),
            chunk({"content": [{"type": "text", "text": "a", "annotations": [CITED]}]}),
            chunk({"content": [{"type": "thinking", "thinking": "h", "signature": "s"}]}),
            chunk({"content": [{"type": "thinking", "thinking": "m"}, {"type": "thinking", "thinking": ""}]}),
            chunk({"content": [{"type": "reasoning", "summary": [{"type": "a", "text": "?"}]}]}),
            chunk({"content": [{"type": "reasoning", "summary": [{"type": "b", "text": "!"}]}]}),
            chunk({"content": [{"type": "reasoning", "summary": []}]}),
        ]
        answer = decoded("openai_chat", [*events, chunk({}, "stop")])
        assert answer.parts == (
            Text("P"),
            Other(image, "image_url", "openai_chat"),
            Other(image, "image_url", "openai_chat"),
            Text("a", (CITED,)),
            Reasoning(text="hm?!"),
        )
        assert answer.raw["choices"][0]["message"]["content"] == [
            {"type": "text", "text": "P"},
            image,
            image,
            {"type": "text", "text": "a"},
            {"type": "thinking", "thinking": "hm", "signature": "s"},
            {"type": "reasoning", "summary": [{"type": "a", "text": "?"}, {"type": "b", "text": "!"}]},
        ]

    @pytest.mark.parametrize("part", [{"type": "image_url"}, {"type": "refusal", "refusal": "No."}])
    def test_a_part_that_is_no_text_is_an_answer_without_a_reason_to_stop(self, part: Any) -> None:
        assert decoded("openai_chat", [chunk({"content": [part]}), DONE]).parts

    def test_thinking_alone_is_no_answer_without_a_reason_to_stop(self) -> None:
        part = {"type": "thinking", "thinking": "hm"}
        assert not fed("openai_chat", [chunk({"content": [part]}), DONE])[0].ended

    def test_a_custom_call_and_what_stands_in_a_call(self) -> None:
        custom = [
            call(index=0, id="1", type="custom", custom={"name": "run", "input": "a"}, extra={"s": "x"}),
            call(index=0, custom={"input": "b"}),
        ]
        answer = decoded("openai_chat", [*custom, chunk(finish="tool_calls")])
        assert answer.tool_calls == (ToolCall("1", "run", "ab", custom=True),)
        assert answer.raw["choices"][0]["message"]["tool_calls"] == [
            {"id": "1", "type": "custom", "custom": {"name": "run", "input": "ab"}, "extra": {"s": "x"}}
        ]

    @pytest.mark.parametrize("fields", [{"index": 0}, {}, {"index": 0, "id": ""}])
    def test_whole_calls_that_have_one_number_are_several(self, fields: dict[str, Any]) -> None:
        """Gemini behind OpenAI's API: NousResearch/hermes-agent#62940, su-kaka/gcli2api#406 (2026-08)."""
        parts = [call(f'{{"a": {number}}}', name=name, **fields) for number, name in enumerate("fgf")]
        reader, deltas = fed("openai_chat", [*parts, chunk(finish="tool_calls")])
        made = [ToolCall("", name, {"a": number}) for number, name in enumerate("fgf")]
        assert list(reader.decoded().tool_calls) == made
        assert [delta and delta.call and delta.call.index for delta in deltas[:3]] == [0, 1, 2]

    def test_a_name_that_comes_with_each_piece_begins_no_other_call(self) -> None:
        parts = [call(piece, name="f", index=0) for piece in ("", "{", '"a": 1', "}", "")]
        made = (ToolCall("", "f", {"a": 1}),)
        assert decoded("openai_chat", [*parts, chunk(finish="stop")]).tool_calls == made

    def test_an_id_that_comes_late_is_told_once(self) -> None:
        late = [call("{}", name="f", index=0, id=""), *[call("", index=0, id="1")] * 2]
        reader, deltas = fed("openai_chat", [*late, chunk(finish="stop")])
        assert reader.decoded().tool_calls == (ToolCall("1", "f", {}),)
        assert [delta and delta.call for delta in deltas[:3]] == [
            ToolCallDelta(0, "", "f", "{}"),
            ToolCallDelta(0, "1", "f", ""),
            None,
        ]

    def test_reasoning_keeps_the_server_s_name(self) -> None:
        events = [chunk({"reasoning": piece}) for piece in ("h", "m")]
        raw = decoded("openai_chat", [*events, chunk({}, "stop")]).raw
        assert raw["choices"][0]["message"]["reasoning"] == "hm"


def test_a_whole_reply_in_place_of_a_stream_tells_its_calls() -> None:
    tools = [
        function(arguments='{"a": "é"}'),
        CUSTOM,
    ]
    reply = WholeReply(
        {"choices": [{"message": {"content": "Pa", "tool_calls": tools}, "finish_reason": "stop"}]}
    )
    (given,) = fed("openai_chat", [reply])[1]
    assert given is not None
    assert [(one.text, one.call) for one in given.all] == [
        ("Pa", None),
        ("", ToolCallDelta(0, "1", "f", '{"a": "é"}')),
        ("", ToolCallDelta(1, "2", "run", "x")),
    ]
