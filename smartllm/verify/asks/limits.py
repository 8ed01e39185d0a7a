"""Checks of output limits: just at them, and just beyond."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any, Final

from smartllm.verify.question import Check, Question, Seen, Wish
from smartllm.verify.subject import Subject, taken

_WORDS: Final = (
    "max_tokens",
    "max_output_tokens",
    "max_completion_tokens",
    "maxTokens",
    "output tokens",
    "maximum",
)
_FAR: Final = 50_000_000
"""More tokens than any model gives: its refusal may name the limit."""
_LEAST: Final = 256
_SAID: Final = " from the provider: "
"""What stands between the status and the provider's own words."""
_NUMBER: Final = re.compile(r"(?<![\w.])\d{1,3}(?:,\d{3})+(?![\w.])|(?<![\w.])\d+(?![\w])")


def checks(subject: Subject) -> Iterator[Check]:
    """The checks."""
    limits = subject.facts.limits
    if limits.max_output is not None:
        yield _most(subject, limits.max_output)
    if limits.min_output > 1:
        yield _least(subject, limits.min_output)


def _most(subject: Subject, most: int) -> Check:
    fact = "limits.max_output"
    # Streamed, the answer can be broken off as soon as it begins.
    control = Wish({"stream": True}) if subject.facts.streaming else Wish()

    def question(part: str, tokens: int, **about: Any) -> Question:
        return Question(
            part=part,
            says=tokens <= most,
            wish=control.plus(max_tokens=tokens),
            control=control,
            grant={fact: tokens},
            words=_WORDS,
            whole=True,
            **about,
        )

    asked = [question("at", most), question("over", most + 1), question("far", _FAR, behind="over")]

    def settle(seen: Mapping[str, Seen]) -> dict[str, Any]:
        at, over = (taken(seen, one) for one in asked[:2])
        if at and not over:
            return {fact: most}
        told = seen.get("far" if over else "at", Seen(None))
        found = {number for number in numbers(told.words) if (number > most if over else number < most)}
        return {fact: found.pop()} if len(found) == 1 and told.accepted is False else {}

    return subject.check(fact, asked, settle)


def _least(subject: Subject, least: int) -> Check:
    fact = "limits.min_output"
    asked = Question(
        says=False, wish=Wish({"max_tokens": least - 1}), grant={fact: least - 1}, words=(*_WORDS, "minimum")
    )
    return subject.check(fact, [asked], lambda seen: {fact: least - 1 if taken(seen, asked) else least})


def numbers(text: str) -> list[int]:
    """The whole numbers in a text that can be a limit, but those that were asked for."""
    words = text.partition(_SAID)[2] or text
    found = [int(number.replace(",", "")) for number in _NUMBER.findall(words)]
    return [number for number in found if _LEAST <= number < _FAR]
