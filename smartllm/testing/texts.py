"""The texts that stand in a body, and how many words they are."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

_TEXT_KEYS: Final = ("text", "content", "toolResult", "output", "json")


def texts_in(value: Any) -> Iterator[str]:
    """The texts in something of a body, in order."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, list):
        for part in value:
            yield from texts_in(part)
    elif isinstance(value, dict):
        for key in _TEXT_KEYS:
            yield from texts_in(value.get(key))


def words(text: str) -> int:
    """How many words a text has."""
    return len(text.split())


def words_in(value: Any) -> int:
    """How many words something in a body says."""
    return sum(map(words, texts_in(value)))
