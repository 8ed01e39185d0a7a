"""Checks of thinking and of efforts."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final

from smartllm.rules.vocabulary import ThinkingMode
from smartllm.verify.asks.limits import numbers
from smartllm.verify.question import Check, Question, Seen, Wish
from smartllm.verify.subject import Subject, taken
from smartllm.words import EFFORTS

_WORDS: Final = ("thinking", "reasoning", "budget", "effort", "adaptive")
_OFF: Final = ("disabled", "between_tools")


def checks(subject: Subject) -> Iterator[Check]:
    """The checks."""
    yield from _modes(subject)
    yield from _levels(subject)
    if subject.facts.thinking.default != "off" and subject.claude:
        yield _off(subject)
    if "budget" in subject.facts.thinking.modes and subject.facts.thinking.min_budget > 1:
        yield _least(subject)


def _modes(subject: Subject) -> Iterator[Check]:
    thinking, effort = subject.facts.thinking, subject.facts.effort
    known: tuple[ThinkingMode, ...] = ("adaptive", "budget") if subject.claude else ("effort",)
    names = [*dict.fromkeys((*thinking.modes, *known))]
    spoken = [level for level in effort.levels if level != "none"]
    level = spoken[0] if spoken else "low"
    if not subject.claude and not thinking.modes and not subject.openai:
        return  # each family has a key of its own for it, and none is known
    if thinking.modes and not effort.levels:
        return  # how hard it thinks cannot be said
    asked = {}
    for name in names:
        budget = name == "budget"
        fields = {"budget_tokens": thinking.min_budget} if budget else {"reasoning_effort": level}
        grant: dict[str, Any] = {"thinking.modes": [name], "effort.levels": spoken or ["low"]}
        if not effort.budgets:
            grant["effort.budgets"] = {"low": thinking.min_budget}
        asked[name] = Question(
            part=name, says=name in thinking.modes, wish=Wish(fields), grant=grant, words=_WORDS
        )

    def settle(seen: Mapping[str, Seen]) -> dict[str, Any]:
        found = [name for name, question in asked.items() if taken(seen, question)]
        if found:
            how_hard = {} if effort.levels else {"effort.levels": [level]}
            return {"thinking.modes": found, **how_hard}
        # A model that thinks without being told has no facts that say so.
        return {"thinking.modes": [], "effort.levels": []} if thinking.default == "off" else {}

    yield subject.check("thinking.modes", list(asked.values()), settle)


def _levels(subject: Subject) -> Iterator[Check]:
    modes = subject.facts.thinking.modes
    if not modes or modes[0] == "budget":
        return
    # Claude's way of saying none is another: see thinking.off.
    names: list[str] = [level for level in EFFORTS if not (subject.claude and level in {"none", "minimal"})]
    asked = {
        name: Question(says=False, wish=Wish({"reasoning_effort": name}), words=_WORDS) for name in names
    }
    yield subject.members("effort.levels", asked)


def _off(subject: Subject) -> Check:
    fact, off = "thinking.off", subject.facts.thinking.off
    ways = _OFF[:1] if off == "disabled" else _OFF
    levels = [level for level in subject.facts.effort.levels if level != "none"]
    asked = [
        Question(
            part=name,
            says=off == name,
            wish=Wish({"reasoning_effort": "none"}),
            grant={fact: name, "effort.levels": levels},
            words=("thinking", name),
        )
        for name in ways
    ]

    def settle(seen: Mapping[str, Seen]) -> dict[str, Any]:
        found = next((question.part for question in asked if taken(seen, question)), None)
        if found == off or (found is None and off not in _OFF):
            return {fact: off}
        return {fact: found or "impossible", "thinking.default": "on" if found else "always"}

    return subject.check(fact, asked, settle)


def _least(subject: Subject) -> Check:
    fact, least = "thinking.min_budget", subject.facts.thinking.min_budget
    budget = {"thinking.modes": ["budget"]}
    at = Question(
        part="at", says=True, wish=Wish({"budget_tokens": least}), grant={fact: least, **budget}, words=_WORDS
    )
    below = Question(
        part="below",
        says=False,
        wish=Wish({"budget_tokens": least - 1}),
        control=Wish({"budget_tokens": least}),
        grant={fact: least - 1, **budget},
        words=_WORDS,
    )

    def settle(seen: Mapping[str, Seen]) -> dict[str, Any]:
        if taken(seen, below):
            return {fact: least - 1}
        if taken(seen, at):
            return {fact: least}
        found = {number for number in numbers(seen["at"].words) if number > least}
        return {fact: found.pop()} if len(found) == 1 else {}

    return subject.check(fact, [at, below], settle)
