"""Spelling an intent as OpenAI's Chat Completions."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import Any, Final

from smartllm.compiler.body import Body
from smartllm.compiler.dialects.marks import set_prompt_cache
from smartllm.compiler.dialects.openai_chat.fields import FIELDS
from smartllm.compiler.dialects.openai_chat.tools import calling, set_tools
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
from smartllm.compiler.intent import Intent, OutputPlan, ThinkingPlan
from smartllm.compiler.trace import Reason, Trace, fact
from smartllm.rules.vocabulary import Facts


def encode(body: Body, intent: Intent, facts: Facts, trace: Trace) -> None:
    """Spell the intent."""
    body.set("model", intent.model, trace.reason("model"))
    set_messages(
        body, intent, facts, trace, path=FIELDS.turns, kind={}, calling=partial(calling, facts=facts)
    )
    set_limit(body, intent, facts, trace)
    set_parameters(body, intent, facts, trace, FIELDS, _OWN)
    if intent.thinking is not None:
        _set_thinking(body, intent.thinking, facts, trace)
    if intent.verbosity is not None:
        body.set("verbosity", intent.verbosity, trace.reason("verbosity"))
    if intent.tools:
        set_tools(body, intent, trace)
    if intent.bound is not None:
        _set_output(body, intent, intent.bound, facts)
    set_parallel(body, intent, trace)
    set_prompt_cache(body, intent, facts, trace, turns=FIELDS.turns, text={"type": "text"})


def _set_thinking(body: Body, plan: ThinkingPlan, facts: Facts, trace: Trace) -> None:
    if plan.mode == "off":
        body.set("thinking.type", facts.thinking.off, fact("thinking.off"))
        return
    path = "reasoning.effort" if facts.effort.place == "reasoning" else "reasoning_effort"
    body.set(path, plan.effort, effort_reason(trace))


def _set_top_logprobs(body: Body, intent: Intent, value: int, because: Reason) -> None:
    if "logprobs" not in intent.parameters:  # one without the other is refused
        body.set("logprobs", True, because)
    body.set("top_logprobs", value, because)


_OWN: Final[Mapping[str, Spell]] = {"top_logprobs": _set_top_logprobs}


def _set_output(body: Body, intent: Intent, plan: OutputPlan, facts: Facts) -> None:
    because = Reason("request", "response_format")
    if plan.strategy == "native" and plan.json_object:
        body.set("response_format", {"type": "json_object"}, because)
        return
    if plan.strategy == "native":
        named: dict[str, Any] = {"name": plan.name, "schema": plan.wire_schema}
        if facts.structured.strict:
            named["strict"] = True
        body.set("response_format", {"type": "json_schema", "json_schema": named}, because)
        return
    function = {"name": plan.name, "parameters": plan.wire_schema}
    if plan.description:
        function["description"] = plan.description
    add_tool(body, "tools", {"type": "function", "function": function}, because)
    if plan.strategy == "tool" and intent.tool_choice is None:
        set_forced(body, {"type": "function", "function": {"name": plan.name}}, facts)
