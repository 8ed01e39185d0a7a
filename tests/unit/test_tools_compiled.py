"""Tools on the wires, declared as the target takes them, chosen as can be said, nothing lost in silence."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from model_facts import takes_tools

import smartllm
from smartllm import MessageRequest, Plan, TextRequest, Tool, UnsupportedError
from smartllm.compiler import _intent
from smartllm.compiler.intent import Choice, Intent, ToolPlan, Turn
from smartllm.compiler.own_tools import own_name
from smartllm.compiler.passes import PASSES
from smartllm.compiler.passes.tools import tools as tools_pass
from smartllm.compiler.schema.tool_input import Form, tool_input
from smartllm.compiler.target import choose_target
from smartllm.compiler.tool_names import wire_names
from smartllm.compiler.tools import choice_of
from smartllm.compiler.trace import Trace
from smartllm.content import ToolCall
from smartllm.diagnostics import CODES
from smartllm.errors import CompileError
from smartllm.rules import load_rules
from smartllm.rules.vocabulary import Facts, facts_from
from smartllm.words import ApiType

RULES = load_rules()
GPT, GPT_REASONS = "gpt-4.1", "gpt-5.4"
CLAUDE, CLAUDE_NEW, NOVA = "claude-sonnet-4-5", "claude-opus-5-5", "nova-pro"
CITY = {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]}
CLOSED = CITY | {"additionalProperties": False}
WEATHER = Tool("weather", "Weather of a city.", CITY)
CLOCK = Tool("clock", parameters={"type": "object", "properties": {}})
EXTRA = "additionalModelRequestFields"


def plan(model: str, *tools: Any, api_type: ApiType = "responses", **fields: Any) -> Plan:
    request = TextRequest(prompt="hi", tools=list(tools), api_type=api_type, **fields)
    return smartllm.compile(request, model=model, rules=RULES, level="ignore")


def told(compiled: Plan) -> list[tuple[str, str, str]]:
    return [
        (item.code, item.path, item.origin.name)
        for item in compiled.diagnostics
        if not item.code.startswith(("lifecycle", "api-type"))
    ]


def refused(model: str, *tools: Any, **fields: Any) -> tuple[str, str, str, str]:
    with pytest.raises(UnsupportedError) as caught:
        plan(model, *tools, **fields)
    error = caught.value
    return error.message.partition(" [")[0], error.field, error.fact, error.hint


def intent_of(*tools: Any, turns: tuple[Turn, ...] = (), choice: Choice | None = None) -> Intent:
    return Intent("m", "openai_responses", turns, None, tools=tools, tool_choice=choice)


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

    def test_as_many_as_the_wire_takes(self) -> None:
        many = [Tool(f"t{index}") for index in range(129)]
        assert len(plan(GPT, *many).body["tools"]) == 129
        assert refused(GPT, *many, api_type="chat_completions") == (
            f"tools: 129 declared, but {GPT} takes at most 128 here",
            "tools",
            "tools.max",
            "declare fewer, such as those that this turn may need",
        )

    def test_a_model_without_tools_refuses_by_name(self) -> None:
        assert refused("deepseek.r1-v1:0", WEATHER)[1:3] == ("tools", "tools.functions")
        chat: Any = {"api_type": "chat_completions"}
        assert plan(GPT_REASONS, WEATHER, **chat, reasoning_effort="none").body["tools"]
        says, _, fact, hint = refused(GPT_REASONS, WEATHER, **chat, reasoning_effort="low")
        assert (says, fact) == (
            f"tools: {GPT_REASONS} takes no function tools here while it thinks",
            "tools.functions",
        )
        assert hint.startswith('say reasoning_effort="none"')

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
        origin = compiled.steps[0].origins["toolConfig.tools[0].toolSpec.name"]
        assert origin.name == "tools.name"
        assert plan(CLAUDE, Tool("get-it")).steps[0].names == {}

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


class TestStrict:
    def test_is_spelled_where_leaving_it_out_means_something_else(self) -> None:
        bound = Tool("a", parameters=CITY, strict=True)
        compiled = plan(GPT, bound)
        assert compiled.body["tools"][0] == {
            "type": "function",
            "name": "a",
            "parameters": CLOSED,
            "strict": True,
        }
        assert told(compiled) == [("tool-schema-changed", "tools", "tools.strict")]
        chat = plan(GPT, bound, api_type="chat_completions").body["tools"][0]["function"]
        assert (chat["strict"], chat["parameters"]) == (True, CLOSED)

    def test_is_not_there_where_the_model_takes_none(self) -> None:
        assert "strict" not in plan("gpt-4", WEATHER).body["tools"][0]
        chat = plan("gpt-4", WEATHER, api_type="chat_completions").body["tools"][0]["function"]
        assert "strict" not in chat

    @pytest.mark.parametrize("api_type", ["invoke", "converse"])
    def test_is_sent_only_as_true_where_it_is_accepted(self, api_type: ApiType) -> None:
        tools = [Tool("a", parameters=CITY, strict=True), Tool("b", strict=False), Tool("c")]
        body = plan(CLAUDE, *tools, api_type=api_type).body
        spelled = body.get("tools") or [tool["toolSpec"] for tool in body["toolConfig"]["tools"]]
        assert [tool.get("strict") for tool in spelled] == [True, None, None]

    def test_is_dropped_where_the_model_takes_none(self) -> None:
        compiled = plan("claude-opus-4-7", Tool("a", parameters=CITY, strict=True))
        assert compiled.body["tools"] == [{"name": "a", "input_schema": CITY}]
        assert told(compiled) == [("tool-strict-dropped", "tools", "tools.strict")]

    def test_no_more_than_the_model_takes(self) -> None:
        compiled = plan(CLAUDE, *(Tool(f"t{index}", parameters=CLOSED, strict=True) for index in range(21)))
        assert [tool.get("strict") for tool in compiled.body["tools"]] == [True] * 20 + [None]
        assert told(compiled) == [("tool-strict-dropped", "tools", "tools.strict_limits")]
        optional = {str(index): {"type": "string"} for index in range(13)}
        loose = {"type": "object", "properties": optional, "additionalProperties": False}
        two = plan(CLAUDE, *(Tool(name, parameters=loose, strict=True) for name in "ab"))
        assert [tool.get("strict") for tool in two.body["tools"]] == [True, None]

    def test_a_schema_that_cannot_be_bound_is_refused_by_the_tools_name(self) -> None:
        endless = {
            "type": "object",
            "properties": {"next": {"$ref": "#/$defs/N"}},
            "$defs": {"N": {"type": "object", "properties": {"next": {"$ref": "#/$defs/N"}}}},
        }
        says, field, fact, hint = refused(CLAUDE, Tool("tree", parameters=endless, strict=True))
        assert says.startswith("tools: tree: native schemas take no recursion")
        assert (field, fact, hint[:30]) == ("tools", "tools.strict", "declare it without strict=True")
        assert plan(CLAUDE, Tool("tree", parameters=endless)).body["tools"][0]["input_schema"] == endless
        says, _, fact, hint = refused(NOVA, Tool("tree", parameters=endless))
        assert says == ("tools: tree: a definition that holds itself (N -> N) cannot be inlined (at /$defs)")
        assert fact == "tools.input.definitions"
        assert hint.startswith("say it without recursion")


class TestSchemas:
    NESTED: Mapping[str, Any] = {
        "title": "Top",
        "type": "object",
        "properties": {
            "a": {"$ref": "#/$defs/A", "description": "first"},
            "b": {"type": "array", "items": [{"$ref": "#/$defs/B"}]},
        },
        "$defs": {"A": {"type": "object", "properties": {"x": {"type": "string"}}}, "B": True},
        "additionalProperties": False,
    }

    def test_of_a_model_that_follows_no_reference_and_reads_little_at_the_top(self) -> None:
        compiled = plan(NOVA, Tool("a", parameters=self.NESTED))
        assert compiled.body["toolConfig"]["tools"][0]["toolSpec"]["inputSchema"]["json"] == {
            "type": "object",
            "properties": {
                "a": {
                    "type": "object",
                    "properties": {"x": {"type": "string"}},
                    "description": "first",
                },
                "b": {"type": "array", "items": [True]},
            },
        }
        assert {item.asked for item in compiled.diagnostics if item.code == "tool-schema-changed"} == {
            "a /$defs $defs",
            "a  title",
            "a  additionalProperties",
        }

    def test_of_a_model_that_reads_all_stays_as_written(self) -> None:
        assert plan(GPT, Tool("a", parameters=self.NESTED)).body["tools"][0]["parameters"] == self.NESTED

    def test_a_union_at_the_top_stands_under_a_property(self) -> None:
        either = {"type": "object", "anyOf": [CITY, {"type": "object"}]}
        sent = plan(CLAUDE, Tool("a", parameters=either)).body["tools"][0]["input_schema"]
        assert sent["properties"] == {"value": either}

    def test_names_of_properties_are_changed_and_told_back(self) -> None:
        schema = {
            "type": "object",
            "properties": {"größe": {"type": "string"}, "gr__e": {}, "gr_:e": {}, "ok": {}},
            "required": ["größe", "ok"],
        }
        compiled = plan(CLAUDE, Tool("a", parameters=schema))
        sent = compiled.body["tools"][0]["input_schema"]
        assert list(sent["properties"]) == ["gr__e_2", "gr__e", "gr__e_3", "ok"]
        assert sent["required"] == ["gr__e_2", "ok"]
        (tool,) = compiled.steps[0].tools
        assert isinstance(tool, ToolPlan)
        assert tool.properties == {"gr__e_2": "größe", "gr__e_3": "gr_:e"}
        assert tool.lowered is not None
        assert set(tool.lowered.codecs) == set()
        loose = {"type": "object", "properties": {"ä": {"type": "string"}, "b": {"type": "string"}}}
        lowered, names = tool_input(
            '{"type": "object", "properties": {"ä": {"type": "string"}, "b": {"type": "string"}}}',
            Form("tool", bare=False, inlined=False, ascii_names=True),
        )
        assert names == {"_": "ä"}
        assert set(lowered.codecs) == {"/properties/_", "/properties/b"}
        assert loose["properties"]

    def test_is_the_bodys_own(self) -> None:
        first = plan(GPT, WEATHER)
        first.body["tools"][0]["parameters"]["properties"].clear()
        assert plan(GPT, WEATHER).body["tools"][0]["parameters"] == CITY


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

    def test_some_are_said_by_declaring_no_others(self) -> None:
        compiled = plan(CLAUDE, WEATHER, CLOCK, Tool("third"), tool_choice=["clock", "weather"])
        assert [tool["name"] for tool in compiled.body["tools"]] == ["weather", "clock"]
        assert compiled.body["tool_choice"] == {"type": "any"}
        assert told(compiled) == [("tools-narrowed", "tools", "tools.some")]
        by_any = plan("mistral-large-2402", WEATHER, CLOCK, tool_choice="clock")
        assert [tool["toolSpec"]["name"] for tool in by_any.body["toolConfig"]["tools"]] == ["clock"]
        assert by_any.body["toolConfig"]["toolChoice"] == {"any": {}}
        assert ("tools-narrowed", "tools", "tools.choice") in told(by_any)
        own = {"name": "mine", "input_schema": CITY}
        assert plan(CLAUDE, own, CLOCK, tool_choice=["mine"]).body["tools"] == [
            own,
            {"name": "clock", "input_schema": CLOCK.schema},
        ]
        assert plan(CLAUDE_NEW, own, CLOCK, tool_choice="mine").body["tools"] == [own]

    def test_auto_where_no_tool_can_be_forced(self) -> None:
        compiled = plan(CLAUDE_NEW, WEATHER, tool_choice="required")
        assert "tool_choice" not in compiled.body
        assert told(compiled) == [("tool-choice-relaxed", "tool_choice", "tools.forced")]
        both = plan(CLAUDE_NEW, WEATHER, CLOCK, tool_choice=["weather", "clock"])
        assert (len(both.body["tools"]), "tool_choice" in both.body) == (2, False)
        thinks = plan(CLAUDE, WEATHER, tool_choice="weather", reasoning_effort="low")
        assert "tool_choice" not in thinks.body
        assert "while the model thinks" in thinks.diagnostics[-1].reason
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
        assert told(plan("claude-opus-4-8", WEATHER, tool_choice="weather")) == []

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
        assert converse[EXTRA] == {"tool_choice": {"disable_parallel_tool_use": True}}
        assert "tool_choice" not in plan(CLAUDE, WEATHER, parallel_tool_calls=True).body
        none = plan(CLAUDE, WEATHER, parallel_tool_calls=False, tool_choice="none")
        assert none.body["tool_choice"] == {"type": "none"}
        assert told(none) == []

    def test_is_told_where_it_cannot_be_said(self) -> None:
        compiled = plan("o3", WEATHER, parallel_tool_calls=False)
        assert "parallel_tool_calls" not in compiled.body
        assert told(compiled)[-1] == ("tool-parallel-dropped", "parallel_tool_calls", "tools.parallel")


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
            ("tool-choice-relaxed", "tool_choice", "tools.hosted"),
            ("tool-parallel-dropped", "parallel_tool_calls", "tools.hosted"),
        ]
        assert plan(GPT, self.SEARCH, tool_choice="none").body["tool_choice"] == "none"

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
        assert refused(NOVA, self.SEARCH)[:3] == (
            f"tools: {NOVA} has no tool 'web_search' here; its own are none",
            "tools",
            "tools.hosted",
        )
        assert refused(GPT, {"odd": 1})[0].startswith(f"tools: {GPT} has no tool \"{{'odd': 1}}\" here")
        assert (own_name({"type": 5}), own_name({"type": "x"})) == ("", "x")


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


def test_the_pass_changes_nothing_that_it_has_settled() -> None:
    request = MessageRequest(
        messages=[smartllm.Message("user", "hi")],
        tools=[Tool("a-b", parameters=CITY, strict=True), CLOCK],
        tool_choice=["a-b"],
        parallel_tool_calls=False,
    )
    for model in sorted(takes_tools("bedrock_converse")):
        target, _ = choose_target(request, "bedrock", model, RULES)
        before, trace = _intent(request, target, {})
        after = tools_pass(before, target.facts, trace)
        count = len(trace.changes)
        assert tools_pass(after, target.facts, trace) == after
        assert len(trace.changes) == count
        paths = {change.path for change in trace.changes}
        assert "parallel_tool_calls" in paths or after.parallel is False
        assert {"tool_choice", "tools"} & paths or after.tool_choice == Choice("required", ("a-b",))


names = st.sampled_from(["weather", "time-of-day", "9th", "x" * 64])
wishes = st.fixed_dictionaries(
    {
        "tools": st.lists(
            st.builds(
                Tool,
                names,
                st.sampled_from(["", " ", "What it does."]),
                st.sampled_from([CITY, CLOSED, CITY | {"$defs": {"A": True}}]),
                st.sampled_from([None, True, False]),
            ),
            min_size=1,
            max_size=4,
            unique_by=lambda tool: tool.name,
        )
    },
    optional={
        "parallel_tool_calls": st.booleans(),
        "reasoning_effort": st.sampled_from(["none", "low", "high"]),
        "api_type": st.sampled_from(["responses", "chat_completions", "invoke", "converse"]),
        "stream": st.booleans(),
    },
)
choices = st.one_of(st.sampled_from([None, "auto", "none", "required"]), st.integers(1, 4))


def said_of(body: Mapping[str, Any]) -> tuple[list[str], Any, Any]:
    """Names of the tools of a body, the choice and the switch, whatever the wire."""
    config = body.get("toolConfig", {})
    extra = body.get(EXTRA, {}).get("tool_choice", {})
    tools = body.get("tools") or config.get("tools", [])
    spelled = [tool.get("toolSpec") or tool.get("function") or tool for tool in tools]
    choice = body.get("tool_choice") or config.get("toolChoice") or extra
    one = body.get("parallel_tool_calls") is False or (
        isinstance(choice, dict) and "disable_parallel_tool_use" in {**choice, **extra}
    )
    return [tool["name"] for tool in spelled], choice, one


@settings(max_examples=400, deadline=None)
@given(st.sampled_from(sorted(RULES.table("model"))), wishes, choices)
def test_nothing_is_lost_in_silence_and_the_passes_settle(
    model: str, fields: dict[str, Any], choice: Any
) -> None:
    asked = [tool.name for tool in fields["tools"]]
    fields = fields | {"tool_choice": asked[:choice] if isinstance(choice, int) else choice}
    request = TextRequest(prompt="hi", **fields)
    try:
        compiled = smartllm.compile(request, model=model, rules=RULES, level="ignore")
        target, _ = choose_target(request, None, model, RULES)
    except CompileError as error:
        if getattr(error, "fact", "") or "served on" in str(error):
            return
        raise
    codes = {code for code, _, _ in told(compiled)}
    sent, said, one = said_of(compiled.body)
    back = compiled.steps[0].names
    declared = [back.get(name, name) for name in sent]
    assert declared == asked or codes & {"tools-narrowed", "tools-omitted"}
    assert not (set(sent) - set(asked)) or "tool-names-changed" in codes
    if isinstance(choice, int) or choice in {"none", "required"}:
        relaxed = {"tools-narrowed", "tools-omitted", "tool-choice-relaxed", "tool-choice-dropped"}
        assert said or codes & relaxed
    if fields.get("parallel_tool_calls") is False and fields["tool_choice"] != "none":
        assert one or "tool-parallel-dropped" in codes
    bound = [tool.name for tool in fields["tools"] if tool.strict and tool.name in declared]
    if bound and "'strict': True" not in str(compiled.body):
        assert "tool-strict-dropped" in codes
    assert all(origin is not None for origin in compiled.origins.values())
    intent, trace = _intent(request, target, {})
    for run in PASSES:
        intent = run(intent, target.facts, trace)
    again, count = intent, len(trace.changes)
    for run in PASSES:
        again = run(again, target.facts, trace)
    assert again == intent
    assert len(trace.changes) == count
    assert {change.code for change in trace.changes} <= set(CODES)
    assert all(change.asked != change.applied for change in trace.changes)
