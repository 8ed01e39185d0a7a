"""Streams of Converse: what is text, what ends an answer and what breaks it."""

from __future__ import annotations

from typing import Final

import pytest
from stream_events import METADATA, STOPPED, Event, arguments, begun, broken, decoded, delta, fed, stopped

from smartllm.compiler.dialects.stream import Delta
from smartllm.errors import ResponseError
from smartllm.response import Usage

WIRE: Final = "bedrock_converse"


def test_a_whole_stream() -> None:
    reader, deltas = fed(
        WIRE,
        [
            {"messageStart": {"role": "assistant"}},
            delta(0, reasoningContent={"text": "hm"}),
            delta(0, reasoningContent={"signature": "sig"}),
            stopped(0),
            delta(1, text="Pa"),
            delta(1, new="x"),
            delta(1, text="ris"),
            STOPPED,
            METADATA,
        ],
    )
    assert None not in deltas
    assert deltas[1] == Delta("hm", thinking=True)
    answer = reader.decoded()
    assert (answer.text, answer.thinking, answer.stop_reason) == ("Paris", "hm", "end_turn")
    assert answer.usage == Usage(1, 2)
    assert answer.raw == {
        "output": {
            "message": {
                "role": "assistant",
                "content": [
                    {"reasoningContent": {"reasoningText": {"text": "hm", "signature": "sig"}}},
                    {"text": "Paris"},
                    {"new": "x"},
                ],
            }
        },
        "stopReason": "end_turn",
        "usage": {"inputTokens": 1, "outputTokens": 2},
    }


def test_the_end_is_seen() -> None:
    reader, _ = fed(WIRE, [delta(0, text="Pa")])
    assert (reader.ended, reader.over) == (False, False)
    reader.feed(STOPPED)
    assert (reader.ended, reader.over) == (True, False)
    reader.feed(METADATA)
    assert (reader.ended, reader.over) == (True, True)


def test_metadata_that_comes_early_ends_nothing() -> None:
    assert decoded(WIRE, [METADATA, delta(0, text="Pa"), STOPPED]).usage == Usage(1, 2)


def test_a_tool_call() -> None:
    events = [begun(0, {"toolUse": {"name": "f", "toolUseId": "t"}}), begun(1, {}), begun(2, None)]
    events += [delta(0, toolUse={"input": part}) for part in ('{"a"', ": 1}")]
    answer = decoded(WIRE, [*events, delta(2, text="Pa"), stopped(3), STOPPED])
    assert (arguments(answer), answer.text) == ({"a": 1}, "Pa")
    call = {"toolUse": {"name": "f", "toolUseId": "t", "input": {"a": 1}}}
    assert answer.raw["output"]["message"]["content"] == [call, {"text": "Pa"}]


def test_the_provider_s_own_tools() -> None:
    events = [
        begun(0, {"toolUse": {"name": "f", "type": "server_tool_use"}}),
        begun(1, {"toolResult": {"toolUseId": "t"}}),
        delta(1, toolResult=[{"json": 1}]),
        begun(2, {"image": {"format": "png"}}),
    ]
    answer = decoded(WIRE, [*events, delta(3, text="Pa"), STOPPED])
    assert (arguments(answer), answer.text) == (None, "Pa")
    assert answer.raw["output"]["message"]["content"] == [
        {"toolUse": {"name": "f", "type": "server_tool_use", "input": {}}},
        {"toolResult": {"toolUseId": "t", "content": [{"json": 1}]}},
        {"image": {"format": "png"}},
        {"text": "Pa"},
    ]


def test_what_is_cited_for_is_text() -> None:
    events = [delta(0, text="Pa"), delta(0, citation={"title": "x"}), STOPPED]
    answer = decoded(WIRE, events)
    assert answer.text == "Pa"
    cited = {"content": [{"text": "Pa"}], "citations": [{"title": "x"}]}
    assert answer.raw["output"]["message"]["content"] == [{"citationsContent": cited}]


