"""Ids of calls in the form that the target takes: the same ones for the same conversation."""

from __future__ import annotations

import hashlib
import itertools
import re
from collections.abc import Iterable, Iterator
from typing import Final

from smartllm.rules.vocabulary import Facts

_FORMS: Final = {
    "any": re.compile(r".+", re.DOTALL),
    "dashed": re.compile(r"[A-Za-z0-9_-]+"),
    "nine": re.compile(r"[A-Za-z0-9]{9}"),
    "counted": re.compile(r"functions\.[^:]+:[0-9]+"),
}
_NOT_DASHED: Final = re.compile(r"[^A-Za-z0-9_-]")


class CallIds:
    """Gives each call of a conversation its id, in order; what is legal and nobody's stays.

    What an id becomes hangs on what stands before it alone: a longer conversation begins with the same ids.
    """

    def __init__(self, facts: Facts) -> None:
        self._form, self._most = facts.calls.ids, facts.calls.ids_max
        self._used: set[str] = set()

    def of(self, asked: str, name: str) -> str:
        """The id of the next call.

        Args:
            asked: The caller's.
            name: The tool's name on the wire.
        """
        found = next(one for one in self._likely(asked, name) if self._is_free(one))
        self._used.add(found)
        return found

    def _is_free(self, one: str) -> bool:
        return (
            one not in self._used and len(one) <= self._most and _FORMS[self._form].fullmatch(one) is not None
        )

    def _likely(self, asked: str, name: str) -> Iterator[str]:
        yield asked
        if self._form == "counted":
            yield from _counted(name, len(self._used), self._most)
        yield _NOT_DASHED.sub("_", asked)
        count = 0
        while True:
            seed = f"{asked}#{count}"
            yield _digest(seed)[:9] if self._form == "nine" else made_id(seed)
            count += 1


def made_id(seed: str) -> str:
    """An id that hangs on nothing but a text."""
    return f"call_{_digest(seed)[:24]}"


def _digest(seed: str) -> str:
    return hashlib.sha256(seed.encode()).hexdigest()


def _counted(name: str, start: int, most: int) -> Iterable[str]:
    """Ids of this form; of a name that leaves no room for the rest, as much as fits."""
    before, ends = "functions.", map(":{}".format, itertools.count(start))
    return (before + name[: most - len(before) - len(end)] + end for end in ends)
