"""Messages: turns in the shape that the wire takes."""

from __future__ import annotations

from dataclasses import replace

from smartllm.compiler.intent import Intent, Turn
from smartllm.compiler.report import Report
from smartllm.errors import UnsupportedError
from smartllm.rules.schema import Facts


def messages(intent: Intent, facts: Facts, report: Report) -> Intent:
    """Join turns of one role where roles must alternate; refuse or tidy a final assistant turn.

    Raises:
        UnsupportedError: The conversation begins or ends with an assistant message, and the model takes none
            there.
    """
    turns = intent.turns
    if any(turn.reasoning for turn in turns):
        turns = tuple(_own_reasoning(turn, facts, report) for turn in turns)
    if facts.messages.alternate:
        turns = _alternate(turns, report)
    if turns[0].role == "assistant" and not facts.messages.leading_assistant:
        raise UnsupportedError(
            f"messages: the first message is the assistant's, but {report.target.resolution.asked} takes "
            f"only a user's there [{report.target.origin('messages.leading_assistant')}]",
            field="messages",
            hint="begin the conversation with a user message",
        )
    if turns[-1].role == "assistant":
        turns = _prefill(turns, facts, report)
    return intent if turns == intent.turns else intent._replace(turns=turns)


def _alternate(turns: tuple[Turn, ...], report: Report) -> tuple[Turn, ...]:
    joined: list[Turn] = []
    for turn in turns:
        if joined and joined[-1].role == turn.role:
            _without_reasoning(turn, report)  # it would stand behind a text
            joined[-1] = replace(joined[-1], texts=joined[-1].texts + turn.texts)
        else:
            joined.append(turn)
    if len(joined) < len(turns):
        report.changed(
            "messages-merged",
            "messages",
            asked=len(turns),
            applied=len(joined),
            reason="consecutive messages of one role were joined into one message with several texts",
            fact="messages.alternate",
            severity="info",
        )
    return tuple(joined)


def _own_reasoning(turn: Turn, facts: Facts, report: Report) -> Turn:
    """The turn with its reasoning, if the very model that wrote it will read it."""
    written = turn.reasoning
    target = report.target
    own = written is not None and (written.model, written.dialect) == (
        target.resolution.asked,
        target.dialect,
    )
    return turn if own and facts.messages.reasoning else _without_reasoning(turn, report)


def _without_reasoning(turn: Turn, report: Report) -> Turn:
    if turn.reasoning is None:
        return turn
    report.changed(
        "reasoning-dropped",
        "messages",
        asked=turn.reasoning.model,
        applied=None,
        reason="only the model that wrote reasoning can read it, on the same wire and before the turn's text",
        fact="messages.reasoning",
        action="dropped",
        severity="info",
    )
    return replace(turn, reasoning=None)


def _prefill(turns: tuple[Turn, ...], facts: Facts, report: Report) -> tuple[Turn, ...]:
    if not facts.messages.prefill:
        origin = report.target.origin("messages.prefill")
        raise UnsupportedError(
            f"messages: the last message is the assistant's, but {report.target.resolution.asked} takes no "
            f"prefill [{origin}]",
            field="messages",
            hint="end the conversation with a user message",
        )
    last = turns[-1]
    trimmed = last.texts[-1].rstrip()
    # Claude answers a final assistant text that ends in white space with a 400 (claude_bedrock facts §8).
    if not facts.messages.alternate or trimmed == last.texts[-1] or not trimmed:
        return turns
    report.changed(
        "prefill-trimmed",
        "messages",
        asked=None,
        applied=None,
        reason="trailing white space of the final assistant message was removed",
        fact="messages.prefill",
        severity="info",
    )
    return (*turns[:-1], replace(last, texts=(*last.texts[:-1], trimmed)))
