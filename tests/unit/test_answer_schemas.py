"""The schema that binds an answer: as a tool's input it is one like any other; as a native one it counts."""

from __future__ import annotations

from typing import Any, ClassVar

import pytest
from bound_plans import FORCED, NATIVE, NOVA, RULES, codes, plan

import smartllm
from smartllm import TextRequest, Tool
from smartllm.errors import UnsupportedError


class TestItsSchema:
    """What binds an answer by a tool is a tool's input, with all that models read there."""

    NESTED: ClassVar[dict[str, Any]] = {
        "title": "Tree",
        "type": "object",
        "properties": {"left": {"$ref": "#/$defs/Leaf"}, "größe": {"type": "number"}},
        "$defs": {"Leaf": {"type": "object", "properties": {"x": {"type": "integer"}}}},
    }

    def schema(self, model: str, schema: Any) -> Any:
        body = smartllm.compile(
            TextRequest(prompt="hi", response_format=schema, model=model, structured_output="tool"),
            level="ignore",
        ).body
        tools = body.get("tools") or body["toolConfig"]["tools"]
        return tools[0].get("input_schema") or tools[0]["toolSpec"]["inputSchema"]["json"]

    def test_definitions_are_inlined_and_little_stands_at_the_top(self) -> None:
        sent = self.schema(NOVA, self.NESTED)
        assert set(sent) == {"type", "properties"}
        assert sent["properties"]["left"] == self.NESTED["$defs"]["Leaf"]

    def test_what_a_schema_says_of_itself_is_the_tools(self) -> None:
        said = self.NESTED | {"description": " A tree. "}
        request = TextRequest(prompt="hi", response_format=said)
        sent = smartllm.compile(request, model=NOVA, level="ignore").body["toolConfig"]["tools"][0][
            "toolSpec"
        ]
        assert sent["description"] == "A tree."
        sent = smartllm.compile(request, model=FORCED, level="ignore").body["tools"][0]
        assert "description" not in sent
        assert sent["input_schema"]["description"] == " A tree. "

    def test_names_of_properties_are_those_that_are_taken(self) -> None:
        assert set(self.schema(FORCED, self.NESTED)["properties"]) == {"left", "gr__e"}
        compiled = plan(FORCED, response_format=self.NESTED)
        assert compiled.output is not None
        assert compiled.output.properties == {"gr__e": "größe"}
        assert codes(compiled)["schema-changed"] == "tools.input"
        odd = {"type": "object", "properties": {"ä": True}, "additionalProperties": False, "anyOf": [True]}
        told = [item.origin.name for item in plan(FORCED, response_format=odd).diagnostics]
        assert told == ["structured.tool_subset", "structured.native"]
        whole = {"properties": {"ä": True}}
        told = [item.origin.name for item in plan(FORCED, response_format=whole).diagnostics]
        assert told == ["structured.tool_subset", "tools.input", "structured.native"]

    def test_a_definition_that_holds_itself_stays_where_the_wire_takes_it(self) -> None:
        tree = {
            "type": "object",
            "properties": {"next": {"$ref": "#/$defs/T"}},
            "$defs": {"T": {"type": "object", "properties": {"next": {"$ref": "#/$defs/T"}}}},
        }
        assert "$defs" in self.schema("mistral-large-2402", tree)
        with pytest.raises(UnsupportedError, match="cannot be inlined"):
            self.schema(NOVA, tree)


class TestStrictLimits:
    @staticmethod
    def optional(count: int) -> dict[str, Any]:
        names = {f"p{index}": {"type": "string"} for index in range(count)}
        return {"type": "object", "properties": names, "required": [], "additionalProperties": False}

    def strict(self, **fields: Any) -> list[bool]:
        tools = [Tool(f"t{index}", parameters=self.optional(10), strict=True) for index in range(2)]
        request = TextRequest(prompt="hi", tools=tools, model=NATIVE, **fields)
        compiled = smartllm.compile(request, rules=RULES, level="ignore")
        return [tool.get("strict", False) for tool in compiled.body["tools"]][:2]

    def test_the_native_schema_counts(self) -> None:
        assert self.strict() == [True, True]
        assert self.strict(response_format=self.optional(4)) == [True, True]
        assert self.strict(response_format=self.optional(5)) == [True, False]
        assert self.strict(response_format=self.optional(15)) == [False, False]

    def test_what_is_bound_otherwise_does_not(self) -> None:
        assert self.strict(response_format=self.optional(5), structured_output="tool") == [True, True]
