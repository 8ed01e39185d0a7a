"""What was looked at and left as it is, with day and reason; it holds while the catalogue says the same."""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Iterable
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any, Final

import tomli

from drift.archives import DriftError
from drift.compare import Difference, plain

FILE: Final = Path(__file__).with_name("dismissed.toml")
EVERY: Final = "*"
_KINDS: Final = {
    "catalogues": list,
    "models": list,
    "facts": list,
    "values": list,
    "day": dt.date,
    "reason": str,
    "host": str,
}
_OPTIONAL: Final = frozenset({"host"})


@dataclass(frozen=True)
class Dismissal:
    """One entry of the file.

    Attributes:
        catalogues: Those whose claim it is about; ``*`` for all.
        models: Rows of the rules, or ids as catalogues spell them; ``*`` stands for any characters.
        facts: The facts.
        values: What the catalogues say of them.
        day: The day on which it was looked at.
        reason: Why the rules stay as they are.
        host: The host; left out: any.
    """

    catalogues: tuple[str, ...]
    models: tuple[str, ...]
    facts: tuple[str, ...]
    values: tuple[Any, ...]
    day: dt.date
    reason: str
    host: str = EVERY

    def about(self, row: Difference, catalogue: str) -> list[str]:
        """Its models that name what a catalogue differs in, whatever the value."""
        if row.fact not in self.facts or self.host not in {EVERY, row.host}:
            return []
        if not {EVERY, catalogue} & set(self.catalogues):
            return []
        names = (row.key, *row.ids[catalogue])
        return [model for model in self.models if any(fnmatchcase(name, model) for name in names)]

    def value_of(self, row: Difference) -> int | None:
        """Which of its values the catalogues say, if they still do."""
        return next((at for at, value in enumerate(self.values) if _same(row.theirs, value)), None)

    def stale(self, used: set[str]) -> str | None:
        """What of it has no cause any more, as text; None when all has."""
        idle = [name for name in (*self.models, *self.facts) if name not in used]
        idle += [str(plain(value)) for at, value in enumerate(self.values) if _at(at) not in used]
        if not idle:
            return None
        return f"{', '.join(idle)} in {' '.join(self.models)}: {' '.join(self.facts)} ({self.reason})"


@dataclass
class Sorted:
    """The differences after the dismissals.

    Attributes:
        open: What nobody has looked at, with the catalogues that say it.
        dismissed: The rest.
        changed: Of those that are open, the dismissal of an earlier value.
        stale: Dismissals, or models of them, that no catalogue gives cause for any more.
    """

    open: list[Difference] = field(default_factory=list)
    dismissed: list[Difference] = field(default_factory=list)
    changed: list[tuple[Difference, Dismissal]] = field(default_factory=list)
    stale: list[str] = field(default_factory=list)


def read(path: Path, names: Collection[str]) -> list[Dismissal]:
    """The dismissals of a file.

    Args:
        path: The file.
        names: The catalogues that there are.

    Raises:
        DriftError: It cannot be read, or an entry has not the form of one, or names no catalogue.
    """
    try:
        data = tomli.loads(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, tomli.TOMLDecodeError) as error:
        raise DriftError(f"{path}: {error}") from None
    if extra := set(data) - {"dismissed"}:
        raise DriftError(f"{path}: unknown table {min(extra)!r}; entries stand in dismissed = [...]")
    rows = [_entry(row, f"{path}: entry {at}") for at, row in enumerate(data.get("dismissed", []), start=1)]
    for at, row in enumerate(rows, start=1):
        if unknown := set(row.catalogues) - {EVERY, *names}:
            raise DriftError(f"{path}: entry {at}: there is no catalogue {min(unknown)!r}")
    return rows


def _entry(row: dict[str, Any], where: str) -> Dismissal:
    if extra := set(row) - set(_KINDS):
        raise DriftError(f"{where}: unknown key {min(extra)!r}")
    if lacking := set(_KINDS) - _OPTIONAL - set(row):
        raise DriftError(f"{where}: {min(lacking)!r} is missing")
    for key, value in row.items():
        if not isinstance(value, _KINDS[key]) or isinstance(value, dt.datetime) or value in ([], ""):
            raise DriftError(f"{where}: {key} = {value!r} is no {_KINDS[key].__name__} with something in it")
    fields: dict[str, Any] = {
        key: tuple(value) if isinstance(value, list) else value for key, value in row.items()
    }
    return Dismissal(**fields)


def sort(
    differences: Iterable[Difference],
    dismissals: Collection[Dismissal],
    names: Collection[str],
    every: Collection[str],
) -> Sorted:
    """Which differences are open.

    Args:
        differences: All of them.
        dismissals: What was looked at.
        names: The catalogues that were read; what the others would say is not known.
        every: All catalogues that there are.
    """
    found = Sorted()
    used: dict[int, set[str]] = {id(entry): set() for entry in dismissals}
    for row in differences:
        left: dict[str, tuple[str, ...]] = {}
        for catalogue, ids in row.ids.items():
            about = [entry for entry in dismissals if entry.about(row, catalogue)]
            holding = [entry for entry in about if entry.value_of(row) is not None]
            for entry in holding:
                used[id(entry)] |= {*entry.about(row, catalogue), row.fact, _at(entry.value_of(row))}
            if not holding:
                left[catalogue] = ids
                found.changed += [(row, entry) for entry in about[:1]]
        if left:
            found.open.append(_said_by(row, left))
        else:
            found.dismissed.append(row)
    for entry in dismissals:
        asked = set(every if EVERY in entry.catalogues else entry.catalogues)
        line = entry.stale(used[id(entry)]) if asked <= set(names) else None
        found.stale += [line] if line else []
    return found


def _at(value: int | None) -> str:
    """The name under which the use of a value is kept."""
    return f"value {value}"


def _said_by(row: Difference, ids: dict[str, tuple[str, ...]]) -> Difference:
    """A difference as the catalogues say it that are left."""
    pages = {name: page for name, page in row.pages.items() if name in ids}
    claims = {name: items for name, items in row.claims.items() if name in ids}
    return Difference(row.host, row.key, row.fact, row.ours, row.theirs, ids, pages, claims)


def _same(theirs: Any, value: Any) -> bool:
    return type(plain(theirs)) is type(plain(value)) and bool(plain(theirs) == plain(value))
