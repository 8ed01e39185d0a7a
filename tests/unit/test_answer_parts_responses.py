"""What an answer of Responses is made of, whole and streamed."""

from __future__ import annotations

from typing import Any, ClassVar

import pytest
from stream_events import (
    completed,
    decoded,
    fed,
    item_done,
    message,
    text_delta,
)

from smartllm.compiler.dialects.decoding import Decoded
from smartllm.compiler.dialects.readers import DECODERS
from smartllm.compiler.dialects.stream import (
    SILENT,
)
from smartllm.content import Other, Reasoning, Refusal, Text, ToolCall, ToolCallDelta
from smartllm.errors import ResponseError

CITED = {"title": "x"}


def responses(*output: Any, **fields: Any) -> Decoded:
    return DECODERS["openai_responses"].decode({"status": "completed", "output": [*output], **fields}, "m")


class TestResponses:
    def test_parts_in_order(self) -> None:
        thought = {"type": "reasoning", "summary": [{"text": "h"}], "content": [{"text": "m"}]}
        search = {"type": "web_search_call", "action": {}}
        text = {"type": "output_text", "text": "Pa", "annotations": [CITED]}
        image = {"type": "output_image", "url": "x"}
        refusal = {"type": "refusal", "refusal": "No."}
        item = {"type": "message", "content": [text, image, refusal, {"type": "text", "text": ""}]}
        tool = {"type": "function_call", "call_id": "c", "id": "fc", "name": "f", "arguments": '{"a": 1}'}
        custom = {"type": "custom_tool_call", "id": "ct", "name": "run", "input": '{"a": 1}'}
        assert responses(thought, search, item, tool, custom).parts == (
            Reasoning(blocks=[thought], text="h\n\nm"),
            Other(search, "web_search_call", "openai_responses"),
            Text("Pa", (CITED,)),
            Other(image, "output_image", "openai_responses"),
            Refusal("No."),
            ToolCall("c", "f", {"a": 1}),
            ToolCall("ct", "run", '{"a": 1}', custom=True),
        )

    def test_reasoning_that_cannot_be_sent_back_is_shown_only(self) -> None:
        assert responses({"type": "reasoning", "summary": []}).reasoning == ()

    def test_a_name_of_another_type_is_an_error(self) -> None:
        with pytest.raises(ResponseError, match=r"where output\.name should be text"):
            responses({"type": "function_call", "name": [], "arguments": "{}"})

    @pytest.mark.parametrize(
        ("output", "finish"),
        [
            ([message("Pa")], "stop"),
            ([message("Pa"), {"type": "function_call", "arguments": "{}"}], "tool_calls"),
            ([{"type": "message", "content": [{"type": "refusal", "refusal": ""}]}], "refusal"),
            ([{"type": "web_search_call"}], "stop"),
        ],
    )
    def test_what_completed_means(self, output: list[Any], finish: str) -> None:
        assert responses(*output).finish_reason == finish

    @pytest.mark.parametrize(
        ("status", "reason", "finish"),
        [
            ("incomplete", "max_output_tokens", "length"),
            ("incomplete", "content_filter", "content_filter"),
            ("incomplete", "new", "length"),
            ("incomplete", "max_messages", "length"),
            ("complete", None, "refusal"),
            ("new", None, None),
        ],
    )
    def test_a_refusal_that_was_cut_was_cut(self, status: str, reason: Any, finish: Any) -> None:
        refused = {"type": "message", "content": [{"type": "refusal", "refusal": "N"}]}
        answer = responses(refused, status=status, incomplete_details={"reason": reason})
        assert (answer.finish_reason, answer.incomplete, answer.refusal) == (finish, reason, "N")

    CALL: ClassVar = {"type": "function_call", "id": "i", "call_id": "c", "name": "f", "arguments": "{}"}

    def told(self, *events: Any) -> list[ToolCallDelta]:
        return [one.call for one in fed("openai_responses", events)[1] if one and one.call]

    def test_a_call_in_pieces(self) -> None:
        added = {"type": "response.output_item.added", "output_index": 1, "item": self.CALL}
        piece = {"type": "response.function_call_arguments.delta", "output_index": 1, "delta": "{}"}
        assert self.told(added, piece, item_done(self.CALL, output_index=1)) == [
            ToolCallDelta(0, "c", "f", ""),
            ToolCallDelta(0, "c", "f", "{}"),
        ]

    def test_a_call_that_came_without_deltas(self) -> None:
        whole = ToolCallDelta(0, "c", "f", "{}")
        assert self.told(item_done(self.CALL)) == [whole]
        added = {"type": "response.output_item.added", "item": self.CALL}
        assert self.told(added, item_done(self.CALL)) == [ToolCallDelta(0, "c", "f", ""), whole]
        assert self.told(added, added) == [ToolCallDelta(0, "c", "f", "")]

    def test_calls_without_places_are_known_by_their_items(self) -> None:
        kind = "response.custom_tool_call_input.delta"
        deltas = [{"type": kind, "item_id": name, "delta": name} for name in ("i", "j", "i")]
        assert [(one.index, one.arguments) for one in self.told(*deltas)] == [(0, "i"), (1, "j"), (0, "i")]

    @pytest.mark.parametrize("item", [None, 5, {}, {"type": []}, {"type": "message"}])
    def test_an_item_that_is_no_call_is_progress_alone(self, item: Any) -> None:
        event = {"type": "response.output_item.added", "item": item}
        assert fed("openai_responses", [event])[1] == [SILENT]

    def test_annotations_of_a_text_that_only_its_deltas_have(self) -> None:
        note = {"type": "response.output_text.annotation.added", "annotation": CITED, "sequence_number": 1}
        events = [text_delta("Pa", sequence_number=0), note, completed(sequence_number=2)]
        assert decoded("openai_responses", events).parts == (Text("Pa", (CITED,)),)
