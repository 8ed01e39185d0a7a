"""The texts that stand in a body, and how many words they are."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

_TEXT_KEYS: Final = ("text", "content", "toolResult", "output", "json")
_LONG: Final = 4096
_GAPS: Final = bytes(0 if chr(code).isspace() else 1 for code in range(256))
"""ASCII as white space and all else."""


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
    if len(text) < _LONG or not text.isascii():
        return len(text.split())
    # A body may have millions of them: the places where one begins are counted, none is made a text.
    marks = text.encode().translate(_GAPS)
    return marks.count(b"\0\1") + marks.startswith(b"\1")


def words_in(value: Any) -> int:
    """How many words something in a body says."""
    return sum(map(words, texts_in(value)))
