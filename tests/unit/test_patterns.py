"""Regular expressions: in the words of a place, or in its description; never one that earns a 400."""

from __future__ import annotations

import re
import time
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from model_ids import called

import smartllm
from smartllm import TextRequest, Tool
from smartllm.compiler.schema.patterns import spelled
from smartllm.rules.vocabulary import Patterns

SAID: dict[str, tuple[str | None, str | None, str | None]] = {
    r"^[A-Z]{2}\d+$": (r"^[A-Z]{2}\d+$", r"^[A-Z]{2}\d+$", r"^[A-Z]{2}\d+$"),
    r"\bfoo\b": (r"\bfoo\b", r"\bfoo\b", None),
    r"\Bfoo": (r"\Bfoo", r"\Bfoo", None),
    r"\p{L}": (None, None, None),
    r"^\S+\D\W$": (r"^\S+\D\W$", r"^\S+\D\W$", r"^[^\s]+[^\d][^\w]$"),
    r"[\S]": (r"[\S]", r"[\S]", None),
    r"(?i)x": ("(?i)x", None, None),
    r"(?i:x)": (None, None, None),
    r"a{1,5000}": ("a{1,5000}", "a{1,5000}", None),
    r"a{99}b{2,}": ("a{99}b{2,}", "a{99}b{2,}", "a{99}b{2,}"),
    r"a{100}": ("a{100}", "a{100}", None),
    r"(a{20}|b){20}": ("(a{20}|b){20}", "(a{20}|b){20}", None),
    r"((a{5}b){5}c){5}": ("((a{5}b){5}c){5}", "((a{5}b){5}c){5}", None),
    r"((a|b){3}c)+": ("((a|b){3}c)+", "((a|b){3}c)+", "((a|b){3}c)+"),
    r"a{99999999999}": (None, None, None),
    r"a{4294967295}": (None, None, None),
    r"a{,3}": (None, None, None),
    r"a{3,2}": (None, None, None),
    r"\Aabc\z": ("^abc$", "^abc$", "^abc$"),
    r"\Z": ("$", "$", "$"),
    r"a*?b+?": ("a*?b+?", "a*b+", "a*b+"),
    r"a++": (None, None, None),
    r"a**": (None, None, None),
    r"|*": (None, None, None),
    r"(?P<y>\d)-(?<m>\d)": (r"(?P<y>\d)-(?P<m>\d)", r"(\d)-(\d)", r"(\d)-(\d)"),
    r"(?P<y>x)(?P<y>y)": (None, "(x)(y)", "(x)(y)"),
    r"(?:ab)+": ("(?:ab)+", "(?:ab)+", "(ab)+"),
    r"(?=x)": (None, None, None),
    r"(?<!x)y": (None, None, None),
    r"(?#x)": (None, None, None),
    r"(a)\1": (r"(a)\1", None, None),
    r"(?P<q>a)(?P=q)": ("(?P<q>a)(?P=q)", None, None),
    r"\2(a)": (None, None, None),
    r"\x41\u00e9\x2e": (r"\x41\u00e9\x2e", r"\x41\u00e9\x2e", r"Aé\."),
    r"\n\t\-\.\é": (r"\n\t\-\.\é", r"\n\t\-\.\é", r"\n\t\-\.\é"),
    r"\0": (None, None, None),
    r"[^\]x\n-]": (r"[^\]x\n-]", r"[^\]x\n-]", r"[^\]x\n-]"),
    r"[\b]": (None, None, None),
    r"[]a]": (None, None, None),
    r"[^]": (None, None, None),
    r"[[:alpha:]]": (None, None, None),
    r"[a&&b]": (None, None, None),
    r"[z-a]": (None, None, None),
    r"{x}": (r"\{x}", r"\{x}", r"\{x}"),
    "(": (None, None, None),
    ")": (None, None, None),
    "[a": (None, None, None),
    "\\": (None, None, None),
    "": ("", "", ""),
    "(" * 60 + ")" * 60: (None, None, None),
    "a" * 10_001: (None, None, None),
}
PLACES: tuple[Patterns, ...] = ("python", "regular", "simple")


@pytest.mark.parametrize("pattern", SAID, ids=lambda pattern: pattern[:20])
def test_each_is_said_in_the_words_of_the_place(pattern: str) -> None:
    assert tuple(spelled(pattern, place) for place in PLACES) == SAID[pattern]
    assert spelled(pattern, "any") == pattern


