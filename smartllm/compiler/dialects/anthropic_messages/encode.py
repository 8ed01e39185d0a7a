"""Spelling an intent as Claude's Messages."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from smartllm.compiler.body import Body
from smartllm.compiler.dialects.anthropic_messages.fields import FIELDS
from smartllm.compiler.dialects.anthropic_messages.media import spelled
from smartllm.compiler.dialects.anthropic_messages.service import OWN
from smartllm.compiler.dialects.anthropic_messages.tools import called, set_parallel, set_tools, told
from smartllm.compiler.dialects.blocks import blocks_of
from smartllm.compiler.dialects.marks import CONTROL, note_placed, timed
from smartllm.compiler.dialects.spelling import add_tool, effort_reason, set_limit, set_parameters
from smartllm.compiler.intent import Intent, OutputPlan, Turn
from smartllm.compiler.trace import Reason, Trace, fact
from smartllm.rules.vocabulary import Facts

if TYPE_CHECKING:
    from smartllm.content import CachePoint

_PLAIN: Final = {"type", "text"}
"""Keys of a text that says nothing else."""


def encode(body: Body, intent: Intent, facts: Facts, trace: Trace) -> None:
    """Spell the intent."""
    set_limit(body, intent, facts, trace)
    if intent.system is not None:
        _set_system(body, intent, intent.system, trace)
    turns = [{"role": turn.role, "content": _content(turn, intent)} for turn in intent.turns]
    body.set(FIELDS.turns, turns, trace.reason("messages"))
    note_placed(body, intent, trace, CONTROL)
    set_parameters(body, intent, facts, trace, FIELDS, OWN)
    set_thinking(body, intent, facts, trace, prefix="")
    if intent.tools:
        set_tools(body, intent, trace)
    if intent.bound is not None:
        _set_output(body, intent, intent.bound)
    set_parallel(body, intent, trace)


def set_thinking(body: Body, intent: Intent, facts: Facts, trace: Trace, *, prefix: str) -> None:
    """Spell Claude's thinking fields, at the top of the body or under ``prefix``."""
    plan = intent.thinking
    if plan is None:
        return
    if plan.mode == "off":
        body.set(f"{prefix}thinking.type", facts.thinking.off, fact("thinking.off"))
        return
    if plan.mode == "budget":
        body.set(f"{prefix}thinking.type", "enabled", fact("thinking.modes"))
        body.set(f"{prefix}thinking.budget_tokens", plan.budget, trace.reason("budget_tokens"))
        return
    body.set(f"{prefix}thinking.type", "adaptive", fact("thinking.modes"))
    if plan.effort is not None:
        body.set(f"{prefix}output_config.effort", plan.effort, effort_reason(trace))


def _set_system(body: Body, intent: Intent, text: str, trace: Trace) -> None:
    mark = None if intent.caching is None else intent.caching.system
    if mark is None:
        body.set("system", text, trace.reason("system_prompt"))
        return
    block = {"type": "text", "text": text, CONTROL: timed("ephemeral", mark)}
    body.set("system", [block], trace.reason("system_prompt"))
    body.note(("system", 0, CONTROL), trace.reason("prompt_cache" if mark.automatic else "messages"))


def _marked(blocks: list[dict[str, Any]], point: CachePoint) -> None:
    blocks[-1] = {**blocks[-1], CONTROL: timed("ephemeral", point)}


def _content(turn: Turn, intent: Intent) -> str | list[dict[str, Any]]:
    blocks = blocks_of(
        turn, intent, text={"type": "text"}, called=called, told=told, media=spelled, marked=_marked
    )
    if len(blocks) == 1 and blocks[0].keys() == _PLAIN:
        text: str = blocks[0]["text"]
        return text
    return blocks


def _set_output(body: Body, intent: Intent, plan: OutputPlan) -> None:
    because = Reason("request", "response_format")
    if plan.strategy == "native":
        body.set("output_config.format", {"type": "json_schema", "schema": plan.wire_schema}, because)
        return
    tool = {"name": plan.name, "input_schema": plan.wire_schema}
    if plan.description:
        tool["description"] = plan.description
    add_tool(body, "tools", tool, because)
    if plan.strategy == "tool" and intent.tool_choice is None:
        body.set(FIELDS.choice, {"type": "tool", "name": plan.name}, fact("tools.forced"))
