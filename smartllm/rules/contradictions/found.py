"""A contradiction, as a row of a table and as it is found."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import is_dataclass
from typing import Any, NamedTuple

from smartllm.rules.vocabulary import DIALECTS, Dialect, Facts


class Contradiction(NamedTuple):
    """What facts may not say together.

    Attributes:
        path: The fact that is to blame.
        message: Why.
        wrong: Whether the facts say so.
        breaks: No legal body comes out of it, so that nothing is compiled.
        dialects: Wires on which they may not.
    """

    path: str
    message: str
    wrong: Callable[[Facts], bool]
    breaks: bool = False
    dialects: tuple[Dialect, ...] = DIALECTS


class Found(NamedTuple):
    """A contradiction in the facts of a model on a wire.

    Attributes:
        code: Of the lint check that reports it.
        paths: The facts that say it together, the one to blame first.
        message: Why.
        breaks: As ``Contradiction.breaks``.
    """

    code: str
    paths: tuple[str, ...]
    message: str
    breaks: bool = False


def facts_read(wrong: Callable[[Facts], bool], facts: Facts) -> tuple[str, ...]:
    """Paths of the facts that a row of a table looks at."""
    seen: dict[str, None] = {}
    said: Any = _Read(facts, "", seen)
    wrong(said)
    return tuple(seen)


class _Read:
    """A table of the vocabulary that notes which of its facts are looked at."""

    def __init__(self, table: Any, at: str, seen: dict[str, None]) -> None:
        self._table, self._at, self._seen = table, at, seen

    def __getattr__(self, name: str) -> Any:
        value, path = getattr(self._table, name), f"{self._at}{name}"
        if is_dataclass(value):
            return _Read(value, f"{path}.", self._seen)
        self._seen[path] = None
        return value
