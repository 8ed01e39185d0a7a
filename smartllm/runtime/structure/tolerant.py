"""Answers that a person reads at once, though they are not what was asked for to the letter."""

from __future__ import annotations

from typing import Any, Final, NamedTuple

from smartllm.compiler.intent import OutputPlan
from smartllm.compiler.schema.answers.lenient import Repair, may_be, repaired
from smartllm.compiler.schema.answers.texts import Found, found_in
from smartllm.diagnostics import Diagnostic
from smartllm.runtime.structure.reading_notes import answer_read

_PLACES: Final = 5


class Tolerated(NamedTuple):
    """One thing that an answer may mean.

    Attributes:
        value: JSON data in the caller's form.
        notes: What was read otherwise than it was written.
        twice: Where pairs hold a key twice.
    """

    value: Any
    notes: tuple[Diagnostic, ...]
    twice: tuple[tuple[str, str], ...]


def tolerated(given: Any, output: OutputPlan) -> list[Tolerated]:
    """What an answer may mean, read tolerantly; values of another type than the answer's are none.

    Args:
        given: Its text, or the arguments of the call that holds it.
        output: What was asked for.

    Raises:
        RecursionError: It is nested too deeply.
    """
    assert output.lowered is not None
    found = found_in(given) if isinstance(given, str) else Found((given,))
    results: list[Tolerated] = []
    for value in found.values:
        data, repairs, twice = repaired(value, output.lowered, output.properties)
        if not may_be(data, output.lowered):
            continue
        said = (*found.read, *_told(repairs))
        results.append(Tolerated(data, answer_read(said), twice))
    return results


def _told(repairs: tuple[Repair, ...]) -> list[str]:
    """Repairs in words, those of one kind together."""
    places: dict[str, list[str]] = {}
    for repair in repairs:
        places.setdefault(repair.what, []).append(repair.place or "the root")
    return [f"{what} at {', '.join(found[:_PLACES])}{_more(found)}" for what, found in places.items()]


def _more(places: list[str]) -> str:
    return f" and {len(places) - _PLACES} more" if len(places) > _PLACES else ""
