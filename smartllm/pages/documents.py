"""The pages of ``smartllm explain --html`` and ``smartllm diff --html``, each one file."""

from __future__ import annotations

import datetime as dt
import difflib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from typing import TYPE_CHECKING, Any, Final, Literal

from smartllm.rules.facts import changed_facts

from .facts import about, grouped, shown, views_of
from .rendering import whole_page

if TYPE_CHECKING:
    from smartllm.rules import Target

_LONG: Final = 1000
Said = Mapping[str, Any]
"""What became of a request: ``bodies`` and ``diagnostics``, or ``refused``."""


@dataclass(frozen=True, slots=True)
class Line:
    """A line of two texts beside each other; the side that has none is empty."""

    kind: Literal["same", "changed", "added", "removed"]
    left: str
    right: str


def explain_page(
    model: str,
    target: Target,
    *,
    notes: Sequence[Mapping[str, Any]] = (),
    who: str,
    everything: bool = False,
    today: dt.date,
) -> str:
    """All facts of a model on one page.

    Args:
        model: The id that was asked for.
        target: The model on its wire.
        who: Who is called: the target's host, or a server that speaks its wire.
        notes: What its rows note for people.
        everything: Show defaults from the start.
        today: The day that the page bears.
    """
    views, found = list(views_of(target).values()), target.resolution
    stated = [view for view in views if view.stated]
    note = f": {found.note}" if found.note else ""
    return whole_page(
        "explain",
        model=model,
        how=f"Resolved as {found.how}{note}. Each fact with the row that states it, the day on which it was "
        "last checked, and the pages that say so.",
        dialect=target.dialect,
        host=who,
        profile=found.profile,
        stated=len(stated),
        pages=len({page for view in stated for page in view.pages}),
        newest=max((view.verified for view in stated if view.verified), default=None),
        disputed=[view for view in stated if view.disputed],
        groups=list(grouped(views)),
        notes=notes,
        everything=everything,
        today=today.isoformat(),
        version=_version(),
    )


def doors_page(
    model: str,
    doors: Sequence[Mapping[str, Any]],
    facts: Sequence[tuple[str, Any, list[str]]],
    *,
    today: dt.date,
) -> str:
    """The doors of a model, and the facts that differ between them, on one page.

    Args:
        model: The id that was asked for.
        doors: Each with ``title``, ``host``, ``api_type``, ``ids``, ``only_if_named`` and its life in words.
        facts: Path, value, and the doors that have it, those of one path beside each other.
        today: The day that the page bears.
    """
    found: dict[str, list[tuple[str, list[str]]]] = {}
    for path, value, names in facts:
        found.setdefault(path, []).append((shown(value), names))
    return whole_page(
        "doors",
        model=model,
        doors=doors,
        facts=[(path, about(path), values) for path, values in found.items()],
        today=today.isoformat(),
        version=_version(),
    )


def diff_page(
    names: tuple[str, str], targets: tuple[Target, Target], compiled: Sequence[Said] = (), *, today: dt.date
) -> str:
    """What changes between two models on one page.

    Args:
        names: The ids that were asked for.
        targets: The models on their wires.
        compiled: What became of a request on each; empty without one.
        today: The day that the page bears.
    """
    one, two = map(views_of, targets)
    bodies = _bodies(*compiled) if compiled else []
    return whole_page(
        "diff",
        first=names[0],
        second=names[1],
        changed=[(path, one.get(path), two.get(path)) for path in changed_facts(*targets)],
        bodies=bodies,
        lines=sum(line.kind != "same" for body in bodies for line in body["lines"]),
        told=[_told(said) for said in compiled] or [(), ()],
        today=today.isoformat(),
        version=_version(),
    )


def side_by_side(one: Sequence[str], two: Sequence[str]) -> list[Line]:
    """Lines of two texts beside each other, those that differ marked."""
    lines: list[Line] = []
    # Among many lines those that stand everywhere, such as brackets, are no anchors: each pair of them costs.
    long = max(len(one), len(two)) > _LONG
    for kind, start, end, at, until in difflib.SequenceMatcher(None, one, two, autojunk=long).get_opcodes():
        left, right = one[start:end], two[at:until]
        if kind == "equal":
            lines += [Line("same", text, text) for text in left]
            continue
        both = min(len(left), len(right))
        pairs = zip(left, right, strict=False)
        lines += [Line("same" if first == second else "changed", first, second) for first, second in pairs]
        lines += [Line("removed", text, "") for text in left[both:]]
        lines += [Line("added", "", text) for text in right[both:]]
    return lines


def _bodies(one: Said, two: Said) -> list[dict[str, Any]]:
    first, second = one.get("bodies", []), two.get("bodies", [])
    steps = max(len(first), len(second), 1)
    return [
        {
            "title": "The body" if steps == 1 else f"The body of step {step + 1}",
            "lines": side_by_side(_text(one, first, step), _text(two, second, step)),
        }
        for step in range(steps)
    ]


def _text(said: Said, bodies: Sequence[Any], step: int) -> list[str]:
    if step < len(bodies):
        return json.dumps(bodies[step], indent=2, ensure_ascii=False).splitlines()
    return [f"refused: {said['refused']}"] if "refused" in said and not step else []


def _told(said: Said) -> list[str]:
    return [f"refused: {said['refused']}"] if "refused" in said else list(said["diagnostics"])


def _version() -> str:
    try:
        return version("smartllm")
    except PackageNotFoundError:
        return "unknown"
