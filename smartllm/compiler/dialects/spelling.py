"""What dialects spell alike."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Final

from smartllm.compiler.body import Body, wire_text
from smartllm.compiler.dialects.fields import HEADER, Fields
from smartllm.compiler.intent import Intent, ToolPlan, Turn
from smartllm.compiler.tool_names import wire_name
from smartllm.compiler.trace import Reason, Trace, fact
from smartllm.rules.memo import Memo
from smartllm.rules.vocabulary import Facts

if TYPE_CHECKING:
    from smartllm.compiler.schema.types import Lowered
    from smartllm.content import ToolCall

Spell = Callable[[Body, Intent, Any, Reason], None]
"""Spells the value of one parameter."""

_SPELLED: Final = Memo(results=256, characters=256 * 1024)


def set_messages(
    body: Body,
    intent: Intent,
    facts: Facts,
    trace: Trace,
    *,
    path: str,
    kind: Mapping[str, str],
    calling: Callable[[Turn, Intent], list[dict[str, Any]]],
) -> None:
    """Spell the turns as OpenAI's wires do; system text comes first unless it has a field of its own.

    Args:
        body: Body under construction.
        intent: What is said.
        facts: Where system text goes.
        trace: Why.
        path: Where the list of messages goes.
        kind: Further keys of each message.
        calling: Spells a turn with calls, with blocks that go back as they came or with parts in the wire's
            words, one with media, or the results of one; texts alone beside results are spelled as ever.
    """
    turns: list[dict[str, Any]] = []
    for turn in intent.turns:
        if intent.texts_alone:
            turns += _in_turn(spoken(turn, kind), facts)
            continue
        carried = facts.carry.reasoning == "text" and turn.reasoning
        whole = bool(turn.calls or turn.blocks or turn.own or turn.media or turn.points or carried)
        if whole or turn.results:
            turns += calling(turn, intent)
        if not whole:
            turns += _in_turn(spoken(turn, kind, _role(turn, facts)), facts)
    if intent.system is not None and facts.system != "instructions":
        turns.insert(0, {**kind, "role": facts.system, "content": intent.system})
        body.note((path, 0, "role"), fact("system"))
        body.note((path, 0, "content"), trace.reason("system_prompt"))
    body.set(path, turns, trace.reason("messages"))


def _in_turn(messages: list[dict[str, Any]], facts: Facts) -> list[dict[str, Any]]:
    """The texts of a turn as one message, where no role may speak twice in a row."""
    if not facts.messages.alternate or not messages[1:]:
        return messages
    return [{**messages[0], "content": "\n\n".join(message["content"] for message in messages)}]


def _role(turn: Turn, facts: Facts) -> str:
    """Who speaks, in the word of the wire: what stands in a field as instructions is a developer's here."""
    if turn.role != "system":
        return turn.role
    return "developer" if facts.system == "instructions" else facts.system


def spoken(turn: Turn, kind: Mapping[str, str], role: str | None = None) -> list[dict[str, Any]]:
    """The texts of a turn as OpenAI's wires spell them, each with its phase where it has one.

    Args:
        turn: The turn.
        kind: Further keys of each.
        role: Who speaks, in the word of the wire; None is the turn's own.
    """
    messages: list[dict[str, Any]] = []
    for text in turn.texts:
        phase = {"phase": turn.phases[text]} if text in turn.phases else {}
        messages.append({**kind, "role": role or str(turn.role), "content": text, **phase})
    return messages


def set_tools(
    body: Body,
    intent: Intent,
    trace: Trace,
    *,
    path: str,
    spelled: Callable[[ToolPlan, str], dict[str, Any]],
    inside: tuple[str, ...] = (),
) -> None:
    """Spell the declared tools; the provider's own ones stand as the caller wrote them.

    Args:
        body: Body under construction.
        intent: What is said.
        trace: Why.
        path: Where the list goes.
        spelled: Spells one by itself and its name on the wire.
        inside: Keys below which a tool's own stand.
    """
    tools: list[Mapping[str, Any]] = []
    texts: list[str] = []
    here = tuple(path.split("."))
    for index, tool in enumerate(intent.tools):
        if not isinstance(tool, ToolPlan):
            texts.append(wire_text(tool))
            tools.append(json.loads(texts[-1]))
            continue
        name = wire_name(intent, tool.name)
        found, text = _SPELLED.of(_spelled, spelled, name, *tool[1:5])
        tools.append(found)
        texts.append(text)
        if name != tool.name:
            body.note((*here, index, *inside, "name"), fact("tools.name"))
        if tool.strict is False:
            body.note((*here, index, *inside, "strict"), fact("tools.strict"))
    body.set(path, tools, trace.reason("tools"))
    body.texts[here] = f"[{','.join(texts)}]"


