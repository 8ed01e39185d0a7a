"""Tools in the words of OpenAI's Chat Completions."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from smartllm.compiler.body import Body
from smartllm.compiler.dialects import spelling
from smartllm.compiler.dialects.blocks import listed
from smartllm.compiler.dialects.openai_chat.fields import FIELDS
from smartllm.compiler.dialects.openai_chat.media import spelled
from smartllm.compiler.dialects.openai_chat.own import fields_of, is_field, with_own, without_own
from smartllm.compiler.dialects.spelling import arguments_text
from smartllm.compiler.intent import Choice, Intent, ToolPlan, Turn
from smartllm.compiler.own_tools import custom_names
from smartllm.compiler.tool_names import wire_name
from smartllm.compiler.trace import Trace
from smartllm.rules.vocabulary import Facts
from smartllm.text_parts import Reasoning

if TYPE_CHECKING:
    from smartllm.content import ToolCall


def set_tools(body: Body, intent: Intent, trace: Trace) -> None:
    """Spell the tools, and the choice among them."""
    spelling.set_tools(body, intent, trace, path="tools", spelled=_spelled, inside=("function",))
    if intent.tool_choice is not None:
        body.set(FIELDS.choice, _choice(intent, intent.tool_choice), trace.reason("tool_choice"))


def _spelled(tool: ToolPlan, name: str) -> dict[str, Any]:
    assert tool.lowered is not None
    function = spelling.function_of(tool, name, parameters=tool.lowered.schema)
    return {"type": "function", "function": function}


def _choice(intent: Intent, choice: Choice) -> Any:
    if not choice.names:
        return choice.mode
    custom = custom_names(intent)
    tools: list[dict[str, Any]] = []
    for name in choice.names:
        kind = "custom" if name in custom else "function"
        tools.append({"type": kind, kind: {"name": wire_name(intent, name)}})
    if len(tools) == 1 and choice.mode == "required":
        return tools[0]
    return {"type": "allowed_tools", "allowed_tools": {"mode": choice.mode, "tools": tools}}


def calling(turn: Turn, intent: Intent, facts: Facts) -> list[dict[str, Any]]:
    """The message of a turn with calls, reasoning, media or parts in the wire's words, or its results'."""
    if turn.own and turn.role == "assistant":
        (message,) = calling(without_own(turn), intent, facts)
        return [with_own(message, turn)]
    if turn.results or turn.own or turn.media or turn.points:
        told: list[dict[str, Any]] = [
            {"role": "tool", "tool_call_id": result.call_id, "content": result.content}
            for result in turn.results
        ]
        return [*told, _said(turn)] if turn.own or turn.media or turn.points else told
    calls = [_call(call, intent) for call in turn.calls]
    said: dict[str, Any] = {"role": "assistant", "content": "\n\n".join(turn.texts) or None}
    if turn.reasoning:
        said |= _thought(turn.reasoning, said["content"], facts)
    return [{**said, "tool_calls": calls} if calls else said]


def _thought(reasoning: Iterable[Reasoning], text: str | None, facts: Facts) -> dict[str, Any]:
    """What the message of an assistant says beside its calls, with its reasoning."""
    place = facts.carry.place
    shown = "\n\n".join(part.text for part in reasoning if part.text)
    if place == "content":
        thinking = {"type": "thinking", "thinking": [{"type": "text", "text": shown}]}
        return {"content": [thinking, *([{"type": "text", "text": text}] if text else [])]}
    details = [block for part in reasoning for block in part.blocks]
    return {"reasoning_details": details} if details and place == "reasoning" else {place: shown}


def _said(turn: Turn) -> dict[str, Any]:
    """The message of a user who says more than texts."""
    said = [part for part in turn.parts if part.type != "tool_result" and not is_field(part)]
    if all(part.type == "text" for part in said):
        content: Any = "\n\n".join(turn.texts)
    else:
        content = listed(said, text={"type": "text"}, media=spelled)
    return {"role": "user", "content": content, **fields_of(turn.parts)}


def _call(call: ToolCall, intent: Intent) -> dict[str, Any]:
    name = wire_name(intent, call.name)
    if call.custom:
        return {"id": call.id, "type": "custom", "custom": {"name": name, "input": call.arguments}}
    function = {"name": name, "arguments": arguments_text(call, intent)}
    return {"id": call.id, "type": "function", "function": function}
