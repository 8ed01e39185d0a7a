"""Where the compiler places the marks that ``prompt_cache`` asks for."""

from __future__ import annotations

from typing import Any

import pytest
from model_facts import CONVERSE, MESSAGES
from prompt_marks import blocks_of, marks_of, plan_of, said

from smartllm import (
    CachePoint,
    Message,
    Tool,
    ToolCall,
    ToolResult,
)
from smartllm.rules import Dialect

SONNET, NOVA = "claude-sonnet-4-6", "nova-lite"
LOOK, GET = Tool("look"), Tool("get")
ASKED = Message("user", "q")
CALLED = [
    ASKED,
    Message("assistant", [ToolCall("toolu_1", "look", {}), ToolCall("toolu_2", "get", {})]),
]
RESULTS = [ToolResult("toolu_1", "a"), ToolResult("toolu_2", "b")]


class TestTheCompilerPlacesMarks:
    def test_at_the_ends_of_tools_system_text_and_the_last_two_turns_of_the_user(self) -> None:
        turns = [ASKED, Message("assistant", "a"), Message("user", ["r", "s"])]
        fields: dict[str, Any] = {"system_prompt": "S", "tools": [LOOK, GET], "prompt_cache": "5m"}
        plan = plan_of(SONNET, MESSAGES, turns, **fields)
        places = ["tools.1", "system.0", "messages.0.content.0", "messages.2.content.1"]
        assert marks_of(plan) == [(place, "") for place in places]
        assert plan.body["tools"][1]["cache_control"] == {"type": "ephemeral"}
        plan = plan_of(SONNET, CONVERSE, turns, **fields)
        places = ["toolConfig/tools/1", "system/0", "messages/0/content/0", "messages/2/content/1"]
        assert marks_of(plan) == [(place, "") for place in places]
        assert plan.body["toolConfig"]["tools"][2] == {"cachePoint": {"type": "default"}}
        assert said(plan) == []

    @pytest.mark.parametrize("dialect", [MESSAGES, CONVERSE])
    def test_and_says_that_prompt_cache_asks_for_them(self, dialect: Dialect) -> None:
        plan = plan_of(SONNET, dialect, "q", system_prompt="S", tools=[LOOK], prompt_cache="1h")
        origins = plan.steps[0].origins
        ours = {path for path, origin in origins.items() if origin.name == "prompt_cache"}
        assert ours == {path for path in origins if "cache" in path}
        assert len(ours) == 6
        assert {origins[path].kind for path in ours} == {"request"}

    def test_with_an_answer_tool_behind_the_mark(self) -> None:
        schema = {"title": "T", "type": "object", "properties": {"a": {"type": "integer"}}}
        fields: dict[str, Any] = {
            "response_format": schema,
            "structured_output": "tool",
            "prompt_cache": "5m",
        }
        plan = plan_of(SONNET, MESSAGES, "q", tools=[LOOK], **fields)
        assert [name["name"] for name in plan.body["tools"]] == ["look", "T"]
        assert [place for place, _ in marks_of(plan)] == ["tools.0", "messages.0.content.0"]

    def test_only_where_the_model_takes_them(self) -> None:
        plan = plan_of(NOVA, CONVERSE, "q", system_prompt="S", tools=[LOOK], prompt_cache="5m")
        assert [place for place, _ in marks_of(plan)] == ["system/0", "messages/0/content/0"]
        assert said(plan) == []

    def test_the_callers_come_first(self) -> None:
        turns = [
            Message("user", ["a", CachePoint(), "b", CachePoint(), "c"]),
            Message("assistant", ["x", CachePoint()]),
            Message("user", "d"),
        ]
        plan = plan_of(SONNET, MESSAGES, turns, system_prompt="S", tools=[LOOK], prompt_cache="5m")
        places = [
            f"messages.{place}" for place in ("0.content.0", "0.content.1", "1.content.0", "2.content.0")
        ]
        assert [place for place, _ in marks_of(plan)] == places
        origins = plan.steps[0].origins
        assert origins["messages[2].content[0].cache_control.type"].name == "prompt_cache"
        assert origins["messages[1].content[0].cache_control.type"].name == "messages"
        assert said(plan) == []

    def test_into_turns_that_hold_more_than_texts(self) -> None:
        turns = [*CALLED, Message("user", RESULTS)]
        plan = plan_of(SONNET, CONVERSE, turns, tools=[LOOK, GET], prompt_cache="5m")
        places = ["toolConfig/tools/1", "messages/0/content/0", "messages/2/content/1"]
        assert [place for place, _ in marks_of(plan)] == places

    def test_behind_texts_where_results_take_none(self) -> None:
        rounds = [
            turn
            for number in "123"
            for turn in (
                Message("assistant", [ToolCall(f"toolu_{number}", "look", {})]),
                Message("user", [ToolResult(f"toolu_{number}", "a")]),
            )
        ]
        turns = [ASKED, Message("assistant", "a"), ASKED, *rounds]
        plan = plan_of(NOVA, CONVERSE, turns, tools=[LOOK], prompt_cache="5m")
        assert [place for place, _ in marks_of(plan)] == ["messages/0/content/0", "messages/2/content/0"]

    def test_behind_no_tool_that_is_loaded_later(self) -> None:
        later = {"type": "custom", "name": "b", "input_schema": {"type": "object"}, "defer_loading": True}
        plan = plan_of(SONNET, MESSAGES, "q", tools=[LOOK, later], prompt_cache="5m")
        assert [place for place, _ in marks_of(plan)] == ["tools.0", "messages.0.content.0"]
        plan = plan_of(SONNET, MESSAGES, "q", tools=[LOOK, later, CachePoint()])
        assert [place for place, _ in marks_of(plan)] == ["tools.0"]
        assert said(plan) == [("cache-point-moved", "warning")]

    def test_and_none_in_the_second_of_two_steps(self) -> None:
        fields: dict[str, Any] = {"response_format": {"title": "T", "type": "object", "properties": {}}}
        turns = [Message("user", ["q", CachePoint()])]
        plan = plan_of(SONNET, CONVERSE, turns, **fields, structured_output="two_pass", prompt_cache="5m")
        first, second = [blocks_of(step.body, step.dialect) for step in plan.steps]
        assert any(block.marks for block in first)
        assert not any(block.marks for block in second)
