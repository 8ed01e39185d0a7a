"""The schemas of tools on the wires: as the target reads them, and strict where it binds calls to them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest
from tool_plans import (
    CITY,
    CLAUDE,
    CLOSED,
    GPT,
    NOVA,
    WEATHER,
    changes,
    plan,
    refused,
    told,
)

from smartllm import Tool
from smartllm.compiler.intent import ToolPlan
from smartllm.compiler.schema.takes import Form
from smartllm.compiler.schema.tool_input import tool_input
from smartllm.words import ApiType


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
        assert changes(compiled)[0][:3] == ("tool-schema-changed", "info", "changed")
        assert compiled.steps[0].origins["tools[0].name"].kind == "request"
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
        reason = "the model takes no strict key; calls of a may not match its schema"
        assert changes(compiled) == [
            ("tool-strict-dropped", "warning", "dropped", "a: strict", None, reason),
        ]
        assert compiled.steps[0].origins["tools[0].name"].kind == "request"

    def test_no_more_than_the_model_takes(self) -> None:
        compiled = plan(CLAUDE, *(Tool(f"t{index}", parameters=CLOSED, strict=True) for index in range(21)))
        assert [tool.get("strict") for tool in compiled.body["tools"]] == [True] * 20 + [None]
        assert told(compiled) == [("tool-strict-dropped", "tools", "tools.strict_limits")]
        optional = {str(index): {"type": "string"} for index in range(13)}
        loose = {"type": "object", "properties": optional, "additionalProperties": False}
        two = plan(CLAUDE, *(Tool(name, parameters=loose, strict=True) for name in "ab"))
        assert [tool.get("strict") for tool in two.body["tools"]] == [True, None]
        either = {"anyOf": [{"type": "string"}, {"type": "integer"}]}
        unions = {str(index): either for index in range(9)}
        mixed = {
            "type": "object",
            "properties": unions,
            "required": list(unions),
            "additionalProperties": False,
        }
        two = plan(CLAUDE, *(Tool(name, parameters=mixed, strict=True) for name in "ab"))
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
            "b": {"type": "array", "prefixItems": [{"$ref": "#/$defs/B"}]},
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
                "b": {"type": "array", "prefixItems": [True]},
            },
            "additionalProperties": False,
        }
        assert {item.asked for item in compiled.diagnostics if item.code == "tool-schema-changed"} == {
            "a /$defs $defs",
            "a  title",
        }
        wrapper = {"type": "object", "required": ["value"], "additionalProperties": False}
        loose = {"type": "object", "properties": {}, "additionalProperties": {"type": "string"}}
        open_ended = plan(NOVA, Tool("a", parameters=loose))
        sent = open_ended.body["toolConfig"]["tools"][0]["toolSpec"]["inputSchema"]["json"]
        assert sent == {**wrapper, "properties": {"value": loose}}
        assert {item.severity for item in open_ended.diagnostics} == {"info"}
        anything_goes: tuple[Any, ...] = (True, {})
        for open_to in anything_goes:
            anything = plan(NOVA, Tool("a", parameters={**loose, "additionalProperties": open_to}))
            spec = anything.body["toolConfig"]["tools"][0]["toolSpec"]
            assert spec["inputSchema"]["json"] == {"type": "object", "properties": {}}
        few = {"type": "object", "properties": {"a": True}, "maxProperties": 1, "additionalProperties": False}
        sent = plan(NOVA, Tool("a", parameters=few)).body["toolConfig"]["tools"][0]["toolSpec"]
        assert sent["inputSchema"]["json"] == {**wrapper, "properties": {"value": few}}
        assert told(open_ended) == [("tool-schema-changed", "tools", "tools.input")]

    def test_of_a_model_that_reads_all_stays_as_written(self) -> None:
        assert plan(GPT, Tool("a", parameters=self.NESTED)).body["tools"][0]["parameters"] == self.NESTED

    @pytest.mark.parametrize("model", [CLAUDE, GPT])
    def test_of_one_that_says_nothing_is_an_objects_of_no_properties(self, model: str) -> None:
        for schema in ({}, {"type": "object"}):
            compiled = plan(model, Tool("a", parameters=schema))
            (tool,) = compiled.body["tools"]
            assert tool.get("input_schema", tool.get("parameters")) == {"type": "object", "properties": {}}
            assert told(compiled) == [("tool-schema-changed", "tools", "tools.input")]

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
