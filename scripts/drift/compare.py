"""Claims beside the rules: ids that the rules lack, and facts that differ."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from drift.claims import Claim
from drift.facts import COMPARED, LIFE, Ours
from smartllm.errors import UnknownModelError
from smartllm.rules import Resolution, RuleSet, resolve, served_on, target_for
from smartllm.rules.names import parse

NEW: Final = "listed"
"""The name under which an id that the rules lack is reported."""
ENDED: Final = "lifecycle.shutdown"
"""The fact that is compared of an id that is listed as retired."""
SERVED: Final = "endpoints.any"
"""The name under which a listed model that the rules do not serve at a host is reported."""


@dataclass(frozen=True)
class Said:
    """One catalogue's claims on one model at one host, over all spellings of its id."""

    catalogue: str
    host: str
    key: str
    claims: tuple[Claim, ...]
    gone: bool = False

    @property
    def ids(self) -> tuple[str, ...]:
        """The spellings."""
        return tuple(dict.fromkeys(claim.model for claim in self.claims))


@dataclass
class Difference:
    """What catalogues say otherwise than the rules, or what the rules do not say.

    Attributes:
        host: The host.
        key: The row of the rules, or for a new id its canonical key.
        fact: What differs; ``NEW`` for an id that the rules lack.
        ours: What the rules say.
        theirs: What is said instead.
        ids: The spellings by which each catalogue says it.
        pages: The page that each catalogue cites for it.
    """

    host: str
    key: str
    fact: str
    ours: Any
    theirs: Any
    ids: dict[str, tuple[str, ...]] = field(default_factory=dict)
    pages: dict[str, str] = field(default_factory=dict)
    claims: dict[str, tuple[Claim, ...]] = field(default_factory=dict, repr=False)


@dataclass(frozen=True)
class Table:
    """The rules as they are compared with.

    Attributes:
        rules: The rules.
        today: The day on which lifecycles are judged.
    """

    rules: RuleSet
    today: dt.date

    def listed(self, model: str) -> Resolution | None:
        """The row of an id; None when the rules lack it or would guess."""
        try:
            found = resolve(model, self.rules)
        except UnknownModelError:
            return None
        return found if found.model is not None and found.how != "inferred" else None

    def guess(self, model: str) -> str:
        """What the resolver says of an id that is not listed."""
        try:
            return resolve(model, self.rules).note
        except UnknownModelError as error:
            return str(error.args[0])

    def vendor_of(self, model: str) -> str | None:
        """The vendor to whose families an id belongs."""
        family = parse(model).family
        return next(
            (name for name, row in self.rules.table("vendor").items() if family in row["families"]), None
        )

    def gone(self, model: str) -> str | None:
        """The entry of an id among the retired: by its own spelling or, where it has no row, its key."""
        rows, name = self.rules.table("retired"), parse(model)
        own = (model, _without_prefixes(model), _without_prefixes(model).partition(":")[0], name.dated)
        spellings = own if self.listed(model) else (*own, name.key)
        return next((spelling for spelling in spellings if spelling in rows), None)

    def ended(self, gone: str, host: str) -> dt.date | None:
        """The day on which a retired id shut down; None where it is not known, or is another host's."""
        row = self.rules.table("retired")[gone]
        usual = self.rules.table("vendor").get(row["vendor"], {}).get("host")
        end: dt.date | None = row.get("shutdown")
        return end if usual == host else None

    def ours(self, found: Resolution, host: str) -> Ours | None:
        """What is known of a listed model at a host; None where the rules do not serve it."""
        if host not in self.rules.table("host"):
            return None
        wires = served_on(found, host, self.rules)
        if not wires:
            return None
        target = target_for(found, host, wires[0], self.rules)
        return Ours(str(found.model), host, target, tuple(wires), self.today)

    def place(self, ours: Ours, fact: str) -> str:
        """`` (file:line)`` of the row that states a fact, or nothing."""
        path = {"limits.input": "limits.context", "lifecycle.ended": "lifecycle.state"}.get(fact, fact)
        origin = ours.target.origin(path)
        return f" ({origin.file}:{origin.line})" if origin.line else ""


