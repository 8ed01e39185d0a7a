"""The nearest name for one that was mistyped."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

_CUTOFF = 0.6
_MOST = 3


def nearest(typed: str, known: Iterable[str]) -> list[str]:
    """Names that are spelt like one, or begin so, whatever their capitals; the likeliest first.

    Args:
        typed: What was typed.
        known: The names that there are.
    """
    from difflib import get_close_matches  # noqa: PLC0415 - for mistakes alone

    small = {name.lower(): name for name in known}
    typed = typed.lower()
    found = [typed] if typed in small else []
    found += [name for name in small if len(typed) > 1 and name.startswith(typed)]
    found += get_close_matches(typed, list(small), n=_MOST, cutoff=_CUTOFF)
    return [small[name] for name in dict.fromkeys(found)][:_MOST]


def did_you_mean(typed: str, known: Iterable[str], meant: Mapping[str, str] | None = None) -> str:
    """The end of a message about a name that there is not: a blank and a question; empty if nothing is near.

    Args:
        typed: What was typed.
        known: The names that there are.
        meant: What names of habit stand for; these come first.
    """
    habit = (meant or {}).get(typed.lower())
    found = [habit] if habit else nearest(typed, known)
    return f" Did you mean {' or '.join(map(repr, found))}?" if found else ""
