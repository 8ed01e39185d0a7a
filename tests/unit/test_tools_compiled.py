"""Tools on the wires: declared as the target takes them, under names that it takes."""

from __future__ import annotations

from typing import Any

import pytest
from tool_plans import (
    CITY,
    CLAUDE,
    CLOCK,
    CLOSED,
    EXTRA,
    GPT,
    GPT_REASONS,
    NOVA,
    RULES,
    WEATHER,
    changes,
    intent_of,
    plan,
    refused,
    told,
)

import smartllm
from smartllm import Message, MessageRequest, Plan, Tool, UnsupportedError
from smartllm.compiler.intent import Choice, Intent, ToolPlan, Turn
from smartllm.compiler.passes.tools import tools as tools_pass
from smartllm.compiler.tool_names import wire_names
from smartllm.compiler.trace import Trace
from smartllm.content import ToolCall, ToolResult
from smartllm.rules.vocabulary import Facts, facts_from
from smartllm.words import ApiType


class TestDeclared:
    def test_responses(self) -> None:
        body = plan(GPT, WEATHER, CLOCK).body
        assert body["tools"] == [
            {
                "type": "function",
                "name": "weather",
                "parameters": CITY,
                "description": "Weather of a city.",
                "strict": False,
            },
            {"type": "function", "name": "clock", "parameters": CLOCK.schema, "strict": False},
        ]
        assert not {"tool_choice", "parallel_tool_calls"} & set(body)

    def test_chat(self) -> None:
        body = plan(GPT, WEATHER, api_type="chat_completions").body
        function = {
            "name": "weather",
            "parameters": CITY,
            "description": "Weather of a city.",
            "strict": False,
        }
        assert body["tools"] == [{"type": "function", "function": function}]

    def test_messages(self) -> None:
        body = plan(CLAUDE, WEATHER, CLOCK, api_type="invoke").body
        assert body["tools"] == [
            {"name": "weather", "input_schema": CITY, "description": "Weather of a city."},
            {"name": "clock", "input_schema": CLOCK.schema},
        ]
        assert "tool_choice" not in body

    def test_converse(self) -> None:
        body = plan(CLAUDE, WEATHER, CLOCK, api_type="converse").body
        assert body["toolConfig"] == {
            "tools": [
                {
                    "toolSpec": {
                        "name": "weather",
                        "inputSchema": {"json": CITY},
                        "description": "Weather of a city.",
                    }
                },
                {"toolSpec": {"name": "clock", "inputSchema": {"json": CLOCK.schema}}},
            ]
        }

    @pytest.mark.parametrize("api_type", ["responses", "chat_completions", "invoke", "converse"])
    def test_every_leaf_says_who_asked_for_it(self, api_type: ApiType) -> None:
        model = GPT if api_type in {"responses", "chat_completions"} else CLAUDE
        origins = plan(model, WEATHER, tool_choice="weather", parallel_tool_calls=False, api_type=api_type)
        found = {
            path: (origin.kind, origin.name)
            for path, origin in origins.steps[0].origins.items()
            if "tool" in path
        }
        kinds = {("request", "tools"), ("request", "tool_choice"), ("request", "parallel_tool_calls")}
        strict = {("fact", "tools.strict")} if model == GPT else set()
        assert set(found.values()) == kinds | strict
        assert all(
            path.endswith("strict") == (why == ("fact", "tools.strict")) for path, why in found.items()
        )

    def test_a_blank_description_is_left_out(self) -> None:
        assert "description" not in plan(NOVA, Tool("a", "  ")).body["toolConfig"]["tools"][0]["toolSpec"]

    def test_a_long_one_is_cut_where_the_wire_says_how_long(self) -> None:
        long = Tool("a", "x" * 1025)
        assert plan(GPT, long).body["tools"][0]["description"] == "x" * 1025
        chat = plan(GPT, long, api_type="chat_completions")
        assert chat.body["tools"][0]["function"]["description"] == "x" * 1024
        assert told(chat) == [("tool-description-cut", "tools", "tools.description_max")]
        reason = "the wire takes no longer description of a tool"
        assert changes(chat) == [
            (
                "tool-description-cut",
                "warning",
                "changed",
                "a: 1025 characters",
                "1024 characters",
                reason,
            ),
        ]
        assert chat.steps[0].origins["tools[0].function.name"].kind == "request"
        assert told(plan(GPT, Tool("a", "x" * 1024), api_type="chat_completions")) == []

    def test_as_many_as_the_wire_takes(self) -> None:
        many = [Tool(f"t{index}") for index in range(129)]
        assert len(plan(GPT, *many).body["tools"]) == 129
        assert len(plan(GPT, *many[:128], api_type="chat_completions").body["tools"]) == 128
        assert refused(GPT, *many, api_type="chat_completions") == (
            f"tools: 129 declared, but {GPT} takes at most 128 here",
            "tools",
            "tools.max",
            "declare fewer, such as those that this turn may need",
        )

    def test_a_model_without_tools_refuses_by_name(self) -> None:
        assert refused("deepseek.r1-v1:0", WEATHER) == (
            "tools: deepseek.r1-v1:0 takes no function tools here",
            "tools",
            "tools.functions",
            "pick another model, or leave tools and their calls out",
        )
        chat: Any = {"api_type": "chat_completions"}
        assert plan(GPT_REASONS, WEATHER, **chat, reasoning_effort="none").body["tools"]
        says, _, fact, hint = refused(GPT_REASONS, WEATHER, **chat, reasoning_effort="low")
        assert (says, fact) == (
            f"tools: {GPT_REASONS} takes no function tools here while it thinks",
            "tools.functions",
        )
        assert hint.startswith('say reasoning_effort="none"')

    def test_tools_of_the_providers_alone_need_no_functions(self) -> None:
        facts = facts_from({"tools": {"functions": "never", "hosted": ["search"]}})
        search = {"type": "search"}
        assert tools_pass(intent_of(search), facts, Trace()).tools == (search,)

    def test_a_request_without_tools_passes_by(self) -> None:
        plain = intent_of()
        assert tools_pass(plain, facts_from({"tools": {"functions": "never"}}), Trace()) is plain

    def test_without_tools_a_switch_says_nothing(self) -> None:
        assert "parallel_tool_calls" not in plan(GPT, parallel_tool_calls=False).body


