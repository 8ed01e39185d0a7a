"""Spelling an intent as OpenAI's Responses."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from smartllm.compiler.body import Body
from smartllm.compiler.dialects.marks import set_prompt_cache
from smartllm.compiler.dialects.openai_responses.fields import FIELDS
from smartllm.compiler.dialects.openai_responses.tools import calling, set_tools
from smartllm.compiler.dialects.spelling import (
    Spell,
    add_tool,
    effort_reason,
    set_forced,
    set_limit,
    set_messages,
    set_parallel,
    set_parameters,
)
from smartllm.compiler.intent import Intent, OutputPlan
from smartllm.compiler.trace import Reason, Trace, fact
from smartllm.rules.vocabulary import Facts


def encode(body: Body, intent: Intent, facts: Facts, trace: Trace) -> None:
    """Spell the intent."""
    body.set("model", intent.model, trace.reason("model"))
    if intent.system is not None and facts.system == "instructions":
        body.set("instructions", intent.system, trace.reason("system_prompt"))
    # OpenAI lets the type be left out; llama.cpp refuses an assistant turn without it (tried 2026-11-23).
    set_messages(body, intent, facts, trace, path=FIELDS.turns, kind={"type": "message"}, calling=calling)
    set_limit(body, intent, facts, trace)
    set_parameters(body, intent, facts, trace, FIELDS, _OWN)
    if intent.thinking is not None:
        body.set("reasoning.effort", intent.thinking.effort, effort_reason(trace))
    if intent.verbosity is not None:
        body.set("text.verbosity", intent.verbosity, trace.reason("verbosity"))
    unstored = intent.extra.get("store") is False or intent.parameters.get("store") is False
    if unstored and facts.carry.include:
        body.append("include", "reasoning.encrypted_content", fact("carry.include"))
    if intent.tools:
        set_tools(body, intent, trace)
    if intent.bound is not None:
        _set_output(body, intent, intent.bound, facts)
    set_parallel(body, intent, trace)
    set_prompt_cache(body, intent, facts, trace, turns=FIELDS.turns, text={"type": "input_text"})


def _set_logprobs(body: Body, intent: Intent, value: bool, because: Reason) -> None:
    if value and "top_logprobs" not in intent.parameters:
        body.append("include", "message.output_text.logprobs", because)


def _set_top_logprobs(body: Body, _intent: Intent, value: int, because: Reason) -> None:
    body.append("include", "message.output_text.logprobs", because)
    body.set("top_logprobs", value, because)


_OWN: Final[Mapping[str, Spell]] = {"logprobs": _set_logprobs, "top_logprobs": _set_top_logprobs}


def _set_output(body: Body, intent: Intent, plan: OutputPlan, facts: Facts) -> None:
    because = Reason("request", "response_format")
    if plan.strategy == "native" and plan.json_object:
        body.set("text.format", {"type": "json_object"}, because)
        return
    if plan.strategy == "native":
        named: dict[str, Any] = {"type": "json_schema", "name": plan.name, "schema": plan.wire_schema}
        if facts.structured.strict:
            named["strict"] = True
        body.set("text.format", named, because)
        return
    function: dict[str, Any] = {"type": "function", "name": plan.name, "parameters": plan.wire_schema}
    if facts.structured.strict:
        function["strict"] = False  # the API's own default is true
    if plan.description:
        function["description"] = plan.description
    add_tool(body, "tools", function, because)
    if plan.strategy == "tool" and intent.tool_choice is None:
        set_forced(body, {"type": "function", "name": plan.name}, facts)
