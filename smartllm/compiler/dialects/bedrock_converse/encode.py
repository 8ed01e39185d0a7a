"""Spelling an intent as Bedrock's Converse."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from smartllm.compiler.body import Body
from smartllm.compiler.dialects.anthropic_messages.encode import set_thinking
from smartllm.compiler.dialects.bedrock_converse.fields import EXTRA, FIELDS
from smartllm.compiler.dialects.bedrock_converse.media import note_unseen_pages, spelled
from smartllm.compiler.dialects.bedrock_converse.service import OWN
from smartllm.compiler.dialects.bedrock_converse.tools import called, set_parallel, set_tools, told
from smartllm.compiler.dialects.blocks import blocks_of
from smartllm.compiler.dialects.marks import POINT, note_placed, timed
from smartllm.compiler.dialects.spelling import add_tool, effort_reason, set_limit, set_parameters
from smartllm.compiler.intent import Intent, OutputPlan
from smartllm.compiler.trace import Reason, Trace, fact
from smartllm.rules.vocabulary import Facts

if TYPE_CHECKING:
    from smartllm.content import CachePoint


def encode(body: Body, intent: Intent, facts: Facts, trace: Trace) -> None:
    """Spell the intent."""
    _set_messages(body, intent, facts, trace)
    note_unseen_pages(intent, facts, trace)
    set_limit(body, intent, facts, trace)
    set_parameters(body, intent, facts, trace, FIELDS, OWN)
    if intent.thinking is not None and intent.thinking.mode == "effort":
        _set_effort(body, intent, facts, trace)
    else:
        set_thinking(body, intent, facts, trace, prefix=f"{EXTRA}.")
    if intent.tools:
        set_tools(body, intent, trace)
    if intent.bound is not None:
        _set_output(body, intent, intent.bound, facts)
    set_parallel(body, intent, trace)


def _set_messages(body: Body, intent: Intent, facts: Facts, trace: Trace) -> None:
    turns: list[dict[str, Any]] = [
        {
            "role": turn.role,
            "content": blocks_of(
                turn, intent, text={}, called=called, told=told, media=spelled, marked=_marked
            ),
        }
        for turn in intent.turns
    ]
    if intent.system is not None and facts.system == "user":  # models that have no system field
        first = next((index for index, turn in enumerate(intent.turns) if turn.role == "user"), 0)
        turns[first]["content"] = [{"text": intent.system}, *turns[first]["content"]]
        body.note(("messages", first, "content", 0, "text"), trace.reason("system_prompt"))
    body.set("messages", turns, trace.reason("messages"))
    note_placed(body, intent, trace, POINT)
    if intent.system is not None and facts.system != "user":
        body.set("system", [{"text": intent.system}], trace.reason("system_prompt"))
        _mark_system(body, intent, trace)


def _mark_system(body: Body, intent: Intent, trace: Trace) -> None:
    mark = None if intent.caching is None else intent.caching.system
    if mark is not None:
        body.data["system"].append({POINT: timed("default", mark)})
        body.note(("system", 1), trace.reason("prompt_cache" if mark.automatic else "messages"))


def _marked(blocks: list[dict[str, Any]], point: CachePoint) -> None:
    blocks.append({POINT: timed("default", point)})


def _set_effort(body: Body, intent: Intent, facts: Facts, trace: Trace) -> None:
    """Spell a bare effort, which each family takes under a key of its own."""
    assert intent.thinking is not None
    place = f"{EXTRA}.{facts.effort.place}"
    if facts.effort.place == "reasoningConfig":
        body.set(f"{place}.type", "enabled", fact("thinking.modes"))
        place += ".maxReasoningEffort"
    body.set(place, intent.thinking.effort, effort_reason(trace))


def _set_output(body: Body, intent: Intent, plan: OutputPlan, facts: Facts) -> None:
    because = Reason("request", "response_format")
    if plan.strategy == "native":
        # The schema is JSON text here, not an object (bedrock_runtime facts §1.2).
        schema = json.dumps(plan.wire_schema, ensure_ascii=False)
        named = {"schema": schema, "name": plan.name}
        body.set(
            "outputConfig.textFormat", {"type": "json_schema", "structure": {"jsonSchema": named}}, because
        )
        return
    spec = {"name": plan.name, "inputSchema": {"json": plan.wire_schema}}
    if plan.description:
        spec["description"] = plan.description
    add_tool(body, "toolConfig.tools", {"toolSpec": spec}, because)
    if plan.strategy == "tool" and intent.tool_choice is None:
        by_name = facts.tools.choice == "named"
        choice: dict[str, Any] = {"tool": {"name": plan.name}} if by_name else {"any": {}}
        body.set(FIELDS.choice, choice, fact("tools.forced" if by_name else "tools.choice"))
