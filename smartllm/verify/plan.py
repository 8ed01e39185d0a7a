"""Which facts are asked about, and in how few calls; nothing is sent here."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final

from smartllm.rules.facts import StatedFact, stated_facts
from smartllm.verify.asks import checks_of
from smartllm.verify.bodies import Bodies, Call, Unsayable, differing
from smartllm.verify.question import Check, Question, Wish, united
from smartllm.verify.subject import Subject

STALE_DAYS: Final = 90
"""Days after which a fact is looked at again."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """Which facts are asked about.

    Attributes:
        today: Day by which their age is judged.
        older_than: Days after which a fact is stale.
        everything: All of them, those that no row states too, and what may cost more than an ordinary call.
        facts: Paths of facts or of groups; empty for all that are disputed or stale.
    """

    today: dt.date
    older_than: int = STALE_DAYS
    everything: bool = False
    facts: tuple[str, ...] = ()

    def takes(self, fact: StatedFact) -> bool:
        """Whether a fact is asked about."""
        if self.facts:
            return any(fact.path == path or fact.path.startswith(f"{path}.") for path in self.facts)
        if self.everything:
            return True
        return fact.stated and bool(self.why(fact))

    def why(self, fact: StatedFact) -> str:
        """Why a fact is worth a call; empty where nothing speaks for it."""
        origin = fact.origin
        if origin.disputed:
            return "disputed"
        if not fact.stated:
            return ""
        if origin.verified is None:
            return "no evidence"
        age = (self.today - origin.verified).days
        return f"{age} days old" if age > self.older_than else ""


@dataclass(frozen=True, slots=True)
class Asked:
    """A question of a check.

    Attributes:
        check: The check.
        question: The question.
        call: The call that it makes by itself.
        control: The same without what it asks for.
    """

    check: Check
    question: Question
    call: Call
    control: Call


@dataclass(frozen=True, slots=True)
class Group:
    """Questions that one call answers if it is taken.

    Attributes:
        asked: The questions.
        call: The call.
    """

    asked: tuple[Asked, ...]
    call: Call

    @property
    def whole(self) -> bool:
        """Whether its answer may be long."""
        return any(one.question.whole for one in self.asked)


@dataclass(frozen=True, slots=True, kw_only=True)
class ProbePlan:
    """What will be asked.

    Attributes:
        bodies: Makes the calls.
        baseline: The call that asks for nothing.
        checks: What is asked about.
        legal: What the table says is taken, many questions a call.
        illegal: What it says is refused, one question a call.
        later: Questions that wait for what others show.
        unasked: Facts that were chosen and that no call tells, each with the reason.
        why: Why each fact is asked about, by its path.
    """

    bodies: Bodies
    baseline: Call
    checks: tuple[Check, ...]
    legal: tuple[Group, ...]
    illegal: tuple[Group, ...]
    later: tuple[Asked, ...]
    unasked: tuple[tuple[StatedFact, str], ...]
    why: Mapping[str, str]

    @property
    def groups(self) -> tuple[Group, ...]:
        """All calls behind the baseline."""
        return (*self.legal, *self.illegal)


def probe_plan(bodies: Bodies, choice: Choice) -> ProbePlan:
    """Choose facts and make the calls that show whether they are right.

    Raises:
        Unsayable: Nothing can be sent to the model at all.
    """
    subject = Subject(bodies.target)
    chosen = {fact.path: fact for fact in stated_facts(bodies.target) if choice.takes(fact)}
    order = {True: 0, False: 1}
    checks = sorted(
        (check for check in checks_of(subject) if check.fact in chosen),
        key=lambda check: order[bool(check.origin.disputed)],
    )
    reasons = dict.fromkeys(chosen, "no call shows it")
    asked, kept = [], []
    for check in checks:
        sayable = list(_sayable(check, bodies, choice, reasons))
        if sayable:
            asked += sayable
            kept.append(replace(check, questions=tuple(one.question for one in sayable)))
            del reasons[check.fact]
    first = [one for one in asked if not one.question.behind]
    return ProbePlan(
        bodies=bodies,
        baseline=bodies.call(Wish(), {}),
        checks=tuple(kept),
        legal=tuple(grouped([one for one in first if one.question.says], bodies)),
        illegal=tuple(Group((one,), one.call) for one in first if not one.question.says),
        later=tuple(one for one in asked if one.question.behind),
        unasked=tuple(
            (chosen[path], reason)
            for path, reason in reasons.items()
            if chosen[path].stated or path in choice.facts
        ),
        why={check.fact: choice.why(chosen[check.fact]) or "asked for" for check in kept},
    )


def _sayable(check: Check, bodies: Bodies, choice: Choice, reasons: dict[str, str]) -> Iterator[Asked]:
    for question in check.questions:
        if question.costly and not choice.everything:
            reasons[check.fact] = "it would cost more than an ordinary call: see --all"
            continue
        try:
            yield Asked(check, question, *bodies.asked(question))
        except Unsayable as error:
            reasons[check.fact] = str(error)


def grouped(asked: Sequence[Asked], bodies: Bodies) -> Iterator[Group]:
    """Few calls in which each question is asked as it would be by itself."""
    groups: list[Group] = []
    for one in asked:
        for number, group in enumerate(groups):
            joined = together((*group.asked, one), bodies)
            if joined is not None:
                groups[number] = joined
                break
        else:
            groups.append(Group((one,), one.call))
    yield from groups


def together(asked: tuple[Asked, ...], bodies: Bodies) -> Group | None:
    """The one call that asks all questions; None where they do not go together.

    They do not where one changes what another one says, or what the table takes.
    """
    if len(asked) == 1:
        return Group(asked, asked[0].call)
    wish: Wish | None = Wish()
    grant: dict[str, object] | None = {}
    for one in asked:
        if wish is None or grant is None or one.question.whole:
            return None
        wish, grant = wish.joined(one.question.wish), united(grant, one.question.grant)
    if wish is None or grant is None:
        return None
    try:
        call = bodies.call(wish, grant)
    except Unsayable:
        return None
    said = call.leaves
    if all(differing(one.call, one.control) <= said for one in asked):
        return Group(asked, call)
    return None
