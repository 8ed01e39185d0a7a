"""Streams of Claude: what is text, what ends an answer and what breaks it."""

from __future__ import annotations

from typing import Final

import pytest
from stream_events import BEGIN, END, STOP, Event, arguments, block, broken, decoded, fed, start, stop

from smartllm.compiler.dialects.stream import Delta
from smartllm.errors import ResponseError
from smartllm.response import Usage

WIRE: Final = "anthropic_messages"
OPEN = [BEGIN, start(0, type="text", text="")]
SAID = [*OPEN, block(0, "text_delta", text="Pa")]


def test_a_whole_stream() -> None:
    reader, deltas = fed(
        WIRE,
        [
            BEGIN,
            start(0, type="thinking", thinking="h"),
            block(0, "thinking_delta", thinking="m"),
            block(0, "signature_delta", signature="sig"),
            stop(0),
            {"type": "ping"},
            start(1, type="text", text="P"),
            block(1, "text_delta", text="aris"),
            block(1, "new_delta", new="x"),
            {"type": "new_event"},
            STOP,
            {"type": "message_stop", "amazon-bedrock-invocationMetrics": {"inputTokenCount": 99}},
        ],
    )
    assert [piece for piece in deltas if piece and piece.text] == [
        Delta("h", thinking=True),
        Delta("m", thinking=True),
        Delta("P"),
        Delta("aris"),
    ]
    assert deltas[5] is deltas[9] is None
    answer = reader.decoded()
    assert (answer.text, answer.thinking, answer.stop_reason) == ("Paris", "hm", "end_turn")
    assert (answer.usage, answer.model) == (Usage(5, 6), "real")
    assert answer.reasoning == ({"type": "thinking", "thinking": "hm", "signature": "sig"},)


def test_the_end_is_seen() -> None:
    reader, _ = fed(WIRE, [*SAID, STOP])
    assert (reader.ended, reader.over) == (False, False)
    reader.feed(END)
    assert (reader.ended, reader.over) == (True, True)


def test_counts_that_only_the_metrics_have() -> None:
    metrics = {"amazon-bedrock-invocationMetrics": {"inputTokenCount": 7, "outputTokenCount": 8}}
    events = [{"type": "message_start", "message": {}}, *SAID[1:], STOP | {"usage": None}]
    assert decoded(WIRE, [*events, END | metrics]).usage == Usage(7, 8)
    metrics["amazon-bedrock-invocationMetrics"] |= {
        "cacheReadInputTokenCount": 5,
        "cacheWriteInputTokenCount": 3,
    }
    assert decoded(WIRE, [*events, END | metrics]).usage == Usage(15, 8, 0, 5, 3)


def test_a_tool_call() -> None:
    events = [BEGIN, start(0, type="tool_use", id="t", name="f", input={})]
    events += [block(0, "input_json_delta", partial_json=part) for part in ('{"a"', ": 1}")]
    answer = decoded(WIRE, [*events, STOP, END])
    assert arguments(answer) == {"a": 1}
    assert answer.raw["content"] == [{"type": "tool_use", "id": "t", "name": "f", "input": {"a": 1}}]


@pytest.mark.parametrize("given", ["{", "[1]", '{"a": NaN}', '{"a": Infinity}', "[" * 100_000])
def test_arguments_that_are_no_object_stay_text(given: str) -> None:
    events = [
        BEGIN,
        start(0, type="tool_use", input={}),
        block(0, "input_json_delta", partial_json=given),
    ]
    assert arguments(decoded(WIRE, [*events, STOP, END])) == given


def test_a_call_without_arguments() -> None:
    assert arguments(decoded(WIRE, [BEGIN, start(0, type="tool_use", input={}), STOP, END])) == {}


def test_citations_are_kept() -> None:
    cited = [block(0, "citations_delta", citation=number) for number in (1, 2)]
    answer = decoded(WIRE, [*SAID, *cited, STOP, END])
    assert answer.raw["content"] == [{"type": "text", "text": "Pa", "citations": [1, 2]}]


def test_without_its_terminator_it_is_no_answer() -> None:
    assert broken(WIRE, SAID).partial_text == "Pa"