def _spelled(
    spelled: Callable[[ToolPlan, str], dict[str, Any]],
    name: str,
    description: str,
    text: str,
    strict: bool | None,
    lowered: Lowered | None,
) -> tuple[Mapping[str, Any], str]:
    """A tool as spelled, which nobody changes, and its text."""
    found = spelled(ToolPlan(name, description, text, strict, lowered), name)
    return found, wire_text(found)


def function_of(tool: ToolPlan, name: str, **schema: Any) -> dict[str, Any]:
    """A function tool: its name, its schema under the wire's key, and what is said of it besides.

    Args:
        tool: The tool.
        name: Its name on the wire.
        schema: Its schema, by the wire's key.
    """
    function: dict[str, Any] = {"name": name, **schema}
    if tool.description:
        function["description"] = tool.description
    if tool.strict is not None:
        function["strict"] = tool.strict
    return function


def set_parallel(body: Body, intent: Intent, trace: Trace) -> None:
    """Spell on OpenAI's wires whether several tools may be called at once."""
    if intent.parallel is not None and "tools" in body.data:
        body.set("parallel_tool_calls", intent.parallel, trace.reason("parallel_tool_calls"))


def add_tool(body: Body, path: str, tool: Mapping[str, Any], because: Reason) -> None:
    """Declare the tool whose input is the answer, behind the caller's.

    Args:
        body: Body under construction.
        path: Where the list of tools goes.
        tool: The tool as spelled.
        because: Why.
    """
    node: Any = body.data
    for key in path.split("."):
        node = node.get(key, {})
    if not node:
        body.set(path, [tool], because)
        return
    here = tuple(path.split("."))
    body.note((*here, len(node)), because)
    node.append(tool)
    body.texts.pop(here)


def set_forced(body: Body, named: Mapping[str, Any], facts: Facts) -> None:
    """Force the tool whose input is the answer: by its name, or as any tool where names are refused."""
    if facts.tools.choice == "any":
        body.set("tool_choice", "required", fact("tools.choice"))
    else:
        body.set("tool_choice", named, fact("tools.forced"))


def arguments_of(call: ToolCall, intent: Intent) -> dict[str, Any]:
    """The arguments of an earlier call, as the schema that is sent would have them."""
    assert isinstance(call.arguments, dict)
    tool = next((one for one in intent.tools if isinstance(one, ToolPlan) and one.name == call.name), None)
    if tool is None or tool.lowered is None:
        return call.arguments
    if tool.lowered.wrapped:
        return {"value": call.arguments}
    names = {name: wire for wire, name in tool.properties.items()}
    return {names.get(name, name): value for name, value in call.arguments.items()}


def arguments_text(call: ToolCall, intent: Intent) -> str:
    """As ``arguments_of``, as JSON."""
    return json.dumps(arguments_of(call, intent), ensure_ascii=False)


def set_parameters(
    body: Body,
    intent: Intent,
    facts: Facts,
    trace: Trace,
    fields: Fields,
    own: Mapping[str, Spell] = MappingProxyType({}),
) -> None:
    """Spell the parameters that are left, each at its place or under its own name.

    Args:
        body: Body under construction.
        intent: What is said.
        facts: Where some stand.
        trace: Why.
        fields: The wire's places.
        own: What spells those that are more than a value at a place, by name.
    """
    for name, value in intent.parameters.items():
        if name in own:
            own[name](body, intent, value, trace.reason(name))
            continue
        place = fields.place_of(name, facts)
        if place.startswith(HEADER):
            body.head(place.removeprefix(HEADER), value, trace.reason(name))
        else:
            body.set(place, value, trace.reason(name))


def set_limit(body: Body, intent: Intent, facts: Facts, trace: Trace) -> None:
    """Spell the output limit, where one may be sent."""
    if intent.max_tokens is not None:
        body.set(facts.limits.field, intent.max_tokens, trace.reason("max_tokens"))


def effort_reason(trace: Trace) -> Reason:
    """Why the effort has its value: the caller's word, or the fact that changed it."""
    return trace.reason("reasoning_effort")
