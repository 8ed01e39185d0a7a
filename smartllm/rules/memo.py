"""What was worked out once and is asked for again: bounded, because ids and schemas come from outside."""

from __future__ import annotations

from collections.abc import Callable, Hashable
from typing import Any, Final, TypeVar, TypeVarTuple, Unpack

R = TypeVar("R")
Asked = TypeVarTuple("Asked")

MISSING: Final = object()
"""What ``Memo.find`` gives for a key that it does not hold."""


class Memo:
    """Results of pure functions by their arguments, so that whatever decides is part of the key.

    Two generations: when the young one is full it becomes the old one, and what the old one held is forgotten
    unless it was asked for meanwhile. Each step is one operation on a dict, so threads need no lock.

    Args:
        results: Results that a generation holds.
        characters: Characters that the texts among the arguments of a generation may have together.
    """

    __slots__ = ("_characters", "_old", "_results", "_room", "_young")

    def __init__(self, *, results: int, characters: int) -> None:
        self._results, self._characters = results, characters
        self._young: dict[Hashable, Any] = {}
        self._old: dict[Hashable, Any] = {}
        self._room = characters

    def __len__(self) -> int:
        return len(self._young) + len(self._old)

    def of(self, make: Callable[[Unpack[Asked]], R], *asked: *Asked) -> R:
        """``make(*asked)``, worked out once for equal arguments; what it raises is not remembered.

        Args:
            make: A pure function.
            asked: Its arguments; all are hashable.
        """
        key = (make, *asked)
        found = self.find(key)
        if found is MISSING:
            found = make(*asked)
            self.keep(key, found)
        result: R = found
        return result

    def find(self, key: tuple[Any, ...]) -> Any:
        """The result under a key, or ``MISSING``."""
        found = self._young.get(key, MISSING)
        if found is MISSING:
            found = self._old.get(key, MISSING)
            if found is not MISSING:
                self.keep(key, found)
        return found

    def keep(self, key: tuple[Any, ...], found: Any) -> None:
        """Remember a result."""
        weight = sum(len(part) for part in key if isinstance(part, str))
        if len(self._young) >= self._results or (self._young and weight > self._room):
            self._old, self._young, self._room = self._young, {}, self._characters
        self._room -= weight
        self._young[key] = found