@pytest.mark.parametrize("late", [BEGIN, SAID[2], STOP, END, {"type": "new_event"}], ids=str)
def test_what_comes_after_the_end_is_an_error(late: Event) -> None:
    assert "after the answer's end" in broken(WIRE, [*SAID, STOP, END, late]).message


def test_a_ping_after_the_end_is_none() -> None:
    assert decoded(WIRE, [*SAID, STOP, END, {"type": "ping"}]).text == "Pa"


@pytest.mark.parametrize(
    ("events", "message"),
    [
        ([BEGIN, BEGIN], "starts its message twice"),
        ([*OPEN, start(0, type="text", text="")], "starts its block 0 twice"),
        ([*SAID, stop(0), start(0, type="text", text="x")], "starts its block 0 twice"),
        ([start(0, type="text", text="x")], "has no message_start before its content_block_start"),
        ([BEGIN, block(0, "text_delta", text="x")], "block 0, which was never started"),
        ([BEGIN, stop(0)], "block 0, which was never started"),
        ([*SAID, stop(0), block(0, "text_delta", text="x")], "block 0, which has ended"),
        ([*OPEN, block(0, "thinking_delta", thinking="x")], "a thinking_delta in a block of type text"),
        (
            [BEGIN, start(0, type="tool_use"), block(0, "text_delta", text="x")],
            "a text_delta in a block of type tool_use",
        ),
    ],
)
def test_what_does_not_fit_what_came_before(events: list[Event], message: str) -> None:
    error = broken(WIRE, events)
    assert message in error.message
    assert error.retryable


def test_blocks_in_another_order_do_not_add_up() -> None:
    events = [BEGIN, start(1, type="text", text="a"), start(0, type="text", text="b"), STOP, END]
    assert "do not add up" in broken(WIRE, events).message


@pytest.mark.parametrize(
    "event",
    [
        {},
        {"type": None},
        {"type": "message_start"},
        {"type": "content_block_start", "index": 1},
        start("1", type="text"),
        start(True, type="text"),
        start(1),
        start(1, type="text"),
        start(1, type="text", text=[]),
        start(1, type="thinking", thinking=None),
        block(None, "text_delta", text="x"),
        block(0, None, text="x"),
        block(0, "text_delta"),
        block(0, "text_delta", text=None),
        block(0, "text_delta", text={"text": "x"}),
        block(0, "input_json_delta", partial_json={}),
        {"type": "content_block_delta", "index": 0, "delta": "x"},
        {"type": "message_delta", "delta": None},
        {"type": "message_delta", "delta": {"stop_reason": 5}},
    ],
    ids=str,
)
def test_another_type_than_the_wire_promises(event: Event) -> None:
    error = broken(WIRE, [*SAID, event])
    assert error.message.startswith("an event of the stream has ")
    assert " should be " in error.message
    assert error.partial_text == "Pa"


def test_an_end_without_a_reason_to_stop_or_content() -> None:
    for events in ([*SAID, END], [BEGIN, STOP, END]):
        with pytest.raises(ResponseError, match="has no content") as caught:
            fed(WIRE, events)[0].decoded()
        assert caught.value.partial_text == ("Pa" if events[1:] == [*SAID[1:], END] else "")


@pytest.mark.parametrize(
    ("error", "status", "retryable"),
    [
        ({"type": "overloaded_error", "message": "busy"}, 529, True),
        ({"type": "api_error", "message": "busy"}, 500, True),
        ({"type": "rate_limit_error", "message": "busy"}, 429, True),
        ({"type": "invalid_request_error"}, 400, False),
    ],
)
def test_errors_inside_the_stream(error: Event, status: int, *, retryable: bool) -> None:
    found = broken(WIRE, [*SAID, {"type": "error", "error": error}])
    assert (found.code, found.status, found.retryable) == (error["type"], status, retryable)
    assert found.partial_text == "Pa"


@pytest.mark.parametrize("reason", ["max_tokens", "refusal", "stop_sequence"])
def test_reasons_to_stop_with_which_nothing_is_an_answer(reason: str) -> None:
    events = [BEGIN, {"type": "message_delta", "delta": {"stop_reason": reason}}, END]
    answer = decoded(WIRE, events)
    assert (answer.text, answer.stop_reason) == ("", reason)
