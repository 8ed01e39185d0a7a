"""Patterns of callers on texts of models: what is found, and that no text makes a search long."""

from __future__ import annotations

import re
import time

import pytest
from how_many import examples
from hypothesis import given, settings
from hypothesis import strategies as st

from smartllm.runtime.structure.patterns import Unsearchable, searches

PASSWORD = r"^(?=.*[A-Z])(?=.*\d)(?!.*\s).{8,}$"


@pytest.mark.parametrize(
    ("pattern", "text", "found"),
    [
        ("b", "abc", True),
        ("^b", "abc", False),
        (r"^\d{4}-\d{2}$", "2026-11", True),
        (r"^\p{L}+$", "Jörg", True),
        (r"^\p{L}+$", "J1", False),
        ("(a+)+$", "a" * 5000 + "b", False),
        (PASSWORD, "Abcdefg1", True),
        (PASSWORD, "abcdefg1", False),
        (PASSWORD, "A" * 60 + " 1", False),
        (r"^(\w)\w*\1$", "abca", True),
        (r"(?<!a)b", "ab", False),
        (r"(?<=[(\]])b", "a]b", True),
        (r"^(?P<x>a)(?P=x)$", "aa", True),
        (r"a\Z", "ba", True),
        (r"(?=a)[]x)+*?{|]{2}", "a", False),
        (r"(?=a)[^]]", "a", True),
        (r"(?=[\]a])a", "a", True),
        (r"(?=a)a{,x}\{1\}", "a{,x}{1}", True),
        (r"(?=a)a{2,3}?", "aaa", True),
        (r"(?=a)(?:a|b){1}", "b", False),
        (r"(?=a)a{,2}b", "aab", True),
        (r"(?=a)a{1,2}a{1,2}b", "a" * 4000, False),
        (r"(?=.)[\]*+?*+?{2}*+?]", "?" * 4000, True),
    ],
)
def test_what_is_found(pattern: str, text: str, found: bool) -> None:
    assert searches(pattern, text) is found


@pytest.mark.parametrize(
    ("pattern", "text"),
    [
        (r"^(?!x)(a+)+$", "a" * 40 + "b"),
        (r"^(?!x)(a|aa){30}$", "a" * 45 + "b"),
        (r"(?!x)(a*)*b", "a"),
        (r"(?=(a|b)+c)a", "a"),
        (r"(?!x).*.*.*.*z", "a" * 40),
        (r"^(?!x)" + "a?" * 30 + "a" * 30, "a" * 30),
        (r"(?!x)a{1,4000}a{1,4000}b", "a" * 4000),
        (r"(a*)\1b", "a" * 4000),
        (r"(?=a)[a]*[a]*[a]*b", "a" * 200),
        (PASSWORD, "A" * 100_000),
        ("(", "a"),
        (r"(?=a)a{99999999999}", "a"),
        (r"a{2,1}", "a"),
    ],
)
def test_what_may_take_long_is_not_searched(pattern: str, text: str) -> None:
    before = time.thread_time()
    with pytest.raises(Unsearchable):
        searches(pattern, text)
    assert time.thread_time() - before < 2  # others take minutes


parts = st.recursive(
    st.sampled_from(["a", "b", ".", "[ab]", "[^a]", r"\w", "^", "$"]),
    lambda inner: (
        st.tuples(inner, st.sampled_from(["*", "+", "?", "{2}", "{1,3}", "{2,}", "*?"])).map(
            lambda made: f"(?:{made[0]}){made[1]}"
        )
        | st.tuples(inner, inner).map("".join)
        | st.tuples(inner, inner).map(lambda made: f"(?:{made[0]}|{made[1]})")
        | st.tuples(st.sampled_from(["(?={})", "(?!{})", "({})"]), inner).map(
            lambda made: made[0].replace("{}", made[1])
        )
    ),
    max_leaves=8,
)


@settings(max_examples=examples(80), deadline=None)
@given(parts, st.text("abc", max_size=12))
def test_it_finds_what_python_finds(pattern: str, text: str) -> None:
    before = time.thread_time()
    try:
        found = searches(pattern, text)
    except Unsearchable:
        assert time.thread_time() - before < 2  # others take minutes
    else:
        assert time.thread_time() - before < 2  # others take minutes
        assert found is (re.search(pattern, text) is not None)
