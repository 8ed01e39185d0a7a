"""Tools in the words of Claude's Messages."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from smartllm.compiler.body import Body
from smartllm.compiler.dialects import spelling
from smartllm.compiler.dialects.anthropic_messages.fields import FIELDS
from smartllm.compiler.dialects.anthropic_messages.media import spelled
from smartllm.compiler.dialects.blocks import listed
from smartllm.compiler.dialects.marks import CONTROL, mark_tools, timed
from smartllm.compiler.dialects.spelling import arguments_of
from smartllm.compiler.intent import Intent, ToolPlan
from smartllm.compiler.marks import Mark
from smartllm.compiler.tool_names import wire_name
from smartllm.compiler.trace import Trace, fact

if TYPE_CHECKING:
    from smartllm.content import ToolCall, ToolResult


def set_tools(body: Body, intent: Intent, trace: Trace) -> None:
    """Spell the tools, and the choice among them."""
    spelling.set_tools(body, intent, trace, path="tools", spelled=_spelled)
    mark_tools(body, intent, trace, path="tools", marked=_marked)
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
    return spelling.function_of(tool, name, input_schema=tool.lowered.schema)


def _marked(tool: Mapping[str, Any], mark: Mark) -> list[Mapping[str, Any]]:
    return [{**tool, CONTROL: timed("ephemeral", mark)}]


def called(call: ToolCall, intent: Intent) -> dict[str, Any]:
    """The block of a call."""
    named = {"type": "tool_use", "id": call.id, "name": wire_name(intent, call.name)}
    return {**named, "input": arguments_of(call, intent), **call.own}


def told(result: ToolResult) -> dict[str, Any]:
    """The block of a result."""
    block: dict[str, Any] = {"type": "tool_result", "tool_use_id": result.call_id}
    if result.parts:
        block["content"] = listed(result.content, text={"type": "text"}, media=spelled)
    elif result.content:
        block["content"] = result.content
    return block | {"is_error": True} if result.error else block
