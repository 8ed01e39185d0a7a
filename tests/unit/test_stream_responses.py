"""Streams of the Responses API: what is text, what confirms it, what ends an answer and what breaks it."""

from __future__ import annotations

from typing import Any, Final

import pytest
from stream_events import (
    Event,
    arguments,
    broken,
    completed,
    decoded,
    fed,
    item_done,
    message,
    response,
    text_delta,
    text_done,
)

from smartllm.compiler.dialects.stream import DONE, Delta
from smartllm.content import ToolCallDelta
from smartllm.errors import ResponseError
from smartllm.response import Usage

WIRE: Final = "openai_responses"
CALL = {"type": "function_call", "name": "f", "arguments": '{"a": 1}'}


def test_a_whole_stream() -> None:
    reader, deltas = fed(
        WIRE,
        [
            {"type": "response.created", "sequence_number": 0},
            {"type": "response.in_progress", "sequence_number": 1},
            {"type": "response.reasoning_summary_text.delta", "delta": "hm", "sequence_number": 2},
            {"type": "response.reasoning_text.delta", "delta": "ha", "sequence_number": 3},
            text_delta("Pa", sequence_number=4),
            text_delta("ris", sequence_number=5),
            {"type": "response.refusal.delta", "delta": "", "sequence_number": 6},
            {"type": "response.function_call_arguments.delta", "delta": "{", "sequence_number": 7},
            {"type": "response.image.delta", "delta": 5, "sequence_number": 8},
            completed(message("Paris"), sequence_number=9),
            DONE,
        ],
    )
    none, thoughts = Delta(""), [Delta("hm", thinking=True), Delta("ha", thinking=True)]
    call = Delta("", call=ToolCallDelta(0, "", "", "{"))
    assert deltas == [none, None, *thoughts, Delta("Pa"), Delta("ris"), none, call, none, none, None]
    answer = reader.decoded()
    assert (answer.text, answer.stop_reason, answer.usage) == ("Paris", "completed", Usage(1, 2))


@pytest.mark.parametrize(
    "event", [{"type": "ping"}, {"type": 5}, {}, {"type": "response.queued"}, {"type": "x", "error": None}]
)
def test_what_is_no_progress(event: Event) -> None:
    assert fed(WIRE, [event])[1] == [None]


def test_the_end_is_seen() -> None:
    reader, _ = fed(WIRE, [text_delta("Pa")])
    assert (reader.ended, reader.over) == (False, False)
    reader, _ = fed(WIRE, [text_delta("Pa"), completed(message("Pa"))])
    assert (reader.ended, reader.over) == (True, True)
    reader, _ = fed(WIRE, [text_delta("Pa"), DONE])
    assert (reader.ended, reader.over) == (False, True)


def test_an_incomplete_answer_is_whole() -> None:
    details = {"reason": "max_output_tokens"}
    end = response(message("Pa"), status="incomplete", incomplete_details=details)
    answer = decoded(WIRE, [text_delta("Pa"), {"type": "response.incomplete", "response": end}])
    assert (answer.stop_reason, answer.incomplete) == ("incomplete", "max_output_tokens")


def test_without_its_terminator_it_is_no_answer() -> None:
    error = broken(WIRE, [text_delta("Pa"), DONE])
    assert (error.partial_text, error.retryable) == ("Pa", True)
    assert "ended before the answer was complete" in error.message


@pytest.mark.parametrize("late", [text_delta("x"), completed(message("x")), {"type": "response.created"}])
def test_what_comes_after_the_end_is_an_error(late: Event) -> None:
    whole = [text_delta("Pa"), completed(message("Pa"))]
    assert "after the answer's end" in broken(WIRE, [*whole, late]).message
    assert fed(WIRE, [*whole, {"type": "keepalive"}, DONE])[0].decoded().text == "Pa"