def test_reasoning_that_is_encrypted() -> None:
    events = [delta(0, reasoningContent={"redactedContent": part}) for part in ("a", "b")]
    answer = decoded(WIRE, [*events, delta(1, reasoningContent={"signature": "s"}), STOPPED])
    assert answer.reasoning == (
        {"reasoningContent": {"redactedContent": "ab"}},
        {"reasoningContent": {"reasoningText": {"text": "", "signature": "s"}}},
    )


@pytest.mark.parametrize("event", [{}, {"newEvent": {}}, {"newEvent": 5}])
def test_what_is_no_progress(event: Event) -> None:
    assert fed(WIRE, [delta(0, text="Pa"), STOPPED, METADATA, event])[1][-1] is None


def test_without_its_terminator_it_is_no_answer() -> None:
    assert broken(WIRE, [delta(0, text="Pa")]).partial_text == "Pa"


@pytest.mark.parametrize(
    ("events", "message"),
    [
        ([{"messageStart": {}}, {"messageStart": {}}], "starts its message twice"),
        ([begun(0, {}), begun(0, {})], "starts its block 0 twice"),
        ([delta(0, text="x"), begun(0, {"toolUse": {}})], "starts its block 0 twice"),
        ([delta(0, toolUse={"input": "{}"})], "toolUse for its block 0, which is of kind text"),
        ([begun(0, {}), delta(0, toolResult=[])], "toolResult for its block 0, which is of kind text"),
        ([delta(0, text="x"), delta(0, reasoningContent={"text": "x"})], "which is of kind text"),
        ([begun(0, {"toolUse": {}}), delta(0, text="x")], "which is of kind toolUse"),
        ([delta(0, text="x"), stopped(0), delta(0, text="x")], "which has ended"),
        ([delta(0, text="x"), STOPPED, delta(0, text="x")], "after the answer's end"),
        ([delta(0, text="x"), STOPPED, STOPPED], "after the answer's end"),
        ([delta(0, text="x"), STOPPED, METADATA, METADATA], "after the answer's end"),
        ([delta(1, text="a"), delta(0, text="b"), STOPPED], "do not add up"),
    ],
)
def test_what_does_not_fit_what_came_before(events: list[Event], message: str) -> None:
    error = broken(WIRE, events)
    assert message in error.message
    assert error.retryable


@pytest.mark.parametrize(
    "event",
    [
        {"messageStart": "x"},
        {"contentBlockDelta": None},
        delta("0", text="x"),
        {"contentBlockDelta": {"contentBlockIndex": 0, "delta": "x"}},
        delta(0),
        delta(0, text=None),
        delta(0, text=[]),
        delta(0, citation="x"),
        delta(1, reasoningContent="x"),
        delta(1, reasoningContent={"text": None}),
        delta(1, reasoningContent={"signature": 5}),
        delta(9, toolUse="x"),
        delta(9, toolUse={}),
        delta(9, toolUse={"input": {"a": 1}}),
        delta(8, toolResult={}),
        begun(5, "x"),
        begun(5, {"toolUse": "x"}),
        begun(None, {}),
        stopped(None),
        {"messageStop": {}},
        {"metadata": 5},
    ],
    ids=str,
)
def test_another_type_than_the_wire_promises(event: Event) -> None:
    starts = [begun(9, {"toolUse": {"name": "f"}}), begun(8, {"toolResult": {}})]
    error = broken(WIRE, [delta(0, text="Pa"), *starts, event])
    assert error.message.startswith("an event of the stream has ")
    assert " should be " in error.message
    assert error.partial_text == "Pa"


def test_an_end_that_holds_nothing() -> None:
    with pytest.raises(ResponseError, match="has no content"):
        fed(WIRE, [{"messageStart": {}}, stopped(0), STOPPED, METADATA])[0].decoded()


@pytest.mark.parametrize("reason", ["max_tokens", "refusal", "guardrail_intervened"])
def test_reasons_to_stop_with_which_nothing_is_an_answer(reason: str) -> None:
    events = [{"messageStop": {"stopReason": reason}}]
    answer = decoded(WIRE, events)
    assert (answer.text, answer.stop_reason) == ("", reason)
