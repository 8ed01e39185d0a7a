"""What a provider keeps of prompts: counts of what is read from its cache and of what is written to it."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Final, NamedTuple

from smartllm.rules import Facts

from .heard import JSON, json_of
from .prompt_blocks import Block, ttl_of, written
from .texts import words_in

_SMALLEST_BODY: Final = 1000
"""Bytes of a body that may hold enough to be kept."""
_LOOK_BACK: Final = 20
_LEAST: Final = 1024
"""Where nobody says how short a prompt may be."""
_HOUR: Final = "1h"


class Kept(NamedTuple):
    """Tokens of a prompt.

    Attributes:
        read: Read from the cache.
        written: Written to it.
        hour: The part of these that is kept for an hour.
    """

    read: int = 0
    written: int = 0
    hour: int = 0


NOTHING: Final = Kept()


@dataclass(frozen=True, slots=True)
class _End:
    """The end of a block: a hash of all up to it, and how many tokens that are."""

    prefix: str
    tokens: int
    marks: Sequence[JSON]


class PromptMemory:
    """Remembers the beginnings of prompts, by model, for as long as it lives: nothing in it grows old."""

    def __init__(self) -> None:
        self._seen: set[str] = set()

    def clear(self) -> None:
        """Forget all."""
        self._seen.clear()

    def taken(
        self,
        payload: bytes,
        model: str,
        read: Callable[[JSON], Iterable[Block]],
        facts_of: Callable[[str], Facts | None],
    ) -> Kept:
        """Read a prompt as its provider would, and keep what it would keep.

        Args:
            payload: The request's body.
            model: Its model.
            read: Reads its blocks.
            facts_of: The facts of a model; None where it is not known.
        """
        if len(payload) < _SMALLEST_BODY:
            return NOTHING
        facts = facts_of(model)
        if facts is None or not (facts.caching.points or facts.caching.implicit):
            return NOTHING
        least = facts.caching.min_tokens or _LEAST
        ends = _ends(read(json_of(payload)), model)
        if any(end.marks for end in ends) and not facts.caching.breakpoints:
            return self._marked(ends, least)
        return self._implicit(ends, least, facts) if facts.caching.implicit else NOTHING

    def _marked(self, ends: list[_End], least: int) -> Kept:
        marked = [place for place, end in enumerate(ends) if end.marks and end.tokens >= least]
        near = {place - back for place in marked for back in range(_LOOK_BACK) if place >= back}
        read = max((ends[place].tokens for place in near if ends[place].prefix in self._seen), default=0)
        self._seen.update(ends[place].prefix for place in marked)
        last, hour, done = read, 0, read
        for place in marked:
            new = max(0, ends[place].tokens - done)
            done, last = done + new, max(last, ends[place].tokens)
            hour += new if _HOUR in map(ttl_of, ends[place].marks) else 0
        return Kept(read, last - read, hour)

    def _implicit(self, ends: list[_End], least: int, facts: Facts) -> Kept:
        long = [end for end in ends if end.tokens >= least]
        read = max((end.tokens for end in long if end.prefix in self._seen), default=0)
        self._seen.update(end.prefix for end in long)
        whole = long[-1].tokens if long else 0
        return Kept(read, whole - read if facts.caching.breakpoints else 0)


def _ends(blocks: Iterable[Block], model: str) -> list[_End]:
    ends: list[_End] = []
    digest, tokens = hashlib.sha256(model.encode()), 0
    for block in blocks:
        digest.update(f"{block.section} {block.role} {written(block.own)}\n".encode())
        tokens += 0 if block.section == "tools" else words_in(block.own)
        ends.append(_End(digest.copy().hexdigest(), tokens, block.marks))
    return ends
