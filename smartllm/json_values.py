"""What of a caller's own values is JSON; what is not is refused before anything is sent."""

from __future__ import annotations

import math
from typing import Any, Final

from smartllm.errors import UnsupportedError

DEEPEST: Final = 200
"""Levels of lists and dicts within each other."""
MOST_VALUES: Final = 1_000_000
"""Values, those within lists and dicts included."""
MOST_TEXT: Final = 64 * 1024 * 1024
"""Characters of all texts together; no provider takes a larger body."""

_LARGEST_NUMBER: Final = 1024  # bits, as a float's range
_SHOWN: Final = 60
_FEW: Final = 4
_ALLOWED: Final = "allowed: Unicode text, finite numbers, True, False, None, lists, dicts with text as keys"


def check_json(value: Any, *at: str | int) -> None:
    """Refuse a value that has no JSON form.

    Args:
        value: The caller's value; it is not changed.
        at: The request field, and where in that field the value stands.

    Raises:
        UnsupportedError: Names the field, the path, the value and what is allowed.
    """
    try:
        _Reading().value(value, 0)
    except _Refused as refused:
        path = (*at, *reversed(refused.path))
        text = path_text(path if len(path) <= DEEPEST else path[:_FEW])
        message = f"{text}: {refused.problem}; {_ALLOWED}"
        raise UnsupportedError(message, field=str(at[0]), hint=refused.hint) from None


def path_text(path: tuple[str | int, ...]) -> str:
    """``messages[0].content`` for people."""
    text = ""
    for part in path:
        text += f"[{part}]" if isinstance(part, int) else f".{part}" if text else str(part)
    return text


class _Refused(Exception):  # noqa: N818 - never seen by a caller
    """What is wrong; the path is gathered on the way up, so that what is right costs no path."""

    def __init__(self, problem: str, hint: str = "") -> None:
        super().__init__()
        self.problem, self.hint = problem, hint
        self.path: list[str | int] = []


class _Reading:
    """One look at a value and all that is in it."""

    __slots__ = ("text", "values")

    def __init__(self) -> None:
        self.values, self.text = MOST_VALUES, MOST_TEXT

    def value(self, item: Any, depth: int) -> None:
        self.values -= 1
        if self.values < 0:
            raise _Refused(f"there are more than {MOST_VALUES:,} values", "send less")
        if isinstance(item, str):
            self.characters(item)
        elif isinstance(item, dict | list | tuple):
            self.inside(item, depth + 1)
        elif isinstance(item, float):
            if not math.isfinite(item):
                raise _Refused(f"{item!r} is no JSON number")
        elif isinstance(item, int):
            if item.bit_length() > _LARGEST_NUMBER:
                raise _Refused(f"a number of {item.bit_length():,} bits is too large", "send it as text")
        elif item is not None:
            raise _Refused(f"{_shown(item)} is no JSON value")

    def inside(self, item: dict[Any, Any] | list[Any] | tuple[Any, ...], depth: int) -> None:
        if depth > DEEPEST:
            raise _Refused(f"it is more than {DEEPEST} levels deep", "send less, or as text")
        if isinstance(item, dict):
            for key in item:
                if not isinstance(key, str):
                    raise _Refused(f"the key {_shown(key)} is no text", f'write "{_ascii(key)}" as the key')
                self.characters(key)
        at: Any = None
        try:
            for place, inner in item.items() if isinstance(item, dict) else enumerate(item):
                at = place
                self.value(inner, depth)
        except _Refused as refused:
            refused.path.append(at)
            raise

    def characters(self, text: str) -> None:
        self.text -= len(text)
        if self.text < 0:
            raise _Refused(f"the texts have more than {MOST_TEXT >> 20} million characters", "send less")
        if not text.isascii():
            try:
                text.encode()
            except UnicodeEncodeError as error:
                half = text[max(0, error.start - _SHOWN // 3) : error.start + 1]
                raise _Refused(f"{half!a} holds half of a surrogate pair") from None


def _shown(item: Any) -> str:
    return f"{_ascii(item)} ({type(item).__name__})"


def _ascii(item: Any) -> str:
    """A value in few characters; ``repr`` is the caller's code and may fail."""
    try:
        text = ascii(item)
    except Exception:  # noqa: BLE001 - see above
        text = "a value"
    return text if len(text) <= _SHOWN else f"{text[:_SHOWN]}…"
