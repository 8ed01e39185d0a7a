"""Server-sent events: every legal spelling of a stream gives the same events."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from smartllm.compiler.dialects.stream import DONE
from smartllm.runtime.wire.sse import SSEDecoder, looks_like_events

EVENTS = [{"type": "a", "text": "grüße 🌍"}, {"type": "b"}, {"type": "c", "n": [1, 2]}]


def decode(*pieces: bytes) -> list[Any]:
    decoder = SSEDecoder()
    return [event for piece in pieces for event in decoder.feed(piece)] + list(decoder.end())


def stream(*, end: str = "\n", space: str = " ", between: str = "") -> bytes:
    texts = [f"data:{space}{json.dumps(event, ensure_ascii=False)}{end}{end}{between}" for event in EVENTS]
    return "".join(texts).encode()


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
@pytest.mark.parametrize("space", ["", " "])
@pytest.mark.parametrize(
    "between", ["", ": ping\n", ": ping\n\n", "id: 5\nretry: 10\n", "event: x\n", "junk\n"]
)
@pytest.mark.parametrize("size", [1, 2, 7, 100_000])
def test_legal_spellings(end: str, space: str, between: str, size: int) -> None:
    raw = stream(end=end, space=space, between=between)
    assert decode(*(raw[i : i + size] for i in range(0, len(raw), size))) == EVENTS


@given(st.lists(st.integers(1, 40)), st.sampled_from(["\n", "\r\n", "\r"]))
def test_any_cut(sizes: list[int], end: str) -> None:
    raw, pieces = stream(end=end), []
    for size in sizes:
        pieces.append(raw[:size])
        raw = raw[size:]
    assert decode(*pieces, raw) == EVENTS


def test_a_byte_order_mark_is_passed_over() -> None:
    assert decode(b"\xef\xbb\xbf" + stream()) == EVENTS
    assert decode(b"\xef", b"\xbb\xbf" + stream()) == EVENTS


def test_data_over_several_lines() -> None:
    assert decode(b'data: {"a":\ndata: 1}\n\n') == [{"a": 1}]


def test_the_last_event_needs_no_blank_line() -> None:
    assert decode(stream().rstrip(b"\n")) == EVENTS


def test_the_done_line() -> None:
    assert decode(b"data: [DONE]\n\n")[0] is DONE


def test_an_error_event_is_marked_as_such() -> None:
    assert decode(b'event: error\ndata: {"message": "no"}\n\n') == [{"type": "error", "message": "no"}]
    assert decode(b'event: error\ndata: {"type": "t"}\n\ndata: {}\n\n') == [{"type": "t"}, {}]


@pytest.mark.parametrize("cut", range(1, 8))
def test_a_lone_carriage_return_before_a_last_unfinished_line(cut: int) -> None:
    raw = b'data: {"a":\rdata: 1}'
    assert decode(raw[: 11 + cut - 1], raw[11 + cut - 1 :]) == [{"a": 1}]
    assert decode(*(raw[i : i + cut] for i in range(0, len(raw), cut))) == [{"a": 1}]
    assert decode(b'data: {"a": 1}\r\r', b'data: {"a": 2}') == [{"a": 1}, {"a": 2}]
    assert decode(b'data: {"a": 1}\n\r', b'data: {"a": 2}') == [{"a": 1}, {"a": 2}]


@pytest.mark.parametrize(
    ("line", "error"),
    [
        (b'error: {"code":500,"message":"full"}', {"code": 500, "message": "full"}),
        (b'error:{"code":500}', {"code": 500}),
        (b"error: full", "full"),
        (b"error: {", "{"),
        (b"error: \xff", "\ufffd"),
    ],
)
def test_a_field_named_error_is_an_error_event(line: bytes, error: Any) -> None:
    expected = {"type": "error", "error": error}
    assert decode(b'data: {"a": 1}\n\n' + line + b"\n\ndata: [DONE]\n\n") == [{"a": 1}, expected, DONE]
    assert decode(line) == [expected]


def test_an_error_field_without_a_value_says_nothing() -> None:
    assert decode(b"error\nerror:\n\n" + stream()) == EVENTS


def test_numbers_that_are_none_are_null() -> None:
    assert decode(b'data: {"p": [NaN, -Infinity]}\n\n') == [{"p": [None, None]}]
    assert decode(b'error: {"p": NaN}\n\n') == [{"type": "error", "error": {"p": None}}]


@pytest.mark.parametrize(
    ("start", "verdict"),
    [
        (b"data: {}", True),
        (b"data:", True),
        (b"\r\n\nevent: x", True),
        (b": ping", True),
        (b":", True),
        (b"id:", True),
        (b"retry:", True),
        (b"error:", True),
        (b"\xef\xbb\xbfdata:", True),
        (b"", None),
        (b"\n\n", None),
        (b"d", None),
        (b"data", None),
        (b"\xef", None),
        (b"{", False),
        (b"<html>", False),
        (b"dat:", False),
        (b"datax", False),
    ],
)
def test_how_events_begin(start: bytes, verdict: bool | None) -> None:
    assert looks_like_events(start) is verdict


@pytest.mark.parametrize("data", [b"{", b'{"a": "\xff"}', b"[]", b"null", b"5"])
def test_an_event_that_is_no_object(data: bytes) -> None:
    with pytest.raises((ValueError, TypeError)):
        decode(b"data: " + data + b"\n\n")
    with pytest.raises((ValueError, TypeError)):
        decode(b"data: " + data)


def test_a_damaged_line_is_not_passed_over() -> None:
    decoder = SSEDecoder()
    with pytest.raises(ValueError, match="damaged"):
        list(decoder.feed(b'data: {"a": 1}\n\xf5data: {"a": 2}\n\n'))
    assert list(SSEDecoder().feed(": hé\nx-new: é\ndata: {}\n\n".encode())) == [{}]