class TestNames:
    def test_a_name_that_the_model_refuses_is_changed_and_told_back(self) -> None:
        compiled = plan(NOVA, Tool("get-it"), Tool("get_it"), Tool("9th"), tool_choice="get-it")
        names = [tool["toolSpec"]["name"] for tool in compiled.body["toolConfig"]["tools"]]
        assert names == ["get_it_2", "get_it", "tool_9th"]
        assert compiled.body["toolConfig"]["toolChoice"] == {"tool": {"name": "get_it_2"}}
        assert compiled.steps[0].names == {"get_it_2": "get-it", "tool_9th": "9th"}
        assert ("tool-names-changed", "tools", "tools.name") in told(compiled)
        reason = "the model does not take these names; the plan maps them back"
        assert changes(compiled) == [
            ("tool-names-changed", "info", "changed", ["get-it", "9th"], ["get_it_2", "tool_9th"], reason),
        ]
        assert compiled.steps[0].origins["toolConfig.tools[1].toolSpec.name"].kind == "request"
        origin = compiled.steps[0].origins["toolConfig.tools[0].toolSpec.name"]
        assert origin.name == "tools.name"
        assert plan(CLAUDE, Tool("get-it")).steps[0].names == {}

    def test_one_in_the_words_of_the_wire_is_nobody_elses(self) -> None:
        own: list[dict[str, Any]] = [
            {"toolSpec": {"name": name, "inputSchema": {"json": {}}}} for name in ("get_it", "a-b")
        ]
        compiled = plan(NOVA, *own, Tool("get-it"))
        names = [tool["toolSpec"]["name"] for tool in compiled.body["toolConfig"]["tools"]]
        assert names == ["get_it", "a-b", "get_it_2"]
        called = (Turn("assistant", (ToolCall("1", "a-b", {}),)),)
        assert wire_names(intent_of(own[1], turns=called), facts_from({"tools": {"name": "word"}})) == {}

    def test_long_and_empty_ones(self) -> None:
        facts = facts_from({"tools": {"name": "dashed", "name_max": 8}})
        called = (Turn("assistant", (ToolCall("1", "", {}), ToolCall("2", "ä" * 9, {}))),)
        tools = [ToolPlan(name, "", "{}") for name in ("abcdefghij", "abcdefghik")]
        assert wire_names(intent_of(*tools, turns=called), facts) == {
            "abcdefghij": "abcdefgh",
            "abcdefghik": "abcdef_2",
            "": "tool",
            "ä" * 9: "________",
        }
        assert wire_names(intent_of(ToolPlan("abcdefgh", "", "{}")), facts) == {}


