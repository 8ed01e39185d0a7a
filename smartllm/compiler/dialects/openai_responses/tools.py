"""Tools in the words of OpenAI's Responses."""

from __future__ import annotations

from itertools import groupby
from typing import TYPE_CHECKING, Any, Final

from smartllm.compiler.body import Body
from smartllm.compiler.dialects import spelling
from smartllm.compiler.dialects.blocks import as_written, listed
from smartllm.compiler.dialects.openai_responses.fields import FIELDS
from smartllm.compiler.dialects.openai_responses.media import spelled
from smartllm.compiler.dialects.spelling import arguments_text
from smartllm.compiler.intent import Choice, Intent, ToolPlan, Turn
from smartllm.compiler.own_tools import custom_names
from smartllm.compiler.tool_names import wire_name
from smartllm.compiler.trace import Trace
from smartllm.own_parts import place_in
from smartllm.rules.vocabulary.input import MEDIA
from smartllm.text_parts import Text

if TYPE_CHECKING:
    from smartllm.content import InputPart, ToolCall, ToolResult

_INPUT: Final = {"type": "input_text"}


def set_tools(body: Body, intent: Intent, trace: Trace) -> None:
    """Spell the tools, and the choice among them."""
    spelling.set_tools(body, intent, trace, path="tools", spelled=_spelled)
    if intent.tool_choice is not None:
        body.set(FIELDS.choice, _choice(intent, intent.tool_choice), trace.reason("tool_choice"))


def _spelled(tool: ToolPlan, name: str) -> dict[str, Any]:
    assert tool.lowered is not None
    function = spelling.function_of(tool, name, parameters=tool.lowered.schema)
    return {"type": "function", **function}


def _choice(intent: Intent, choice: Choice) -> Any:
    if not choice.names:
        return choice.mode
    custom = custom_names(intent)
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
    if turn.own or turn.media or turn.points:
        return [item for run in _runs(turn) for item in _in_place(run, turn, intent)]
    items = [_told(result, intent) for result in turn.results]
    if turn.calls:
        items += spelling.spoken(turn, {"type": "message"})
    return [*items, *(_called(call, intent) for call in turn.calls)]


def _told(result: ToolResult, intent: Intent) -> dict[str, Any]:
    kind = "custom_tool_call" if result.call_id in intent.custom else "function_call"
    output = listed(result.content, text=_INPUT, media=spelled) if result.parts else result.content
    return {"type": f"{kind}_output", "call_id": result.call_id, "output": output}


def _called(call: ToolCall, intent: Intent) -> dict[str, Any]:
    named = {"call_id": call.id, "name": wire_name(intent, call.name)}
    if call.custom:
        return {"type": "custom_tool_call", **named, "input": call.arguments}
    return {"type": "function_call", **named, "arguments": arguments_text(call, intent)}


def _runs(turn: Turn) -> list[list[InputPart]]:
    """The parts in order; those that one message says stand together."""

    def is_said(part: InputPart) -> bool:
        return isinstance(part, Text) or _is_content(part, turn.role)

    return [list(run) for _, run in groupby(turn.parts, is_said)]


def _is_content(part: InputPart, role: str) -> bool:
    if part.type in MEDIA or part.type == "cache_point":
        return True
    return part.type == "other" and place_in(part, role, "openai_responses") == "content"


def _in_place(run: list[InputPart], turn: Turn, intent: Intent) -> list[dict[str, Any]]:
    """The items of parts that stand together."""
    if any(_is_content(part, turn.role) for part in run):
        return [{"type": "message", "role": "user", "content": listed(run, text=_INPUT, media=spelled)}]
    items: list[dict[str, Any]] = []
    for part in run:
        if isinstance(part, Text):
            items += spelling.spoken(turn._replace(parts=(part,)), {"type": "message"})
        elif part.type == "other":
            items.append(as_written(part))
        elif part.type == "tool_result":
            items.append(_told(part, intent))
        elif part.type == "tool_call":
            items.append(_called(part, intent))
    return items
