"""An answer that is bound to a schema while the caller's tools are declared, or were called before."""

from __future__ import annotations

from typing import Any

import pytest
from bound_plans import (
    ANY,
    ASKED,
    CITY,
    FORCED,
    GPT,
    MISTRAL,
    NATIVE,
    NEVER,
    NOVA,
    PERSON,
    RULES,
    WEATHER,
    codes,
    plan,
    steps,
)
from pydantic import BaseModel

import smartllm
from smartllm import Message, MessageRequest, TextRequest, Tool, ToolCall, ToolResult
from smartllm.errors import UnsupportedError
from smartllm.words import ApiType


@pytest.mark.parametrize(
    ("model", "fields", "expected"),
    [
        (GPT, {}, ["native"]),
        (GPT, {"tool_choice": "required"}, ["native"]),
        (NATIVE, {}, ["native"]),
        (NATIVE, {"structured_output": "tool"}, ["tool"]),
        (GPT, {"structured_output": "two_pass"}, [None, "native"]),
        (FORCED, {}, ["tool"]),
        (FORCED, {"tool_choice": "none"}, ["tool"]),
        (FORCED, {"tool_choice": "weather"}, [None, "tool"]),
        (FORCED, {"tool_choice": "weather", "structured_output": "tool"}, [None, "tool"]),
        (FORCED, {"reasoning_effort": "low"}, [None, "tool"]),
        (FORCED, {"reasoning_effort": "low", "structured_output": "tool"}, ["tool"]),
        ("claude-sonnet-4", {"reasoning_effort": "low"}, [None, "tool"]),
        (NEVER, {}, [None, "offer"]),
        (NOVA, {}, ["tool"]),
        (ANY, {}, ["tool"]),
        (MISTRAL, {}, [None, "native"]),
        ("deepseek.v3-v1:0", {}, [None, "native"]),
        ("llama3-1-70b-instruct", {}, [None, "offer"]),
        ("gpt-4", {}, ["tool"]),
    ],
)
def test_the_way_that_each_model_is_bound(model: str, fields: Any, expected: Any) -> None:
    assert steps(plan(model, **fields)) == expected


def test_a_hosted_tool_beside_which_a_choice_may_be_said_is_no_hindrance() -> None:
    shell = {"type": "bash_20250124", "name": "bash"}
    assert steps(plan(FORCED, shell, api_type="invoke")) == ["tool"]
    assert steps(plan("gpt-4.1", {"type": "web_search"}, structured_output="auto")) == ["native"]


@pytest.mark.parametrize(
    ("model", "tools", "fields", "says", "fact"),
    [
        (NOVA, (), {"structured_output": "native"}, "takes no native schema", "structured.native"),
        (
            MISTRAL,
            (),
            {"structured_output": "native"},
            "takes no native schema beside tools",
            "structured.with_tools",
        ),
        (
            NEVER,
            (),
            {"structured_output": "tool"},
            "cannot be made to call a tool while it thinks",
            "tools.forced",
        ),
        (
            GPT,
            ({"type": "web_search"},),
            {"structured_output": "tool"},
            "cannot be made to call a tool beside the provider's own",
            "tools.beside_hosted",
        ),
    ],
)
def test_an_impossible_way_is_refused_by_fact(
    model: str, tools: Any, fields: Any, says: str, fact: str
) -> None:
    with pytest.raises(UnsupportedError, match=f"response_format: .* {says}") as caught:
        plan(model, *tools, **fields)
    assert (caught.value.fact, caught.value.hint) == (fact, 'use structured_output="auto"')


