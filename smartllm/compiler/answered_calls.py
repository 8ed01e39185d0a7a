"""Calls in an answer, in the caller's words: names of tools and properties, values as they were declared."""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping
from dataclasses import replace
from functools import cached_property
from typing import Any, Final, NamedTuple

from smartllm.compiler.call_ids import made_id
from smartllm.compiler.dialects.decoding import Decoded
from smartllm.compiler.intent import ToolPlan
from smartllm.compiler.plan import Plan, Step
from smartllm.content import Part, ToolCall, ToolCallDelta, whole_call

_ENCODED: Final = frozenset({"pairs", "json", "tuple"})
"""Codecs under which what a model writes is not what the caller declared."""


class Heard(NamedTuple):
    """An answer in the caller's words.

    Attributes:
        answer: The answer.
        read: Tools and places whose values were text and were read as what the schema wants.
    """

    answer: Decoded
    read: tuple[str, ...] = ()


class AnsweredCalls:
    """Tells the calls in the answer to a step; those of tools that nobody declared stay as they are.

    Several callers may wait for one answer, each with names and schemas of their own; so it belongs to a plan
    and not to the answer.

    Args:
        plan: What was asked.
        step: The step whose answer it is.
    """

    def __init__(self, plan: Plan, step: Step) -> None:
        self._plan, self._step = plan, step
        self._begun: dict[int, ToolPlan | None] = {}

    def whole(self, answer: Decoded) -> Heard:
        """The calls of a whole answer."""
        if not answer.tool_calls:
            return Heard(answer)
        parts: list[Part] = []
        ids: set[str] = set()
        read: list[str] = []
        for part in answer.parts:
            if isinstance(part, ToolCall):
                call, places = self._call(part, self._id(len(ids), part.id, ids))
                ids.add(call.id)
                parts.append(call)
                read += [f"{call.name} {place}".rstrip() for place in places]
            else:
                parts.append(part)
        return Heard(replace(answer, parts=tuple(parts)), tuple(read))

    def piece(self, delta: ToolCallDelta) -> ToolCallDelta | None:
        """A piece of a streamed call; None for one that is told by ``rest`` instead.

        The text of a call whose properties go by other names on the wire, or whose values are said otherwise
        there, is told as a whole when the answer is whole.
        """
        name = self._name(delta.name)
        tool = self._tools.get(name)
        first = delta.index not in self._begun
        held = tool is not None and _is_encoded(tool)
        if held or first:
            self._begun[delta.index] = tool if held else None
        if held and not first:
            return None
        given = self._id(delta.index, delta.id) if delta.id else ""
        return ToolCallDelta(delta.index, given, name, "" if held else delta.arguments)

    def rest(self, answer: Decoded) -> list[ToolCallDelta]:
        """What ``piece`` has held back, once the answer is whole.

        Args:
            answer: What ``whole`` gave.
        """
        return [
            whole_call(index, call)
            for index, call in enumerate(answer.tool_calls)
            if self._begun.get(index) is not None
        ]

    @cached_property
    def _tools(self) -> Mapping[str, ToolPlan]:
        return {tool.name: tool for tool in self._step.tools if isinstance(tool, ToolPlan)}

    def _name(self, wire: str) -> str:
        return self._step.names.get(wire, wire)

    def _id(self, index: int, given: str, taken: Collection[str] = ()) -> str:
        """The id of a call: the provider's own, unless it gave none or gives the same one again.

        Made from the request, and so another one in each turn of a conversation, and the same one for all who
        get this answer.
        """
        if given and given not in taken and not self._step.repeats_ids:
            return given
        return made_id(f"{self._plan.fingerprint}#{index}")

    def _call(self, call: ToolCall, call_id: str) -> tuple[ToolCall, tuple[str, ...]]:
        name = self._name(call.name)
        arguments: dict[str, Any] | str = call.arguments
        places: tuple[str, ...] = ()
        tool = self._tools.get(name)
        if tool is not None and not call.custom:
            try:
                arguments, places = _arguments(call.arguments, tool)
            except (LookupError, TypeError, ValueError, RecursionError):
                # What is paid for is given as it came, whatever the model made of the schema.
                arguments = call.arguments
        return replace(call, id=call_id, name=name, arguments=arguments), places


def _is_encoded(tool: ToolPlan) -> bool:
    """Whether the arguments on the wire are not those that the caller declared, but for nulls."""
    lowered = tool.lowered
    assert lowered is not None
    return bool(tool.properties) or lowered.wrapped or not _ENCODED.isdisjoint(lowered.codecs.values())


def _arguments(given: dict[str, Any] | str, tool: ToolPlan) -> tuple[dict[str, Any] | str, tuple[str, ...]]:
    """The arguments of a call of a declared tool, and the places that were text."""
    # Loaded here: answers without calls should not pay for it.
    from smartllm.compiler.schema.answers.lenient import repaired  # noqa: PLC0415

    lowered = tool.lowered
    assert lowered is not None
    value, repairs, _ = repaired(given, lowered, tool.properties, values_only=True)
    places = tuple([repair.place for repair in repairs])
    if isinstance(given, str) and places[:1] != ("",):
        return given, ()
    if not isinstance(value, dict):
        return json.dumps(value, ensure_ascii=False), places
    return value, places
