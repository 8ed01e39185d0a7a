"""Tools in the words of OpenAI's Responses."""

from __future__ import annotations

from typing import Any

from smartllm.compiler.body import Body
from smartllm.compiler.dialects import spelling
from smartllm.compiler.dialects.openai_responses.fields import FIELDS
from smartllm.compiler.dialects.spelling import arguments_text
from smartllm.compiler.intent import Choice, Intent, ToolPlan, Turn
from smartllm.compiler.own_tools import kind_of, own_name
from smartllm.compiler.tool_names import wire_name
from smartllm.compiler.trace import Trace


def set_tools(body: Body, intent: Intent, trace: Trace) -> None:
    """Spell the tools, and the choice among them."""
    spelling.set_tools(body, intent, trace, path="tools", spelled=_spelled)
    if intent.tool_choice is not None:
        body.set(FIELDS.choice, _choice(intent, intent.tool_choice), trace.reason("tool_choice"))


def _spelled(tool: ToolPlan, name: str) -> dict[str, Any]:
    assert tool.lowered is not None
    function: dict[str, Any] = {"type": "function", "name": name, "parameters": tool.lowered.schema}
    if tool.description:
        function["description"] = tool.description
    if tool.strict is not None:
        function["strict"] = tool.strict
    return function


def _choice(intent: Intent, choice: Choice) -> Any:
    if not choice.names:
        return choice.mode
    custom = {
        own_name(own) for own in intent.tools if not isinstance(own, ToolPlan) and kind_of(own) == "custom"
    }
    tools = [
        {"type": "custom" if name in custom else "function", "name": wire_name(intent, name)}
        for name in choice.names
    ]
    if len(tools) == 1 and choice.mode == "required":
        return tools[0]
    return {"type": "allowed_tools", "mode": choice.mode, "tools": tools}


def calling(turn: Turn, intent: Intent) -> list[dict[str, Any]]:
    """The items of a turn with calls, or the results of one; those of an answer go back as they came."""
    if turn.blocks:
        return turn.blocks
    items: list[dict[str, Any]] = []
    for result in turn.results:
        kind = "custom_tool_call" if result.call_id in intent.custom else "function_call"
        items.append({"type": f"{kind}_output", "call_id": result.call_id, "output": result.content})
    if turn.calls:
        items += spelling.spoken(turn, {"type": "message"})
    for call in turn.calls:
        named = {"call_id": call.id, "name": wire_name(intent, call.name)}
        if call.custom:
            items.append({"type": "custom_tool_call", **named, "input": call.arguments})
        else:
            items.append({"type": "function_call", **named, "arguments": arguments_text(call, intent)})
    return items
