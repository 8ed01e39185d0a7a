"""What catalogues say as rows to paste into the rules, or into an overlay, with the pages that they cite."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from drift import toml
from drift.compare import NEW, SERVED, Difference, Table, plain
from drift.facts import COMPARED, Ours, Written
from drift.relatives import Relative, relative
from smartllm.rules.load import has_path
from smartllm.rules.names import parse
from smartllm.rules.positions import KeyPath
from smartllm.rules.vocabulary import facts_data

_HOSTED: Final = ("lifecycle.", "ids.")
"""Facts that stand in the host's file."""
_GONE: Final = "retired"
_End = tuple[dt.date, str | None]
"""The day of a shutdown, and the successor."""


@dataclass
class Row:
    """One row to paste.

    Attributes:
        notes: Comments that stand above it.
        profile: The profile of a new row.
        facts: What it states.
        evidence: The page of each fact.
        whole: What stands in it beside facts.
    """

    notes: list[str] = field(default_factory=list)
    profile: str | None = None
    facts: Written = field(default_factory=dict)
    evidence: dict[str, str] = field(default_factory=dict)
    whole: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Rows:
    """Rows by the table that they stand in, such as ``on.bedrock.model``.

    Attributes:
        table: The rules.
        pages: Where each catalogue is made: the evidence of what it cites no page for.
    """

    table: Table
    pages: Mapping[str, str]
    found: dict[tuple[str, str], Row] = field(default_factory=dict)

    def row(self, section: str, key: str) -> Row:
        """The row of a model, made when it is first asked for."""
        return self.found.setdefault((section, key), Row())

    def state(self, ours: Ours, facts: Written, page: str) -> None:
        """State facts of a model that are not so already, each in the row that decides; the first stands."""
        for path, value in facts.items():
            if _value(ours, path) == plain(value):
                continue
            section, stated = _place(ours, path)
            row = self.row(section, ours.key)
            if stated not in row.facts:
                row.facts[stated] = value
                row.evidence[stated] = page

    def add(self, differences: Iterable[Difference]) -> None:
        """Rows for all differences; of several claims about a fact that of most catalogues, or the lowest."""
        for row in sorted(differences, key=_weight):
            if row.fact == NEW:
                self._new(row)
            elif row.fact == SERVED:
                self.row("model", row.key).notes.append(
                    f"{row.key}: {_sayers(row)} serve it on {row.host}; the rules name no wire for it there"
                )
            else:
                self._changed(row)

    def _changed(self, row: Difference) -> None:
        found = self.table.listed(row.key)
        ours = self.table.ours(found, row.host) if found else None
        if ours is None:
            self._gone(row)
            return
        said = _shown(row.theirs)
        place = self.table.place(ours, row.fact)
        written = COMPARED[row.fact].written(row.theirs, ours)
        section, _ = _place(ours, next(iter(written), row.fact))
        self.row(section, row.key).notes.append(
            f"{row.key} on {row.host}, {row.fact}: {_shown(row.ours)} here{place}, {said} by {_sayers(row)}"
        )
        self.state(ours, written, self._page(row))

    def _gone(self, row: Difference) -> None:
        """An id that is listed as retired, on another day."""
        gone = self.row(_GONE, row.key)
        gone.notes.append(f"{row.key}: {_shown(row.ours)} here, {_shown(row.theirs)} by {_sayers(row)}")
        kept = self.table.rules.table(_GONE)[row.key]
        said = {"shutdown": row.theirs, "verified": self.table.today, "source": [self._page(row)]}
        gone.whole = gone.whole or kept | said

    def _new(self, row: Difference) -> None:
        """An id that the rules lack: a row like its nearest relative has, or one among what is gone."""
        ids = [name for names in row.ids.values() for name in names]
        said = f"{row.key}: listed by {_sayers(row)} on {row.host} as {', '.join(dict.fromkeys(ids))}"
        found, end = relative(ids[0], self.table), _over(row, self.table.today)
        if found is None:
            section = _GONE if end else "model"
            self.row(section, row.key).notes.append(f"{said}; no relative is listed: a row by hand")
            return
        if end:
            self._retired(row, found, end, said)
            return
        ours = found.ours(row.key, row.host, self.table)
        if ours is None:
            self.row("model", row.key).notes.append(f"{said}; the rules serve no relative on {row.host}")
            return
        new = self.row("model", row.key)
        new.notes.append(f"{said}; facts as of its nearest relative, {found.name}")
        if self.table.vendor_of(row.key) is None:
            new.notes.append(
                f"its family {parse(row.key).family!r} belongs to no vendor yet: [vendor] families"
            )
        new.profile = found.profile
        new.whole = {"verified": self.table.today, "source": [self._page(row)]}
        stated: dict[str, tuple[Any, str | None]] = {}
        for path, value, page in _stated(row, ours):
            if path not in stated or (path.startswith("limits.") and value < stated[path][0]):
                stated[path] = value, page
        for path, (value, page) in stated.items():
            self.state(ours, {path: value}, page or self._page(row))

    def _retired(self, row: Difference, found: Relative, end: _End, said: str) -> None:
        gone = self.row(_GONE, row.key)
        gone.notes.append(said)
        successor = parse(end[1]).key if end[1] else None
        later = {"successor": successor} if successor in self.table.rules.table("model") else {}
        gone.whole = {"vendor": found.vendor, "shutdown": end[0]} | later
        gone.whole |= {"verified": self.table.today, "source": [self._page(row)]}

    def _page(self, row: Difference) -> str:
        """A page that a catalogue cites for it, else where a catalogue of them is made."""
        return next(iter(row.pages.values()), self.pages.get(next(iter(row.ids)), next(iter(row.ids))))

    def text(self) -> str:
        """All rows as TOML, by table."""
        sections = sorted({section for section, _ in self.found}, key=lambda name: (name != "model", name))
        return "\n".join(line for section in sections for line in self._section(section)).strip() + "\n"

    def _section(self, section: str) -> Iterator[str]:
        rows = {key: row for (name, key), row in sorted(self.found.items()) if name == section}
        yield from ("", f"[{section}]")
        for key, row in rows.items():
            yield from (f"# {note}" for note in row.notes)
            if row.facts or row.whole:
                yield f"{toml.key(key)} = {toml.value(_row(row, self.table.today))}"


