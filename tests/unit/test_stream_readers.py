"""Streams, event by event: what is text, what is progress, what ends an answer and what breaks it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import pytest

from smartllm.compiler.dialects import Decoded
from smartllm.compiler.dialects.readers import stream_reader
from smartllm.compiler.dialects.stream import DONE, Delta, StreamReader
from smartllm.errors import ResponseError, StreamError
from smartllm.response import Usage
from smartllm.rules import Dialect

Event = Mapping[str, Any]


def fed(dialect: Dialect, events: Sequence[Event]) -> tuple[StreamReader, list[Delta | None]]:
    reader = stream_reader(dialect, "m")
    return reader, [reader.feed(event) for event in events]


def decoded(dialect: Dialect, events: Sequence[Event]) -> Decoded:
    return fed(dialect, events)[0].decoded()


def broken(dialect: Dialect, events: Sequence[Event]) -> StreamError:
    with pytest.raises(StreamError) as caught:
        fed(dialect, events)[0].decoded()
    return caught.value


def response(text: str, **fields: Any) -> dict[str, Any]:
    part = {"type": "output_text", "text": text}
    output = [{"type": "message", "content": [part]}]
    usage = {"input_tokens": 1, "output_tokens": 2}
    return {"id": "r", "status": "completed", "output": output, "usage": usage, **fields}


def text_delta(text: Any, **fields: Any) -> dict[str, Any]:
    return {"type": "response.output_text.delta", "delta": text, **fields}


class TestResponses:
    def test_a_whole_stream(self) -> None:
        reader, pieces = fed(
            "openai_responses",
            [
                {"type": "response.created", "sequence_number": 0},
                {"type": "response.in_progress", "sequence_number": 1},
                {"type": "response.reasoning_summary_text.delta", "delta": "hm", "sequence_number": 2},
                text_delta("Pa", sequence_number=3),
                text_delta("ris", sequence_number=4),
                {"type": "response.refusal.delta", "delta": "", "sequence_number": 5},
                {"type": "response.completed", "response": response("Paris"), "sequence_number": 6},
                DONE,
            ],
        )
        no_text = Delta("")
        thought = Delta("hm", thinking=True)
        assert pieces == [no_text, None, thought, Delta("Pa"), Delta("ris"), no_text, no_text, None]
        answer = reader.decoded()
        assert (answer.text, answer.stop_reason, answer.usage) == ("Paris", "completed", Usage(1, 2))

    @pytest.mark.parametrize("event", [{"type": "ping"}, {"type": 5}, {}, {"type": "response.queued"}])
    def test_what_is_no_progress(self, event: Event) -> None:
        assert fed("openai_responses", [event])[1] == [None]

    def test_an_incomplete_answer_is_whole(self) -> None:
        end = {"type": "response.incomplete", "response": response("Pa", status="incomplete")}
        assert decoded("openai_responses", [text_delta("Pa"), end]).stop_reason == "incomplete"

    def test_without_its_terminator_it_is_no_answer(self) -> None:
        error = broken("openai_responses", [text_delta("Pa"), DONE])
        assert (error.partial_text, error.retryable) == ("Pa", True)
        assert "ended before the answer was complete" in error.message

    def test_a_lost_event_is_noticed_by_its_number(self) -> None:
        error = broken(
            "openai_responses", [text_delta("a", sequence_number=4), text_delta("c", sequence_number=6)]
        )
        assert "number 6 follows 4" in error.message

    def test_a_lost_event_is_noticed_by_the_text_at_the_end(self) -> None:
        end = {"type": "response.completed", "response": response("Paris")}
        assert "do not add up" in broken("openai_responses", [text_delta("Pa"), end]).message

    def test_a_delta_without_text(self) -> None:
        assert "has no text" in broken("openai_responses", [text_delta(None)]).message

    def test_an_end_without_a_response(self) -> None:
        with pytest.raises(ResponseError):
            fed("openai_responses", [{"type": "response.completed", "response": None}])

    @pytest.mark.parametrize(
        ("error", "code", "status", "retryable"),
        [
            ({"code": "rate_limit_exceeded", "message": "slow"}, "rate_limit_exceeded", 429, True),
            ({"code": "server_error", "message": "slow"}, "server_error", 500, True),
            ({"code": "insufficient_quota", "message": "slow"}, "insufficient_quota", 429, False),
            ({"code": "invalid_prompt", "message": "slow"}, "invalid_prompt", 400, False),
            ({"code": 503, "message": "slow"}, "503", 503, True),
            ({"code": "new_code", "message": "slow"}, "new_code", None, False),
            ({"message": "slow"}, None, None, False),
        ],
    )
    @pytest.mark.parametrize("shape", ["flat", "nested", "failed"])
    def test_errors_inside_the_stream(
        self, shape: str, error: dict[str, Any], code: str | None, status: int | None, retryable: bool
    ) -> None:
        events: dict[str, Event] = {
            "flat": {"type": "error", **error},
            "nested": {"error": error},
            "failed": {"type": "response.failed", "response": response("", status="failed", error=error)},
        }
        found = broken("openai_responses", [text_delta("Pa"), events[shape]])
        assert (found.code, found.status, found.retryable) == (code, status, retryable)
        assert found.partial_text == "Pa"
        assert "slow" in found.message


def chunk(delta: Any = None, finish: str | None = None, **fields: Any) -> dict[str, Any]:
    return {"id": "c", "model": "real", "choices": [{"delta": delta, "finish_reason": finish}], **fields}


class TestChat:
    def test_a_whole_stream(self) -> None:
        reader, pieces = fed(
            "openai_chat",
            [
                chunk({"role": "assistant", "content": ""}),
                chunk({"reasoning_content": "hm"}),
                chunk({"content": "Pa"}),
                chunk({"content": "ris"}),
                chunk({}, "stop"),
                {"choices": [], "usage": {"prompt_tokens": 3, "completion_tokens": 4}},
                DONE,
            ],
        )
        assert pieces[1:4] == [Delta("hm", thinking=True), Delta("Pa"), Delta("ris")]
        assert pieces[4:] == [Delta(""), None, None]
        answer = reader.decoded()
        assert (answer.text, answer.thinking, answer.stop_reason) == ("Paris", "hm", "stop")
        assert (answer.usage, answer.model, answer.request_id) == (Usage(3, 4), "real", "c")

    def test_some_servers_never_say_why_they_stop(self) -> None:
        answer = decoded("openai_chat", [chunk({"content": "Pa"}), DONE])
        assert (answer.text, answer.stop_reason, answer.usage) == ("Pa", "", Usage())

    def test_arguments_of_a_call_and_a_refusal(self) -> None:
        calls = [
            {"index": 0, "function": {"name": "f", "arguments": '{"a"'}},
            {"index": 0, "function": {"arguments": ": 1}"}},
            {"function": None},
        ]
        events = [chunk({"tool_calls": [call]}) for call in calls]
        reader, pieces = fed("openai_chat", [*events, chunk({"refusal": "no"}), chunk(finish="tool_calls")])
        assert pieces == [Delta("")] * 5
        assert reader.decoded().structured == '{"a": 1}'
        assert reader.decoded().refusal == "no"

    def test_without_its_terminator_it_is_no_answer(self) -> None:
        assert broken("openai_chat", [chunk({"content": "Pa"})]).partial_text == "Pa"

    @pytest.mark.parametrize("event", [{}, {"choices": None}, {"choices": []}, {"choices": [None]}])
    def test_what_is_no_progress(self, event: Event) -> None:
        assert fed("openai_chat", [event])[1] == [None]

    def test_content_that_is_no_text(self) -> None:
        assert "has no text" in broken("openai_chat", [chunk({"content": [5]})]).message

    @pytest.mark.parametrize("error", ["overloaded", {"message": "overloaded"}])
    def test_errors_inside_the_stream(self, error: Any) -> None:
        found = broken("openai_chat", [chunk({"content": "Pa"}), {"error": error}])
        assert "overloaded" in found.message
        assert found.partial_text == "Pa"


def block(index: int, kind: str, **fields: Any) -> dict[str, Any]:
    return {"type": "content_block_delta", "index": index, "delta": {"type": kind, **fields}}


def start(index: int, **content: Any) -> dict[str, Any]:
    return {"type": "content_block_start", "index": index, "content_block": content}


MESSAGE = {"type": "message_start", "message": {"model": "real", "usage": {"input_tokens": 5}}}
STOP = {
    "type": "message_delta",
    "delta": {"stop_reason": "end_turn"},
    "usage": {"output_tokens": 6, "x": None},
}


class TestClaude:
    def test_a_whole_stream(self) -> None:
        reader, pieces = fed(
            "bedrock_invoke",
            [
                MESSAGE,
                start(0, type="thinking", thinking=""),
                block(0, "thinking_delta", thinking="hm"),
                block(0, "signature_delta", signature="sig"),
                {"type": "content_block_stop", "index": 0},
                {"type": "ping"},
                start(1, type="text", text="P"),
                block(1, "text_delta", text="aris"),
                STOP,
                {"type": "message_stop", "amazon-bedrock-invocationMetrics": {"inputTokenCount": 99}},
            ],
        )
        assert [piece for piece in pieces if piece and piece.text] == [
            Delta("hm", thinking=True),
            Delta("P"),
            Delta("aris"),
        ]
        assert pieces[5] is None
        answer = reader.decoded()
        assert (answer.text, answer.thinking, answer.stop_reason) == ("Paris", "hm", "end_turn")
        assert (answer.usage, answer.model) == (Usage(5, 6), "real")

    def test_a_tool_call(self) -> None:
        events = [MESSAGE, start(0, type="tool_use", name="f", input={})]
        events += [block(0, "input_json_delta", partial_json=part) for part in ('{"a"', ": 1}")]
        assert decoded("bedrock_invoke", [*events, STOP, {"type": "message_stop"}]).structured == {"a": 1}

    def test_broken_arguments_stay_text(self) -> None:
        events = [
            MESSAGE,
            start(0, type="tool_use", input={}),
            block(0, "input_json_delta", partial_json="{"),
        ]
        assert decoded("bedrock_invoke", [*events, STOP, {"type": "message_stop"}]).structured == "{"

    def test_blocks_whose_start_was_not_sent(self) -> None:
        events = [block(0, "thinking_delta", thinking="hm"), block(1, "text_delta", text="Paris")]
        events.append(block(2, "citations_delta"))
        metrics = {"amazon-bedrock-invocationMetrics": {"inputTokenCount": 7, "outputTokenCount": 8}}
        stop = {"type": "message_delta", "delta": {"stop_reason": "end_turn"}}
        answer = decoded("bedrock_invoke", [*events, stop, {"type": "message_stop", **metrics}])
        assert (answer.text, answer.thinking, answer.usage) == ("Paris", "hm", Usage(7, 8))

    def test_without_its_terminator_it_is_no_answer(self) -> None:
        assert broken("bedrock_invoke", [MESSAGE, block(0, "text_delta", text="Pa")]).partial_text == "Pa"

    @pytest.mark.parametrize(
        ("error", "retryable"),
        [({"type": "overloaded_error", "message": "busy"}, True), ({"type": "invalid_request_error"}, False)],
    )
    def test_errors_inside_the_stream(self, error: Event, retryable: bool) -> None:
        found = broken("bedrock_invoke", [MESSAGE, {"type": "error", "error": error}])
        assert (found.code, found.retryable) == (error["type"], retryable)


def delta(index: int, **content: Any) -> dict[str, Any]:
    return {"contentBlockDelta": {"contentBlockIndex": index, "delta": content}}


class TestConverse:
    def test_a_whole_stream(self) -> None:
        reader, pieces = fed(
            "bedrock_converse",
            [
                {"messageStart": {"role": "assistant"}},
                delta(0, reasoningContent={"text": "hm"}),
                delta(0, reasoningContent={"signature": "sig"}),
                {"contentBlockStop": {"contentBlockIndex": 0}},
                delta(1, text="Pa"),
                delta(1, text="ris"),
                {"messageStop": {"stopReason": "end_turn"}},
                {"metadata": {"usage": {"inputTokens": 1, "outputTokens": 2}}},
            ],
        )
        assert None not in pieces
        assert pieces[1] == Delta("hm", thinking=True)
        answer = reader.decoded()
        assert (answer.text, answer.thinking, answer.stop_reason) == ("Paris", "hm", "end_turn")
        assert answer.usage == Usage(1, 2)

    def test_a_tool_call(self) -> None:
        tool = {"contentBlockIndex": 0, "start": {"toolUse": {"name": "f", "toolUseId": "t"}}}
        events = [{"contentBlockStart": tool}, {"contentBlockStart": {"contentBlockIndex": 1, "start": {}}}]
        events += [delta(0, toolUse={"input": part}) for part in ('{"a"', ": 1}")]
        stop = {"messageStop": {"stopReason": "tool_use"}}
        assert decoded("bedrock_converse", [*events, stop]).structured == {"a": 1}

    @pytest.mark.parametrize("event", [{}, {"newEvent": {}}])
    def test_what_is_no_progress(self, event: Event) -> None:
        assert fed("bedrock_converse", [event])[1] == [None]

    def test_without_its_terminator_it_is_no_answer(self) -> None:
        assert broken("bedrock_converse", [delta(0, text="Pa")]).partial_text == "Pa"
