"""Tools in the words of Claude's Messages."""

from __future__ import annotations

from typing import Any

from smartllm.compiler.body import Body
from smartllm.compiler.dialects import spelling
from smartllm.compiler.dialects.anthropic_messages.fields import FIELDS
from smartllm.compiler.dialects.spelling import arguments_of
from smartllm.compiler.intent import Intent, ToolPlan, Turn
from smartllm.compiler.tool_names import wire_name
from smartllm.compiler.trace import Trace, fact


def set_tools(body: Body, intent: Intent, trace: Trace) -> None:
    """Spell the tools, and the choice among them."""
    spelling.set_tools(body, intent, trace, path="tools", spelled=_spelled)
    choice = intent.tool_choice
    if choice is not None and choice.names:
        (name,) = choice.names
        body.set(
            FIELDS.choice, {"type": "tool", "name": wire_name(intent, name)}, trace.reason("tool_choice")
        )
    elif choice is not None:
        kind = "any" if choice.mode == "required" else "none"
        body.set(f"{FIELDS.choice}.type", kind, trace.reason("tool_choice"))


def set_parallel(body: Body, intent: Intent, trace: Trace) -> None:
    """Spell that one tool is called at most, in a choice that is there or says so alone."""
    if intent.parallel is False and "tools" in body.data:
        if FIELDS.choice not in body.data:
            body.set(f"{FIELDS.choice}.type", "auto", fact("tools.parallel"))
        place = f"{FIELDS.choice}.disable_parallel_tool_use"
        body.set(place, True, trace.reason("parallel_tool_calls"))


def _spelled(tool: ToolPlan, name: str) -> dict[str, Any]:
    assert tool.lowered is not None
    spelled: dict[str, Any] = {"name": name, "input_schema": tool.lowered.schema}
    if tool.description:
        spelled["description"] = tool.description
    if tool.strict is not None:
        spelled["strict"] = tool.strict
    return spelled


def calls_in(turn: Turn, intent: Intent) -> list[dict[str, Any]]:
    """The blocks of a turn's calls."""
    return [
        {
            "type": "tool_use",
            "id": call.id,
            "name": wire_name(intent, call.name),
            "input": arguments_of(call, intent),
        }
        for call in turn.calls
    ]


def results_in(turn: Turn) -> list[dict[str, Any]]:
    """The blocks of a turn's results."""
    blocks: list[dict[str, Any]] = []
    for result in turn.results:
        block = {"type": "tool_result", "tool_use_id": result.call_id}
        if result.content:
            block["content"] = result.content
        blocks.append(block | {"is_error": True} if result.error else block)
    return blocks