def _value(ours: Ours, path: str) -> Any:
    """The value of a fact, as JSON has it."""
    node: Any = facts_data(ours.facts)
    for key in path.split("."):
        node = node[key]
    return node


def _place(ours: Ours, path: str) -> tuple[str, str]:
    """The table in which a fact of a model has to stand to be what holds at the host, and its path there.

    What a wire has of its own wins over the rest, and what a host has over the model's row.
    """
    target, keys = ours.target, tuple(path.split("."))
    wire: KeyPath = ("wire", target.dialect)
    own = [row for row in target.chain if has_path(target.rules.data, row + wire + keys)]
    stating = own or [row for row in target.chain if has_path(target.rules.data, row + keys)]
    hosted = path.startswith(_HOSTED) or any(row[0] == "on" for row in stating)
    return f"on.{ours.host}.model" if hosted else "model", ".".join((*wire, path)) if own else path


def _row(row: Row, today: dt.date) -> dict[str, Any]:
    """The content of a row; facts whose page is not the row's have evidence of their own."""
    of_row = (row.whole.get("source") or [None])[0]
    evidence = {
        path: {"verified": today, "source": [page]}
        for path, page in _grouped(row.evidence).items()
        if page != of_row
    }
    head = {"profile": row.profile} if row.profile else {}
    return head | toml.nested(row.facts) | row.whole | ({"evidence": evidence} if evidence else {})


def _grouped(evidence: Mapping[str, str]) -> dict[str, str]:
    """Evidence by group where one page is that of all facts of the group."""
    groups: dict[str, dict[str, str]] = {}
    for path, page in evidence.items():
        groups.setdefault(path.partition(".")[0], {})[path] = page
    found: dict[str, str] = {}
    for group, pages in groups.items():
        one = group != "wire" and len(pages) > 1 and len(set(pages.values())) == 1
        found |= {group: next(iter(pages.values()))} if one else pages
    return found


def _stated(row: Difference, ours: Ours) -> Iterator[tuple[str, Any, str | None]]:
    """What the catalogues say of a new id and its relative does not, with the page."""
    for claim in (claim for claims in row.claims.values() for claim in claims):
        for fact, theirs in claim.facts.items():
            compared = COMPARED.get(fact)
            if theirs is None or compared is None or compared.agree(compared.ours(ours), theirs, ours):
                continue
            for path, value in compared.written(theirs, ours).items():
                yield path, value, claim.cited(fact)
    names = [parse(name) for names in row.ids.values() for name in names]
    hosted = [name for name in names if name.host == row.host]
    if hosted:
        geos = sorted({name.geo for name in hosted if name.geo})
        first = hosted[0]
        yield "ids.name", first.raw.removeprefix(f"{first.geo}."), None
        yield from (
            (path, value, None) for path, value in COMPARED["ids.prefixes"].written(geos, ours).items()
        )


def _over(row: Difference, today: dt.date) -> _End | None:
    """The day on which a new id shut down, and its successor; None for one that can be called."""
    claims = [claim for claims in row.claims.values() for claim in claims]
    ends = [claim.facts.get("lifecycle.shutdown") for claim in claims]
    past = [end for end in ends if end is not None and end <= today]
    successors = [
        claim.facts["lifecycle.successor"] for claim in claims if claim.facts.get("lifecycle.successor")
    ]
    return (min(past), next(iter(successors), None)) if past else None


def _weight(row: Difference) -> tuple[str, str, str, int]:
    first = _size(row.theirs) if row.fact.startswith("limits.") else -len(row.ids)
    return row.host, row.key, row.fact, first


def _size(value: Any) -> int:
    return value if isinstance(value, int) else 0


def _sayers(row: Difference) -> str:
    return ", ".join(row.ids)


def _shown(value: Any) -> str:
    if isinstance(value, (list, tuple)):
        return " ".join(map(str, plain(value))) or "none"
    return (
        "nothing" if value is None else str(plain(value)).lower() if isinstance(value, bool) else str(value)
    )
