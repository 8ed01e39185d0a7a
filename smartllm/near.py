"""What somebody meant who typed a name that is not there: a name of habit, or one that is misspelt."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Final

from smartllm.said import said

_NEAR: Final = 0.6
_SLIP: Final = 0.8
"""From here on a name is a slip of another, such as of two letters that changed places."""
_SAME: Final = 0.85
"""The same where names of other people's may resemble ours."""
_CAPITAL: Final = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")


def meant_by(
    name: str, known: Iterable[str], habits: Mapping[str, str], told: Mapping[str, str] | None = None
) -> str:
    """The end of a message on an unknown name, with its semicolon; empty where nothing is near.

    Args:
        name: What was typed.
        known: The names that there are.
        habits: What other names stand for: other libraries' words, and those of habit.
        told: Names of which something else is to be said, in a sentence of their own.
    """
    told = told or {}
    own = set(known)
    typed = plain(name)
    for asked in (name, typed):
        if asked in told:
            return said("; {}", told[asked])
        if asked in habits:
            return f"; did you mean {habits[asked]}?"
        if asked in own:
            return f"; did you mean {asked}?"
    meanings = {**habits, **{one: one for one in own}}
    found = _near(typed, [*meanings, *told])
    # A habit that is misspelt itself explains more than its own spelling.
    if found and found[0] in told:
        return said("; {}", told[found[0]])
    meant = dict.fromkeys(meanings[one] for one in found if one in meanings)
    return f"; did you mean {' or '.join(meant)}?" if meant else ""


def plain(name: str) -> str:
    """A name in small letters, with ``_`` between its words."""
    return _CAPITAL.sub("_", name).replace("-", "_").lower()


def slip_of(name: str, known: Iterable[str]) -> str:
    """The name of which another is a slip; empty where it is none."""
    from difflib import get_close_matches  # noqa: PLC0415 - for mistakes alone

    return next(iter(get_close_matches(plain(name), list(known), n=1, cutoff=_SAME)), "")


def _near(name: str, names: list[str]) -> list[str]:
    from difflib import get_close_matches  # noqa: PLC0415 - for mistakes alone

    return get_close_matches(name, names, n=1, cutoff=_SLIP) or get_close_matches(
        name, names, n=2, cutoff=_NEAR
    )
