"""Checks of sampling parameters."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final

from smartllm.parameters import PARAMETERS, SAMPLING
from smartllm.verify.question import Check, Question, Seen, Wish
from smartllm.verify.subject import Subject, taken

VALUES: Final[Mapping[str, float]] = {"temperature": 0.5, "top_p": 0.9, "top_k": 5}
"""Values that say something else than saying nothing."""
_STEP: Final = 0.1
_ALWAYS: Final = {"sampling": "always"}


def checks(subject: Subject) -> Iterator[Check]:
    """The checks."""
    yield from _together(subject)
    wish = _state(subject)
    if wish is None:
        return
    for name, value in VALUES.items():
        yield subject.flag(f"{name}.accepted", wish.plus(**{name: value}), control=wish, words=(name,))
        if getattr(subject.facts, name).accepted:
            yield from _largest(subject, name, wish)
            yield from _while_thinking(subject, name)
    yield from _exclusive(subject, wish)


def _state(subject: Subject) -> Wish | None:
    """A wish beside which the table takes sampling parameters, with nothing else that limits them."""
    sampling = subject.facts.sampling
    if sampling == "never":
        return None
    return subject.off if subject.off is not None or sampling == "effort-none" else subject.thinking


def _together(subject: Subject) -> Iterator[Check]:
    says = {
        "thinking on": subject.facts.sampling == "always",
        "thinking off": subject.facts.sampling != "never",
    }
    questions = []
    for state, wish in subject.states.items():
        found = _value(subject, state)
        if found is not None:
            name, value = found
            asked = wish.plus(**{name: value})
            words = (name, "sampling")
            questions.append(
                Question(part=state, says=says[state], wish=asked, control=wish, grant=_ALWAYS, words=words)
            )
    if not questions:
        return

    def settle(seen: Mapping[str, Seen]) -> dict[str, Any]:
        takes = {question.part: taken(seen, question) for question in questions}
        if all(takes.values()):
            return {"sampling": "always"}
        if not takes.get("thinking off"):
            return {"sampling": "never"}
        if "none" in subject.facts.effort.levels:
            return {"sampling": "effort-none"}
        return {"sampling": "always", **{f"{name}.thinking": [] for name in VALUES}}

    yield subject.check("sampling", questions, settle)


def _value(subject: Subject, state: str) -> tuple[str, float] | None:
    """A parameter and a value that only the fact ``sampling`` may refuse."""
    for name in VALUES:
        parameter = getattr(subject.facts, name)
        allowed = parameter.thinking if state == "thinking on" else None
        if not parameter.accepted or allowed == ():
            continue
        value = VALUES[name] if allowed is None else min(max(VALUES[name], allowed[0]), allowed[-1])
        if value != PARAMETERS[name].neutral:
            return name, value
    return None


def _largest(subject: Subject, name: str, wish: Wish) -> Iterator[Check]:
    fact, most = f"{name}.max", getattr(subject.facts, name).max
    limit = PARAMETERS[name].most
    if most is None or limit is None or most >= limit:
        return
    over = round(min(most + _STEP, limit), 3)
    asked = Question(
        says=False,
        wish=wish.plus(**{name: over}),
        control=wish,
        grant={fact: limit},
        words=(name,),
    )
    yield subject.check(fact, [asked], lambda seen: {fact: over if taken(seen, asked) else most})


def _while_thinking(subject: Subject, name: str) -> Iterator[Check]:
    """The range of a parameter while the model thinks: a value outside of it."""
    fact, allowed = f"{name}.thinking", getattr(subject.facts, name).thinking
    wish, value = subject.thinking, VALUES[name]
    if allowed is None or wish is None or subject.facts.sampling != "always":
        return
    if allowed and allowed[0] <= value <= allowed[-1]:
        return
    widest = [0.0, max(getattr(subject.facts, name).max or 1.0, value)]
    asked = Question(
        says=False, wish=wish.plus(**{name: value}), control=wish, grant={fact: widest}, words=(name,)
    )
    yield subject.check(fact, [asked], lambda seen: {fact: widest if taken(seen, asked) else list(allowed)})


def _exclusive(subject: Subject, wish: Wish) -> Iterator[Check]:
    listed = subject.facts.exclusive
    usable = [name for name in VALUES if name in SAMPLING and getattr(subject.facts, name).accepted]
    pairs = [pair for pair in (*listed, ("temperature", "top_p")) if set(pair) <= set(usable)]
    questions = []
    for first, second in dict.fromkeys(pairs):
        rest = [list(pair) for pair in listed if pair != (first, second)]
        questions.append(
            Question(
                part=f"{first}+{second}",
                says=(first, second) not in listed,
                wish=wish.plus(**{first: VALUES[first], second: VALUES[second]}),
                control=wish.plus(**{first: VALUES[first]}),
                grant={"exclusive": rest},
                words=(first, second, "both"),
            )
        )
    if not questions:
        return

    def settle(seen: Mapping[str, Seen]) -> dict[str, Any]:
        asked = {question.part: question for question in questions}
        known = dict.fromkeys((*listed, *pairs))
        return {
            "exclusive": [
                list(pair)
                for pair in known
                if ("+".join(pair) in asked and not taken(seen, asked["+".join(pair)]))
                or ("+".join(pair) not in asked and pair in listed)
            ]
        }

    yield subject.check("exclusive", questions, settle)
