"""Streams of Chat Completions: what is text, what ends an answer and what breaks it."""

from __future__ import annotations

from typing import Any, Final

import pytest
from stream_events import Event, arguments, broken, call, chunk, decoded, fed

from smartllm.compiler.dialects.stream import DONE, Delta, WholeReply
from smartllm.content import ToolCallDelta
from smartllm.errors import ResponseError, ServerError
from smartllm.response import Usage

WIRE: Final = "openai_chat"


def test_a_whole_stream() -> None:
    reader, deltas = fed(
        WIRE,
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
    assert deltas[1:4] == [Delta("hm", thinking=True), Delta("Pa"), Delta("ris")]
    assert deltas[4:] == [Delta(""), None, None]
    answer = reader.decoded()
    assert (answer.text, answer.thinking, answer.stop_reason) == ("Paris", "hm", "stop")
    assert (answer.usage, answer.model, answer.request_id) == (Usage(3, 4), "real", "c")


def test_the_end_is_seen() -> None:
    reader, _ = fed(WIRE, [chunk({"content": "Pa"})])
    assert (reader.ended, reader.over) == (False, False)
    assert reader.feed(chunk({}, "stop")) == Delta("")
    assert (reader.ended, reader.over) == (True, False)
    reader.feed(DONE)
    assert (reader.ended, reader.over) == (True, True)


@pytest.mark.parametrize(
    "last",
    [{"content": "ris"}, {"reasoning": "hm"}, {"refusal": "no"}, {}],
    ids=["text", "thought", "refusal", "none"],
)
def test_the_last_chunk_may_say_something_too(last: Any) -> None:
    reader, deltas = fed(WIRE, [chunk({"content": "Pa"}), chunk(last, "stop")])
    assert deltas[1] == Delta(
        last.get("content") or last.get("reasoning") or "", thinking="reasoning" in last
    )
    assert reader.decoded().text == "Pa" + last.get("content", "")


class TestWithoutFinishReason:
    def test_some_servers_never_say_why_they_stop(self) -> None:
        answer = decoded(WIRE, [chunk({"content": "Pa"}), {"usage": {"prompt_tokens": 1}}, DONE])
        assert (answer.text, answer.stop_reason, answer.usage) == ("Pa", "", Usage(1))
        assert arguments(decoded(WIRE, [call("{}", name="f"), DONE])) == {}
        assert decoded(WIRE, [chunk({"refusal": "no"}), DONE]).refusal == "no"

    @pytest.mark.parametrize("event", [{}, {"type": "ping"}, {"message": "Context size exceeded"}])
    def test_something_unknown_in_between_may_have_been_an_error(self, event: Event) -> None:
        error = broken(WIRE, [chunk({"content": "Pa"}), event, DONE])
        assert "ended before the answer was complete" in error.message
        assert decoded(WIRE, [chunk({"content": "Pa"}), event, chunk({}, "stop"), DONE]).text == "Pa"

    def test_nothing_was_said(self) -> None:
        reader, _ = fed(WIRE, [chunk({"content": ""}), DONE])
        assert (reader.ended, reader.over) == (False, True)


@pytest.mark.parametrize(
    "end", [[chunk({}, "stop")], [chunk({}, "stop"), DONE], [DONE]], ids=["finish", "both", "done"]
)
@pytest.mark.parametrize(
    "late", [{"content": "x"}, {"refusal": "x"}, {"reasoning": "x"}, {"tool_calls": [{"index": 0}]}], ids=str
)
def test_what_comes_after_the_end_is_an_error(end: list[Event], late: Any) -> None:
    error = broken(WIRE, [chunk({"content": "Pa"}), *end, chunk(late)])
    assert "after the answer's end" in error.message
    assert error.partial_text == "Pa"


def test_what_comes_after_an_end_without_an_answer_is_an_error_too() -> None:
    assert (
        "after the answer's end"
        in broken(WIRE, [chunk({"content": ""}), DONE, chunk({"content": "x"})]).message
    )


def test_an_empty_chunk_after_the_end_is_none() -> None:
    late = [chunk({"role": "assistant", "content": ""}), chunk({"content": ""}, "stop"), chunk(None)]
    assert decoded(WIRE, [chunk({"content": "Pa"}), chunk({}, "stop"), *late, DONE]).text == "Pa"


class TestCalls:
    def test_arguments_of_a_call_and_a_refusal(self) -> None:
        calls = [
            call('{"a"', index=0, name="f"),
            call(": 1}", index=0),
            chunk({"tool_calls": [{"function": None}]}),
        ]
        reader, deltas = fed(WIRE, [*calls, chunk({"refusal": "no"}), chunk(finish="tool_calls")])
        pieces = [Delta("", call=ToolCallDelta(0, "", "f", piece)) for piece in ('{"a"', ": 1}")]
        assert deltas == [*pieces, *[Delta("")] * 3]
        assert arguments(reader.decoded()) == {"a": 1}
        assert reader.decoded().refusal == "no"

    def test_id_name_and_type_are_kept(self) -> None:
        first = [call('{"a"', index=0, id="1", name="f", type="function"), call(": 1}", index=0)]
        raw = decoded(WIRE, [*first, call("{}", index=1, id="2", name="g"), chunk(finish="tool_calls")]).raw
        assert raw["choices"][0]["message"]["tool_calls"] == [
            {"id": "1", "type": "function", "function": {"name": "f", "arguments": '{"a": 1}'}},
            {"id": "2", "type": "function", "function": {"name": "g", "arguments": "{}"}},
        ]

    @pytest.mark.parametrize("numbers", [(0, 0), (None, None), (0, 1)])
    def test_a_new_id_is_a_new_call(self, numbers: tuple[Any, Any]) -> None:
        parts = [
            call(part, index=number, id=given, name="f")
            for number, given in zip(numbers, ["1", "2"], strict=True)
            for part in ("{", "}")
        ]
        raw = decoded(WIRE, [*parts, call("!", index=numbers[1]), chunk(finish="tool_calls")]).raw
        made = raw["choices"][0]["message"]["tool_calls"]
        assert [(item["id"], item["function"]["arguments"]) for item in made] == [("1", "{}"), ("2", "{}!")]

    def test_an_id_that_comes_late(self) -> None:
        raw = decoded(WIRE, [call("{", index=0), call("}", index=0, id="1"), chunk(finish="tool_calls")]).raw
        assert [item["id"] for item in raw["choices"][0]["message"]["tool_calls"]] == ["1"]

    def test_arguments_as_an_object(self) -> None:
        assert arguments(decoded(WIRE, [call({"a": 1}), chunk(finish="tool_calls")])) == {"a": 1}

    def test_the_older_field(self) -> None:
        parts = [
            chunk({"function_call": {"name": "f", "arguments": "{"}}),
            chunk({"function_call": {"arguments": "}"}}),
        ]
        reader, deltas = fed(WIRE, [*parts, chunk(finish="function_call")])
        assert deltas[:2] == [Delta("", call=ToolCallDelta(0, "", "f", piece)) for piece in "{}"]
        assert arguments(reader.decoded()) == {}
        empty = chunk({"content": "Pa", "function_call": {"name": "", "arguments": ""}})
        assert arguments(decoded(WIRE, [empty, chunk(finish="stop")])) is None


class TestSeveralChoices:
    def test_only_the_first_is_read(self) -> None:
        parts = [("A1", 0), ("B1", 1), ("A2", 0), ("B2", 1), ("C", 2)]
        events = [{"choices": [{"index": at, "delta": {"content": text}}]} for text, at in parts]
        answer = decoded(
            WIRE, [*events, {"choices": [{"index": 1, "finish_reason": "stop"}]}, chunk({}, "stop")]
        )
        assert (answer.text, answer.choices_dropped) == ("A1A2", 2)

    def test_in_one_chunk(self) -> None:
        both = {"choices": [{"index": 1, "delta": {"content": "B"}}, {"index": 0, "delta": {"content": "A"}}]}
        assert decoded(WIRE, [both, chunk({}, "stop")]).text == "A"

    def test_two_first_ones(self) -> None:
        twice = {"choices": [{"delta": {"content": "A"}}, {"index": 0, "delta": {"content": "B"}}]}
        assert "two first choices" in broken(WIRE, [twice]).message

    def test_the_end_of_another_one_is_not_the_end(self) -> None:
        events = [chunk({"content": "A"}), {"choices": [{"index": 1, "finish_reason": "stop"}]}]
        assert "ended before" in broken(WIRE, events).message


class TestParts:
    def test_parts_of_content(self) -> None:
        thinking = {"type": "thinking", "thinking": [{"type": "text", "text": "hm"}]}
        events = [
            chunk({"content": [thinking]}),
            chunk({"content": [{"type": "text", "text": "Pa"}]}),
            chunk({"content": [{"type": "refusal", "refusal": "no"}]}),
        ]
        reader, deltas = fed(WIRE, [*events, chunk({}, "stop")])
        assert deltas[:3] == [Delta("hm", thinking=True), Delta("Pa"), Delta("")]
        answer = reader.decoded()
        assert (answer.text, answer.thinking, answer.refusal) == ("Pa", "hm", "no")

    def test_what_stands_beside_is_kept(self) -> None:
        events = [
            chunk({"annotations": [1], "memo": {"id": "a", "words": "He"}, "tag": "x", "mark": 1}),
            chunk({"annotations": [2], "memo": {"id": "a", "words": "llo"}, "tag": "y", "mark": None}),
        ]
        raw = decoded(WIRE, [*events, chunk({}, "stop")]).raw
        assert raw["choices"][0]["message"] == {
            "role": "assistant",
            "annotations": [1, 2],
            "memo": {"id": "a", "words": "Hello"},
            "tag": "xy",
            "mark": 1,
            "content": None,
            "refusal": None,
        }


def test_without_its_terminator_it_is_no_answer() -> None:
    assert broken(WIRE, [chunk({"content": "Pa"})]).partial_text == "Pa"


@pytest.mark.parametrize(
    "event", [{}, {"choices": None}, {"choices": []}, chunk(None), chunk({"content": None})]
)
def test_what_is_no_progress(event: Event) -> None:
    assert fed(WIRE, [event])[1] == [None]


@pytest.mark.parametrize(
    "event",
    [
        {"choices": "x"},
        {"choices": {}},
        {"choices": [None]},
        {"choices": [{"index": "1"}]},
        chunk("x"),
        chunk([]),
        chunk({"content": 5}),
        chunk({"content": {}}),
        chunk({"content": [5]}),
        chunk({"content": [{"text": "x"}]}),
        chunk({"refusal": []}),
        chunk({"reasoning_content": 5}),
        chunk({"tool_calls": {}}),
        chunk({"tool_calls": [{"function": "f"}]}),
        chunk({"tool_calls": [{"index": "0"}]}),
        chunk({"tool_calls": [{"id": 5}]}),
        chunk({"function_call": "f"}),
        call(5),
        call(["{}"]),
        call("{}", name=5),
        {"choices": [{"finish_reason": 5}]},
    ],
    ids=str,
)
def test_another_type_than_the_wire_promises(event: Event) -> None:
    error = broken(WIRE, [chunk({"content": "Pa"}), event])
    assert error.message.startswith("an event of the stream has ")
    assert " should be " in error.message
    assert error.partial_text == "Pa"


@pytest.mark.parametrize("finish", ["stop", "tool_calls"])
def test_an_end_that_holds_nothing(finish: str) -> None:
    with pytest.raises(ResponseError, match="has no content"):
        fed(WIRE, [chunk({"role": "assistant"}), chunk({}, finish), DONE])[0].decoded()


@pytest.mark.parametrize(
    ("event", "code", "status", "retryable"),
    [
        ({"error": "overloaded"}, None, None, False),
        ({"error": {"message": "overloaded", "code": 429}}, "429", 429, True),
        (
            {"type": "error", "error": {"message": "overloaded", "type": "server_error"}},
            "server_error",
            500,
            True,
        ),
        ({"choices": [{"error": {"message": "overloaded", "code": 502}}]}, "502", 502, True),
        (
            {"choices": [{"finish_reason": "error", "error": {"message": "overloaded", "code": 400}}]},
            "400",
            400,
            False,
        ),
    ],
    ids=str,
)
def test_errors_inside_the_stream(
    event: Event, code: str | None, status: int | None, *, retryable: bool
) -> None:
    found = broken(WIRE, [chunk({"content": "Pa"}), event])
    assert "overloaded" in found.message
    assert (found.code, found.status, found.retryable) == (code, status, retryable)
    assert found.partial_text == "Pa"


def test_an_end_by_an_error_without_a_reason() -> None:
    assert "no reason given" in broken(WIRE, [chunk({"content": "He"}), chunk({}, "error"), DONE]).message


def test_a_whole_reply_instead_of_a_stream() -> None:
    reply = WholeReply({"choices": [{"message": {"content": "Pa"}, "finish_reason": "stop"}]})
    reader, deltas = fed(WIRE, [reply])
    assert deltas == [Delta("Pa")]
    assert (reader.ended, reader.over, reader.text) == (True, True, "Pa")
    assert decoded(WIRE, [reply]).raw is reply
    with pytest.raises(ServerError, match="Oops"):
        fed(WIRE, [WholeReply({"error": {"code": 500, "message": "Oops"}})])
