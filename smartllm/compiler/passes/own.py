"""Parts in the words of a wire: as they are where they have a place, left out on other wires."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from smartllm.compiler.caching import led
from smartllm.compiler.intent import Intent, Turn
from smartllm.compiler.trace import Change, Reason, Trace
from smartllm.errors import UnsupportedError
from smartllm.own_parts import kind_of, place_in, place_in_result
from smartllm.rules.vocabulary import Facts
from smartllm.said import Named, said
from smartllm.text_parts import parts_of

if TYPE_CHECKING:
    from smartllm.content import InputPart, Other


def own(intent: Intent, _facts: Facts, trace: Trace) -> Intent:
    """Leave out what was written for other wires; a turn that held nothing else goes with it.

    Raises:
        UnsupportedError: The caller's own words have no place on this wire, or nothing is left to say.
    """
    if intent.texts_alone or not any(_may_hold(part) for turn in intent.turns for part in turn.parts):
        return intent
    kept = [_kept(turn, index, intent, trace) for index, turn in enumerate(intent.turns)]
    _, turns = led(kept)
    if not turns:
        raise UnsupportedError(
            "messages: nothing is left of the conversation, as all of it is in the words of another wire",
            field="messages",
            hint=said(
                "say what is meant in texts, or take the {} that the parts were written for",
                Named("api_type"),
            ),
        )
    return intent if turns == intent.turns else intent._replace(turns=turns)


def _may_hold(part: InputPart) -> bool:
    return part.type == "other" or (part.type == "tool_result" and part.parts)


def _kept(turn: Turn, index: int, intent: Intent, trace: Trace) -> Turn:
    found: list[InputPart] = []
    for part in turn.parts:
        if part.type == "other":
            if _stands(part, place_in(part, turn.role, intent.dialect), intent, index, trace):
                found.append(part)
        elif part.type == "tool_result" and part.parts:
            inner = parts_of(part.content)
            place = place_in_result(intent.dialect)
            left = [one for one in inner if one.type != "other" or _stands(one, place, intent, index, trace)]
            found.append(part if len(left) == len(inner) else replace(part, content=left, parts=True))
        else:
            found.append(part)
    return turn._replace(parts=tuple(found))


def _stands(part: Other, place: str | None, intent: Intent, index: int, trace: Trace) -> bool:
    """Whether a part goes; one that was written elsewhere is told, one in the caller's own words refused."""
    if part.dialect in {"", intent.dialect} and place is not None:
        return True
    kind = kind_of(part)
    if not part.dialect:
        raise UnsupportedError(
            f"messages[{index}]: {intent.dialect} has no place here for the part {kind!r}",
            field="messages",
            hint=said(
                "leave the part out, say it in texts, or take an {} that has a place for it",
                Named("api_type"),
            ),
        )
    here = part.dialect == intent.dialect
    reason = (
        f"{intent.dialect} takes no part {kind} back where it stands"
        if here
        else f"the part {kind} was written for {part.dialect}, and {intent.dialect} has other words"
    )
    origin = Reason("derived", "messages")
    trace.changes.append(Change("part-dropped", "warning", "messages", "dropped", kind, None, reason, origin))
    return False
