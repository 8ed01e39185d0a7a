"""Marks in any conversation with any model: legal, settled, and no change to what is said."""

from __future__ import annotations

from typing import Any, Final

from conversation import Place, places
from doors import api_on
from how_many import examples
from hypothesis import given, settings
from hypothesis import strategies as st
from model_facts import RULES
from prompt_marks import blocks_of
from settled import settled

import smartllm
from smartllm import CachePoint, Message, MessageRequest, Plan, Tool, ToolCall, ToolResult, UnsupportedError
from smartllm.compiler.dialects import FIELDS
from smartllm.content import Reasoning
from smartllm.rules import resolve, target_for
from smartllm.testing.check import refusal
from smartllm.testing.prompt_blocks import Block

PLACES: Final = list(places())
MARKED: Final = [place for place in PLACES if place.facts.caching.points]
TOOLS: Final = [Tool("look"), Tool("get-it")]
TEXTS = st.sampled_from(["a", "ä b"])
POINTS = st.builds(CachePoint, st.sampled_from(["5m", "1h"]))
TIMES = st.sampled_from(["5m", "1h", "24h"])


def thoughts(place: Place) -> st.SearchStrategy[Reasoning]:
    blocks: list[dict[str, Any]] = [
        {"type": "thinking", "thinking": "hm", "signature": "s"},
        {"reasoningContent": {"reasoningText": {"text": "hm", "signature": "s"}}},
    ]
    models = st.sampled_from([place.model, "another"])
    return st.builds(Reasoning, models, st.just(place.dialect), st.lists(st.sampled_from(blocks), max_size=1))


@st.composite
def conversations(draw: st.DrawFn, where: list[Place], points: int) -> tuple[Place, list[Message], list[Any]]:
    """A conversation with some cache points, and tools with some."""
    place = draw(st.sampled_from(where))
    most = 2 if place.facts.tools.functions == "always" else 0

    def with_points(parts: list[Any]) -> list[Any]:
        marks = draw(st.lists(POINTS, max_size=points))
        return list(draw(st.permutations([*parts, *marks])))

    turns = [Message("user", with_points([draw(TEXTS)]))]
    for number in range(draw(st.integers(0, 3))):
        calls: list[Any] = [
            ToolCall(f"toolu_{number}_{one}", "look", {}) for one in range(draw(st.integers(0, most)))
        ]
        answer = [*draw(st.lists(TEXTS | thoughts(place), max_size=2)), *(calls or [draw(TEXTS)])]
        told: list[Any] = [ToolResult(call.id, draw(TEXTS)) for call in calls] or [draw(TEXTS)]
        more = draw(st.lists(TEXTS, max_size=1))
        turns += [Message("assistant", with_points(answer)), Message("user", with_points([*told, *more]))]
    tools: list[Any] = [TOOLS[0], *draw(st.lists(POINTS, max_size=points)), TOOLS[1]]
    return place, turns, tools if most else []


def request_of(place: Place, turns: list[Message], tools: list[Any], wish: Any) -> MessageRequest[Any]:
    given: dict[str, Any] = {"system_prompt": "s", "api_type": api_on(place.dialect, place.host)}
    return MessageRequest(messages=turns, tools=tools, prompt_cache=wish, **given)


def compiled(place: Place, request: MessageRequest[Any]) -> Plan:
    return smartllm.compile(request, model=place.model, provider=place.host, rules=RULES, level="ignore")


def said(plan: Plan) -> list[Block]:
    """The prompt, marks aside."""
    step = plan.steps[0]
    return [
        Block(section=block.section, place=block.place, role=block.role, kind=block.kind, own=block.own)
        for block in blocks_of(step.body, step.dialect)
        if block.own is not None
    ]


@settings(max_examples=examples(150), deadline=None)
@given(conversations(MARKED, 2), st.none() | TIMES)
def test_marks_are_legal_and_settled(found: tuple[Place, list[Message], list[Any]], wish: Any) -> None:
    place, turns, tools = found
    request = request_of(place, turns, tools, wish)
    try:
        plan = compiled(place, request)
    except UnsupportedError:
        return  # a turn of reasoning alone
    assert refusal(plan.body, place.model, place.dialect) is None
    marks = [mark for block in blocks_of(plan.body, place.dialect) for mark in block.marks]
    assert len(marks) <= place.facts.caching.points
    if wish is not None and not place.facts.caching.breakpoints:
        assert marks
    settled(request, target_for(resolve(place.model, RULES), place.host, place.dialect, RULES))


@settings(max_examples=examples(150), deadline=None)
@given(conversations(PLACES, 0), TIMES)
def test_what_the_compiler_places_changes_nothing_that_is_said(
    found: tuple[Place, list[Message], list[Any]], wish: Any
) -> None:
    place, turns, tools = found
    plain = compiled(place, request_of(place, turns, tools, None))
    assert said(compiled(place, request_of(place, turns, tools, wish))) == said(plain)


@settings(max_examples=examples(150), deadline=None)
@given(conversations(PLACES, 0), TIMES)
def test_each_round_begins_with_the_one_before(
    found: tuple[Place, list[Message], list[Any]], wish: Any
) -> None:
    place, turns, tools = found
    whole = said(compiled(place, request_of(place, turns, tools, wish)))
    for count in range(1, len(turns), 2):
        shorter = said(compiled(place, request_of(place, turns[:count], tools, wish)))
        assert whole[: len(shorter)] == shorter


def test_there_are_such_models() -> None:
    assert len({place.model for place in MARKED}) > 20
    assert {place.dialect for place in MARKED} == {*FIELDS}
