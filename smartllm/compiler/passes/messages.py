"""Messages: turns in the shape that the wire takes."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from smartllm.compiler.intent import Intent, Turn
from smartllm.compiler.trace import Trace
from smartllm.errors import UnsupportedError
from smartllm.rules.vocabulary import Facts
from smartllm.rules.vocabulary.wire import RENAMED
from smartllm.text_parts import Reasoning, Text


def messages(intent: Intent, facts: Facts, trace: Trace) -> Intent:
    """Join turns of one role where roles must alternate; refuse or tidy a final assistant turn.

    Raises:
        UnsupportedError: The conversation begins or ends with an assistant message, and the model takes none
            there.
    """
    turns = intent.turns
    if any(isinstance(part, Reasoning) for turn in turns for part in turn.parts):
        turns = tuple(_own_reasoning(turn, intent, facts, trace) for turn in turns)
    if facts.messages.alternate:
        turns = _alternate(turns, trace)
    if turns[0].role == "assistant" and not facts.messages.leading_assistant:
        raise UnsupportedError(
            f"messages: the first message is the assistant's, but {intent.model} takes only a user's there",
            field="messages",
            hint="begin the conversation with a user message",
            fact="messages.leading_assistant",
        )
    if turns[-1].role == "assistant":
        turns = _prefill(turns, intent, facts, trace)
    return intent if turns == intent.turns else intent._replace(turns=turns)


def _alternate(turns: tuple[Turn, ...], trace: Trace) -> tuple[Turn, ...]:
    joined: list[Turn] = []
    for turn in turns:
        if joined and joined[-1].role == turn.role:
            # Its reasoning would stand behind a text.
            behind = _without_reasoning(turn, trace)
            joined[-1] = joined[-1]._replace(parts=joined[-1].parts + behind.parts)
        else:
            joined.append(turn)
    if len(joined) < len(turns):
        trace.changed(
            "messages-merged",
            "messages",
            asked=len(turns),
            applied=len(joined),
            reason="consecutive messages of one role were joined into one message with several texts",
            fact="messages.alternate",
            severity="info",
        )
    return tuple(joined)


def _own_reasoning(turn: Turn, intent: Intent, facts: Facts, trace: Trace) -> Turn:
    """The turn with its reasoning, if the very model that wrote it will read it."""
    reader = (intent.model, intent.dialect)
    own = all(
        (written.model, RENAMED.get(written.dialect, written.dialect)) == reader for written in turn.reasoning
    )
    if not own or not facts.messages.reasoning:
        return _without_reasoning(turn, trace)
    if facts.carry.reasoning == "signed" and any(map(_is_unsigned, turn.blocks)):
        return _without_reasoning(turn, trace, fact="carry.reasoning")
    return turn


def _is_unsigned(block: Mapping[str, Any]) -> bool:
    """Whether a block of Claude's thinking has lost its signature; what is redacted needs none."""
    inner = block.get("reasoningContent", block)
    text = inner.get("reasoningText", inner)
    return ("thinking" in text or "text" in text) and not text.get("signature")


def _without_reasoning(turn: Turn, trace: Trace, fact: str = "messages.reasoning") -> Turn:
    if not turn.reasoning:
        return turn
    trace.changed(
        "reasoning-dropped",
        "messages",
        asked=turn.reasoning[0].model,
        applied=None,
        reason="only the model that wrote reasoning can read it, on the same wire and before the turn's text"
        if fact == "messages.reasoning"
        else "a block of it has no signature, and it goes back whole or not at all",
        fact=fact,
        action="dropped",
        severity="info",
    )
    return turn._replace(parts=tuple(part for part in turn.parts if not isinstance(part, Reasoning)))


def _prefill(turns: tuple[Turn, ...], intent: Intent, facts: Facts, trace: Trace) -> tuple[Turn, ...]:
    if not facts.messages.prefill:
        raise UnsupportedError(
            f"messages: the last message is the assistant's, but {intent.model} takes no prefill",
            field="messages",
            hint="end the conversation with a user message",
            fact="messages.prefill",
        )
    *before, last = turns[-1].parts
    trimmed = last.text.rstrip() if isinstance(last, Text) else ""
    # Claude answers a final assistant text that ends in white space with a 400 (claude_bedrock facts §8).
    if not facts.messages.alternate or not trimmed or trimmed == turns[-1].texts[-1]:
        return turns
    trace.changed(
        "prefill-trimmed",
        "messages",
        asked=None,
        applied=None,
        reason="trailing white space of the final assistant message was removed",
        fact="messages.prefill",
        severity="info",
    )
    return (*turns[:-1], turns[-1]._replace(parts=(*before, Text(trimmed))))
