"""Tools in the words of Bedrock's Converse."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Final

from smartllm.compiler.body import Body
from smartllm.compiler.dialects import spelling
from smartllm.compiler.dialects.bedrock_converse.fields import EXTRA, FIELDS
from smartllm.compiler.dialects.bedrock_converse.media import spelled as spelled_media
from smartllm.compiler.dialects.blocks import listed
from smartllm.compiler.dialects.marks import POINT, mark_tools, timed
from smartllm.compiler.dialects.spelling import arguments_of
from smartllm.compiler.intent import Intent, ToolPlan
from smartllm.compiler.marks import Mark
from smartllm.compiler.tool_names import wire_name
from smartllm.compiler.trace import Trace, fact

if TYPE_CHECKING:
    from smartllm.content import ToolCall, ToolResult

_CLAUDES: Final = f"{EXTRA}.tool_choice"
"""Where Claude has what Converse has no form for."""


def set_tools(body: Body, intent: Intent, trace: Trace) -> None:
    """Spell the tools, and the choice among them."""
    spelling.set_tools(body, intent, trace, path="toolConfig.tools", spelled=_spelled, inside=("toolSpec",))
    mark_tools(body, intent, trace, path="toolConfig.tools", marked=_marked)
    choice, because = intent.tool_choice, trace.reason("tool_choice")
    if choice is not None and choice.mode == "none":
        body.set(f"{_CLAUDES}.type", "none", because)
        return
    if choice is not None:
        named: dict[str, Any] = {"any": {}}
        for name in choice.names:
            named = {"tool": {"name": wire_name(intent, name)}}
        body.set(FIELDS.choice, named, because)


def set_parallel(body: Body, intent: Intent, trace: Trace) -> None:
    """Spell that one tool is called at most."""
    if intent.parallel is False and "toolConfig" in body.data:
        if "toolChoice" not in body.data["toolConfig"]:  # where there is one, Converse makes a type of it
            body.set(f"{_CLAUDES}.type", "auto", fact("tools.parallel"))
        body.set(f"{_CLAUDES}.disable_parallel_tool_use", True, trace.reason("parallel_tool_calls"))


def _spelled(tool: ToolPlan, name: str) -> dict[str, Any]:
    assert tool.lowered is not None
    return {"toolSpec": spelling.function_of(tool, name, inputSchema={"json": tool.lowered.schema})}


def _marked(tool: Mapping[str, Any], mark: Mark) -> list[Mapping[str, Any]]:
    return [tool, {POINT: timed("default", mark)}]


def called(call: ToolCall, intent: Intent) -> dict[str, Any]:
    """The block of a call."""
    named = {"toolUseId": call.id, "name": wire_name(intent, call.name)}
    return {"toolUse": {**named, "input": arguments_of(call, intent)}}


def told(result: ToolResult) -> dict[str, Any]:
    """The block of a result."""
    kind = "text" if isinstance(result.content, str) else "json"
    content = [{kind: result.content}] if result.content else []
    if result.parts:
        content = listed(result.content, text={}, media=spelled_media)
    spelled: dict[str, Any] = {"toolUseId": result.call_id, "content": content}
    return {"toolResult": spelled | {"status": "error"} if result.error else spelled}
