"""What is told of a structured answer: markup that leaked, what could not be checked."""

from __future__ import annotations

import json
from typing import Any

import pytest
from how_many import examples
from hypothesis import given, settings
from hypothesis import strategies as st
from test_read_tolerantly import read

from smartllm.diagnostics import CODES
from smartllm.runtime.structure.reading_notes import answer_read, leaked, unchecked

NOTE: dict[str, Any] = {
    "type": "object",
    "properties": {"content": {"type": "string"}, "tags": {"type": "array", "items": {"type": "string"}}},
    "required": ["content"],
}


@pytest.mark.parametrize(
    "text",
    [
        'done</content>\n<parameter name="tags">["a"]',
        "done</parameter>",
        "done\n</invoke>",
        '<invoke name="x">',
        "<function_calls>",
        '<parameter name="tags">',
        "done<tool_call>",
    ],
)
def test_markup_of_calls_in_a_text_is_told_and_left(text: str) -> None:
    found = read(json.dumps({"content": "fine", "tags": ["b", text]}), NOTE, structured_output="tool")
    (note,) = found.notes
    assert found.data == {"content": "fine", "tags": ["b", text]}
    assert (note.code, note.severity, note.action, note.asked) == (
        "markup-leaked",
        "warning",
        "noted",
        ["/tags/1"],
    )
    assert "/tags/1" in note.reason


@pytest.mark.parametrize(
    "text",
    ["a < b > c", "<p>x</p>", "parameter", "<parameters>", "invoke()", "<b parameter>", "&lt;invoke&gt;"],
)
def test_other_markup_is_none(text: str) -> None:
    assert read(json.dumps({"content": text}), NOTE, structured_output="tool").notes == ()


def test_not_all_places_are_told() -> None:
    tags = ["</invoke>"] * 9
    (note,) = read(json.dumps({"content": "x", "tags": tags}), NOTE, structured_output="tool").notes
    assert note.asked == [f"/tags/{index}" for index in range(5)]


def test_not_all_that_is_unchecked_is_told() -> None:
    (note,) = unchecked([f"pattern {number}" for number in range(9)])
    assert note.asked == [f"pattern {number}" for number in range(5)]
    assert "pattern 4" in note.reason
    assert "pattern 5" not in note.reason


def test_a_root_that_is_text_and_names_that_are_markup() -> None:
    (note,) = leaked(json.dumps("</invoke>"), "</invoke>")
    assert note.reason.endswith("the root.")
    assert leaked(json.dumps({"</invoke>": 1}), {"</invoke>": 1}) == ()


def test_a_pattern_that_was_not_searched_is_told() -> None:
    schema = {**NOTE, "properties": {"content": {"type": "string", "pattern": r"^(?!x)(a+)+$"}}}
    (note,) = read(json.dumps({"content": "a" * 50}), schema, structured_output="tool").notes
    assert (note.code, note.severity, note.action) == ("answer-unchecked", "warning", "ignored")
    assert "^(?!x)(a+)+$" in note.reason


def test_nothing_to_tell_is_not_told_and_all_codes_are_known() -> None:
    assert answer_read(()) == unchecked(()) == leaked("{}", {}) == ()
    assert {note.code for note in (*answer_read(["x"]), *unchecked(["x"]))} <= set(CODES)


@settings(max_examples=examples(80), deadline=None)
@given(
    st.recursive(
        st.text('<>/invoke\\" ', max_size=12), lambda inner: st.lists(inner, max_size=3), max_leaves=5
    )
)
def test_the_quick_search_misses_nothing(value: Any) -> None:
    def any_of(data: Any) -> bool:
        return "</invoke>" in data if isinstance(data, str) else any(map(any_of, data))

    if any_of(value):
        assert leaked(json.dumps(value), value)
