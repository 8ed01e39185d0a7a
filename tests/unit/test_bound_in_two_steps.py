"""A plan whose last step puts an answer into a structure, after tools that may have been called."""

from __future__ import annotations

from pathlib import Path
from typing import Any, get_args

import pytest
from bound_plans import (
    ASKED,
    CALL,
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
    plan,
    steps,
)
from doors import api_on
from how_many import examples
from hypothesis import example, given, settings
from hypothesis import strategies as st
from model_facts import FACTS, takes_tools
from settled import settled, target_of

import smartllm
from smartllm import Message, MessageRequest, Reasoning, TextRequest, Tool, ToolResult
from smartllm.compiler.prompts import ANSWER
from smartllm.errors import CompileError
from smartllm.rules import Dialect
from smartllm.rules.names import parse


class TestTheLastOfTwoSteps:
    def test_keeps_the_calls_and_calls_none_where_that_can_be_said(self) -> None:
        first, second = plan(GPT, asked=ASKED, structured_output="two_pass", system_prompt="Be brief.").steps
        assert "text" not in first.body
        turns = second.body["input"]
        assert turns[: len(first.body["input"])] == first.body["input"]
        assert turns[-2] == {"type": "message", "role": "assistant", "content": ANSWER}
        assert turns[-1]["content"].startswith("Put your answer above into the structure")
        assert second.body["tools"] == first.body["tools"]
        assert (second.body["tool_choice"], second.body["instructions"]) == ("none", "Be brief.")
        assert second.body["text"]["format"]["name"] == "Person"

    def test_on_converse_claude_says_none_beside_them(self, tmp_path: Path) -> None:
        overlay = tmp_path / "r.toml"
        overlay.write_text(f'[model."{parse(NATIVE).key}"]\nstructured.prefer = "native"\n')
        compiled = plan(NATIVE, asked=ASKED, rules=overlay, structured_output="two_pass", api_type="converse")
        second = compiled.steps[1].body
        assert second["additionalModelRequestFields"] == {"tool_choice": {"type": "none"}}
        assert second["toolConfig"] == {"tools": compiled.body["toolConfig"]["tools"]}
        assert "outputConfig" in second

    def test_forces_our_tool_by_its_name_beside_the_callers(self) -> None:
        compiled = plan(FORCED, asked=ASKED, reasoning_effort="low")
        second = compiled.steps[1].body
        assert [tool["name"] for tool in second["tools"]] == ["weather", "Person"]
        assert second["tool_choice"] == {"type": "tool", "name": "Person", "disable_parallel_tool_use": True}
        assert second["messages"][1]["content"][0]["type"] == "tool_use"
        assert "thinking" not in second

    def test_does_so_too_where_a_native_schema_binds_beside_no_tools(self) -> None:
        second = plan(NOVA, asked=ASKED, tool_choice="weather").steps[1].body
        assert [tool["toolSpec"]["name"] for tool in second["toolConfig"]["tools"]] == ["weather", "Person"]
        assert second["toolConfig"]["toolChoice"] == {"tool": {"name": "Person"}}
        assert "toolUse" in second["messages"][1]["content"][0]

    def test_declares_no_tool_of_theirs_where_none_was_called(self) -> None:
        assert "tools" not in plan(GPT, structured_output="two_pass").steps[1].body
        (ours,) = plan(FORCED, reasoning_effort="low").steps[1].body["tools"]
        assert ours["name"] == "Person"

    def test_sees_calls_of_tools_that_are_not_declared(self) -> None:
        wishes: dict[str, Any] = {"response_format": PERSON, "structured_output": "two_pass", "model": GPT}
        bare = MessageRequest(messages=ASKED, **wishes)
        second = smartllm.compile(bare, rules=RULES, level="ignore").steps[1].body
        assert [item["type"] for item in second["input"][1:3]] == ["function_call", "function_call_output"]

    def test_leaves_the_providers_own_tools_out(self) -> None:
        own = {"type": "web_search"}
        compiled = plan(GPT, WEATHER, own, asked=ASKED, structured_output="two_pass")
        assert compiled.body["tools"][1] == own
        assert [tool["type"] for tool in compiled.steps[1].body["tools"]] == ["function"]

    def test_declares_nothing_where_calls_need_no_declaration(self, tmp_path: Path) -> None:
        compiled = plan("gpt-oss-20b", asked=ASKED, api_type="chat_completions")
        second = compiled.steps[1].body
        assert second["messages"][1]["tool_calls"][0]["function"]["name"] == "weather"
        assert "tools" not in second
        assert second["response_format"]["type"] == "json_schema"
        overlay = tmp_path / "r.toml"
        overlay.write_text(f'[model."{GPT}"]\nprofile = "gpt-5.4"\nstructured.with_tools = false\n')
        second = plan(GPT, asked=ASKED, rules=overlay).steps[1].body
        assert second["input"][1]["type"] == "function_call"
        assert "tools" not in second

    @pytest.mark.parametrize("model", [MISTRAL, NEVER])
    def test_tells_calls_in_words_where_they_would_offer_tools(self, model: str) -> None:
        failed = [Message("user", [ToolResult("call_1", {"why": "no"}, error=True), "And now?"])]
        for turns, said in (
            (ASKED, "weather gave: 4 degrees"),
            (
                [*ASKED[:2], *failed],
                'weather failed: {"why": "no"}' if model == NEVER else "weather gave: Error",
            ),
        ):
            second = plan(model, asked=turns, api_type="converse").steps[1].body
            texts = [part["text"] for turn in second["messages"] for part in turn["content"]]
            assert texts[:2] == ["The weather in Oslo?", 'I called weather with {"city": "Oslo"}.']
            assert texts[2].startswith(said)
            assert texts[-2] == ANSWER
            assert [turn["role"] for turn in second["messages"]][-2:] == ["assistant", "user"]
        offered = "Answer by calling the tool Person" in texts[-1]
        assert offered == (model == NEVER)
        assert ("toolConfig" in second) == offered

    def test_calls_are_words_where_none_cannot_be_said(self, tmp_path: Path) -> None:
        overlay = tmp_path / "r.toml"
        overlay.write_text(f'[model."{MISTRAL}"]\nprofile = "mistral-2025"\nstructured.with_tools = true\n')
        second = plan(MISTRAL, asked=ASKED, rules=overlay, structured_output="two_pass").steps[1].body
        assert "toolConfig" not in second
        assert "I called weather" in str(second)

    def test_reasoning_stays_behind(self) -> None:
        blocks = [{"type": "thinking", "thinking": "hm", "signature": "s"}]
        own = Reasoning(FORCED, "anthropic_messages", blocks)
        turns = [ASKED[0], Message("assistant", [own, CALL]), ASKED[2]]
        first, second = plan(FORCED, asked=turns, reasoning_effort="low").steps
        assert "signature" in first.payload.decode()
        assert "signature" not in second.payload.decode()

    def test_the_text_goes_where_the_answer_stands_and_nowhere_else(self) -> None:
        marked = [Message("user", ANSWER), Message("assistant", ANSWER), Message("user", [ANSWER, "?"])]
        for model, api_type in ((FORCED, "invoke"), (MISTRAL, "converse"), (GPT, "responses")):
            fields: dict[str, Any] = {"api_type": api_type, "structured_output": "two_pass"}
            compiled = plan(model, asked=marked, system_prompt=ANSWER, **fields)
            step = compiled.steps[1]
            filled = step.fill("4 degrees")
            assert filled.payload.decode().count("4 degrees") == 1
            turns = filled.body.get("messages") or filled.body["input"]
            assert "4 degrees" in str(turns[-2])
            assert str(turns).count(ANSWER) == str(compiled.body).count(ANSWER) - 1
            assert len(step.holes) == 1

    def test_an_assistant_that_has_begun_is_continued(self) -> None:
        begun = [Message("user", "The weather?"), Message("assistant", "It is")]
        second = plan("claude-3-7-sonnet", asked=begun, structured_output="two_pass").steps[1]
        filled = second.fill(" cold.").body["messages"][-2]["content"]
        assert [part["text"] for part in filled] == ["It is", " cold."]

    def test_the_explanation_says_when_it_is_made(self) -> None:
        assert " · if step 1 calls no tool\n" in plan(NEVER).explain()
        fields: dict[str, Any] = {"prompt": "hi", "model": NEVER, "response_format": PERSON}
        two = smartllm.compile(TextRequest(**fields, structured_output="two_pass"), level="ignore")
        assert " · if step 1" not in two.explain()
        assert len(two.steps) == 2
        offered = smartllm.compile(TextRequest(**fields), level="ignore")
        assert " · if step 1 does not give the structure\n" in offered.explain()
        assert plan(NEVER).as_curl().count("curl -sS") == 2
        assert any(
            path.startswith("steps[1].toolConfig") or "steps[1].tools" in path for path in plan(NEVER).origins
        )


