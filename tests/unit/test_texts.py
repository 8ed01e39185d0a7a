"""JSON in texts that are not JSON alone."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from contextlib import suppress
from typing import Any

import pytest
from how_many import examples
from hypothesis import given, settings
from hypothesis import strategies as st

from smartllm.compiler.schema.answers.texts import (
    BYTE_ORDER_MARK,
    FENCE,
    LINE_BREAKS,
    TAGS,
    THINKING,
    TWICE,
    WORDS,
    found_in,
    loose_value_of,
    value_of,
)


@pytest.mark.parametrize(
    ("text", "values", "read"),
    [
        ('{"a": 1}', ({"a": 1},), ()),
        (" 5 ", (5,), ()),
        ('\ufeff{"a": 1}', ({"a": 1},), (BYTE_ORDER_MARK,)),
        ('"a\nb"', ("a\nb",), (LINE_BREAKS,)),
        ("<think>x</think> 5", (5,), (THINKING,)),
        ('<think>x</think>"a\nb"', ("a\nb",), (THINKING, LINE_BREAKS)),
        ("<THINKING>x</THINKING>[1]", ([1],), (THINKING,)),
        ("<think>[1]", (), ()),
        ("</think><think>[1]", (), ()),
        ("```json\n[1]\n```", ([1],), (FENCE,)),
        ("See\n```\n[1]\n```", ([1],), (FENCE, WORDS)),
        ("x [1] y", ([1],), (WORDS,)),
        ("[1]</a>\n<b c='d'>", ([1],), (TAGS,)),
        ("[1] [1]", ([1],), (TWICE,)),
        ("x [1] [2]", ([1], [2]), (WORDS,)),
        ("[a remark] {name} {{x.y}} [1]", ([1],), (WORDS,)),
        ("no", (), ()),
        ('x {"a": [1]', (), ()),
        ("x {'a': [1]}", (), ()),
        ('x ["a": [1]]', (), ()),
        ("[1] {", (), ()),
        (" ".join(f"[{n}]" for n in range(20)), tuple([n] for n in range(20)), ()),
        (" ".join(f"[{n}]" for n in range(21)), (), ()),
        ('x ["\\ud83d"]', (["\ufffd"],), (WORDS,)),
    ],
)
def test_what_is_found(text: str, values: tuple[Any, ...], read: tuple[str, ...]) -> None:
    found = found_in(text)
    assert found.values == values
    assert found.read == read or not values


@pytest.mark.parametrize(
    "text",
    ["[1]", " [1]\n", json.dumps("[1]"), json.dumps(json.dumps("[1]"))],
)
def test_a_value_in_a_text(text: str) -> None:
    assert value_of(text) == loose_value_of(text) == [1]


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("[1]\n</invoke>", [1]),
        ("[1]</parameter></invoke> ", [1]),
        ("```json\n[1]\n```", [1]),
        ("```\n[1]```", [1]),
        ('```\n["```"]\n```', ["```"]),
        ('["a\nb"]', ["a\nb"]),
        (json.dumps('["a\nb"]'), ["a\nb"]),
        ('["\\ud83d\n"]', ["\ufffd\n"]),
    ],
)
def test_a_value_read_loosely(text: str, value: Any) -> None:
    assert loose_value_of(text) == value
    with pytest.raises(ValueError):  # noqa: PT011 - the texts of JSON's errors are Python's
        value_of(text)


@pytest.mark.parametrize(
    "text",
    ["", "x", "[1] x", "```[1]``` ```[2]```", "[1] > 2", "[1] <5>", "[1]>", '```["```"]abc', "NaN", '"x"'],
)
def test_no_value(text: str) -> None:
    with pytest.raises(ValueError):  # noqa: PT011 - the texts of JSON's errors are Python's
        loose_value_of(text)


def test_nesting_without_end() -> None:
    assert found_in("[" * 100_000).values == ()
    assert found_in("x" + '{"a":' * 100_000).values == ()
    for read in (value_of, loose_value_of):
        with pytest.raises(RecursionError):
            read("[" * 100_000)


LONG: dict[str, Callable[[int], str]] = {
    "blanks": lambda n: " " * n + ">",
    "names": lambda n: "<a" * n + ">",
    "tags": lambda n: "<a>" * n,
    "ends": lambda n: "</invoke>" * n,
    "ends behind it": lambda n: "[1]" + "</a>\n" * n,
    "objects": lambda n: "{}" * n,
    "lists": lambda n: "[1] " * n,
    "nothing in brackets": lambda n: "[x] {y} " * n,
    "braces": lambda n: "{" * n,
    "lists that go on": lambda n: "[a" * n,
    "objects that go on": lambda n: '{"a": ' * n,
    "thoughts": lambda n: "<think>" * n,
    "ends of thoughts": lambda n: "</think>" * n,
    "channels": lambda n: "<|channel|>final" * n,
    "fences": lambda n: "```" * n,
    "quotes": lambda n: '"' * n,
    "marks": lambda n: "\ufeff" * n,
}


def time_of(text: str) -> float:
    """Seconds of this thread that it takes to look through a text, at best."""
    taken = []
    for _ in range(2):
        before = time.thread_time()
        found_in(text)
        with suppress(ValueError, RecursionError):
            loose_value_of(text)
        taken.append(time.thread_time() - before)
    return min(taken)


@pytest.mark.parametrize("kind", LONG)
def test_the_time_grows_no_faster_than_the_text(kind: str) -> None:
    short, long = (time_of(LONG[kind](count)) for count in (2_000, 32_000))
    assert long < 64 * short + 0.05, "sixteen times the text; its square would be 256"


@settings(max_examples=examples(80), deadline=None)
@given(st.dictionaries(st.text(max_size=3), st.integers()), st.sampled_from(["Sure: ", "", "```json\n"]))
def test_any_object_is_found_behind_words(value: Any, before: str) -> None:
    found = found_in(f"{before}{json.dumps(value)}{'```' if '`' in before else ''}")
    assert value in found.values
