"""Patterns of callers on texts of models: searched in time that no text can stretch."""

from __future__ import annotations

import re
from typing import Final

from pydantic_core import SchemaError, SchemaValidator, core_schema

from smartllm.rules.memo import Memo

_STEPS: Final = 100_000
"""Steps that a search may take, where nothing but its pattern bounds it: a few milliseconds."""
_ENDLESS: Final = 10**9
_UNBOUNDED: Final = 10**10
_SEARCHES: Final = Memo(results=256, characters=64 * 1024)
_COUNT: Final = re.compile(r"\{(\d*)(?:(,)(\d*))?\}")
_GROUP: Final = re.compile(r"\((?:\?(?:P?<[A-Za-z_]\w*>|<?[=!]|:|>|[aiLmsux-]*:))?")


class Unsearchable(Exception):  # noqa: N818 - says that nothing was found out
    """A search could take too long, or the pattern is none."""


def searches(pattern: str, text: str) -> bool:
    """Whether a pattern is found in a text.

    The engine of pydantic takes time that grows with the text. It has no look-around and no references to
    groups; patterns with them are left to Python's engine where they can be seen to end soon.

    Raises:
        Unsearchable: No engine takes the pattern, or it may take too long on this text.
    """
    linear = _SEARCHES.of(_linear, pattern)
    if linear is not None:
        return linear.isinstance_python(text)
    size = len(text) + 1
    around, *looks = [_product(choices, size) for choices in _SEARCHES.of(_choices, pattern)]
    starts = 1 if pattern.startswith("^") and "|" not in pattern else size
    if starts * around * (1 + sum(looks)) > _STEPS:
        raise Unsearchable(pattern)
    try:
        return re.search(pattern, text) is not None
    except (re.error, OverflowError, RecursionError):
        raise Unsearchable(pattern) from None


def _linear(pattern: str) -> SchemaValidator | None:
    try:
        return SchemaValidator(core_schema.str_schema(pattern=pattern))
    except SchemaError:
        return None


def _product(choices: tuple[int, ...], size: int) -> int:
    """The ways through all places, in a text of a size; no more than is far too many."""
    ways = 1
    for most in choices:
        ways = min(ways * (most if most == _UNBOUNDED else min(most, size)), _UNBOUNDED)
    return ways


def _choices(pattern: str) -> tuple[tuple[int, ...], ...]:
    """How many ways there are at each place where a search may go several, and inside each look around.

    The products of each bound the steps of a search, as nothing goes back into a look around. What is
    repeated and holds such a place itself has no bound.
    """
    scan = _Scan()
    at = 0
    while at < len(pattern):
        if pattern[at] in "*+?{":
            at, least, most = _quantifier(pattern, at)
            scan.repeated(least, most)
        else:
            at = scan.taken(pattern, at)
    return tuple(scan.found), *scan.looks


class _Scan:
    """What is known of a pattern up to a place.

    Attributes:
        found: The ways at each place outside of what looks around.
        looks: The same, inside each look around.
    """

    def __init__(self) -> None:
        self.found: list[int] = []
        self.looks: list[tuple[int, ...]] = []
        self._groups: list[tuple[int, bool]] = []  # how many stood before each open one; if it looks around
        self._last = 0  # how many stood before what a quantifier would repeat

    def repeated(self, least: int, most: int) -> None:
        """What stands before may come so often."""
        if most > 1 and len(self.found) > self._last:
            self.found.append(_UNBOUNDED)
        elif most > least:
            self.found.append(most - least + 1)

    def taken(self, pattern: str, at: int) -> int:
        """Where the pattern goes on behind one sign, class or bracket."""
        sign = pattern[at]
        self._last = len(self.found)
        if sign == "\\":
            at += 1
        elif sign == "[":
            at = _class_end(pattern, at)
        elif sign == "|":
            self.found.append(2)
        elif sign == "(":
            begun = _GROUP.match(pattern, at)
            assert begun is not None
            self._groups.append((len(self.found), begun[0][-1] in "=!"))
            at = begun.end() - 1
        elif sign == ")" and self._groups:
            self._last, look = self._groups.pop()
            if look:
                self.looks.append(tuple(self.found[self._last :]))
                del self.found[self._last :]
        return at + 1


def _quantifier(pattern: str, at: int) -> tuple[int, int, int]:
    """Where a quantifier ends, its least and its most; lazy and possessive marks are passed over."""
    least, most = (1 if pattern[at] == "+" else 0), (1 if pattern[at] == "?" else _ENDLESS)
    end = at + 1
    if pattern[at] == "{":
        count = _COUNT.match(pattern, at)
        if count is None:
            return end, 1, 1
        end = count.end()
        low, comma, high = (part and part[:9] for part in count.groups())
        least = int(low or 0)
        most = int(high) if high else (_ENDLESS if comma else least)
    if pattern[end : end + 1] in {"?", "+"}:
        end += 1
    return end, least, most


def _class_end(pattern: str, at: int) -> int:
    """Where the last sign of a class of characters stands."""
    end = at + 1
    if pattern[end : end + 1] == "^":
        end += 1
    if pattern[end : end + 1] == "]":
        end += 1
    while end < len(pattern) and pattern[end] != "]":
        end += 2 if pattern[end] == "\\" else 1
    return end
