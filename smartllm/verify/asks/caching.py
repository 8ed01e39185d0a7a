"""Checks of what is asked of the provider's prompt cache."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final

from smartllm.content import CachePoint
from smartllm.rules.vocabulary.caching import Caching
from smartllm.text_parts import Text
from smartllm.verify.asks.tools import TOOL
from smartllm.verify.question import Check, Question, Seen, Wish
from smartllm.verify.subject import Subject, taken

_WORDS: Final = ("cache", "caching")
_POINTS: Final = 4
_KEPT: Final = Text("To be kept.")
_HERE: Final = {
    "tools": Wish({"prompt_cache": "5m", "tools": [TOOL]}),
    "system": Wish({"prompt_cache": "5m", "system_prompt": "Be brief."}),
    "messages": Wish({"prompt_cache": "5m"}),
}
"""What asks for a mark at each place, where no other place takes one."""
_WITHOUT: Final = {
    "tools": Wish({"tools": [TOOL]}),
    "system": Wish({"system_prompt": "Be brief."}),
    "messages": Wish(),
}


def checks(subject: Subject) -> Iterator[Check]:
    """The checks."""
    takes = subject.facts.caching
    if subject.openai:
        yield from _openai(subject, takes)
    else:
        yield from _marks(subject, takes)


def _openai(subject: Subject, takes: Caching) -> Iterator[Check]:
    key = Wish({"prompt_cache_key": "smartllm-verify"})
    yield subject.flag("caching.key", key, words=_WORDS)
    if not takes.breakpoints:
        long = Wish({"prompt_cache": "24h"})
        question = Question(says=False, wish=long, words=_WORDS)
        yield subject.members("caching.retention", {"24h": question})
    marked = Wish(parts=(_KEPT, CachePoint()))
    grant: dict[str, Any] = {
        "caching.points": takes.points or _POINTS,
        "caching.where": sorted({*takes.where, "messages"}),
    }
    control = Wish(parts=(_KEPT,))
    fact = "caching.breakpoints"
    asked = Question(
        says=takes.breakpoints,
        wish=marked,
        control=control,
        grant={fact: True, **grant},
        words=_WORDS,
    )

    def settle(seen: Mapping[str, Seen]) -> dict[str, Any]:
        found = taken(seen, asked)
        if found:
            return {fact: True, **({} if takes.points else grant)}
        # Without them there is no place for marks, and none for their times.
        rest = {"caching.points": 0, "caching.where": [], "caching.options_ttls": []}
        return {fact: False, **(rest if takes.breakpoints else {})}

    yield subject.check(fact, [asked], settle)


def _marks(subject: Subject, takes: Caching) -> Iterator[Check]:
    after = sorted({*takes.after, "text"})

    def question(place: str, wish: Wish, **grant: Any) -> Question:
        said = {"caching.points": takes.points or _POINTS, "caching.after": after, **grant}
        return Question(says=False, wish=wish, control=_WITHOUT[place], grant=said, words=_WORDS)

    if not takes.points:
        asked = question("messages", _HERE["messages"], **{"caching.where": ["messages"]})

        def settle(seen: Mapping[str, Seen]) -> dict[str, Any]:
            if not taken(seen, asked):
                return {"caching.points": 0}
            return {"caching.points": _POINTS, "caching.where": ["messages"]}

        yield subject.check("caching.points", [asked], settle)
        return
    functions = subject.facts.tools.functions == "always"
    places = [place for place in _HERE if place != "tools" or (subject.claude and functions)]
    yield subject.members(
        "caching.where",
        {place: question(place, _HERE[place], **{"caching.where": [place]}) for place in places},
    )
    if subject.claude:
        hour = _HERE["messages"].plus(prompt_cache="1h")
        where = {"caching.where": sorted({*takes.where, "messages"})}
        yield subject.members("caching.ttls", {"1h": question("messages", hour, **where)})
