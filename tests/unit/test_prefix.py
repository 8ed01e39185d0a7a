"""What was sent stays as it was: each round's body begins with that of the round before, to the byte."""

from __future__ import annotations

import json
from typing import Any, Final

from conversation import Place, places
from doors import api_on
from how_many import examples
from hypothesis import given, settings
from hypothesis import strategies as st
from model_facts import RULES

import smartllm
from smartllm import Message, MessageRequest, Plan, Tool, ToolCall, ToolResult
from smartllm.compiler.dialects import FIELDS
from smartllm.content import Reasoning, Text

PLACES: Final = [place for place in places() if place.facts.tools.functions == "always"]
BOUND: Final = [place for place in PLACES if place.facts.carry.prefix]
NAMES: Final = ["look", "get-it", "get_it", "9lives", "x" * 64]
SCHEMA: Final = {
    "type": "object",
    "properties": {"größe": {"type": "string"}, "b": {"type": ["integer", "null"]}},
    "required": ["größe"],
}
OTHER: Final = {"anyOf": [{"type": "object", "properties": {"a": {"$ref": "#/$defs/A"}}}], "$defs": {"A": {}}}
TOOLS: Final = [Tool("look", "Looks.", SCHEMA), Tool("get-it", parameters=OTHER), Tool("9lives", strict=True)]
DECLARED: Final = [tool.name for tool in TOOLS]
TEXTS = st.sampled_from(["a", " ", "ä b", "Error: x"])
IDS = st.sampled_from(["call_1", "toolu_1", "a.b", "", "functions.look:0", "x" * 70, "abcdefgh9"])
ARGUMENTS = st.sampled_from([{}, {"größe": "x", "b": None}, '{"b": 1}', "{", ""])
CONTENTS = st.sampled_from(["r", "", " ", {"a": 1}, [1], ["a", Text("b")], None])


def thoughts(place: Place) -> st.SearchStrategy[Reasoning]:
    blocks: list[dict[str, Any]] = [
        {"type": "thinking", "thinking": "hm", "signature": "s"},
        {"type": "thinking", "thinking": "hm", "signature": ""},
        {"type": "redacted_thinking", "data": "x"},
        {"reasoningContent": {"reasoningText": {"text": "hm", "signature": "s"}}},
        {"reasoningContent": {"redactedContent": "x"}},
        {"type": "reasoning", "id": "rs_1", "summary": []},
    ]
    models = st.sampled_from([place.model] * 4 + ["another"])
    return st.builds(Reasoning, models, st.just(place.dialect), st.lists(st.sampled_from(blocks), max_size=2))


@st.composite
def rounds(draw: st.DrawFn, place: Place) -> list[Message]:
    """An answer and what the user says to it."""
    names = DECLARED if place.facts.carry.prefix else NAMES
    calls = draw(
        st.lists(
            st.builds(ToolCall, IDS, st.sampled_from(names), ARGUMENTS),
            max_size=3,
            unique_by=lambda call: call.id,
        )
    )
    parts: list[Any] = draw(st.lists(TEXTS | thoughts(place), max_size=3))
    if not calls:
        parts.append(draw(TEXTS))
    order: list[Any] = draw(st.permutations([*parts, *calls]))
    told = [ToolResult(call.id, draw(CONTENTS), error=draw(st.booleans())) for call in calls]
    said = draw(st.lists(TEXTS, min_size=0 if calls else 1, max_size=2))
    results: list[Any] = draw(st.permutations([*told, *said]))
    return [Message("assistant", order), Message("user", results)]


@st.composite
def conversations(draw: st.DrawFn, where: list[Place]) -> tuple[Place, list[Message]]:
    place = draw(st.sampled_from(where))
    begun = [Message("user", "q")]
    return place, begun + [turn for _ in range(draw(st.integers(1, 4))) for turn in draw(rounds(place))]


def compiled(place: Place, turns: list[Message], **fields: Any) -> Plan:
    api_type = api_on(place.dialect, place.host)
    given = {"tools": TOOLS, "system_prompt": "s", "api_type": api_type} | fields
    request: MessageRequest[Any] = MessageRequest(messages=turns, **given)
    return smartllm.compile(request, model=place.model, provider=place.host, rules=RULES, level="ignore")


def said_before(body: dict[str, Any], place: Place) -> tuple[list[Any], str]:
    """The turns of a body, and what stands before them: system text and tools."""
    tools = body.get("toolConfig", {}).get("tools") or body.get("tools")
    return body[FIELDS[place.dialect].turns], json.dumps(
        [body.get("system"), body.get("instructions"), tools]
    )


def test_there_are_such_models() -> None:
    assert len({place.model for place in BOUND}) >= 5
    assert len(PLACES) > 150


@settings(max_examples=examples(100), deadline=None)
@given(conversations(PLACES))
def test_a_longer_conversation_begins_as_the_shorter_one(found: tuple[Place, list[Message]]) -> None:
    place, turns = found
    whole, before = said_before(compiled(place, turns).body, place)
    for count in range(1, len(turns), 2):
        shorter, still = said_before(compiled(place, turns[:count]).body, place)
        assert json.dumps(whole[: len(shorter)]) == json.dumps(shorter)
        assert still == before


WISHES: Final[list[dict[str, Any]]] = [
    {},
    {"tool_choice": "none"},
    {"tool_choice": "required"},
    {"tool_choice": "look"},
    {"tool_choice": ["look", "get-it"]},
    {"parallel_tool_calls": False},
    {"reasoning_effort": "low"},
    {"reasoning_effort": "none"},
]


@settings(max_examples=examples(100), deadline=None)
@given(conversations(BOUND), st.lists(st.sampled_from(WISHES), min_size=5, max_size=5))
def test_where_that_is_checked_no_wish_changes_it(
    found: tuple[Place, list[Message]], wishes: list[dict[str, Any]]
) -> None:
    place, turns = found
    whole, before = said_before(compiled(place, turns).body, place)
    for count, wish in zip(range(1, len(turns), 2), wishes, strict=False):
        shorter, still = said_before(compiled(place, turns[:count], **wish).body, place)
        assert json.dumps(whole[: len(shorter)]) == json.dumps(shorter)
        assert still == before
