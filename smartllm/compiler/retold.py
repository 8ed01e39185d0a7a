"""A conversation as it is told to the step that puts the answer of the step before into a structure."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from dataclasses import replace
from typing import TYPE_CHECKING, Final

from smartllm.compiler.intent import Turn
from smartllm.compiler.prompts import ANSWER, binding_prompt, extraction_prompt
from smartllm.rules.vocabulary.input import MEDIA
from smartllm.text_parts import Text, parts_of

if TYPE_CHECKING:
    from smartllm.content import InputPart, ToolCall, ToolResult

_ANSWERED: Final = Turn("assistant", (Text(ANSWER),))


def extraction_turn(tool: str | None) -> Turn:
    """The only turn of a step that needs no more than the answer."""
    return Turn("user", (Text(extraction_prompt(tool=tool)),))


def binding_turn(tool: str | None) -> Turn:
    """The last turn of a step that sees the conversation too."""
    return Turn("user", (Text(binding_prompt(tool=tool)),))


def answered(turns: Iterable[Turn]) -> tuple[Turn, ...]:
    """The turns up to the answer, and the wish to have it as a structure.

    Reasoning stays behind, and so do parts in the words of the wire.
    """
    bare = (turn._replace(parts=tuple(map(_bare, filter(_stays, turn.parts)))) for turn in turns)
    return (*(turn for turn in bare if turn.parts), _ANSWERED, binding_turn(None))


def _stays(part: InputPart) -> bool:
    return part.type not in {"reasoning", "other"}


def _bare(part: InputPart) -> InputPart:
    """The part without what stands in the words of the wire, as those of tools that are not there."""
    if part.type != "tool_result" or not part.parts:
        return part
    left = [inner for inner in parts_of(part.content) if inner.type != "other"]
    if any(inner.type in MEDIA for inner in left):
        return replace(part, content=left)
    return replace(part, content=_joined(left), parts=False)


def _joined(parts: Iterable[InputPart]) -> str:
    return "\n\n".join(part.text for part in parts if isinstance(part, Text))


def in_words(turns: Iterable[Turn]) -> tuple[Turn, ...]:
    """The turns with calls and results as texts, for a model that would take them for an offer of tools."""
    names: dict[str, str] = {}
    return tuple(turn._replace(parts=tuple(_worded(turn, names))) for turn in turns)


def _worded(turn: Turn, names: dict[str, str]) -> Iterator[InputPart]:
    for part in turn.parts:
        if part.type == "tool_call":
            names[part.id] = part.name
            yield Text(_call(part))
        elif part.type == "tool_result":
            yield Text(_result(part, names.get(part.call_id, "A tool")))
            if part.parts:
                yield from (inner for inner in parts_of(part.content) if inner.type in MEDIA)
        else:
            yield part


def _call(call: ToolCall) -> str:
    return f"I called {call.name} with {json.dumps(call.arguments, ensure_ascii=False)}."


def _result(result: ToolResult, name: str) -> str:
    said = _joined(parts_of(result.content)) if result.parts else result.content
    text = said if isinstance(said, str) else json.dumps(said, ensure_ascii=False)
    return f"{name} {'failed' if result.error else 'gave'}: {text}"
