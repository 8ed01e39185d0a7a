"""The parts of a turn, or of a result, as the list that a wire has of them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import TYPE_CHECKING, Any

from smartllm.compiler.dialects.marks import break_behind
from smartllm.compiler.intent import Intent, Turn
from smartllm.rules.vocabulary.input import MEDIA
from smartllm.text_parts import Reasoning, Text

if TYPE_CHECKING:
    from smartllm.content import CachePoint, InputPart, Other, ToolCall, ToolResult


def as_written(part: Other) -> dict[str, Any]:
    """A part in the words of the wire, as a value that is nobody else's."""
    from smartllm.content import copied  # noqa: PLC0415 - whoever has such parts has loaded it

    found: dict[str, Any] = copied(part.raw)
    return found


def blocks_of(
    turn: Turn,
    intent: Intent,
    *,
    text: Mapping[str, Any],
    called: Callable[[ToolCall, Intent], dict[str, Any]],
    told: Callable[[ToolResult], dict[str, Any]],
    media: Callable[[Any], dict[str, Any]],
    marked: Callable[[list[dict[str, Any]], CachePoint], None],
) -> list[dict[str, Any]]:
    """The blocks of a turn in its order; reasoning and what is in the wire's words stand as they came.

    Args:
        turn: The turn.
        intent: What it belongs to.
        text: Further keys of a text's block.
        called: Spells a call.
        told: Spells a result.
        media: Spells a picture, a document, sound or a film.
        marked: Spells a cache point, given the blocks before it.
    """
    blocks: list[dict[str, Any]] = []
    for part in turn.parts:
        if isinstance(part, Text):
            blocks.append(_cited(part, text) if part.citations else {**text, "text": part.text})
        elif isinstance(part, Reasoning):
            blocks += part.blocks
        elif part.type == "tool_call":
            blocks.append(called(part, intent))
        elif part.type == "other":
            blocks.append(as_written(part))
        elif part.type in MEDIA:
            blocks.append(media(part))
        elif part.type == "cache_point":
            marked(blocks, part)
        else:
            assert part.type == "tool_result"
            blocks.append(told(part))
    return blocks


def _cited(part: Text, text: Mapping[str, Any]) -> dict[str, Any]:
    """A text of an earlier answer with what it cited, which Converse has in a block of its own."""
    # A file_id that is null stands in answers only (LangChain's client, 2026-11).
    citations = [
        {key: value for key, value in one.items() if (key, value) != ("file_id", None)}
        for one in part.citations
    ]
    if text:
        return {**text, "text": part.text, "citations": citations}
    return {"citationsContent": {"content": [{"text": part.text}], "citations": citations}}


def listed(
    parts: Iterable[InputPart], *, text: Mapping[str, str], media: Callable[[Any], dict[str, Any]]
) -> list[dict[str, Any]]:
    """Texts, media and parts in the wire's words as a list; cache points mark what is before them.

    Args:
        parts: The parts.
        text: Further keys of each text.
        media: Spells a picture, a document, sound or a film.
    """
    found: list[dict[str, Any]] = []
    for part in parts:
        if isinstance(part, Text):
            found.append({**text, "text": part.text})
        elif part.type in MEDIA:
            found.append(media(part))
        elif part.type == "cache_point":
            break_behind(found)
        else:
            assert part.type == "other"
            found.append(as_written(part))
    return found
