"""The choice among tools on the wires, how many are called at once, and the provider's own tools."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest
from tool_plans import (
    CITY,
    CLAUDE,
    CLAUDE_NEW,
    CLOCK,
    EXTRA,
    GPT,
    NOVA,
    WEATHER,
    changes,
    intent_of,
    plan,
    refused,
    told,
)

from smartllm import Tool
from smartllm.compiler.intent import Choice, ThinkingPlan, ToolPlan
from smartllm.compiler.own_tools import own_name
from smartllm.compiler.passes.tools import tools as tools_pass
from smartllm.compiler.tools import choice_of
from smartllm.compiler.trace import Trace
from smartllm.rules.vocabulary import facts_from
from smartllm.words import ApiType


class TestChoice:
    @pytest.mark.parametrize(
        ("api_type", "model", "choice", "spelled"),
        [
            ("responses", GPT, "none", "none"),
            ("responses", GPT, "required", "required"),
            ("responses", GPT, "clock", {"type": "function", "name": "clock"}),
            (
                "responses",
                GPT,
                ["clock", "weather"],
                {
                    "type": "allowed_tools",
                    "mode": "required",
                    "tools": [{"type": "function", "name": "clock"}, {"type": "function", "name": "weather"}],
                },
            ),
            ("chat_completions", GPT, "none", "none"),
            ("chat_completions", GPT, "clock", {"type": "function", "function": {"name": "clock"}}),
            (
                "chat_completions",
                GPT,
                ["clock", "weather"],
                {
                    "type": "allowed_tools",
                    "allowed_tools": {
                        "mode": "required",
                        "tools": [
                            {"type": "function", "function": {"name": "clock"}},
                            {"type": "function", "function": {"name": "weather"}},
                        ],
                    },
                },
            ),
            ("invoke", CLAUDE, "none", {"type": "none"}),
            ("invoke", CLAUDE, "required", {"type": "any"}),
            ("invoke", CLAUDE, "clock", {"type": "tool", "name": "clock"}),
        ],
    )
    def test_is_said(self, api_type: ApiType, model: str, choice: Any, spelled: Any) -> None:
        compiled = plan(model, WEATHER, CLOCK, tool_choice=choice, api_type=api_type)
        assert compiled.body["tool_choice"] == spelled
        assert told(compiled) == []

    def test_on_converse(self) -> None:
        any_of = plan(CLAUDE, WEATHER, tool_choice="required", api_type="converse").body
        assert any_of["toolConfig"]["toolChoice"] == {"any": {}}
        none = plan(CLAUDE, WEATHER, tool_choice="none", api_type="converse").body
        assert none[EXTRA] == {"tool_choice": {"type": "none"}}
        assert "toolChoice" not in none["toolConfig"]

    def test_none_is_said_by_declaring_nothing_where_there_is_no_other_way(self) -> None:
        compiled = plan(NOVA, WEATHER, tool_choice="none", parallel_tool_calls=False)
        assert "toolConfig" not in compiled.body
        assert told(compiled) == [("tools-omitted", "tools", "tools.none")]
        reason = "the choice is none, which is said by declaring no tools"
        assert changes(compiled) == [("tools-omitted", "info", "changed", 1, None, reason)]

    def test_some_are_said_by_declaring_no_others(self) -> None:
        compiled = plan(CLAUDE, WEATHER, CLOCK, Tool("third"), tool_choice=["clock", "weather"])
        assert [tool["name"] for tool in compiled.body["tools"]] == ["weather", "clock"]
        assert compiled.body["tool_choice"] == {"type": "any"}
        assert told(compiled) == [("tools-narrowed", "tools", "tools.some")]
        reason = "the choice is said by declaring no other tools"
        assert changes(compiled) == [
            ("tools-narrowed", "info", "changed", 3, ["clock", "weather"], reason),
        ]
        assert compiled.steps[0].origins["tools[0].name"].kind == "request"
        by_any = plan("mistral-large-2402", WEATHER, CLOCK, tool_choice="clock")
        assert [tool["toolSpec"]["name"] for tool in by_any.body["toolConfig"]["tools"]] == ["clock"]
        assert by_any.body["toolConfig"]["toolChoice"] == {"any": {}}
        assert ("tools-narrowed", "tools", "tools.choice") in told(by_any)
        own = {"name": "mine", "input_schema": CITY}
        assert plan(CLAUDE, own, CLOCK, tool_choice=["mine"]).body["tools"] == [
            own,
            {"name": "clock", "input_schema": CLOCK.schema},
        ]
        unforced = plan("llama3-1-70b-instruct", WEATHER, CLOCK, tool_choice="clock").body["toolConfig"]
        assert [tool["toolSpec"]["name"] for tool in unforced["tools"]] == ["clock"]

    def test_auto_where_no_tool_can_be_forced(self) -> None:
        compiled = plan(CLAUDE_NEW, WEATHER, tool_choice="required")
        assert "tool_choice" not in compiled.body
        assert told(compiled) == [("tool-choice-relaxed", "tool_choice", "tools.forced")]
        reason = "no tool can be forced here; it may call one, or answer"
        assert changes(compiled) == [
            ("tool-choice-relaxed", "warning", "changed", "required", "auto", reason),
        ]
        both = plan(CLAUDE_NEW, WEATHER, CLOCK, tool_choice=["weather", "clock"])
        assert (len(both.body["tools"]), "tool_choice" in both.body) == (2, False)
        thinks = plan(CLAUDE, WEATHER, tool_choice="weather", reasoning_effort="low")
        assert "tool_choice" not in thinks.body
        reason = "no tool can be forced here while the model thinks; it may call one, or answer"
        assert changes(thinks)[-1] == (
            "tool-choice-relaxed",
            "warning",
            "changed",
            ["weather"],
            "auto",
            reason,
        )
        some = intent_of(
            ToolPlan("a", "", "{}"), ToolPlan("b", "", "{}"), choice=Choice("required", ("a", "b"))
        )
        facts = facts_from({"tools": {"forced": "never", "some": "choice"}})
        assert tools_pass(some, facts, Trace()).tool_choice == Choice("auto", ("a", "b"))

    def test_allowed_tools_may_leave_the_call_to_the_model(self) -> None:
        from smartllm.compiler.dialects.openai_chat.tools import _choice as chat
        from smartllm.compiler.dialects.openai_responses.tools import _choice as responses

        for spelled in (chat, responses):
            found = spelled(intent_of(), Choice("auto", ("a",)))
            assert found["type"] == "allowed_tools"
            assert "auto" in {found.get("mode"), found.get("allowed_tools", {}).get("mode")}

    def test_a_forced_tool_that_skips_thinking_says_so(self) -> None:
        compiled = plan("claude-opus-4-8", WEATHER, tool_choice="weather", reasoning_effort="low")
        assert compiled.body["tool_choice"] == {"type": "tool", "name": "weather"}
        assert told(compiled) == [("tool-thinking-skipped", "reasoning_effort", "tools.forced")]
        assert (changes(compiled)[0][1:5]) == ("warning", "ignored", "low", None)
        assert told(plan("claude-opus-4-8", WEATHER, tool_choice="weather")) == []
        # One that thinks beside a forced tool, and one that was told not to think.
        assert told(plan("nova-2-lite", WEATHER, tool_choice="weather", reasoning_effort="low")) == []
        quiet = intent_of(ToolPlan("a", "", CLOCK.schema_text), choice=Choice("required"))
        quiet = quiet._replace(thinking=ThinkingPlan("off"))
        trace = Trace()
        tools_pass(quiet, facts_from({"tools": {"forced": "skips-thinking"}}), trace)
        assert trace.changes == []

    def test_words_come_before_names(self) -> None:
        assert [choice_of(given) for given in ("auto", None, ["auto"])] == [
            None,
            None,
            Choice("required", ("auto",)),
        ]


class TestAtMostOneCall:
    def test_is_said(self) -> None:
        for api_type in ("responses", "chat_completions"):
            for wish in (True, False):
                body = plan(GPT, WEATHER, parallel_tool_calls=wish, api_type=api_type).body
                assert body["parallel_tool_calls"] is wish
        one = plan(CLAUDE, WEATHER, parallel_tool_calls=False)
        assert one.body["tool_choice"] == {"type": "auto", "disable_parallel_tool_use": True}
        assert one.steps[0].origins["tool_choice.type"].name == "tools.parallel"
        forced = plan(CLAUDE, WEATHER, parallel_tool_calls=False, tool_choice="required").body
        assert forced["tool_choice"] == {"type": "any", "disable_parallel_tool_use": True}
        converse = plan(CLAUDE, WEATHER, parallel_tool_calls=False, api_type="converse").body
        assert converse[EXTRA] == {"tool_choice": {"type": "auto", "disable_parallel_tool_use": True}}
        wishes: dict[str, Any] = {"parallel_tool_calls": False, "tool_choice": "required"}
        forced = plan(CLAUDE, WEATHER, api_type="converse", **wishes).body
        assert forced["toolConfig"]["toolChoice"] == {"any": {}}
        assert forced[EXTRA] == {"tool_choice": {"disable_parallel_tool_use": True}}
        assert "tool_choice" not in plan(CLAUDE, WEATHER, parallel_tool_calls=True).body
        none = plan(CLAUDE, WEATHER, parallel_tool_calls=False, tool_choice="none")
        assert none.body["tool_choice"] == {"type": "none"}
        assert told(none) == []

    def test_is_told_where_it_cannot_be_said(self) -> None:
        compiled = plan("o3", WEATHER, parallel_tool_calls=False)
        assert "parallel_tool_calls" not in compiled.body
        assert told(compiled)[-1] == ("tool-parallel-dropped", "parallel_tool_calls", "tools.parallel")
        reason = "there is no way to say it here; several calls may come at once"
        assert changes(compiled)[-1] == ("tool-parallel-dropped", "warning", "dropped", False, None, reason)

    def test_several_at_once_need_no_word(self) -> None:
        assert told(plan(NOVA, WEATHER, parallel_tool_calls=True)) == []
        search = {"type": "web_search"}
        assert "parallel_tool_calls" not in plan(GPT, search, parallel_tool_calls=True).body


class TestAProvidersOwn:
    SEARCH: Mapping[str, Any] = {"type": "web_search", "filters": {"allowed_domains": ["a.example"]}}

    def test_goes_through_verbatim(self) -> None:
        compiled = plan(GPT, self.SEARCH, WEATHER)
        assert compiled.body["tools"][0] == self.SEARCH
        assert compiled.body["tools"][1]["name"] == "weather"
        computer = {"type": "computer_20251124", "name": "computer", "display_width_px": 1}
        assert plan(CLAUDE, computer).body["tools"] == [computer]
        grounding = {"systemTool": {"name": "nova_grounding"}}
        assert plan("nova-2-lite", grounding).body["toolConfig"]["tools"] == [grounding]

    def test_beside_it_the_model_chooses_alone(self) -> None:
        compiled = plan(GPT, self.SEARCH, WEATHER, tool_choice="weather", parallel_tool_calls=False)
        assert not {"tool_choice", "parallel_tool_calls"} & set(compiled.body)
        assert told(compiled) == [
            ("tool-choice-relaxed", "tool_choice", "tools.beside_hosted"),
            ("tool-parallel-dropped", "parallel_tool_calls", "tools.beside_hosted"),
        ]
        assert [change[-1] for change in changes(compiled)] == [
            "beside the provider's own tools the model chooses alone",
            "beside the provider's own tools it cannot be said",
        ]
        assert plan(GPT, self.SEARCH, tool_choice="none").body["tool_choice"] == "none"

    def test_where_the_caller_runs_them_or_the_model_minds_nothing_all_may_be_said(self) -> None:
        bash = {"type": "bash_20250124", "name": "bash"}
        body = plan(CLAUDE, bash, WEATHER, tool_choice="bash", parallel_tool_calls=False).body
        assert body["tools"][0] == bash
        assert body["tool_choice"] == {"type": "tool", "name": "bash", "disable_parallel_tool_use": True}
        grounding = {"systemTool": {"name": "nova_grounding"}}
        config = plan("nova-2-lite", grounding, WEATHER, tool_choice="required").body["toolConfig"]
        assert (len(config["tools"]), config["toolChoice"]) == (2, {"any": {}})

    def test_a_bundle_of_functions_is_no_tool_of_the_providers(self) -> None:
        bundle = {"type": "namespace", "name": "all", "tools": [{"type": "function", "name": "a"}]}
        body = plan("gpt-5.4", bundle, WEATHER, tool_choice="required", parallel_tool_calls=False).body
        assert (body["tool_choice"], body["parallel_tool_calls"]) == ("required", False)

    def test_functions_in_the_words_of_the_wire(self) -> None:
        chat = {"type": "function", "function": {"name": "mine"}}
        own: list[tuple[ApiType, str, dict[str, Any]]] = [
            ("responses", GPT, {"type": "function", "name": "mine", "parameters": {}, "strict": None}),
            ("chat_completions", GPT, chat),
            ("invoke", CLAUDE, {"name": "mine", "input_schema": {}}),
            ("converse", CLAUDE, {"toolSpec": {"name": "mine", "inputSchema": {"json": {}}}}),
        ]
        for api_type, model, tool in own:
            body = plan(model, tool, api_type=api_type).body
            assert (body.get("tools") or body["toolConfig"]["tools"]) == [tool]
        says, field, fact, _ = refused(GPT, chat)
        assert says.startswith(f"tools: {GPT} has no tool 'mine' here; its own are web_search, ")
        assert (field, fact) == ("tools", "tools.hosted")

    def test_free_text(self) -> None:
        custom: dict[str, Any] = {"type": "custom", "name": "sql"}
        body = plan("gpt-5", custom, tool_choice="sql").body
        assert (body["tools"], body["tool_choice"]) == ([custom], custom)
        chat = {"type": "custom", "custom": {"name": "sql"}}
        assert plan("gpt-5", chat, tool_choice="sql", api_type="chat_completions").body["tool_choice"] == chat
        assert refused(GPT, custom)[2] == "tools.custom"
        both = plan("gpt-5", custom, CLOCK, tool_choice=["sql", "clock"]).body["tool_choice"]
        assert both["tools"] == [custom, {"type": "function", "name": "clock"}]

    def test_is_refused_by_name_where_the_model_has_none_of_its_kind(self) -> None:
        assert refused(NOVA, self.SEARCH) == (
            f"tools: {NOVA} has no tool 'web_search' here; its own are none",
            "tools",
            "tools.hosted",
            "say a function as Tool(...), or take a model and an api_type that have it",
        )
        assert refused("gpt-5", {"type": "odd"})[2] == "tools.hosted"
        long = {"odd" * 30: 1}
        assert f"has no tool {repr(long)[:60]!r} here" in refused(GPT, long)[0]
        assert refused(GPT, {"odd": 1})[0].startswith(f"tools: {GPT} has no tool \"{{'odd': 1}}\" here")
        assert (own_name({"type": 5}), own_name({"type": "x"})) == ("", "x")
