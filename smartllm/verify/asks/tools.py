"""Checks of tools: whether any are taken, whether one can be forced, and what may be said of them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final

from smartllm.rules.vocabulary.wire import CHAT_WIRE, PLACES
from smartllm.tools.declared import Tool
from smartllm.verify.question import Check, Question, Seen, Wish
from smartllm.verify.subject import Subject, taken

_EMPTY: Final[dict[str, Any]] = {"type": "object", "properties": {}, "additionalProperties": False}
TOOL: Final = Tool("probe", "Says nothing.", _EMPTY)
_OTHERS: Final = [TOOL, Tool("other", "Says nothing.", _EMPTY), Tool("third", "Says nothing.", _EMPTY)]
_WORDS: Final = ("tool", "function")
_UNFORCED: Final = {"skips-thinking", "always"}


def checks(subject: Subject) -> Iterator[Check]:
    """The checks."""
    facts = subject.facts.tools
    yield from _functions(subject)
    if facts.functions == "never":
        return
    state = subject.off if facts.functions == "effort-none" else subject.usual
    if state is None:
        return
    with_tool = state.plus(tools=[TOOL])
    yield from _forced(subject)
    yield from _parallel(subject, with_tool)
    yield from _none(subject, with_tool)
    yield from _strict(subject, state)
    yield from _dashed(subject, state)
    yield from _named(subject)
    if subject.facts.streaming:
        streamed = with_tool.plus(stream=True)
        yield subject.flag("tools.streaming", streamed, control=with_tool, words=("stream", *_WORDS))
    if subject.openai:
        yield _some(subject, state)
        custom = state.plus(tools=[_custom(subject)])
        yield subject.flag("tools.custom", custom, control=state, words=("custom", *_WORDS))


def _custom(subject: Subject) -> dict[str, Any]:
    """A tool that takes free text, in the words of the wire."""
    said = {"name": "free", "description": "Takes a text."}
    return {"type": "custom", "custom": said} if subject.dialect == CHAT_WIRE else {"type": "custom", **said}


def _functions(subject: Subject) -> Iterator[Check]:
    fact, now = "tools.functions", subject.facts.tools.functions
    says = {"thinking on": now == "always", "thinking off": now != "never"}
    asked = [
        Question(
            part=state,
            says=says[state],
            wish=wish.plus(tools=[TOOL]),
            control=wish,
            grant={fact: "always"},
            words=_WORDS,
        )
        for state, wish in subject.states.items()
    ]

    def settle(seen: Mapping[str, Seen]) -> dict[str, Any]:
        takes = {question.part: taken(seen, question) for question in asked}
        if all(takes.values()):
            return {fact: "always"}
        return {fact: "effort-none" if takes.get("thinking off") else "never"}

    yield subject.check(fact, asked, settle)


def _forced(subject: Subject) -> Iterator[Check]:
    fact, now = "tools.forced", subject.facts.tools.forced
    says = {"thinking on": now in _UNFORCED, "thinking off": now != "never"}
    states = subject.states
    if subject.facts.tools.functions == "effort-none":
        states.pop("thinking on", None)
    asked = []
    for state, wish in states.items():
        control = wish.plus(tools=[TOOL])
        forced = control.plus(tool_choice="required")
        words = ("tool_choice", "force", *_WORDS)
        asked.append(
            Question(
                part=state,
                says=says[state],
                wish=forced,
                control=control,
                grant={fact: "always"},
                words=words,
            )
        )
    if not asked:
        return
    unless = "effort-none" if "none" in subject.facts.effort.levels else "unless-thinking"

    def settle(seen: Mapping[str, Seen]) -> dict[str, Any]:
        takes = {question.part: taken(seen, question) for question in asked}
        if all(takes.values()):
            return {fact: now if all(says[state] for state in takes) else "always"}
        if not takes.get("thinking off"):
            return {fact: "never"}
        return {fact: now if now in {"effort-none", "unless-thinking"} else unless}

    yield subject.check(fact, asked, settle)


def _placed(
    subject: Subject, fact: str, wish: Wish, control: Wish, absent: str, words: tuple[str, ...]
) -> Check:
    """The check of a fact whose value is the place where a thing is said, or that there is none."""
    now = subject.value(fact)
    here = (place for place, dialects in PLACES[fact].items() if subject.dialect in dialects)
    place = now if now != absent else next(here)
    question = Question(says=now != absent, wish=wish, control=control, grant={fact: place}, words=words)
    return subject.check(fact, [question], lambda seen: {fact: place if taken(seen, question) else absent})


def _parallel(subject: Subject, control: Wish) -> Iterator[Check]:
    wish = control.plus(parallel_tool_calls=False)
    yield _placed(subject, "tools.parallel", wish, control, "impossible", ("parallel", *_WORDS))


def _none(subject: Subject, control: Wish) -> Iterator[Check]:
    wish = control.plus(tool_choice="none")
    yield _placed(subject, "tools.none", wish, control, "omit", ("tool_choice", *_WORDS))


def _some(subject: Subject, state: Wish) -> Check:
    control = state.plus(tools=_OTHERS)
    wish = control.plus(tool_choice=["probe", "other"])
    return _placed(subject, "tools.some", wish, control, "omit", ("allowed_tools", "tool_choice", *_WORDS))


def _strict(subject: Subject, state: Wish) -> Iterator[Check]:
    fact, now = "tools.strict", subject.facts.tools.strict
    # On OpenAI's wires leaving it out means something else than false.
    usual = "spelled" if subject.openai else "accepted"
    strict = Tool("probe", "Says nothing.", _EMPTY, strict=True)
    asked = Question(
        says=now != "never",
        wish=state.plus(tools=[strict]),
        control=state.plus(tools=[TOOL]),
        grant={} if now != "never" else {fact: usual},
        words=("strict",),
    )
    as_taken = now if now != "never" else usual
    yield subject.check(fact, [asked], lambda seen: {fact: as_taken if taken(seen, asked) else "never"})


def _dashed(subject: Subject, state: Wish) -> Iterator[Check]:
    fact = "tools.name"
    asked = Question(
        says=subject.facts.tools.name == "dashed",
        wish=state.plus(tools=[Tool("pro-be", "Says nothing.", _EMPTY)]),
        control=state.plus(tools=[TOOL]),
        grant={fact: "dashed"},
        words=("name", *_WORDS),
    )
    yield subject.check(fact, [asked], lambda seen: {fact: "dashed" if taken(seen, asked) else "word"})


def _named(subject: Subject) -> Iterator[Check]:
    """Whether the forced tool may be named, where some tool can be forced."""
    fact, forced = "tools.choice", subject.facts.tools.forced
    state = subject.usual if forced in _UNFORCED else subject.off
    if forced == "never" or state is None:
        return
    control = state.plus(tools=[TOOL], tool_choice="required")
    asked = Question(
        says=subject.facts.tools.choice == "named",
        wish=control.plus(tool_choice="probe"),
        control=control,
        grant={fact: "named"},
        words=("tool_choice", *_WORDS),
    )
    yield subject.check(fact, [asked], lambda seen: {fact: "named" if taken(seen, asked) else "any"})
