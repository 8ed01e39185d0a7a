"""What was found, for people and for programs."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from drift import toml
from drift.compare import NEW, Difference, Table, plain
from drift.dismissed import Sorted
from drift.rows import Rows

_DATES: Final = "lifecycle."
_TITLES: Final = {
    "new": "Ids that the rules lack",
    "dates": "Lives that differ",
    "facts": "Facts that differ",
}


@dataclass
class Report:
    """One comparison.

    Attributes:
        read: The version and the number of claims of each catalogue that was read.
        unread: Why the others were not.
        found: The differences, sorted.
        rows: What the open ones would be as rows.
    """

    read: dict[str, tuple[str, int]]
    unread: dict[str, str]
    found: Sorted
    rows: str = ""
    groups: dict[str, list[Difference]] = field(init=False)

    def __post_init__(self) -> None:
        self.groups = {name: [] for name in _TITLES}
        for row in self.found.open:
            self.groups[_group(row)].append(row)

    @property
    def clean(self) -> bool:
        """Nothing is open and every catalogue was read."""
        return not (self.found.open or self.unread)

    @property
    def lacking_in_two(self) -> list[str]:
        """The ids that two catalogues or more list and the rules lack, whatever the host."""
        sayers: dict[str, set[str]] = {}
        for row in self.groups["new"]:
            sayers.setdefault(row.key, set()).update(row.ids)
        return sorted(key for key, names in sayers.items() if len(names) > 1)

    def as_dict(self) -> dict[str, Any]:
        """JSON-ready data."""
        return {
            "read": {name: {"version": version, "claims": n} for name, (version, n) in self.read.items()},
            "unread": self.unread,
            "counts": {name: len(rows) for name, rows in self.groups.items()}
            | {"dismissed": len(self.found.dismissed), "lacking_in_two_catalogues": len(self.lacking_in_two)},
            **{name: [_data(row) for row in rows] for name, rows in self.groups.items()},
            "changed": [
                _data(row) | {"dismissed": entry.day.isoformat(), "reason": entry.reason}
                for row, entry in self.found.changed
            ],
            "stale": self.found.stale,
            "rows": self.rows,
        }

    def json(self) -> str:
        """The report as JSON."""
        return json.dumps(self.as_dict(), indent=2, ensure_ascii=False)

    def lines(self, today: dt.date) -> Iterator[str]:
        """The report as text.

        Args:
            today: The day that a dismissal of today would have.
        """
        for name, (version, claims) in self.read.items():
            yield f"read {name} {version}: {claims} claims"
        for name, why in self.unread.items():
            yield f"NOT READ {name}: {why}"
        for name, title in _TITLES.items():
            rows = self.groups[name]
            yield from ("", f"{title}: {len(rows)}{self._of_two(name)}")
            yield from (f"  {line}" for row in rows for line in _lines(row))
        yield from ("", f"Dismissed: {len(self.found.dismissed)}")
        for row, entry in self.found.changed:
            now = f"{row.key} {row.fact} is {_shown(row.theirs)} there now"
            yield f"  no more since {now}: {entry.reason}"
        yield from (f"  stale: {line}" for line in self.found.stale)
        if self.found.open:
            yield from ("", "# Rows to paste, once their pages say so:", "", self.rows)
            yield from ("# Or, with the reason, for what is right as it is, in dismissed.toml:", "")
            yield from _dismissals(self.found.open, today)

    def _of_two(self, name: str) -> str:
        return f", {len(self.lacking_in_two)} of them in two catalogues or more" if name == "new" else ""


def report(
    read: Mapping[str, tuple[str, int]],
    unread: Mapping[str, str],
    found: Sorted,
    table: Table,
    pages: Mapping[str, str],
) -> Report:
    """The report on a comparison, with its rows.

    Args:
        read: Version and number of claims of each catalogue.
        unread: Why others were not read.
        found: The differences, sorted.
        table: The rules.
        pages: Where each catalogue is made.
    """
    rows = Rows(table, pages)
    rows.add(found.open)
    return Report(dict(read), dict(unread), found, rows.text() if found.open else "")


def _group(row: Difference) -> str:
    if row.fact == NEW:
        return "new"
    return "dates" if row.fact.startswith(_DATES) else "facts"


def _data(row: Difference) -> dict[str, Any]:
    return {
        "host": row.host,
        "model": row.key,
        "fact": row.fact,
        "ours": plain(row.ours),
        "theirs": plain(row.theirs),
        "ids": {name: list(ids) for name, ids in row.ids.items()},
        "pages": row.pages,
    }


def _lines(row: Difference) -> Iterator[str]:
    said = "; ".join(f"{name} ({', '.join(ids)})" for name, ids in row.ids.items())
    if row.fact == NEW:
        yield f"{row.key} on {row.host}: {said}; the resolver: {row.ours}"
    else:
        yield f"{row.key} on {row.host}, {row.fact}: {_shown(row.ours)} here, {_shown(row.theirs)} by {said}"


def _dismissals(rows: list[Difference], today: dt.date) -> Iterator[str]:
    for row in rows:
        entry = {
            "catalogues": list(row.ids),
            "host": row.host,
            "models": [row.key],
            "facts": [row.fact],
            "values": [row.theirs],
            "day": today,
            "reason": "",
        }
        yield f"  {toml.value(entry)},"


def _shown(value: Any) -> str:
    if isinstance(value, (list, tuple)):
        return " ".join(str(plain(item)) for item in value) or "none"
    if value is None:
        return "nothing"
    return {True: "yes", False: "no"}[value] if isinstance(value, bool) else str(plain(value))
