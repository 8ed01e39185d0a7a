"""The passes over tools: nothing is lost in silence, and they change nothing that they have settled."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from how_many import examples
from hypothesis import given, settings
from hypothesis import strategies as st
from model_facts import takes_tools
from settled import settled, target_of
from tool_plans import (
    CITY,
    CLOCK,
    CLOSED,
    EXTRA,
    RULES,
    told,
)

import smartllm
from smartllm import MessageRequest, TextRequest, Tool
from smartllm.compiler.intent import Choice
from smartllm.compiler.passes.tools import tools as tools_pass
from smartllm.compiler.planned import intent_of
from smartllm.compiler.target import choose_target
from smartllm.errors import CompileError


def test_the_pass_changes_nothing_that_it_has_settled() -> None:
    request = MessageRequest(
        messages=[smartllm.Message("user", "hi")],
        tools=[Tool("a-b", parameters=CITY, strict=True), CLOCK],
        tool_choice=["a-b"],
        parallel_tool_calls=False,
    )
    for model in sorted(takes_tools("bedrock_converse")):
        target, _ = choose_target(request, "bedrock", model, RULES)
        before, trace = intent_of(request, target, {})
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


@settings(max_examples=examples(400), deadline=None)
@given(st.sampled_from(sorted(RULES.table("model"))), wishes, choices)
def test_nothing_is_lost_in_silence_and_the_passes_settle(
    model: str, fields: dict[str, Any], choice: Any
) -> None:
    asked = [tool.name for tool in fields["tools"]]
    fields = fields | {"tool_choice": asked[:choice] if isinstance(choice, int) else choice}
    request = TextRequest(prompt="hi", **fields)
    try:
        compiled = smartllm.compile(request, model=model, rules=RULES, level="ignore")
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
    trace = settled(request, target_of(compiled, RULES))
    assert all(change.asked != change.applied for change in trace.changes)
