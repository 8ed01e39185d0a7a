"""Text is Unicode: halves of surrogate pairs are joined, or become U+FFFD, in answers whole and streamed."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from stream_events import (
    BEGIN,
    END,
    STOP,
    STOPPED,
    Event,
    arguments,
    block,
    call,
    chunk,
    completed,
    decoded,
    delta,
    fed,
    item_done,
    message,
    start,
    text_delta,
    text_done,
)

from smartllm.compiler.dialects.readers import DECODERS
from smartllm.compiler.dialects.reading import Halves, json_of, shown, unicode_json
from smartllm.compiler.dialects.stream import DONE
from smartllm.diagnostics import Diagnostic, Origin
from smartllm.rules import Dialect
from smartllm.unicode import unicode_text

NOBODY = Origin("derived", "nobody")
HIGH, LOW, THUMB = "\ud83d", "\udc4d", "\U0001f44d"
WIRES: tuple[Dialect, ...] = ("openai_responses", "openai_chat", "anthropic_messages", "bedrock_converse")


def streamed(wire: Dialect, texts: Sequence[str]) -> list[Event]:
    """The texts as deltas of one block, and the end."""
    last = {"type": "text", "text": ""}
    ends: dict[str, list[Event]] = {
        "openai_responses": [text_done("".join(texts)), completed(message("".join(texts)))],
        "openai_chat": [chunk({"content": ""}, "stop"), DONE],
        "anthropic_messages": [STOP, END],
        "bedrock_converse": [STOPPED],
    }
    deltas: dict[str, list[Event]] = {
        "openai_responses": [text_delta(text) for text in texts],
        "openai_chat": [chunk({"content": text}) for text in texts],
        "anthropic_messages": [
            BEGIN,
            start(0, **last),
            *(block(0, "text_delta", text=text) for text in texts),
        ],
        "bedrock_converse": [delta(0, text=text) for text in texts],
    }
    return [*deltas[wire], *ends[wire]]


@pytest.mark.parametrize("wire", WIRES)
@pytest.mark.parametrize(
    ("texts", "expected"),
    [
        (["ok " + HIGH, LOW + "!"], f"ok {THUMB}!"),
        (["ok " + HIGH, "", LOW], f"ok {THUMB}"),
        ([HIGH, HIGH, LOW], f"\ufffd{THUMB}"),
        (["ok " + HIGH, "ay"], "ok \ufffday"),
        (["ok", LOW + "ay"], "ok\ufffday"),
        (["ok " + HIGH], "ok \ufffd"),
        (["grüße"], "grüße"),
    ],
)
def test_text_of_a_stream(wire: Dialect, texts: list[str], expected: str) -> None:
    answer = decoded(wire, streamed(wire, texts))
    assert answer.text == expected
    json.dumps(answer.raw, ensure_ascii=False).encode()


@given(st.lists(st.text(st.sampled_from(["a", "é", THUMB, HIGH, LOW]), max_size=3), min_size=1, max_size=6))
def test_any_cut_of_any_text(texts: list[str]) -> None:
    for wire in WIRES:
        answer = decoded(wire, streamed(wire, texts))
        assert answer.text == "".join(texts).encode("utf-16", "surrogatepass").decode("utf-16", "replace")


def test_a_half_is_not_joined_to_another_block() -> None:
    events = [
        BEGIN,
        start(0, type="text", text=HIGH),
        start(1, type="text", text=LOW),
        start(2, type="thinking", thinking=""),
        block(2, "thinking_delta", thinking="h" + HIGH),
        block(2, "thinking_delta", thinking=LOW),
    ]
    deltas = fed("anthropic_messages", events)[1]
    assert [piece.text for piece in deltas if piece] == ["", "", "\ufffd\ufffd", "", "h", THUMB]
    assert decoded("anthropic_messages", [*events, STOP, END]).text == "\ufffd\ufffd"


def test_the_last_half_is_told_with_the_end() -> None:
    reader, deltas = fed("openai_chat", [chunk({"content": "ok " + HIGH}), DONE])
    assert [piece and piece.text for piece in deltas] == ["ok ", "\ufffd"]
    assert reader.decoded().text == "ok \ufffd"
    events = [chunk({"content": "ok" + HIGH}), chunk({"reasoning": "hm"}, "stop")]
    said = [one.text for piece in fed("openai_chat", events)[1] if piece for one in piece.all]
    assert said == ["ok", "hm", "\ufffd"]
    assert fed("openai_chat", [chunk({"content": "ok" + HIGH}, "stop")])[1][0] is not None
    assert decoded("openai_chat", [chunk({"content": "ok" + HIGH}, "stop")]).text == "ok\ufffd"


def test_what_confirms_text_may_be_cut_elsewhere() -> None:
    events = [
        text_delta("ok " + HIGH),
        text_delta(LOW),
        text_done("ok " + THUMB),
        item_done(message("ok " + THUMB)),
    ]
    assert decoded("openai_responses", [*events, completed()]).text == "ok " + THUMB
    alone = [text_delta("ok " + HIGH), text_done("ok " + HIGH), completed(message("ok " + HIGH))]
    assert decoded("openai_responses", alone).text == "ok \ufffd"


def test_arguments_and_what_stands_beside_are_unicode() -> None:
    events = [call('{"a": "' + HIGH), call(LOW + '"}'), chunk({"tag": HIGH}), chunk(finish="stop")]
    answer = decoded("openai_chat", events)
    assert arguments(answer) == {"a": THUMB}
    assert answer.raw["choices"][0]["message"]["tag"] == "\ufffd"


WHOLE: dict[Dialect, Any] = {
    "openai_responses": {"status": "completed", "output": [message("ok " + HIGH)]},
    "openai_chat": {"choices": [{"message": {"content": "ok " + HIGH}}]},
    "anthropic_messages": {"stop_reason": "end_turn", "content": [{"type": "text", "text": "ok " + HIGH}]},
    "bedrock_converse": {
        "stopReason": "end_turn",
        "output": {"message": {"content": [{"text": "ok " + HIGH}]}},
    },
}


@pytest.mark.parametrize("wire", WIRES)
def test_whole_answers(wire: Dialect) -> None:
    answer = DECODERS[wire].decode(WHOLE[wire] | {"id\ud800": {"\ud800": ["\ud800"]}}, "m")
    assert answer.text == "ok \ufffd"
    assert answer.raw["id\ufffd"] == {"\ufffd": ["\ufffd"]}


def test_an_answer_that_is_unicode_is_not_copied() -> None:
    reply = {"choices": [{"message": {"content": "grüße " + THUMB}}]}
    assert DECODERS["openai_chat"].decode(reply, "m").raw is reply
    assert unicode_json(reply) is reply


def test_numbers_that_look_like_half_a_pair_change_nothing() -> None:
    reply = {"n": 0xA0ED, "text": "x" * 0xA0ED}
    assert unicode_json(reply) is reply


@given(st.text(st.characters(codec=None)))
def test_text_becomes_what_utf_16_can_say(given_text: str) -> None:
    unicode_text(given_text).encode()
    assert unicode_text(unicode_text(given_text)) == unicode_text(given_text)


def test_halves() -> None:
    halves = Halves()
    assert halves.rest() == ""
    assert halves.take("a" + HIGH) == "a"
    assert halves.rest() == "\ufffd"
    assert halves.rest() == ""
    assert halves.take(LOW) == "\ufffd"


@pytest.mark.parametrize("constant", ["NaN", "Infinity", "-Infinity", '{"a": [NaN]}', "{", ""])
def test_what_is_not_json(constant: str) -> None:
    with pytest.raises(ValueError, match=r"is not JSON|Expecting"):
        json_of(constant)


def test_what_is_shown_of_odd_values() -> None:
    deep: list[Any] = []
    for _ in range(100_000):
        deep = [deep]
    assert shown(deep) == "deeply nested JSON"
    assert shown({"a": HIGH}) == '{"a": "\ufffd"}'
    assert shown({1}) == '"{1}"'
    assert len(shown("x" * 1000)) == 200


def test_json_may_come_as_bytes_of_any_unicode_encoding() -> None:
    for encoding in ("utf-8", "utf-16", "utf-32-le"):
        assert json_of('{"é": 1}'.encode(encoding)) == {"é": 1}
    with pytest.raises(ValueError, match="codec"):
        json_of(b'{"a": "\xff\xfe"}')


def test_a_diagnostic_can_be_written_down() -> None:
    told = Diagnostic("extra-merged", "info", HIGH, "noted", None, None, f"{HIGH} and {LOW}", NOBODY)
    assert str(told) == "info extra-merged \ufffd: \ufffd and \ufffd [derived nobody]"