def compare(read: Mapping[str, Iterable[Claim]], table: Table) -> list[Difference]:
    """All differences, by host, model and fact.

    Args:
        read: The claims of each catalogue by its name.
        table: The rules.
    """
    found: dict[tuple[str, str, str, str], Difference] = {}
    for said in (item for name, claims in read.items() for item in _grouped(name, claims, table)):
        for host, key, fact, ours, theirs, ids, page in _differences(said, table):
            at = (host, key, fact, str(plain(theirs)))
            row = found.setdefault(at, Difference(host, key, fact, ours, theirs))
            row.ids[said.catalogue] = tuple(dict.fromkeys((*row.ids.get(said.catalogue, ()), *ids)))
            row.claims[said.catalogue] = said.claims
            if page is not None:
                row.pages.setdefault(said.catalogue, page)
    return [found[at] for at in sorted(found)]


_Row = tuple[str, str, str, Any, Any, tuple[str, ...], str | None]


def _grouped(catalogue: str, claims: Iterable[Claim], table: Table) -> Iterator[Said]:
    """The claims of one catalogue by host and row."""
    groups: dict[tuple[str, bool, bool, str], list[Claim]] = {}
    for claim in claims:
        gone, found = table.gone(claim.model), table.listed(claim.model)
        key = gone or (str(found.model) if found else parse(claim.model).key)
        at = (claim.host, gone is not None, found is not None, key)
        groups.setdefault(at, []).append(claim)
    for (host, over, _, key), items in groups.items():
        yield Said(catalogue, host, key, tuple(items), gone=over)


def _differences(said: Said, table: Table) -> Iterator[_Row]:
    found = table.listed(said.ids[0])
    if said.gone:
        yield from _of_gone(said, table)
        return
    if found is None:
        ids = tuple(claim.model for claim in said.claims if claim.callable)
        if ids:
            page = next((claim.page for claim in said.claims if claim.page), None)
            yield said.host, said.key, NEW, table.guess(ids[0]), True, ids, page
        return
    ours = table.ours(found, said.host)
    if ours is None:
        yield from _unserved(said, table)
        return
    gone = ours.facts.lifecycle.state == "retired"
    for claim in said.claims:
        yield from _of_claim(said, claim, ours, LIFE if gone else tuple(COMPARED))
    if not gone:
        yield from _of_spellings(said, ours)


def _of_gone(said: Said, table: Table) -> Iterator[_Row]:
    """An id that is listed as retired: its day."""
    mine = table.ended(said.key, said.host)
    for claim in said.claims if mine else ():
        theirs = claim.facts.get(ENDED)
        if theirs not in {None, mine}:
            yield said.host, said.key, ENDED, mine, theirs, (claim.model,), claim.cited(ENDED)


def _unserved(said: Said, table: Table) -> Iterator[_Row]:
    """A model that has a row, at a host of the rules that does not serve it."""
    calling = [claim for claim in said.claims if claim.callable]
    if said.host in table.rules.table("host") and calling:
        page = next((claim.page for claim in calling if claim.page), None)
        yield said.host, said.key, SERVED, False, True, tuple(claim.model for claim in calling), page


def _of_claim(said: Said, claim: Claim, ours: Ours, facts: tuple[str, ...]) -> Iterator[_Row]:
    for fact in facts:
        theirs = claim.facts.get(fact)
        if theirs is None:
            continue
        mine = COMPARED[fact].ours(ours)
        if not COMPARED[fact].agree(mine, theirs, ours):
            shown = COMPARED[fact].shown(theirs, mine)
            yield said.host, said.key, fact, mine, shown, (claim.model,), claim.cited(fact)


def _of_spellings(said: Said, ours: Ours) -> Iterator[_Row]:
    """Spellings and geographic prefixes, over all ids of one catalogue."""
    calling = [claim for claim in said.claims if claim.callable]
    names = {claim.model: parse(claim.model) for claim in calling}
    hosted = [name for name in names.values() if name.host == said.host]
    facts = {
        "ids.prefixes": sorted({name.geo for name in hosted if name.geo}),
        "ids.name": sorted({name.raw.removeprefix(f"{name.geo}.") for name in hosted}),
    }
    for fact, theirs in facts.items():
        mine = COMPARED[fact].ours(ours)
        if theirs and not COMPARED[fact].agree(mine, theirs, ours):
            page = next((claim.page for claim in calling if claim.page), None)
            yield said.host, said.key, fact, mine, COMPARED[fact].shown(theirs, mine), tuple(names), page


def _without_prefixes(model: str) -> str:
    """An id without its geographic prefix and its vendor's."""
    name = parse(model)
    return model.removeprefix(f"{name.geo}.").removeprefix(f"{name.vendor}.")


def plain(value: Any) -> Any:
    """A value as JSON has it."""
    if isinstance(value, dt.date):
        return value.isoformat()
    return [plain(item) for item in value] if isinstance(value, (list, tuple)) else value