class TestOurToolAmongTheCallers:
    def test_a_tool_of_the_providers_that_minds_no_choice_is_beside_it(self) -> None:
        grounding = {"systemTool": {"name": "nova_grounding"}}
        config = plan("nova-2-lite", grounding, api_type="converse").body["toolConfig"]
        assert config["tools"][0] == grounding
        assert (len(config["tools"]), config["toolChoice"]) == (2, {"any": {}})

    @pytest.mark.parametrize(
        ("model", "api_type", "any_of_them"),
        [
            ("gpt-4", "responses", "required"),
            ("gpt-4", "chat_completions", "required"),
            (FORCED, "invoke", {"type": "any"}),
            (NOVA, "converse", {"any": {}}),
        ],
    )
    def test_some_tool_must_be_called(self, model: str, api_type: ApiType, any_of_them: Any) -> None:
        compiled = plan(model, api_type=api_type)
        config = compiled.body.get("toolConfig", {})
        tools = compiled.body.get("tools") or config["tools"]
        theirs, ours = (tool.get("function") or tool.get("toolSpec") or tool for tool in tools)
        assert (theirs["name"], ours["name"]) == ("weather", "Person")
        assert ours["description"] == "Call this tool to give the final answer."
        assert (compiled.body.get("tool_choice") or config["toolChoice"]) == any_of_them
        assert "parallel_tool_calls" not in compiled.body
        assert codes(compiled)["tool-choice-required"] == "structured.native"
        assert ("tool-choice-required", "info") in {
            (item.code, item.severity) for item in compiled.diagnostics
        }
        origins = compiled.steps[0].origins
        (place,) = [path for path in origins if path.endswith("name") and "[1]" in path]
        assert (origins[place].kind, origins[place].name) == ("request", "response_format")
        (theirs_at,) = [
            path for path in origins if path.endswith("name") and "[0]" in path and "tools" in path
        ]
        assert origins[theirs_at].name == "tools"

    def test_the_fact_behind_it_is_the_one_that_forbids_the_native_schema(self) -> None:
        assert codes(plan(MISTRAL, structured_output="auto")).get("tool-choice-required") is None
        assert (
            codes(plan(NATIVE, structured_output="tool"))["tool-choice-required"] == "structured.with_tools"
        )

    def test_its_own_description_comes_first(self) -> None:
        class Person(BaseModel):
            """Who it is."""

            name: str

        ours = plan(FORCED, response_format=Person).body["tools"][1]
        assert ours["description"] == "Who it is. Call this tool to give the final answer."
        alone = plan(FORCED, response_format=Person, tool_choice="none").body["tools"][1]
        assert alone["description"] == "Who it is."

    def test_a_description_that_is_too_long_is_cut(self) -> None:
        class Long(BaseModel):
            name: str

        Long.__doc__ = "x" * 1030
        wishes: dict[str, Any] = {"response_format": Long, "api_type": "chat_completions"}
        compiled = plan("gpt-4", **wishes)
        said = compiled.body["tools"][1]["function"]["description"]
        assert len(said) == 1024
        assert said.endswith("xx Call this tool to give the final answer.")
        assert codes(compiled)["tool-description-cut"] == "tools.description_max"
        alone = plan("gpt-4", tool_choice="none", **wishes).body["tools"][1]["function"]["description"]
        assert alone == "x" * 1024
        wishes["response_format"] = type("Long", (Long,), {"__doc__": "x" * 1024})
        assert "tool-description-cut" not in codes(plan("gpt-4", tool_choice="none", **wishes))

    def test_it_never_has_a_name_of_theirs(self) -> None:
        person = Tool("Person", parameters=CITY)
        for model in ("gpt-4", FORCED, NOVA):
            compiled = plan(model, person, WEATHER)
            assert compiled.output is not None
            assert compiled.output.name == "Person_2"
            assert '"Person_2"' in compiled.steps[0].payload.decode()
        called = [Message("user", "?"), Message("assistant", [ToolCall("c", "Person", {})]), *ASKED[2:]]
        called[2] = Message("user", [ToolResult("c", "x")])
        assert plan(FORCED, asked=called).body["tools"][1]["name"] == "Person_2"
        own = {"name": "Person", "input_schema": CITY}
        assert [tool["name"] for tool in plan(FORCED, own).body["tools"]] == ["Person", "Person_2"]

    def test_its_name_is_one_that_the_model_takes(self) -> None:
        odd = {**PERSON, "title": "9-lives"}
        assert (
            plan(NOVA, response_format=odd).body["toolConfig"]["tools"][1]["toolSpec"]["name"]
            == "tool_9_lives"
        )
        assert plan(FORCED, response_format=odd).body["tools"][1]["name"] == "9-lives"

    def test_alone_may_be_called_where_the_callers_may_not(self) -> None:
        body = plan(FORCED, tool_choice="none").body
        assert [tool["name"] for tool in body["tools"]] == ["weather", "Person"]
        assert body["tool_choice"] == {"type": "tool", "name": "Person", "disable_parallel_tool_use": True}
        compiled = plan(NOVA, tool_choice="none", asked=ASKED)
        assert compiled.body["toolConfig"]["toolChoice"] == {"tool": {"name": "Person"}}
        assert "tool-choice-dropped" not in codes(compiled)
        body = plan("gpt-4", tool_choice="none").body
        assert body["tool_choice"] == {"type": "function", "name": "Person"}
        assert "parallel_tool_calls" not in body  # OpenAI calls a named tool once anyway
        extra = plan(NATIVE, tool_choice="none", structured_output="tool", api_type="converse").body
        assert extra["additionalModelRequestFields"] == {"tool_choice": {"disable_parallel_tool_use": True}}

    def test_it_is_alone_where_no_tool_is_forced_by_name(self) -> None:
        compiled = plan(ANY, tool_choice="none", asked=ASKED)
        (ours,) = compiled.body["toolConfig"]["tools"]
        assert ours["toolSpec"]["name"] == "Person"
        assert compiled.body["toolConfig"]["toolChoice"] == {"any": {}}
        assert codes(compiled)["tools-omitted"] == "tools.choice"
        assert {item.severity for item in compiled.diagnostics} == {"info"}

    def test_a_conversation_with_calls_alone_needs_no_choice_among_them(self) -> None:
        bare = smartllm.compile(
            MessageRequest(
                messages=ASKED, response_format=PERSON, model="claude-3-7-sonnet", api_type="converse"
            ),
            rules=RULES,
            level="ignore",
        )
        config = bare.body["toolConfig"]
        assert [tool["toolSpec"]["name"] for tool in config["tools"]] == ["weather", "Person"]
        assert config["toolChoice"] == {"tool": {"name": "Person"}}

    def test_a_choice_of_none_is_said_as_ever_where_no_tool_binds(self) -> None:
        compiled = plan(MISTRAL, tool_choice="none")
        assert steps(compiled) == ["native"]
        assert "toolConfig" not in compiled.body
        assert codes(compiled)["tools-omitted"] == "tools.none"
        compiled = plan(MISTRAL, tool_choice="none", asked=ASKED)
        assert codes(compiled)["tool-choice-dropped"] == "tools.none"
        bare = MessageRequest(messages=ASKED, response_format=PERSON, model=MISTRAL)
        for found in (compiled, smartllm.compile(bare, rules=RULES, level="ignore")):
            assert [
                step.body.keys() & {"toolConfig", "additionalModelRequestFields"} for step in found.steps
            ] == [
                {"toolConfig"},
                set(),
            ]
            assert set(found.body["toolConfig"]) == {"tools"}

    def test_one_call_at_most_is_the_callers_wish(self) -> None:
        body = plan(FORCED, parallel_tool_calls=False).body
        assert body["tool_choice"] == {"type": "any", "disable_parallel_tool_use": True}
        for model in (FORCED, NOVA):  # without tools of theirs the switch speaks of none
            bodies = [
                smartllm.compile(
                    TextRequest(prompt="hi", response_format=PERSON, model=model, parallel_tool_calls=switch),
                    level="ignore",
                ).body
                for switch in (False, None)
            ]
            assert bodies[0] == bodies[1]
