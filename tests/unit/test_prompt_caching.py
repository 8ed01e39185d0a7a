"""The marks of a caller's own in prompts, as each wire spells them."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from model_facts import CHAT, CONVERSE, FACTS, MESSAGES, RESPONSES, RULES
from prompt_marks import marks_of, plan_of, said
from pydantic import ValidationError

from smartllm import (
    CachePoint,
    Document,
    Image,
    Message,
    TextRequest,
    Tool,
    ToolCall,
    ToolResult,
    UnsupportedError,
)
from smartllm.compiler.passes import caching
from smartllm.compiler.planned import intent_of
from smartllm.content import Other, Reasoning
from smartllm.rules import Dialect, resolve, target_for

SONNET, NOVA, NOVA_2, LLAMA = "claude-sonnet-4-6", "nova-lite", "nova-2-lite", "llama3-3-70b-instruct"
GPT, KEPT, OLD = "gpt-5.6", "gpt-5.4", "gpt-3.5-turbo"
LOOK, GET = Tool("look"), Tool("get")
ASKED = Message("user", "q")
CALLED = [
    ASKED,
    Message("assistant", [ToolCall("toolu_1", "look", {}), ToolCall("toolu_2", "get", {})]),
]
RESULTS = [ToolResult("toolu_1", "a"), ToolResult("toolu_2", "b")]
PDF = Document(data=b"%PDF-1.7", media_type="application/pdf", name="d")
TEXT = Document(data=b"hi", media_type="text/plain", name="d")
PICTURE = Image(data=b"\x89PNG\r\n\x1a\n", media_type="image/png")


class TestTheCallersMarks:
    @pytest.mark.parametrize("dialect", [MESSAGES, CONVERSE])
    def test_stand_where_they_are(self, dialect: Dialect) -> None:
        plan = plan_of(SONNET, dialect, [Message("user", ["a", CachePoint("1h"), "b"])])
        place = "messages.0.content.0" if dialect == MESSAGES else "messages/0/content/0"
        assert (marks_of(plan), said(plan)) == ([(place, "1h")], [])

    @pytest.mark.parametrize(
        ("model", "dialect", "part", "stays"),
        [
            (SONNET, MESSAGES, TEXT, True),
            (SONNET, CONVERSE, TEXT, False),
            (SONNET, CONVERSE, replace(TEXT, citations=True), True),
            (SONNET, CONVERSE, PDF, True),
            (SONNET, CONVERSE, PICTURE, True),
            (NOVA, CONVERSE, PICTURE, False),
            (GPT, RESPONSES, PICTURE, True),
            (GPT, CHAT, PDF, True),
        ],
    )
    def test_behind_pictures_and_documents(
        self, model: str, dialect: Dialect, part: Any, stays: bool
    ) -> None:
        request = TextRequest(prompt=["a", part, CachePoint()])
        facts = FACTS[dialect][model]
        target = target_for(resolve(model, RULES), "bedrock", dialect, RULES)
        intent, trace = intent_of(request, target, {})
        (turn,) = caching(intent, facts, trace).turns
        kinds = [one.type for one in turn.parts]
        assert kinds.index("cache_point") == (2 if stays else 1)
        assert [change.code for change in trace.changes if "point" in change.code] == (
            [] if stays else ["cache-point-moved"]
        )

    def test_at_the_start_of_a_turn_keep_what_is_before_it(self) -> None:
        turns = [
            Message("user", [CachePoint(), "a"]),
            Message("assistant", "x"),
            Message("user", [CachePoint(), "b"]),
        ]
        plan = plan_of(SONNET, MESSAGES, turns, system_prompt="S")
        assert [place for place, _ in marks_of(plan)] == ["system.0", "messages.1.content.0"]
        assert said(plan) == []
        plan = plan_of(SONNET, MESSAGES, turns[:1], tools=[LOOK])
        assert [place for place, _ in marks_of(plan)] == ["tools.0"]
        assert said(plan) == []
        plan = plan_of(SONNET, MESSAGES, turns[:1])
        assert (marks_of(plan), said(plan)) == ([], [("cache-point-dropped", "warning")])

    def test_alone_in_a_turn_are_no_turn(self) -> None:
        turns = [ASKED, Message("assistant", "x"), Message("user", [CachePoint()]), ASKED]
        plan = plan_of(SONNET, MESSAGES, turns)
        assert [turn["role"] for turn in plan.body["messages"]] == ["user", "assistant", "user"]
        with pytest.raises(UnsupportedError, match="nothing before them"):
            plan_of(SONNET, MESSAGES, [Message("user", [CachePoint()])])

    @pytest.mark.parametrize("dialect", [MESSAGES, CONVERSE])
    def test_behind_tools(self, dialect: Dialect) -> None:
        tools = [
            LOOK,
            CachePoint("1h"),
            {"type": "custom", "name": "own", "input_schema": {"type": "object"}},
        ]
        if dialect == CONVERSE:
            tools[2] = {"toolSpec": {"name": "own", "inputSchema": {"json": {"type": "object"}}}}
        plan = plan_of(SONNET, dialect, "q", tools=[*tools, CachePoint()])
        named = "tools.{}" if dialect == MESSAGES else "toolConfig/tools/{}"
        second = 1 if dialect == MESSAGES else 2
        assert marks_of(plan) == [(named.format(0), "1h"), (named.format(second), "")]
        assert said(plan) == []

    def test_behind_tools_are_dropped_where_none_is_taken(self) -> None:
        plan = plan_of(NOVA, CONVERSE, "q", tools=[LOOK, CachePoint()], system_prompt="S")
        assert (marks_of(plan), said(plan)) == ([], [("cache-point-dropped", "info")])
        (dropped,) = [one for one in plan.diagnostics if one.code == "cache-point-dropped"]
        assert (dropped.path, dropped.asked, dropped.origin.name) == (
            "tools",
            "behind the tool look",
            "caching.where",
        )

    def test_behind_a_tool_that_is_not_declared_go_with_it(self) -> None:
        plan = plan_of(NOVA, CONVERSE, "q", tools=[LOOK, CachePoint()], tool_choice="none")
        assert (marks_of(plan), said(plan)) == ([], [("cache-point-dropped", "info")])

    def test_in_a_round_of_calls_stay_with_what_is_before_them(self) -> None:
        turns = [
            ASKED,
            Message("assistant", [CALLED[1].content[0], CachePoint(), CALLED[1].content[1], "text"]),
            Message("user", [RESULTS[1], CachePoint(), RESULTS[0], "and"]),
        ]
        plan = plan_of(SONNET, MESSAGES, turns, tools=[LOOK, GET])
        kinds = [block["type"] for block in plan.body["messages"][1]["content"]]
        assert kinds == ["text", "tool_use", "tool_use"]
        assert [place for place, _ in marks_of(plan)] == ["messages.1.content.1", "messages.2.content.1"]

    def test_behind_results_make_no_text_of_their_own(self) -> None:
        turns = [*CALLED, Message("user", [*RESULTS, CachePoint()]), Message("user", "and")]
        plan = plan_of(LLAMA, CONVERSE, turns, tools=[LOOK, GET])
        kinds = [next(iter(block)) for turn in plan.body["messages"] for block in turn["content"]]
        assert kinds == ["text", "toolUse", "toolUse", "toolResult", "toolResult", "text", "text"]

    def test_are_moved_before_what_takes_none(self) -> None:
        turns = [ASKED, *CALLED[1:], Message("user", [*RESULTS, CachePoint()])]
        plan = plan_of(NOVA, CONVERSE, turns, tools=[LOOK, GET])
        assert marks_of(plan) == [("messages/0/content/0", "")]
        assert said(plan) == [("cache-point-moved", "info")]
        (moved,) = [one for one in plan.diagnostics if one.code == "cache-point-moved"]
        assert (moved.asked, moved.applied) == (
            "behind the tool result in turn 3",
            "behind the text in turn 1",
        )
        assert moved.origin.name == "caching.after"

    def test_never_follow_reasoning(self) -> None:
        thought = Reasoning(
            SONNET, CONVERSE, [{"reasoningContent": {"reasoningText": {"text": "h", "signature": "s"}}}]
        )
        turns = [ASKED, Message("assistant", [thought, CachePoint(), "x"]), ASKED]
        plan = plan_of(SONNET, CONVERSE, turns)
        assert marks_of(plan) == [("messages/0/content/0", "")]
        assert said(plan) == [("cache-point-moved", "warning")]

    def test_left_by_what_was_before_them(self) -> None:
        own = Other({"type": "x"}, "x", RESPONSES)
        thought = Reasoning("another", MESSAGES, [{"type": "thinking", "thinking": "h", "signature": "s"}])
        turns = [ASKED, Message("assistant", [own, CachePoint()]), ASKED]
        assert marks_of(plan_of(SONNET, MESSAGES, turns)) == [("messages.0.content.0", "")]
        turns = [ASKED, Message("assistant", "a", reasoning=thought), Message("user", [CachePoint(), "b"])]
        assert marks_of(plan_of(SONNET, MESSAGES, turns)) == [("messages.1.content.0", "")]
        turns = [ASKED, Message("assistant", [thought, CachePoint(), "a"]), ASKED]
        assert marks_of(plan_of(SONNET, MESSAGES, turns)) == [("messages.0.content.0", "")]
        with pytest.raises(UnsupportedError, match="reasoning alone"):
            plan_of(SONNET, MESSAGES, [ASKED, Message("assistant", [thought, CachePoint()]), ASKED])

    def test_two_at_one_place_are_one(self) -> None:
        plan = plan_of(SONNET, CONVERSE, [Message("user", ["a", CachePoint(), CachePoint("1h")])])
        assert marks_of(plan) == [("messages/0/content/0", "1h")]
        assert said(plan) == [("cache-point-dropped", "info")]

    def test_too_many_lose_their_first(self) -> None:
        parts = [part for letter in "abcdef" for part in (letter, CachePoint())]
        plan = plan_of(SONNET, MESSAGES, [Message("user", parts)], system_prompt="S", prompt_cache="5m")
        assert marks_of(plan) == [(f"messages.0.content.{place}", "") for place in (2, 3, 4, 5)]
        assert said(plan) == [("cache-point-dropped", "warning")]

    def test_end_a_prefill(self) -> None:
        turns = [ASKED, Message("assistant", ["a ", CachePoint()])]
        plan = plan_of("claude-sonnet-4-5", MESSAGES, turns)
        assert plan.body["messages"][1]["content"][0]["text"] == "a"
        assert marks_of(plan) == [("messages.1.content.0", "")]

    @pytest.mark.parametrize(
        ("model", "severity"), [(LLAMA, "warning"), (NOVA_2, "info"), (KEPT, "info"), (OLD, "warning")]
    )
    def test_are_dropped_where_none_is_taken(self, model: str, severity: str) -> None:
        dialect = CHAT if model.startswith("gpt") else CONVERSE
        plan = plan_of(model, dialect, [Message("user", ["a", CachePoint()])], tools=[LOOK, CachePoint()])
        assert (marks_of(plan), said(plan)) == ([], [("cache-point-dropped", severity)])


class TestRequests:
    @pytest.mark.parametrize("wrong", ["30m", "", 5])
    def test_times_are_words(self, wrong: Any) -> None:
        with pytest.raises(ValidationError, match="prompt_cache"):
            TextRequest(prompt="q", prompt_cache=wrong)
        with pytest.raises(ValueError, match="5m, 1h"):
            CachePoint(wrong)

    @pytest.mark.parametrize("wrong", ["", "k" * 65])
    def test_keys_are_short(self, wrong: str) -> None:
        with pytest.raises(ValidationError, match="prompt_cache_key"):
            TextRequest(prompt="q", prompt_cache_key=wrong)

    def test_points_among_tools_read_as_they_are_written(self) -> None:
        request = TextRequest(prompt="q", tools=[LOOK, CachePoint("1h")], tool_choice="look")
        again = TextRequest.model_validate_json(request.model_dump_json())
        assert again.tools is not None
        assert again.tools[1] == CachePoint("1h")
        assert again.model_dump_json() == request.model_dump_json()

    @pytest.mark.parametrize(
        ("tools", "says"),
        [
            ([CachePoint(), LOOK], "stands behind the tools"),
            ([LOOK, {"type": "cache_point", "ttl": "24h"}], "5m or 1h"),
            ([LOOK, {"type": "cache_point", "time": "1h"}], "ttl"),
        ],
    )
    def test_points_among_tools_are_checked(self, tools: list[Any], says: str) -> None:
        with pytest.raises(ValidationError, match=says):
            TextRequest(prompt="q", tools=tools)