@pytest.mark.parametrize("dialect", get_args(Dialect))
@pytest.mark.parametrize("asked", [None, ASKED], ids=["tools", "rounds"])
def test_every_listed_model_that_takes_tools_binds_beside_them(dialect: Dialect, asked: Any) -> None:
    found = {}
    host = "openai" if dialect.startswith("openai") else "bedrock"
    for model in sorted(takes_tools(dialect)):
        request: dict[str, Any] = {
            "tools": [WEATHER],
            "response_format": PERSON,
            "api_type": api_on(dialect),
        }
        request |= {"reasoning_effort": "none", "prompt": "hi"} if asked is None else {"messages": asked}
        kind = TextRequest if asked is None else MessageRequest
        try:
            compiled = smartllm.compile(
                kind(**request), model=model, provider=host, rules=RULES, level="ignore"
            )
        except CompileError as error:
            why = FACTS[dialect][model].tools.functions == "effort-none" or "is not served" in str(error)
            assert why
            continue
        found[model] = steps(compiled)[-1]
        assert compiled.output is not None
        assert compiled.output.text
    assert set(found.values()) <= {"native", "tool", "offer"}
    assert len(found) > 5


wishes = st.fixed_dictionaries(
    {},
    optional={
        "tool_choice": st.sampled_from([None, "none", "required", "weather"]),
        "parallel_tool_calls": st.booleans(),
        "structured_output": st.sampled_from(["auto", "native", "tool", "two_pass"]),
        "reasoning_effort": st.sampled_from(["none", "low"]),
        "api_type": st.sampled_from(["responses", "chat_completions", "invoke", "converse"]),
        "tools": st.sampled_from([[], [WEATHER], [WEATHER, Tool("Person", parameters=CITY, strict=True)]]),
    },
)


NATIVE_ELSEWHERE: dict[str, Any] = {"tools": [], "structured_output": "native"}
"""What Grok's first door refuses and another one takes."""


@settings(max_examples=examples(300), deadline=None)
@example(model="grok-4.6", fields=NATIVE_ELSEWHERE, called=False)
@given(model=st.sampled_from(sorted(RULES.table("model"))), fields=wishes, called=st.booleans())
def test_the_passes_settle_and_every_leaf_has_an_origin(
    model: str, fields: dict[str, Any], called: bool
) -> None:
    given = {"tools": [WEATHER], "response_format": PERSON, **fields}
    if not given["tools"]:
        del given["tools"]
        given.pop("tool_choice", None)
    request: Any = MessageRequest(messages=ASKED, **given) if called else TextRequest(prompt="hi", **given)
    try:
        compiled = smartllm.compile(request, model=model, rules=RULES, level="ignore")
    except CompileError as error:
        if getattr(error, "fact", "") or "served on" in str(error):
            return
        raise
    assert all(origin is not None for origin in compiled.origins.values())
    assert compiled.output is not None
    assert compiled.output.lowered is not None
    settled(request, target_of(compiled, RULES))
