"""System text between the turns: where the model takes it, and refused by name where it takes none."""

from __future__ import annotations

from smartllm.compiler.intent import Intent, Turn
from smartllm.compiler.trace import Trace
from smartllm.errors import UnsupportedError
from smartllm.rules.vocabulary import Facts


def system_turns(intent: Intent, facts: Facts, trace: Trace) -> Intent:
    """Put each system message where it is taken: behind the user's messages beside it, before the answer.

    Raises:
        UnsupportedError: The conversation begins with one, the model takes none here, or none in its place.
    """
    if intent.texts_alone:
        return intent
    first = next((index for index, turn in enumerate(intent.turns) if turn.role == "system"), None)
    if first is None:
        return intent
    if first == 0:
        raise _refused(
            "messages[0]: the conversation begins with a system message",
            "put this text into system_prompt, which stands before all messages",
        )
    if facts.messages.system_turns == "never":
        raise _refused(
            f"messages[{first}]: {intent.model} takes no system message between the others here",
            "put this text into system_prompt, or into a user message",
        )
    anywhere = facts.messages.system_turns == "anywhere"
    found: list[Turn] = []
    held: list[Turn] = []
    for turn in intent.turns:
        if turn.role == "assistant":
            found += _placed(held, found, anywhere=anywhere)
            held = []
        if turn.role == "system" and not (anywhere and not held and not found[-1].calls):
            held.append(turn)
        else:
            found.append(turn)
    turns = (*found, *_placed(held, found, anywhere=anywhere))
    if turns == intent.turns:
        return intent
    trace.changed(
        "system-turn-moved",
        "messages",
        asked=None,
        applied=None,
        reason="a system message stands behind the user's messages, before the answer"
        if not anywhere
        else "a system message stands behind the results of calls",
        fact="messages.system_turns",
        severity="info",
    )
    return intent._replace(turns=turns)


def _placed(held: list[Turn], found: list[Turn], *, anywhere: bool) -> list[Turn]:
    """The messages that wait for their place, which is here."""
    if held and not anywhere and found[-1].role == "assistant" and not found[-1].own:
        raise _refused(
            "messages: a system message follows the assistant's, and no user message comes before the next",
            "let a system message follow a user message",
        )
    return held


def _refused(problem: str, hint: str) -> UnsupportedError:
    return UnsupportedError(problem, field="messages", hint=hint, fact="messages.system_turns")
