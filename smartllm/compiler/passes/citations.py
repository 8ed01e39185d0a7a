"""Citations in texts of earlier answers: back on the wire that wrote them, left out on others."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from smartllm.cited import goes_back
from smartllm.compiler.dialects import FIELDS
from smartllm.compiler.intent import Intent, Turn
from smartllm.compiler.trace import Trace
from smartllm.rules.vocabulary import Facts
from smartllm.text_parts import Text

if TYPE_CHECKING:
    from smartllm.content import InputPart


def citations(intent: Intent, facts: Facts, trace: Trace) -> Intent:
    """Leave out what the target does not take back; the texts stay."""
    if intent.texts_alone or not any(
        type(part) is Text and part.citations for turn in intent.turns for part in turn.parts
    ):
        return intent
    taken = FIELDS[intent.dialect].citation if facts.input.document.citations else ""
    turns = tuple(_with_taken(turn, taken) for turn in intent.turns)
    if turns == intent.turns:
        return intent
    trace.changed(
        "citations-dropped",
        "messages",
        asked=_number(intent.turns),
        applied=_number(turns),
        reason="citations go back in the assistant's turns alone, to the wire that wrote them, and only to "
        "models that cite",
        fact="input.document.citations",
        action="dropped",
        severity="info",
        whole=False,
    )
    return intent._replace(turns=turns)


def _with_taken(turn: Turn, key: str) -> Turn:
    known_by = key if turn.role == "assistant" else ""
    return turn._replace(parts=tuple([_taken(part, known_by) for part in turn.parts]))


def _taken(part: InputPart, key: str) -> InputPart:
    if not isinstance(part, Text) or not part.citations:
        return part
    return replace(
        part, citations=tuple(one for one in part.citations if key and key in one and goes_back(one))
    )


def _number(turns: tuple[Turn, ...]) -> int:
    return sum(len(part.citations) for turn in turns for part in turn.parts if isinstance(part, Text))
