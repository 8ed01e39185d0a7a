"""Asks what was planned, in as few calls as the answers allow, and says of each fact what was seen."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, Literal, Protocol

from smartllm.compiler.plan import Step
from smartllm.usage import Usage
from smartllm.verify.bodies import Call
from smartllm.verify.judge import Outcome, is_about
from smartllm.verify.plan import Asked, Group, ProbePlan, together
from smartllm.verify.question import Check, Seen

Verdict = Literal["agrees", "differs", "found", "can't tell"]
"""``found``: the table did not know."""

UNKNOWN: Final = "unknown"
_NO_CALLS: Final = "no calls were left: see --max-calls"
_MOST_FAILURES: Final = 3
"""Calls in a row without an answer, such as 429 or 500, after which no more are made."""


class Sends(Protocol):
    """Makes calls."""

    async def send(self, step: Step, *, whole: bool) -> Outcome:
        """Make one call."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """What was seen of one fact.

    Attributes:
        check: What was asked.
        verdict: How the table stands to it.
        value: The fact as it was seen; the table's where nothing else is known.
        facts: What an overlay may state of it; empty where that is not known, or only a part of it.
        seen: What came of each part.
    """

    check: Check
    verdict: Verdict
    value: Any
    facts: dict[str, Any]
    seen: dict[str, Seen]


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """What was seen.

    Attributes:
        plan: What was asked.
        results: What came of it, a fact each.
        calls: How many calls were made.
        usage: Their tokens, as far as they were told.
        failed: Why nothing could be asked; empty where something could.
    """

    plan: ProbePlan
    results: tuple[Result, ...]
    calls: int
    usage: Usage
    failed: str = ""

    @property
    def differs(self) -> bool:
        """Whether the table is wrong somewhere."""
        return any(result.verdict == "differs" for result in self.results)


@dataclass
class _Run:
    """One verification under way.

    Attributes:
        plan: What is asked.
        sends: Makes the calls.
        most: Calls that may be made.
    """

    plan: ProbePlan
    sends: Sends
    most: int
    calls: int = 0
    usage: Usage = field(default_factory=Usage)
    known: dict[Any, Outcome] = field(default_factory=dict)
    seen: dict[tuple[str, str], Seen] = field(default_factory=dict)
    ended: str = ""
    failures: int = 0

    async def outcome(self, call: Call, *, whole: bool = False) -> Outcome:
        """What comes of a call; an equal one is not made twice."""
        if call.identity not in self.known:
            if self.ended:
                return Outcome("none", self.ended)
            if self.calls >= self.most:
                return Outcome("none", _NO_CALLS)
            self.calls += 1
            found = await self.sends.send(call.step, whole=whole)
            self.usage += found.usage
            self.failures = self.failures + 1 if found.kind == "none" else 0
            if found.final:
                self.ended = found.words
            elif self.failures >= _MOST_FAILURES:
                self.ended = f"{_MOST_FAILURES} calls in a row had no answer, the last: {found.words}"
            self.known[call.identity] = found
        return self.known[call.identity]

    async def ask(self, group: Group) -> None:
        """Answer the questions of a group, in more calls where one does not tell."""
        found = await self.outcome(group.call, whole=group.whole)
        if found.accepted or len(group.asked) == 1:
            for one in group.asked:
                self.note(one, Seen(True, how="answer") if found.accepted else await self.judged(one, found))
        elif found.kind == "none":
            for one in group.asked:
                self.note(one, Seen(None, found.words))
        else:
            for part in self.parts(group, found):
                await self.ask(part)

    def parts(self, group: Group, found: Outcome) -> Iterable[Group]:
        """A refused group in two: what the refusal names and the rest, else the halves."""
        named = [one for one in group.asked if is_about(one, found.words)]
        if len(named) != 1:
            named = list(group.asked[: len(group.asked) // 2])
        rest = [one for one in group.asked if one not in named]
        for part in (named, rest):
            joined = together(tuple(part), self.plan.bodies)
            yield from (Group((one,), one.call) for one in part) if joined is None else (joined,)

    async def judged(self, one: Asked, found: Outcome) -> Seen:
        """What a call says that was not taken: only beside its control does a refusal tell of a fact."""
        about = is_about(one, found.words)
        if found.kind == "none" or (found.kind == "barred" and not about):
            return Seen(None, found.words)
        control = await self.outcome(one.control)
        if not control.accepted:
            return Seen(None, f"the same without it was not taken either: {control.words}")
        return Seen(False, found.words, "words" if about else "comparison")

    async def settle(self) -> None:
        """Take back what comparison told if the provider takes by now not even what it took at first.

        An account that runs dry, or is barred, is often told so with the status of a wrong request.
        """
        compared = [at for at, seen in self.seen.items() if seen.how == "comparison"]
        if not compared:
            return
        del self.known[self.plan.baseline.identity]
        again = await self.outcome(self.plan.baseline)
        if not again.accepted:
            words = f"at the end a plain request was not taken either: {again.words}"
            self.seen.update(dict.fromkeys(compared, Seen(None, words)))

    def note(self, one: Asked, seen: Seen) -> None:
        """Remember what came of a question."""
        self.seen[one.check.fact, one.question.part] = seen

    def of(self, check: Check) -> dict[str, Seen]:
        """What came of the questions of a check."""
        return {part: seen for (fact, part), seen in self.seen.items() if fact == check.fact}


async def verified(plan: ProbePlan, sends: Sends, *, most: int) -> Report:
    """Ask what was planned.

    Args:
        plan: What is asked.
        sends: Makes the calls.
        most: Calls that may be made.
    """
    run = _Run(plan, sends, most)
    first = await run.outcome(plan.baseline)
    if not first.accepted:
        return Report(plan=plan, results=(), calls=run.calls, usage=run.usage, failed=first.words)
    for group in plan.groups:
        await run.ask(group)
    for one in plan.later:
        before = run.seen.get((one.check.fact, one.question.behind))
        if before is not None and before.accepted:
            await run.ask(Group((one,), one.call))
    await run.settle()
    results = tuple(result_of(check, run.of(check)) for check in plan.checks)
    return Report(plan=plan, results=results, calls=run.calls, usage=run.usage)


def result_of(check: Check, seen: dict[str, Seen]) -> Result:
    """What was seen of one fact."""
    asked = [question for question in check.questions if not question.behind]
    found = {question.part: seen.get(question.part, Seen(None, _NO_CALLS)) for question in asked}
    facts: dict[str, Any] = {}
    value, verdict = check.value, _verdict(check, found)
    if verdict == "agrees":
        facts = {} if value is None or check.unasked else {check.fact: value}
    elif verdict != "can't tell":
        facts = dict(check.settle(seen))
        value = facts.get(check.fact, UNKNOWN)
        if verdict == "differs" and value == check.value:  # what differs is said by others
            value = {path: said for path, said in facts.items() if path != check.fact}
    return Result(check=check, verdict=verdict, value=value, facts=facts, seen={**found, **seen})


def _verdict(check: Check, found: dict[str, Seen]) -> Verdict:
    asked: Sequence[tuple[bool, bool | None]] = [
        (question.says, found[question.part].accepted)
        for question in check.questions
        if question.part in found
    ]
    known = [(says, accepted) for says, accepted in asked if accepted is not None]
    if check.value == UNKNOWN and known:
        return "found"
    if any(says != accepted for says, accepted in known):
        return "differs"
    return "agrees" if asked and len(known) == len(asked) else "can't tell"
