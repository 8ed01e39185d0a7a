"""Messages: turns in the shape that the wire takes."""

from __future__ import annotations

from smartllm.compiler.intent import Intent, Turn
from smartllm.compiler.passes.carry import joined, without_reasoning
from smartllm.compiler.trace import Trace
from smartllm.errors import UnsupportedError
from smartllm.rules.vocabulary import Facts
from smartllm.rules.vocabulary.wire import RESUMES
from smartllm.text_parts import Text


def messages(intent: Intent, facts: Facts, trace: Trace) -> Intent:
    """Join turns of one role where roles must alternate; refuse or tidy a final assistant turn.

    Raises:
        UnsupportedError: The conversation begins or ends with an assistant message, and the model takes none
            there.
    """
    turns = intent.turns
    if facts.messages.alternate:
        turns = _alternate(turns, trace)
    if turns[0].role == "assistant" and not facts.messages.leading_assistant:
        raise UnsupportedError(
            f"messages: the first message is the assistant's, but {intent.model} takes only a user's there",
            field="messages",
            hint="begin the conversation with a user message",
            fact="messages.leading_assistant",
        )
    if turns[-1].role == "assistant" and not _is_paused(turns[-1], intent):
        turns = _prefill(turns, intent, facts, trace)
    return intent if turns == intent.turns else intent._replace(turns=turns)


def _alternate(turns: tuple[Turn, ...], trace: Trace) -> tuple[Turn, ...]:
    found: list[Turn] = []
    for turn in turns:
        if found and found[-1].role == turn.role:
            found[-1] = joined(found[-1], turn, trace)
        else:
            found.append(turn)
    if len(found) < len(turns):
        trace.changed(
            "messages-merged",
            "messages",
            asked=len(turns),
            applied=len(found),
            reason="consecutive messages of one role were joined into one message with several texts",
            fact="messages.alternate",
            severity="info",
        )
    return tuple(found)


def _is_paused(turn: Turn, intent: Intent) -> bool:
    """Whether an assistant's turn stands as the provider left it, in the midst of its own tools."""
    return intent.dialect in RESUMES and turn.said[-1].type == "other"


def _prefill(turns: tuple[Turn, ...], intent: Intent, facts: Facts, trace: Trace) -> tuple[Turn, ...]:
    if not facts.messages.prefill:
        raise UnsupportedError(
            f"messages: the last message is the assistant's, but {intent.model} takes no prefill",
            field="messages",
            hint="end the conversation with a user message",
            fact="messages.prefill",
        )
    if facts.carry.leads:
        reason = "what is begun by hand is continued without thinking, and then may hold none"
        turns = (*turns[:-1], without_reasoning(turns[-1], trace, reason, "carry.leads"))
    parts = turns[-1].parts
    place = max(place for place, part in enumerate(parts) if part.type != "cache_point")
    last = parts[place]
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
    return (*turns[:-1], turns[-1]._replace(parts=(*parts[:place], Text(trimmed), *parts[place + 1 :])))
