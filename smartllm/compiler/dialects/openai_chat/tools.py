"""Tools in the words of OpenAI's Chat Completions."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from smartllm.compiler.body import Body
from smartllm.compiler.dialects import spelling
from smartllm.compiler.dialects.blocks import as_written, listed
from smartllm.compiler.dialects.openai_chat.fields import FIELDS
from smartllm.compiler.dialects.openai_chat.media import spelled
from smartllm.compiler.dialects.spelling import arguments_text
from smartllm.compiler.intent import Choice, Intent, ToolPlan, Turn
from smartllm.compiler.own_tools import custom_names
from smartllm.compiler.tool_names import wire_name
from smartllm.compiler.trace import Trace
from smartllm.errors import UnsupportedError
from smartllm.own_parts import is_content
from smartllm.text_parts import Reasoning, Text

if TYPE_CHECKING:
    from smartllm.content import InputPart, ToolCall


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


def calling(turn: Turn, intent: Intent) -> list[dict[str, Any]]:
    """The message of a turn with calls, with media or with what goes in the wire's words, or its results'."""
    if turn.role == "assistant":
        return [_answered(turn, intent)]
    told: list[dict[str, Any]] = [
        {"role": "tool", "tool_call_id": result.call_id, "content": result.content} for result in turn.results
    ]
    return [*told, _said(turn)] if turn.own or turn.media or turn.points else told


def _said(turn: Turn) -> dict[str, Any]:
    """The message of a user who says more than texts."""
    fields = _fields(turn)
    said = [part for part in turn.parts if part.type != "tool_result" and not _is_field(part)]
    if fields and all(isinstance(part, Text) for part in said):
        return {"role": "user", "content": "\n\n".join(turn.texts), **fields}
    return {"role": "user", "content": listed(said, text={"type": "text"}, media=spelled), **fields}


def _answered(turn: Turn, intent: Intent) -> dict[str, Any]:
    """The message of an answer with calls, with reasoning that goes back, or with own parts."""
    content: list[dict[str, Any]] = []
    for part in turn.parts:
        if isinstance(part, Text):
            content.append({"type": "text", "text": part.text})
        elif isinstance(part, Reasoning):
            content += [block for block in part.blocks if "type" in block]
        elif part.type == "other" and not _is_field(part):
            content.append(as_written(part))
    plain = all(part["type"] == "text" for part in content)
    message: dict[str, Any] = {
        "role": "assistant",
        "content": ("\n\n".join(turn.texts) or None) if plain else content,
    }
    if turn.calls:
        message["tool_calls"] = [_call(call, intent) for call in turn.calls]
    return message | _fields(turn)


def _is_field(part: InputPart) -> bool:
    return part.type == "other" and not is_content(part)


def _fields(turn: Turn) -> dict[str, Any]:
    """What stands in fields of the message: reasoning as it came, and what the caller has in own words.

    Raises:
        UnsupportedError: Two parts say something else of the same field.
    """
    fields: dict[str, Any] = {}
    own = (as_written(part) for part in turn.own if _is_field(part))
    for said in (*(block for block in turn.blocks if "type" not in block), *own):
        for name, value in said.items():
            if fields.setdefault(name, value) != value:
                raise UnsupportedError(
                    f"messages: parts of a message set its field {name!r} twice: {fields[name]!r}, {value!r}",
                    field="messages",
                    hint="give each message one part with the field, or leave one of them out",
                )
    return fields


def _call(call: ToolCall, intent: Intent) -> dict[str, Any]:
    name = wire_name(intent, call.name)
    if call.custom:
        return {"id": call.id, "type": "custom", "custom": {"name": name, "input": call.arguments}}
    function = {"name": name, "arguments": arguments_text(call, intent)}
    return {"id": call.id, "type": "function", "function": function}