class TestBesideASchema:
    def test_a_native_schema_binds_where_the_model_says_so(self) -> None:
        body = plan(GPT, WEATHER, response_format=CLOSED).body
        assert body["tools"][0]["name"] == "weather"
        assert body["text"]["format"]["type"] == "json_schema"


class TestStreams:
    def test_a_model_that_does_not_stream_tools_answers_at_once(self) -> None:
        compiled = plan("llama3-1-70b-instruct", WEATHER, stream=True)
        assert not compiled.steps[0].streamed
        assert ("streaming-unavailable", "stream", "tools.streaming") in told(compiled)


def called(facts: Facts, *tools: Any, choice: Choice | None = None) -> tuple[Intent, list[str]]:
    turns = (Turn("assistant", (ToolCall("1", "weather", {}),)),)
    trace = Trace()
    found = tools_pass(intent_of(*tools, turns=turns, choice=choice), facts, trace)
    return found, [change.code for change in trace.changes]


class TestWhereTheConversationHoldsCalls:
    def test_their_tools_are_declared(self) -> None:
        found, codes = called(facts_from({"tools": {"none": "additional"}}))
        assert [tool.name for tool in found.tools if isinstance(tool, ToolPlan)] == ["weather"]
        assert (found.tool_choice, codes) == (Choice("none"), ["tools-declared"])
        assert called(facts_from({}))[0].tool_choice is None
        assert called(facts_from({"calls": {"declared": False}})) == (
            called(facts_from({"calls": {"declared": False}}))[0]._replace(tools=()),
            [],
        )

    def test_a_model_without_tools_refuses_them(self) -> None:
        with pytest.raises(UnsupportedError, match=r"^messages: m takes no function tools here") as caught:
            called(facts_from({"tools": {"functions": "never"}}))
        assert caught.value.field == "messages"

    def test_none_cannot_be_said_by_declaring_nothing(self) -> None:
        found, codes = called(facts_from({}), ToolPlan("weather", "", "{}"), choice=Choice("none"))
        assert (len(found.tools), found.tool_choice, codes[0]) == (1, None, "tool-choice-dropped")
        free = facts_from({"calls": {"declared": False}})
        found, codes = called(free, ToolPlan("weather", "", "{}"), choice=Choice("none"))
        assert (found.tools, codes) == ((), ["tools-omitted"])

    def test_what_was_done_is_told_in_full(self) -> None:
        asked = Message("assistant", [ToolCall("1", "weather", {})])
        answered = Message("user", [ToolResult("1", "rain")])
        request = MessageRequest(messages=[Message("user", "?"), asked, answered])

        def of(model: str, **fields: Any) -> Plan:
            return smartllm.compile(
                request.model_copy(update=fields), model=model, rules=RULES, level="ignore"
            )

        declared = of(CLAUDE, api_type="converse")
        reason = "the conversation holds calls, and the model demands that tools are declared then"
        assert changes(declared) == [("tools-declared", "info", "added", None, ["weather"], reason)]
        origin = declared.steps[0].origins[f"{EXTRA}.tool_choice.type"]
        assert origin.name == "calls.declared"
        dropped = of(NOVA, tools=[WEATHER], tool_choice="none")
        reason = "the conversation holds calls, so tools must be declared, and the model may call them"
        assert changes(dropped) == [("tool-choice-dropped", "warning", "dropped", "none", None, reason)]