class TestWhatConfirmsText:
    @pytest.mark.parametrize("output", [[], [CALL], [message("ris")], [message("Paris")]], ids=str)
    @pytest.mark.parametrize("confirmed", [[text_done("Paris")], [item_done(message("Paris"))]], ids=str)
    def test_an_end_that_holds_less_than_was_confirmed(self, output: Any, confirmed: list[Event]) -> None:
        events = [text_delta("Pa"), text_delta("ris"), *confirmed, completed(*output)]
        assert decoded(WIRE, events).text == "Paris"

    def test_an_end_without_output(self) -> None:
        end = response()
        del end["output"]
        events = [text_delta("Pa"), text_done("Pa"), {"type": "response.completed", "response": end}]
        assert decoded(WIRE, events).text == "Pa"

    def test_items_that_the_end_lacks(self) -> None:
        items = [item_done(message("Pa"), output_index=0), item_done(CALL, output_index=1)]
        for output in ([], [message("Pa")], [CALL]):
            answer = decoded(WIRE, [text_delta("Pa"), text_done("Pa"), *reversed(items), completed(*output)])
            assert (answer.text, arguments(answer)) == ("Pa", {"a": 1})
            assert answer.raw["output"] == [message("Pa"), CALL]
        assert arguments(decoded(WIRE, [item_done(CALL), completed()])) == {"a": 1}

    def test_items_that_fit_less_than_the_end(self) -> None:
        events = [text_delta("Pa"), item_done(message("x")), item_done(CALL), completed(message("Pa"))]
        answer = decoded(WIRE, events)
        assert (answer.text, arguments(answer)) == ("Pa", {"a": 1})
        events = [text_delta("Pa"), text_done("Pa"), item_done(message("x")), item_done(CALL), completed()]
        answer = decoded(WIRE, events)
        assert (answer.text, arguments(answer)) == ("Pa", {"a": 1})

    @pytest.mark.parametrize(
        "end", [[text_done("Paris")], [completed(message("Paris"))], [completed(message("x"))], [completed()]]
    )
    def test_lost_text_is_noticed(self, end: list[Event]) -> None:
        error = broken(WIRE, [text_delta("Pa"), *end])
        assert "do not add up" in error.message
        assert (error.partial_text, error.retryable) == ("Pa", True)

    def test_an_end_that_says_something_else_is_an_error_even_if_all_was_confirmed(self) -> None:
        events = [text_delta("Paris"), text_done("Paris"), item_done(message("Paris"))]
        assert "do not add up" in broken(WIRE, [*events, completed(message("Rome"))]).message

    def test_a_refusal_is_held_against_its_end_too(self) -> None:
        said = {"type": "response.refusal.delta", "delta": "no"}
        assert (
            "do not add up"
            in broken(WIRE, [said, {"type": "response.refusal.done", "refusal": "not"}]).message
        )
        part = {"type": "refusal", "refusal": "no"}
        events = [said, {"type": "response.refusal.done", "refusal": "no"}]
        assert decoded(WIRE, [*events, completed({"type": "message", "content": [part]})]).refusal == "no"

    def test_text_that_came_without_deltas(self) -> None:
        assert decoded(WIRE, [text_done("Pa"), completed(message("Pa"))]).text == "Pa"
        assert decoded(WIRE, [completed(message("Pa"))]).text == "Pa"
        assert decoded(WIRE, [item_done(message("Pa")), completed()]).text == "Pa"

    def test_a_finished_text_that_is_numbered_differently_is_not_said_twice(self) -> None:
        events = [text_delta("Pa", content_index=0), text_done("Pa")]
        assert decoded(WIRE, [*events, completed(message("Pa"))]).text == "Pa"
        assert decoded(WIRE, [*events, completed()]).text == "Pa"
        assert "do not add up" in broken(WIRE, [text_delta("P", content_index=0), text_done("Pa")]).message
        two = [text_delta("a", output_index=0), text_delta("b", output_index=1), text_done("a")]
        assert "do not add up" in broken(WIRE, [*two, completed(message("ab"))]).message

    def test_places_are_apart(self) -> None:
        deltas = [text_delta(text, output_index=at) for at, text in enumerate(["a", "b"])]
        ends = [text_done(text, output_index=at) for at, text in enumerate(["a", "b"])]
        assert decoded(WIRE, [*deltas, *ends, completed()]).text == "ab"
        again = [text_delta("a"), text_done("a"), text_delta("b"), text_done("b")]
        assert decoded(WIRE, [*again, completed(message("a", "b"))]).text == "ab"


