"""What is asked of a provider's prompt cache: marks up to which it keeps the prompt, and for how long."""

from __future__ import annotations

from typing import Literal, NamedTuple

from smartllm.words import PromptCache

Place = tuple[int, ...]
"""Behind what a mark stands, in the order of the prompt: the tool (0, number), the system text (1,), or the
part (2, turn, part)."""

SYSTEM: Place = (1,)


class Mark(NamedTuple):
    """A place up to which the provider keeps the prompt; in turns, ``CachePoint`` parts stand for it.

    Attributes:
        ttl: How long.
        automatic: The compiler placed it, as ``prompt_cache`` asks.
    """

    ttl: Literal["5m", "1h"] = "5m"
    automatic: bool = False


class Caching(NamedTuple):
    """What is asked of the provider's prompt cache.

    Attributes:
        wish: How long the prompt is to be kept; the pass turns it into marks, or into ``kept``.
        key: What requests with the same beginning have in common.
        tools: Marks behind tools, by the caller's names of these.
        system: The mark behind the system text.
        placed: Marks in the turns that the compiler placed: a turn's number, and which of its marks.
        kept: The provider's own word for how long, where it takes one for the whole request.
        settled: The pass has run.
    """

    wish: PromptCache | None = None
    key: str | None = None
    tools: tuple[tuple[str, Mark], ...] = ()
    system: Mark | None = None
    placed: frozenset[tuple[int, int]] = frozenset()
    kept: str | None = None
    settled: bool = False


class Point(NamedTuple):
    """A mark and its place."""

    place: Place
    mark: Mark
