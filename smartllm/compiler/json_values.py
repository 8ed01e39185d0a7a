"""What of a caller's own values is JSON; what is not is refused before anything is sent."""

from __future__ import annotations

import math
from typing import Any, Final, NoReturn

from smartllm.compiler.body import Path, path_text
from smartllm.errors import UnsupportedError

DEEPEST: Final = 200
"""Levels of lists and dicts within each other."""
MOST_VALUES: Final = 1_000_000
"""Values, those within lists and dicts included."""
MOST_TEXT: Final = 64 * 1024 * 1024
"""Characters of all texts together; no provider takes a larger body."""

_LARGEST_NUMBER: Final = 1024  # bits, as a float's range
_SHOWN: Final = 60
_ALLOWED: Final = "allowed: Unicode text, finite numbers, True, False, None, lists, dicts with text as keys"


def check_json(value: Any, *at: str | int) -> None:
    """Refuse a value that has no JSON form.

    Args:
        value: The caller's value; it is not changed.
        at: The request field, and where in that field the value stands.

    Raises:
        UnsupportedError: Names the field, the path, the value and what is allowed.
    """
    _Reading(str(at[0])).value(value, at, 0)


class _Reading:
    def __init__(self, field: str) -> None:
        self.field = field
        self.values, self.text = MOST_VALUES, MOST_TEXT

    def value(self, item: Any, path: Path, depth: int) -> None:
        self.values -= 1
        if self.values < 0:
            self.refuse(path, f"there are more than {MOST_VALUES:,} values", "send less")
        if isinstance(item, str):
            self.characters(item, path)
        elif isinstance(item, dict | list | tuple):
            self.inside(item, path, depth + 1)
        elif isinstance(item, float):
            if not math.isfinite(item):
                self.refuse(path, f"{item!r} is no JSON number")
        elif isinstance(item, int):
            if item.bit_length() > _LARGEST_NUMBER:
                self.refuse(path, f"a number of {item.bit_length():,} bits is too large", "send it as text")
        elif item is not None:
            self.refuse(path, f"{_shown(item)} is no JSON value")

    def inside(self, item: dict[Any, Any] | list[Any] | tuple[Any, ...], path: Path, depth: int) -> None:
        if depth > DEEPEST:
            self.refuse(path[:4], f"it is more than {DEEPEST} levels deep", "send less, or as text")
        if not isinstance(item, dict):
            for index, inner in enumerate(item):
                self.value(inner, (*path, index), depth)
            return
        for key, inner in item.items():
            if not isinstance(key, str):
                self.refuse(path, f"the key {_shown(key)} is no text", f'write "{_ascii(key)}" as the key')
            self.characters(key, path)
            self.value(inner, (*path, key), depth)

    def characters(self, text: str, path: Path) -> None:
        self.text -= len(text)
        if self.text < 0:
            self.refuse(path, f"the texts have more than {MOST_TEXT >> 20} million characters", "send less")
        if not text.isascii():
            try:
                text.encode()
            except UnicodeEncodeError as error:
                half = text[max(0, error.start - _SHOWN // 3) : error.start + 1]
                self.refuse(path, f"{half!a} holds half of a surrogate pair")

    def refuse(self, path: Path, problem: str, hint: str = "") -> NoReturn:
        raise UnsupportedError(f"{path_text(path)}: {problem}; {_ALLOWED}", field=self.field, hint=hint)


def _shown(item: Any) -> str:
    return f"{_ascii(item)} ({type(item).__name__})"


def _ascii(item: Any) -> str:
    """A value in few characters; ``repr`` is the caller's code and may fail."""
    try:
        text = ascii(item)
    except Exception:  # noqa: BLE001 - see above
        text = "a value"
    return text if len(text) <= _SHOWN else f"{text[:_SHOWN]}…"
