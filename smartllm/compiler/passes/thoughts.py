"""A text of reasoning for each turn with calls, where the wire refuses such a turn without one."""

from __future__ import annotations

from smartllm.compiler.intent import Intent, Turn
from smartllm.compiler.passes.reasoning import is_thinking
from smartllm.compiler.trace import Trace
from smartllm.rules.vocabulary import Facts
from smartllm.text_parts import Reasoning


def thoughts(intent: Intent, facts: Facts, trace: Trace) -> Intent:
    """Give turns with calls an empty text of reasoning, where the model thinks and theirs are not known."""
    if not facts.carry.beside_calls or not is_thinking(intent, facts):
        return intent
    turns = tuple(_with_one(turn, intent) for turn in intent.turns)
    filled = sum(new is not old for new, old in zip(turns, intent.turns, strict=True))
    if not filled:
        return intent
    trace.changed(
        "reasoning-filled",
        "messages",
        asked=None,
        applied=filled,
        reason="while the model thinks, each turn with calls must have the reasoning that led to them; where "
        "it is not known an empty text was sent",
        fact="carry.beside_calls",
        action="added",
        severity="info",
        whole=False,
    )
    return intent._replace(turns=turns)


def _with_one(turn: Turn, intent: Intent) -> Turn:
    if not turn.calls or turn.reasoning:
        return turn
    return turn._replace(parts=(Reasoning(intent.model, intent.dialect), *turn.parts))
