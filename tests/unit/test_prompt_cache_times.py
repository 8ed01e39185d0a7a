"""How long prompts are kept, as each wire can say it, and which requests share what is kept."""

from __future__ import annotations

from typing import Any

import pytest
from model_facts import CHAT, CONVERSE, MESSAGES, RESPONSES
from prompt_marks import marks_of, plan_of, said, told

from smartllm import CachePoint, Message, Tool, ToolCall, ToolResult
from smartllm.content import Other, Reasoning
from smartllm.rules import Dialect

SONNET, SHORT, NOVA = "claude-sonnet-4-6", "claude-opus-4", "nova-lite"
OPTIONS, RETAINED, DAY, IMPLICIT, OLD, LLAMA = (
    "gpt-5.6",
    "gpt-5.4",
    "gpt-5.5",
    "gpt-4o",
    "gpt-3.5-turbo",
    "llama3-3-70b-instruct",
)
LONG = "word " * 2000
CHANGED = ("cache-time-changed", "info")


class TestMarks:
    @pytest.mark.parametrize("dialect", [MESSAGES, CONVERSE])
    @pytest.mark.parametrize(
        ("model", "wish", "ttl", "diagnostics"),
        [
            (SONNET, "5m", "", []),
            (SONNET, "1h", "1h", []),
            (SONNET, "24h", "1h", [CHANGED]),
            (SHORT, "5m", "", []),
            (SHORT, "1h", "", [CHANGED]),
        ],
    )
    def test_that_the_compiler_places(
        self, dialect: Dialect, model: str, wish: Any, ttl: str, diagnostics: list[Any]
    ) -> None:
        plan = plan_of(model, dialect, "q", system_prompt="S", prompt_cache=wish)
        assert [found for _, found in marks_of(plan)] == [ttl, ttl]
        assert said(plan) == diagnostics

    def test_of_the_callers_own(self) -> None:
        plan = plan_of(SHORT, MESSAGES, [Message("user", ["a", CachePoint("1h")])])
        assert marks_of(plan) == [("messages.0.content.0", "")]
        assert said(plan) == [("cache-time-changed", "warning")]

    def test_that_take_no_time_go_without(self) -> None:
        plan = plan_of(NOVA, CONVERSE, [Message("user", ["a", CachePoint("5m")])], prompt_cache="5m")
        assert (marks_of(plan), said(plan)) == ([("messages/0/content/0", "")], [])

    def test_an_hour_stands_before_five_minutes(self) -> None:
        turns = [Message("user", ["a", CachePoint(), "b", CachePoint("1h"), "c", CachePoint()])]
        plan = plan_of(SONNET, MESSAGES, turns, system_prompt="S", prompt_cache="5m")
        assert [ttl for _, ttl in marks_of(plan)] == ["1h", "1h", "1h", ""]
        assert said(plan) == [CHANGED]
        plan = plan_of(SONNET, MESSAGES, [Message("user", ["a", CachePoint("1h"), "b"])], prompt_cache="5m")
        assert [ttl for _, ttl in marks_of(plan)] == ["1h", ""]
        assert said(plan) == []


