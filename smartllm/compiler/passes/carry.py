"""Reasoning of earlier answers: back to the model that wrote it, unchanged and whole, and to no other."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, NamedTuple

from smartllm.compiler.caching import led
from smartllm.compiler.dialects.openai_responses.items import are_sealed, phases_in, say_the_same
from smartllm.compiler.intent import Intent, ToolPlan, Turn
from smartllm.compiler.own_tools import own_name
from smartllm.compiler.tool_names import called_in, wire_names
from smartllm.compiler.trace import Trace
from smartllm.rules.vocabulary import Facts
from smartllm.rules.vocabulary.wire import RENAMED
from smartllm.text_parts import Reasoning

if TYPE_CHECKING:
    from smartllm.content import InputPart


class _Trouble(NamedTuple):
    """Why reasoning cannot go back.

    Attributes:
        reason: One sentence.
        fact: The fact that says so.
    """

    reason: str
    fact: str = "carry.reasoning"


def carry(intent: Intent, facts: Facts, trace: Trace) -> Intent:
    """Leave to each turn the reasoning that the target takes back there; the rest of the turn stays."""
    if intent.texts_alone or not any(
        isinstance(part, Reasoning) for turn in intent.turns for part in turn.parts
    ):
        return intent
    gone = _gone(intent, facts)
    names = wire_names(intent, facts) if facts.carry.reasoning == "items" else {}
    turns = []
    for turn in intent.turns:
        trouble = (_trouble(turn, intent, facts, names) or gone) if turn.reasoning else None
        turns.append(turn if trouble is None else told_alone(turn, facts, trace, *trouble))
    sealed = facts.carry.reasoning == "sealed"
    left = [_sealed(turn, trace) if sealed else turn for turn in led(turns)[1]]
    return intent if tuple(left) == intent.turns else intent._replace(turns=tuple(left))


def signatures(intent: Intent, facts: Facts, trace: Trace) -> Intent:
    """Leave out reasoning whose signature does not hold beside a tool that binds this answer."""
    output = intent.bound
    if not facts.carry.prefix or output is None or output.strategy == "native":
        return intent
    reason = "its signature holds only while the tools stay as they were, and a schema is one more"
    turns = tuple(without_reasoning(turn, trace, reason, "carry.prefix") for turn in intent.turns)
    return intent if turns == intent.turns else intent._replace(turns=turns)


def without_reasoning(turn: Turn, trace: Trace, reason: str, fact: str) -> Turn:
    """The turn without its reasoning, and a diagnostic that says why."""
    if not turn.reasoning:
        return turn
    _tell(turn, trace, reason, fact)
    # An item of the provider's own tools is refused without the reasoning that led to it.
    along = turn.blocks if any(block.get("type") == "reasoning" for block in turn.blocks) else []
    left = [part for part in turn.parts if not (part.type == "other" and part.raw in along)]
    return turn._replace(parts=tuple(part for part in left if not isinstance(part, Reasoning)))


def told_alone(turn: Turn, facts: Facts, trace: Trace, reason: str, fact: str) -> Turn:
    """The turn without its reasoning; its texts keep their phases where the target wants them."""
    phases = phases_in(turn.blocks) if facts.carry.phases else {}
    return without_reasoning(turn, trace, reason, fact)._replace(phases=phases)


def joined(turn: Turn, behind: Turn, trace: Trace) -> Turn:
    """Two turns of one role as one; only the reasoning of the first stands where its model takes it.

    What goes on behind a block of the provider's own tools is the same turn, and keeps its reasoning.
    """
    if turn.said[-1].type == "other":
        return turn._replace(parts=turn.parts + behind.parts)
    reason = "it would stand behind what another message of the same turn says"
    behind = without_reasoning(behind, trace, reason, "messages.alternate")
    return turn._replace(parts=turn.parts + behind.parts)


def _gone(intent: Intent, facts: Facts) -> _Trouble | None:
    """Why no signature of the conversation can hold, should a tool that was called be declared no more."""
    if not facts.carry.prefix:
        return None
    declared = {tool.name if isinstance(tool, ToolPlan) else own_name(tool) for tool in intent.tools}
    name = next((name for name in called_in(intent) if name not in declared), None)
    if name is None:
        return None
    return _Trouble(
        f"its signature holds only while the tools stay as they were, and {name} is not declared now",
        "carry.prefix",
    )


def _trouble(turn: Turn, intent: Intent, facts: Facts, names: Mapping[str, str]) -> _Trouble | None:
    # Doors of one provider have other ids for the same model.
    readers, kind = {intent.model, intent.asked}, facts.carry.reasoning
    if any(
        written.model not in readers or RENAMED.get(written.dialect, written.dialect) != intent.dialect
        for written in turn.reasoning
    ):
        return _Trouble("only the model that wrote reasoning can read it, on the same wire")
    if kind == "never":
        return _Trouble("the model takes no reasoning back here")
    if kind == "signed" and any(map(_is_unsigned, turn.blocks)):
        return _Trouble("a block of it has no signature, and it goes back whole or not at all")
    if kind == "items":
        return _changed(turn, intent, names)
    if isinstance(turn.said[-1], Reasoning):
        return _Trouble("nothing follows it in its turn")
    return None


def _changed(turn: Turn, intent: Intent, names: Mapping[str, str]) -> _Trouble | None:
    if turn.blocks and not say_the_same(turn.blocks, turn, names):
        return _Trouble("the turn says something else than the answer that it came with")
    if intent.extra.get("store") is False and not are_sealed(turn.blocks):
        return _Trouble("a block of it stands with the provider alone, which is asked to store nothing")
    return None


def _is_unsigned(block: Mapping[str, Any]) -> bool:
    """Whether a block of Claude's thinking has lost its signature; what is redacted needs none."""
    inner = _inside(block, "reasoningContent") or block
    text = _inside(inner, "reasoningText") or inner
    return ("thinking" in text or "text" in text) and not text.get("signature")


def _sealed(turn: Turn, trace: Trace) -> Turn:
    """The turn with what of its reasoning is encrypted."""
    if all(map(_is_sealed, turn.blocks)):
        return turn
    _tell(turn, trace, "the model takes back only what is encrypted of it", "carry.reasoning")
    kept: list[InputPart] = []
    for part in turn.parts:
        if not isinstance(part, Reasoning):
            kept.append(part)
        elif blocks := [block for block in part.blocks if _is_sealed(block)]:
            kept.append(Reasoning(part.model, part.dialect, blocks, part.text))
    return turn._replace(parts=tuple(kept))


def _is_sealed(block: Mapping[str, Any]) -> bool:
    return "redactedContent" in _inside(block, "reasoningContent")


def _inside(block: Mapping[str, Any], key: str) -> Mapping[str, Any]:
    inner = block.get(key)
    return inner if isinstance(inner, Mapping) else {}


def _tell(turn: Turn, trace: Trace, reason: str, fact: str) -> None:
    trace.changed(
        "reasoning-dropped",
        "messages",
        asked=turn.reasoning[0].model,
        applied=None,
        reason=reason,
        fact=fact,
        action="dropped",
        severity="info",
        whole=False,
    )
