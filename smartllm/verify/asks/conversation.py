"""Checks of what a conversation may look like."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from smartllm.request import Message, SystemMessage
from smartllm.rules.vocabulary.wire import PLACES
from smartllm.verify.question import Check, Question, Wish
from smartllm.verify.subject import Subject, taken

_TURNS: Final = ("message", "role", "conversation", "turn", "assistant")


def checks(subject: Subject) -> Iterator[Check]:
    """The checks."""
    yield subject.flag(
        "messages.prefill", Wish(after=(Message("assistant", "The word is"),)), words=("prefill", *_TURNS)
    )
    yield subject.flag(
        "messages.leading_assistant",
        Wish(before=(Message("assistant", "Hello."),)),
        grant={"messages.alternate": subject.facts.messages.alternate},
        words=_TURNS,
    )
    yield subject.flag(
        "messages.alternate",
        Wish(before=(Message("user", "Hello."),)),
        turned=True,
        words=("alternat", *_TURNS),
    )
    yield from _system_turns(subject)


def _system_turns(subject: Subject) -> Iterator[Check]:
    fact, now = "messages.system_turns", subject.facts.messages.system_turns
    places = PLACES[fact].items()
    place = next((place for place, dialects in places if subject.dialect in dialects), None)
    if place is None or subject.facts.system == "user":  # which is no role of its own
        return
    asked = Question(
        says=now != "never",
        wish=Wish(after=(SystemMessage("Be brief."),)),
        grant={} if now != "never" else {fact: place},
        words=("system", *_TURNS),
    )
    taken_as = now if now != "never" else place
    yield subject.check(fact, [asked], lambda seen: {fact: taken_as if taken(seen, asked) else "never"})