PIECES = [
    *"ab019^$|.*+?(){}[]\\-,:=!<>Pé",
    r"\d",
    r"\w",
    r"\S",
    r"\b",
    "(?:",
    "{2}",
    "{1,3}",
    "[a-z]",
    "(?P<n>",
]


@given(
    st.lists(st.sampled_from(PIECES), max_size=12).map("".join), st.sampled_from(PLACES), st.text("ab01 -\n")
)
def test_what_is_said_says_the_same(pattern: str, place: Patterns, text: str) -> None:
    said = spelled(pattern, place)
    if said is None:
        return
    assert spelled(said, place) == said
    try:
        asked = re.compile(pattern)
    except re.error:
        return  # of another engine
    assert bool(re.search(said, text)) == bool(asked.search(text))


def test_no_pattern_costs_more_than_its_length() -> None:
    start = time.process_time()
    for pattern in ("(a+)+" * 1000 + "$", "a{1000}{1000}", "(" * 5000, "[" * 5000, "(a{1000}){1000}" * 100):
        for place in PLACES:
            spelled(pattern, place)
    assert time.process_time() - start < 1


def schema(pattern: str) -> dict[str, Any]:
    named = {"w": {"type": "string", "pattern": pattern, "description": "A word."}}
    return {"type": "object", "properties": named, "required": ["w"], "additionalProperties": False}


WORDS = r'A word. Must hold: pattern: "\\bfoo\\b".'


def test_a_native_schema_has_what_cannot_be_said_in_words() -> None:
    request = TextRequest(prompt="p", response_format=schema(r"\bfoo\b"), structured_output="native")
    plan = smartllm.compile(request, model=called("claude-sonnet-4-6"), level="ignore")
    sent = plan.body["output_config"]["format"]["schema"]["properties"]["w"]
    assert sent == {"type": "string", "description": WORDS}
    found = [(item.code, item.severity, item.asked) for item in plan.diagnostics]
    assert found == [("schema-changed", "info", "/properties/w pattern")]
    again = TextRequest(prompt="p", response_format=schema(r"(?:a|b)\Z"))
    sent = smartllm.compile(again, model="gpt-5.4", level="ignore").body["text"]["format"]["schema"]
    assert sent["properties"]["w"]["pattern"] == "(?:a|b)$"


class TestTools:
    def sent(self, model: str, given: dict[str, Any], **own: Any) -> tuple[Any, Any]:
        request = TextRequest(prompt="p", tools=[Tool("t", parameters=given, **own)])
        plan = smartllm.compile(request, model=model, level="ignore")
        tool = plan.body["tools"][0]
        told = [
            (item.asked, item.severity) for item in plan.diagnostics if item.code == "tool-schema-changed"
        ]
        return tool.get("parameters") or tool["input_schema"], told

    def test_are_compiled_by_openai_though_not_strict(self) -> None:
        sent, told = self.sent("gpt-5.4", schema(r"^\p{L}+$"))
        assert sent["properties"]["w"] == {
            "type": "string",
            "description": r'A word. Must hold: pattern: "^\\p{L}+$".',
        }
        assert told == [("t /properties/w pattern", "info")]
        sent, told = self.sent("gpt-5.4", schema(r"\d\z"))
        assert sent["properties"]["w"]["pattern"] == r"\d$"
        assert told == [("t /properties/w pattern", "info")]
        assert self.sent("gpt-5.4", schema(r"\bfoo\b")) == (schema(r"\bfoo\b"), [])
        both = schema(r"\p{L}") | {"$defs": {"Ok": {"type": "string", "pattern": "^ok$"}}}
        sent, told = self.sent("gpt-5.4", both)
        assert sent["$defs"] == both["$defs"]
        assert told == [("t /properties/w pattern", "info")]

    def test_names_that_are_patterns_are_lost_with_what_they_say(self) -> None:
        given = {
            "type": "object",
            "properties": {"pattern": {"type": "string"}},
            "patternProperties": {r"\p{L}": {"type": "string"}, r"x\z": {"type": "integer"}},
        }
        sent, told = self.sent("gpt-5.4", given)
        assert sent == given | {"patternProperties": {"x$": {"type": "integer"}}}
        assert told == [("t /patternProperties/\\p{L} patternProperties", "warning")]

    def test_are_any_for_claude(self) -> None:
        given = schema(r"(?=x)\p{L}")
        assert self.sent("claude-sonnet-4-6", given) == (given, [])
        sent, told = self.sent("claude-sonnet-4-6", given, strict=True)
        assert "pattern" not in sent["properties"]["w"]
        assert told == [("t /properties/w pattern", "info")]