class TestTheWholeRequest:
    @pytest.mark.parametrize(
        ("model", "dialect", "wish", "sent", "diagnostics"),
        [
            (OPTIONS, RESPONSES, "5m", {}, []),
            (OPTIONS, RESPONSES, "1h", {}, [CHANGED]),
            (OPTIONS, RESPONSES, "24h", {"prompt_cache_options": {"ttl": "12h"}}, [CHANGED]),
            (OPTIONS, CHAT, "24h", {}, [CHANGED]),
            (RETAINED, RESPONSES, "5m", {}, []),
            (RETAINED, RESPONSES, "1h", {}, [CHANGED]),
            (RETAINED, CHAT, "24h", {"prompt_cache_retention": "24h"}, []),
            (DAY, RESPONSES, "1h", {}, []),
            (DAY, RESPONSES, "24h", {"prompt_cache_retention": "24h"}, []),
            (IMPLICIT, CHAT, "5m", {}, []),
            (IMPLICIT, CHAT, "24h", {}, [CHANGED]),
            (OLD, CHAT, "5m", {}, [("prompt-cache-dropped", "info")]),
            (LLAMA, CONVERSE, "5m", {}, [("prompt-cache-dropped", "info")]),
        ],
    )
    def test_is_kept_as_long_as_can_be_said_and_no_longer(
        self, model: str, dialect: Dialect, wish: Any, sent: dict[str, Any], diagnostics: list[Any]
    ) -> None:
        plan = plan_of(model, dialect, "q", prompt_cache=wish)
        assert {key: value for key, value in plan.body.items() if "cache" in key} == sent
        assert (marks_of(plan), said(plan)) == ([], diagnostics)

    def test_says_so(self) -> None:
        plan = plan_of(RETAINED, CHAT, "q", prompt_cache="24h", prompt_cache_key="k")
        origins = {path: origin for path, origin in plan.steps[0].origins.items() if "cache" in path}
        assert {(origin.kind, origin.name) for origin in origins.values()} == {
            ("request", "prompt_cache"),
            ("request", "prompt_cache_key"),
        }

    @pytest.mark.parametrize("dialect", [RESPONSES, CHAT])
    def test_holds_breakpoints_in_what_the_user_says(self, dialect: Dialect) -> None:
        turns = [
            Message("user", ["a", CachePoint("1h"), "b", CachePoint()]),
            Message("assistant", ["x", CachePoint()]),
            Message("user", "c"),
        ]
        plan = plan_of(OPTIONS, dialect, turns, prompt_cache_key="k")
        key = "input" if dialect == RESPONSES else "messages"
        mark = {"prompt_cache_breakpoint": {"mode": "explicit"}}
        kind = "input_text" if dialect == RESPONSES else "text"
        assert plan.body[key][0]["content"] == [{"type": kind, "text": text, **mark} for text in "ab"]
        assert [turn["content"] for turn in plan.body[key][1:]] == ["x", "c"]
        assert plan.body["prompt_cache_key"] == "k"
        # The mark behind the assistant's text goes to the end of what is before it.
        assert said(plan) == [("cache-point-moved", "info"), ("cache-point-dropped", "info"), CHANGED]

    def test_may_hold_one_behind_the_system_text(self) -> None:
        turns = [Message("user", [CachePoint(), "a"])]
        plan = plan_of(OPTIONS, CHAT, turns, system_prompt="S")
        assert plan.body["messages"][0]["content"] == [
            {"type": "text", "text": "S", "prompt_cache_breakpoint": {"mode": "explicit"}}
        ]
        assert plan.steps[0].origins["messages[0].content[0].text"].name == "system_prompt"
        assert plan.steps[0].origins["messages[0].content[0].prompt_cache_breakpoint.mode"].name == "messages"
        assert said(plan_of(OPTIONS, RESPONSES, turns, system_prompt="S")) == [
            ("cache-point-dropped", "info")
        ]

    @pytest.mark.parametrize(("model", "dialect"), [(SONNET, MESSAGES), (NOVA, CONVERSE), (OLD, CHAT)])
    def test_takes_no_key(self, model: str, dialect: Dialect) -> None:
        plan = plan_of(model, dialect, "q", prompt_cache_key="k")
        assert "prompt_cache_key" not in plan.body
        assert told(plan) == [("prompt-cache-key-dropped", "info")]


class TestShortPrompts:
    """By an estimate, so nothing is left out for it."""

    @pytest.mark.parametrize(
        ("model", "dialect", "short"),
        [(SONNET, MESSAGES, True), (NOVA, CONVERSE, True), (IMPLICIT, CHAT, True), (LLAMA, CONVERSE, False)],
    )
    def test_are_told(self, model: str, dialect: Dialect, short: bool) -> None:
        note = ("prompt-cache-short", "info")
        plan = plan_of(model, dialect, "q", prompt_cache="5m")
        assert (note in told(plan)) == short
        assert bool(marks_of(plan)) == (model in {SONNET, NOVA})
        assert note not in told(plan_of(model, dialect, LONG, prompt_cache="5m"))

    @pytest.mark.parametrize("long", [{"system_prompt": LONG}, {"tools": [Tool("a", LONG)]}], ids=str)
    def test_count_what_is_before_the_last_mark(self, long: dict[str, Any]) -> None:
        assert told(plan_of(SONNET, MESSAGES, "q", prompt_cache="5m", **long)) == []
        turns = [Message("user", ["a", CachePoint(), LONG])]
        assert told(plan_of(SONNET, MESSAGES, turns)) == [("prompt-cache-short", "info")]

    def test_count_no_tool_behind_the_mark(self) -> None:
        tools = [Tool("a"), CachePoint(), Tool("b", LONG)]
        assert told(plan_of(SONNET, MESSAGES, "q", tools=tools)) == [("prompt-cache-short", "info")]

    def test_are_not_guessed_where_they_hold_more_than_text(self) -> None:
        thought = Reasoning(SONNET, MESSAGES, [{"type": "thinking", "thinking": "h", "signature": "s"}], "h")

        def told_with(said: Any) -> list[tuple[str, str]]:
            turns = [
                Message("user", "q"),
                Message("assistant", [thought, "x", ToolCall("toolu_1", "a", {"a": 1})]),
                Message("user", [ToolResult("toolu_1", said), "b", CachePoint()]),
            ]
            return told(plan_of(SONNET, MESSAGES, turns, tools=[Tool("a")]))

        assert told_with([Other({"type": "image"})]) == []
        assert told_with({"a": 1}) == told_with("text") == [("prompt-cache-short", "info")]
