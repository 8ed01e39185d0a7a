"""How long a prompt is kept, and whether it is long enough, at the edge of each fact."""

from __future__ import annotations

from typing import Any, Final

import pytest

from smartllm.compiler.intent import Intent, ToolPlan, Turn
from smartllm.compiler.marks import SYSTEM, Caching, Mark, Point
from smartllm.compiler.passes.cache_times import kept_for, tell_short
from smartllm.compiler.trace import Trace
from smartllm.content import Image, Text, ToolCall, ToolResult
from smartllm.rules.vocabulary import facts_from

LEAST: Final = 10
ASKED, OWN = Caching(wish="1h"), Caching()
USER: Final = (2, 0, 0)


def short(
    characters: int,
    plan: Caching = ASKED,
    *places: tuple[int, ...],
    implicit: bool = False,
    least: int | None = LEAST,
    **said: Any,
) -> list[tuple[Any, ...]]:
    """What is told of a prompt whose first turn has so many characters."""
    turns = said.pop("turns", (Turn("user", (Text("x" * characters),)),))
    intent = Intent("m", "anthropic_messages", turns, 9, **said)
    stated = {"implicit": implicit, **({} if least is None else {"min_tokens": least})}
    trace = Trace()
    points = [Point(place, Mark()) for place in places]
    tell_short(intent, plan, points, facts_from({"caching": stated}), trace)
    assert trace.reasons == {}
    return [
        (item.code, item.severity, item.action, item.path, item.asked, item.applied, item.origin.name)
        for item in trace.changes
    ]


def told(tokens: int, path: str = "prompt_cache") -> list[tuple[Any, ...]]:
    return [("prompt-cache-short", "info", "noted", path, tokens, LEAST, "caching.min_tokens")]


class TestAPromptThatIsShort:
    def test_four_bytes_are_a_token(self) -> None:
        assert short(4 * LEAST, ASKED, USER) == []
        assert short(4 * LEAST - 1, ASKED, USER) == told(LEAST - 1)

    def test_the_path_is_that_of_the_wish(self) -> None:
        assert short(4, OWN, USER) == told(1, "messages")

    def test_without_marks_it_is_asked_of_a_model_that_keeps_prompts_by_itself(self) -> None:
        assert short(4, ASKED, implicit=True) == told(1)
        assert short(4, OWN, implicit=True) == []
        assert short(4, ASKED) == []

    def test_a_model_that_states_no_least(self) -> None:
        assert short(4, ASKED, USER, least=None) == []

    def test_what_is_behind_the_last_mark_does_not_count(self) -> None:
        turns = (Turn("user", (Text("x" * 4),)), Turn("assistant", (Text("y" * 400),)))
        for implicit in (False, True):
            assert short(0, ASKED, USER, implicit=implicit, turns=turns) == told(1)
        assert short(0, ASKED, implicit=True, turns=turns) == []

    def test_tools_and_system_text_count_as_far_as_the_mark(self) -> None:
        tool = ToolPlan("look", "d" * 8, "{}")
        assert short(400, ASKED, (0, 0), tools=(tool, tool), system="s" * 400) == told(2)
        assert short(400, ASKED, SYSTEM, tools=(tool, tool), system="s" * 4) == told(6)
        assert short(400, ASKED, SYSTEM) == told(0)

    def test_calls_and_results_count(self) -> None:
        turns = (
            Turn("user", (ToolCall("1", "look", {}), ToolResult("1", "r" * 8), ToolResult("2", [1, 2]))),
        )
        assert short(0, ASKED, (2, 0, 2), turns=turns) == told((len("look{}") + 8 + len("[1, 2]")) // 4)

    @pytest.mark.parametrize("part", [Image(data=b"GIF89a"), ToolResult("1", [Text("a")])])
    def test_what_is_no_text_is_not_guessed(self, part: Any) -> None:
        assert short(0, ASKED, USER, turns=(Turn("user", (part,)),)) == []


def kept(
    stated: dict[str, Any], plan: Caching, *marks: Mark
) -> tuple[str | None, list[tuple[Any, ...]], Any]:
    trace = Trace()
    points = [Point((2, 0, index), mark) for index, mark in enumerate(marks)]
    found = kept_for(plan, points, facts_from({"caching": stated}), trace)
    changes = [(item.code, item.path, item.asked, item.applied, item.origin.name) for item in trace.changes]
    return found, changes, {name: why.name for name, why in trace.reasons.items()}


OPTIONS: Final = {"options_ttls": ["30m", "12h"], "breakpoints": True, "implicit": True}


class TestHowLong:
    def test_a_time_that_is_there_is_not_told_of(self) -> None:
        assert kept({"options_ttls": ["30m"]}, Caching(wish="5m")) == (
            None,
            [],
            {},
        )

    def test_the_longest_that_is_not_longer(self) -> None:
        assert kept(OPTIONS, Caching(wish="24h")) == (
            "12h",
            [("cache-time-changed", "prompt_cache", "24h", "12h", "caching.options_ttls")],
            {"prompt_cache": "caching.options_ttls"},
        )

    def test_of_marks_it_is_a_part_of_the_messages(self) -> None:
        assert kept(OPTIONS, OWN, Mark("5m"), Mark("1h")) == (
            None,
            [("cache-time-changed", "messages", "1h", "30m", "caching.options_ttls")],
            {},
        )

    def test_each_mark_says_its_own(self) -> None:
        assert kept({"points": 4}, Caching(wish="1h"), Mark("1h")) == (None, [], {})

    def test_nothing_is_asked(self) -> None:
        assert kept(OPTIONS, OWN) == (None, [], {})

    def test_a_model_without_prompt_caching(self) -> None:
        dropped = ("prompt-cache-dropped", "prompt_cache", "1h", None, "caching.implicit")
        assert kept({}, Caching(wish="1h"))[:2] == (None, [dropped])
        assert kept({}, OWN, Mark())[1][0][1] == "messages"