class TestNumbers:
    def test_a_gap_alone_is_no_loss(self) -> None:
        events = [text_delta("Pa", sequence_number=4), text_delta("ris", sequence_number=9)]
        assert decoded(WIRE, [*events, text_done("Paris"), completed()]).text == "Paris"
        assert decoded(WIRE, [*events, completed(message("Paris"), sequence_number=0)]).text == "Paris"

    def test_a_gap_that_lacks_text_is_named(self) -> None:
        events = [text_delta("a", sequence_number=4), text_delta("c", sequence_number=6)]
        assert "number 6 follows 4" in broken(WIRE, [*events, text_done("abc", sequence_number=8)]).message
        assert "number 6 follows 4" in broken(WIRE, [*events, completed(sequence_number=7)]).message

    def test_numbers_do_not_confirm_what_the_end_says_otherwise(self) -> None:
        events = [text_delta("Paris", sequence_number=0), completed(message("ris"), sequence_number=1)]
        assert "do not add up" in broken(WIRE, events).message

    @pytest.mark.parametrize("first", [0, 1])
    def test_numbers_without_a_gap_confirm_too(self, first: int) -> None:
        events = [text_delta("Pa", sequence_number=first), completed(sequence_number=first + 1)]
        assert decoded(WIRE, events).text == "Pa"

    def test_a_doubled_event_is_noticed(self) -> None:
        events = [text_delta("Pa", sequence_number=0)] * 2
        assert "do not add up" in broken(WIRE, [*events, completed(message("Pa"))]).message


@pytest.mark.parametrize(
    "event",
    [
        text_delta(None),
        text_delta(["Pa"]),
        text_done(None),
        {"type": "response.reasoning_text.delta", "delta": {}},
        {"type": "response.function_call_arguments.delta", "delta": 5},
        item_done("x"),
        {"type": "response.completed", "response": None},
        {"type": "response.completed", "response": response() | {"output": {}}},
        {"type": "response.completed", "response": response() | {"output": {}, "status": []}},
        {"type": "response.completed", "response": response() | {"output": [5]}},
        completed({"type": "message", "content": [{"type": "output_text", "text": None}]}),
    ],
    ids=str,
)
def test_another_type_than_the_wire_promises(event: Event) -> None:
    error = broken(WIRE, [event])
    assert error.message.startswith("an event of the stream has ")
    assert " should be " in error.message


def test_an_end_that_holds_nothing() -> None:
    with pytest.raises(ResponseError, match="has no output") as caught:
        fed(WIRE, [{"type": "response.created"}, completed()])[0].decoded()
    assert caught.value.retryable is False


@pytest.mark.parametrize(
    ("error", "code", "status", "retryable"),
    [
        ({"code": "rate_limit_exceeded", "message": "slow"}, "rate_limit_exceeded", 429, True),
        ({"code": "server_error", "message": "slow"}, "server_error", 500, True),
        ({"code": "insufficient_quota", "message": "slow"}, "insufficient_quota", 429, False),
        ({"code": "invalid_prompt", "message": "slow"}, "invalid_prompt", 400, False),
        ({"code": 503, "message": "slow"}, "503", 503, True),
        ({"code": "502", "message": "slow"}, "502", 502, True),
        ({"code": 1, "message": "slow"}, "1", None, False),
        ({"code": None, "message": "slow", "status_code": 429}, None, 429, True),
        ({"code": "new_code", "message": "slow"}, "new_code", None, False),
        ({"code": {}, "message": "slow"}, None, None, False),
        ({"code": True, "message": "slow"}, None, None, False),
        ({"message": "slow"}, None, None, False),
    ],
    ids=str,
)
@pytest.mark.parametrize("shape", ["flat", "nested", "failed", "cancelled", "status"])
def test_errors_inside_the_stream(
    shape: str, error: dict[str, Any], code: str | None, status: int | None, *, retryable: bool
) -> None:
    failed = response(status="failed", error=error)
    events: dict[str, Event] = {
        "flat": {"type": "error", **error},
        "nested": {"error": error},
        "failed": {"type": "response.failed", "response": failed},
        "cancelled": {"type": "response.cancelled", "response": failed | {"status": "cancelled"}},
        "status": {"type": "response.completed", "response": failed},
    }
    found = broken(WIRE, [text_delta("Pa"), events[shape]])
    assert (found.code, found.status, found.retryable) == (code, status, retryable)
    assert found.partial_text == "Pa"
    assert "slow" in found.message


def test_a_failure_without_a_reason() -> None:
    assert "no reason given" in broken(WIRE, [{"type": "response.failed", "response": {}}]).message
