"""Checks of what shapes an answer beside sampling, and of how it is served."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final, get_args

from smartllm.rules.vocabulary.wire import CHAT_WIRE
from smartllm.verify.question import Check, Question, Wish
from smartllm.verify.subject import Subject, taken
from smartllm.words import ReasoningSummary

_PLAIN: Final[tuple[tuple[str, str, Any], ...]] = (
    ("seed.accepted", "seed", 1),
    ("presence_penalty.accepted", "presence_penalty", 0.5),
    ("frequency_penalty.accepted", "frequency_penalty", 0.5),
    ("logprobs.accepted", "logprobs", True),
    ("store.accepted", "store", True),
    ("user.accepted", "user", "smartllm-verify"),
)
"""Facts of parameters that are taken or not, with a value."""
_COSTLY: Final = ("priority", "scale", "reserved")
"""Tiers that cost more than the default, or are paid for in advance."""
_MOST_STOPS: Final = 32


def checks(subject: Subject) -> Iterator[Check]:
    """The checks."""
    stops = subject.facts.stop_sequences
    yield subject.flag("stop_sequences.accepted", Wish({"stop_sequences": ["END"]}), words=("stop",))
    if stops.accepted:
        yield subject.flag("stop_sequences.blank", Wish({"stop_sequences": [" "]}), words=("stop", "white"))
        if stops.max is not None and stops.max <= _MOST_STOPS:
            yield _more_stops(subject, stops.max)
    for fact, name, value in _PLAIN:
        yield subject.flag(fact, Wish({name: value}), words=(name,))
    if subject.facts.logprobs.accepted:
        told = Wish({"logprobs": True})
        most = told.plus(top_logprobs=2)
        yield subject.flag("top_logprobs.accepted", most, control=told, words=("top_logprobs",))
    metadata: dict[str, Any] = {"metadata": {"probe": "1"}}
    if subject.facts.metadata.needs_store:
        metadata["store"] = True
    yield subject.flag("metadata.accepted", Wish(metadata), words=("metadata",))
    yield _tiers(subject)
    yield from _summaries(subject)


def _more_stops(subject: Subject, most: int) -> Check:
    fact, count = "stop_sequences.max", most + 1
    asked = Question(
        says=False,
        wish=Wish({"stop_sequences": [f"END{number}" for number in range(count)]}),
        control=Wish({"stop_sequences": ["END"]}),
        grant={fact: count},
        words=("stop",),
    )
    return subject.check(fact, [asked], lambda seen: {fact: count if taken(seen, asked) else most})


def _tiers(subject: Subject) -> Check:
    fact = "service_tier.values"
    # On OpenAI's wires auto and default leave the choice to the provider.
    names = ("flex", *_COSTLY) if subject.openai else ("default", "flex", "priority", "reserved")
    asked = {
        name: Question(says=False, wish=Wish({"service_tier": name}), words=("tier",), costly=name in _COSTLY)
        for name in names
    }
    return subject.members(fact, asked)


def _summaries(subject: Subject) -> Iterator[Check]:
    """What is shown of reasoning: words of OpenAI's, and one of Claude's."""
    fact, wish = "reasoning_summary.levels", subject.thinking
    if wish is None or not (subject.openai or subject.claude):
        return
    if subject.facts.reasoning_summary.shown and not subject.value(fact):  # it need not be asked for
        return
    if subject.dialect == CHAT_WIRE:  # which has no place for it
        return
    words = ("summary", "display")
    if subject.openai:
        names = get_args(ReasoningSummary)
        asked = {
            name: Question(says=False, wish=wish.plus(reasoning_summary=name), control=wish, words=words)
            for name in names
        }
        yield subject.members(fact, asked)
    elif "adaptive" in subject.facts.thinking.modes:
        question = Question(
            says=False,
            wish=wish.plus(reasoning_summary="auto"),
            control=wish,
            words=words,
            grant={"reasoning_summary.needs_thinking": True},
        )
        yield subject.members(fact, {"summarized": question})
