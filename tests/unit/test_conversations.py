"""Two rounds of calls with every listed model on each of its wires; those that take no tools say so."""

from __future__ import annotations

import json
from itertools import pairwise
from typing import Any, Final

import pytest
from conversation import ROUNDS, How, Place, Talk, places, request_at, talk
from model_facts import CHAT, MESSAGES, RESPONSES, RULES
from vendor_shapes import problems
from versions import with_todays_openai

import smartllm
from smartllm import Message, UnsupportedError
from smartllm.compiler.dialects import FIELDS
from smartllm.testing.check import refusal
from smartllm.words import Effort

ALL: Final = list(places())
TAKING: Final = [place for place in ALL if place.facts.tools.functions != "never"]
each = pytest.mark.parametrize("place", TAKING, ids=str)


def decision(place: Place) -> tuple[Any, ...]:
    """What tells the conversations of two models on a wire apart."""
    facts = place.facts
    return (
        place.host,
        place.dialect,
        repr((facts.tools, facts.calls, facts.carry, facts.thinking, facts.effort)),
    )


# By default a model streams for all that take tools and think as it does; each does in CI.
STREAMING: Final = set({decision(place): str(place) for place in reversed(TAKING)}.values())
WAYS: Final = [
    *(pytest.param(place, "whole", None, id=f"{place}-whole") for place in TAKING),
    *(
        pytest.param(
            *(place, "streamed", "low"),
            id=f"{place}-streamed",
            marks=() if str(place) in STREAMING else pytest.mark.slow,
        )
        for place in TAKING
    ),
]
LATER: Final = len(ROUNDS)
"""Which request is the last one, and has all rounds behind it."""


def said_before(body: dict[str, Any], place: Place) -> tuple[list[Any], list[Any]]:
    """The turns of a body, and what stands before them: system text and tools."""
    tools = body.get("toolConfig", {}).get("tools") or body.get("tools")
    return body[FIELDS[place.dialect].turns], [body.get("system"), body.get("instructions"), tools]


def carried(place: Place, body: dict[str, Any]) -> int:
    """How many turns of the assistant have reasoning in a body."""
    turns = body[FIELDS[place.dialect].turns]
    if place.dialect == RESPONSES:
        return sum(item["type"] == "reasoning" for item in turns)
    blocks = [block for turn in turns if isinstance(turn["content"], list) for block in turn["content"]]
    return sum("reasoningContent" in block or block.get("type") == "thinking" for block in blocks)


def results_in(body: dict[str, Any], place: Place) -> list[int]:
    """How many results stand in each turn that holds any."""
    kinds = {"tool_result", "toolResult", "function_call_output", "tool"}
    turns = body[FIELDS[place.dialect].turns]
    held = [turn["content"] if isinstance(turn.get("content"), list) else [turn] for turn in turns]
    told = [[{block.get("type"), block.get("role"), *block} & kinds for block in turn] for turn in held]
    return [sum(map(bool, turn)) for turn in told if any(turn)]


def thinking_in(body: dict[str, Any], place: Place) -> list[Any]:
    """What a body says of thinking."""
    fields = FIELDS[place.dialect]
    return [fields.found(body, fields.thinking), fields.found(body, *fields.effort)]


@pytest.fixture(scope="module")
def spoken() -> dict[str, Talk]:
    """By place: conversations of whole answers, which two tests look at."""
    return {}


@with_todays_openai
@pytest.mark.parametrize(("place", "how", "effort"), WAYS)
async def test_each_round_is_legal_and_begins_with_the_one_before(
    place: Place, how: How, effort: Effort | None, spoken: dict[str, Talk]
) -> None:
    held = await talk(place, how=how, system_prompt="Be brief.", reasoning_effort=effort)
    if how == "whole":
        spoken[str(place)] = held
    assert [len(response.tool_calls) for response in held.responses] == [2, 1, 0, 0]
    for body in held.bodies:
        plain = {key: value for key, value in body.items() if key not in {"stream", "stream_options"}}
        assert problems(plain, place.dialect, place.model) == []
        assert refusal(body, place.model, place.dialect, host=place.host) is None
    for earlier, later in pairwise(held.bodies):
        turns, before = said_before(earlier, place)
        longer, still = said_before(later, place)
        assert still == before
        assert json.dumps(longer[: len(turns)]) == json.dumps(turns)
        assert len(longer) > len(turns)
        assert thinking_in(later, place) == thinking_in(earlier, place)
    goes_back = place.facts.carry.reasoning in {"signed", "items"}
    assert carried(place, held.bodies[-1]) == (LATER if goes_back else 0)
    codes = {item.code for item in held.responses[-1].diagnostics}
    assert ("reasoning-dropped" in codes) == (place.dialect != CHAT and not goes_back)


@each
async def test_what_was_called_and_told_stands_in_the_last_round(
    place: Place, spoken: dict[str, Talk]
) -> None:
    held = spoken.get(str(place)) or await talk(place, system_prompt="Be brief.")
    said = json.dumps(held.bodies[-1], ensure_ascii=False).replace('\\"', '"')
    for words in ("Rome in F?", '"city": "Rome"', '"c": 21', "21 * 9 / 5 + 32", "69.8", "69.8 F in Rome."):
        assert words in said
    calls = [call for response in held.responses for call in response.tool_calls]
    assert [call.name for call in calls] == ["weather", "weather", "calculator"]
    assert len({call.id for call in calls}) == len(calls)
    assert "I look." in said or not place.facts.calls.text_beside
    assert results_in(held.bodies[-1], place) == ([1, 1, 1] if place.dialect in {CHAT, RESPONSES} else [2, 1])


@pytest.mark.parametrize("place", [place for place in ALL if place not in TAKING], ids=str)
def test_a_model_without_tools_says_so_by_name(place: Place) -> None:
    request = request_at(place, [Message("user", "Rome in F?")])
    with pytest.raises(UnsupportedError, match="takes no function tools here") as caught:
        smartllm.compile(request, provider=place.host, rules=RULES)
    assert place.model in caught.value.message
    assert caught.value.fact == "tools.functions"


def test_some_models_take_tools_and_some_take_none() -> None:
    assert len(TAKING) > 150
    assert len(ALL) - len(TAKING) > 20
    assert {place.dialect for place in TAKING} == {*FIELDS}
    assert any(place.facts.carry.prefix for place in TAKING if place.dialect == MESSAGES)
