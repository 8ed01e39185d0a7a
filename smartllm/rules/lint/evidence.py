"""Checks of evidence: each fact has its own, and each page speaks of the facts that it stands beside."""

from __future__ import annotations

import datetime as dt
import difflib
from collections.abc import Iterable, Iterator
from typing import Any, Final

from smartllm.rules.evidence import (
    MEASURED,
    evidence_of,
    fact_rows,
    named_evidence,
    retired_rows,
    stated_keys,
)
from smartllm.rules.layer import Layer
from smartllm.rules.lint.check import Context, Finding, check, in_file
from smartllm.rules.positions import KeyPath

_STALE: Final = dt.timedelta(days=365)
_AGING: Final = dt.timedelta(days=275)
_MOST_PAGES: Final = 4
_SHOWN: Final = 3


@check("R006")
def evidence(context: Context) -> Iterator[Finding]:
    """Every fact of a row, and every retired id, has pages and a day of its own.

    What a profile says is no evidence for the row of a model, and what another file says of the same row is
    none for this one. A call to a live account stands as the page "measured".
    """
    for layer in context.rules.layers:
        for path, row in fact_rows(layer):
            yield from _without(context, layer, path, row)
        for name, row in layer.data.get("retired", {}).items():
            missing = [key for key in ("source", "verified") if not row.get(key)]
            if missing:
                message = f"retired {name!r} has {_no(missing)}; {_write(missing, context)}"
                yield in_file(layer, ("retired", name), "R006", message)


@check("R007")
def stale(context: Context) -> Iterator[Finding]:
    """Evidence is at most a year old, and not from the future; a note comes three months before."""
    for layer in context.rules.layers:
        aging: dict[dt.date, KeyPath] = {}
        for path, day in _days(layer):
            age = context.today - day
            if age < dt.timedelta():
                yield in_file(layer, path, "R007", f"verified {day} is in the future")
            elif age > _STALE:
                yield in_file(layer, path, "R007", f"verified {day} is over a year old; check the sources")
            elif age > _AGING:
                aging.setdefault(day, path)
        if aging:
            oldest = min(aging)
            message = f"verified {oldest}; check the sources again before {oldest + _STALE}"
            yield in_file(layer, aging[oldest], "R007", message, note=True)


@check("R022")
def split(context: Context) -> Iterator[Finding]:
    """A row with more than four pages says by evidence which of them speaks of what."""
    for layer in context.rules.layers:
        for path, row in fact_rows(layer):
            pages, groups = len(row.get("source", ())), _groups(row)
            if pages > _MOST_PAGES and len(groups) > 1 and not row.get("evidence"):
                message = (
                    f"{pages} pages for facts of {len(groups)} groups; say which speaks of what, as in "
                    f'evidence."{groups[0]}" = {{ source = ["…"] }}'
                )
                yield in_file(layer, (*path, "source"), "R022", message)


@check("R024")
def pages(context: Context) -> Iterator[Finding]:
    """A page that is named is defined, and stands for one address; one that is defined is named."""
    named: set[str] = set()
    for layer in context.rules.layers:
        for path, source in _sources(layer):
            for page in source:
                named.add(page)
                if page != MEASURED and context.rules.address(page, layer) == page and "://" not in page:
                    yield in_file(layer, path, "R024", f"page {page!r} is not defined{_near(page, context)}")
    yield from _defined(context, named)


@check("R025")
def speaks_of_facts(context: Context) -> Iterator[Finding]:
    """Evidence is given for facts that this very row states, and says something."""
    for layer in context.rules.layers:
        for path, row in fact_rows(layer):
            stated = [*stated_keys(row)]
            told = {named_evidence(row, keys) for keys in stated}
            known = {".".join(keys[:length]) for keys in stated for length in range(1, len(keys) + 1)}
            for name, entry in row.get("evidence", {}).items():
                if name not in known:
                    message = f"evidence for {name!r}, which this row does not state{_meant(name, known)}"
                elif name not in told:
                    message = f"evidence for {name!r}: each of its facts has evidence of its own"
                elif not entry:
                    message = f"evidence for {name!r} says nothing"
                else:
                    continue
                yield in_file(layer, (*path, "evidence", name), "R025", message)


def _defined(context: Context, named: set[str]) -> Iterator[Finding]:
    """What is wrong with the pages that have names."""
    seen: list[tuple[str, str, str]] = []
    for layer in context.rules.layers:
        for name, address in layer.data.get("page", {}).items():
            path = ("page", name)
            if name == MEASURED:
                message = f"{name!r} stands for calls to a live account; take another name"
                yield in_file(layer, path, "R024", message)
            elif name not in named:
                yield in_file(layer, path, "R024", f"page {name!r} is named by no row")
            for theirs, place, where in seen:
                if theirs == name:
                    yield in_file(layer, path, "R024", f"page {name!r} is defined at {where} too")
                elif place == address:
                    yield in_file(layer, path, "R024", f"{address} is called {theirs!r} at {where}")
            seen.append((name, address, layer.where(path)))


def _without(context: Context, layer: Layer, path: KeyPath, row: dict[str, Any]) -> Iterator[Finding]:
    """What a row states without a page, or without a day; facts that lack the same in one finding."""
    lacking: dict[tuple[str, ...], list[KeyPath]] = {}
    for keys in stated_keys(row):
        found = evidence_of(row, keys)
        missing = tuple(key for key in ("source", "verified") if not getattr(found, key))
        lacking.setdefault(missing, []).append(keys)
    for missing, facts in lacking.items():
        if missing:
            message = f"{path[-1]!r} has {_no(missing)} for {_listed(facts)}; {_write(missing, context)}"
            yield in_file(layer, (*path, *facts[0]), "R006", message)


def _no(missing: Iterable[str]) -> str:
    return " and ".join(f"no {key}" for key in missing)


def _write(missing: Iterable[str], context: Context) -> str:
    """What would be evidence, as it is written; what can be pasted is true for those who have tried it."""
    words = {"source": f'source = ["{MEASURED}"] or its pages', "verified": f"verified = {context.today}"}
    return f"write {' and '.join(words[key] for key in sorted(missing, reverse=True))}"


def _listed(facts: Iterable[KeyPath]) -> str:
    """A few facts by name, and how many more there are."""
    names = [".".join(keys) for keys in facts]
    more = len(names) - _SHOWN
    return ", ".join(names[:_SHOWN]) + (f" and {more} more" if more > 0 else "")


def _meant(name: str, known: set[str]) -> str:
    """The fact of the row that was meant: the same on a wire, or one that is spelled like it."""
    near = [one for one in sorted(known) if one.endswith(f".{name}")]
    near = near or difflib.get_close_matches(name, sorted(known), n=1)
    return f"; did you mean {near[0]!r}?" if near else "; the row that does gives it"


def _groups(row: dict[str, Any]) -> list[str]:
    """The groups of facts that a row states; on a wire those of the wire."""
    return list(dict.fromkeys(keys[2] if keys[0] == "wire" else keys[0] for keys in stated_keys(row)))


def _sources(layer: Layer) -> Iterator[tuple[KeyPath, tuple[str, ...]]]:
    """Each list of pages in a file."""
    for path, row in (*fact_rows(layer), *retired_rows(layer)):
        yield (*path, "source"), row.get("source", ())
        for name, entry in row.get("evidence", {}).items():
            yield (*path, "evidence", name, "source"), entry.get("source", ())


def _days(layer: Layer) -> Iterator[tuple[KeyPath, dt.date]]:
    """Each day of a file on which something was verified."""
    for path, row in (*fact_rows(layer), *retired_rows(layer)):
        if "verified" in row:
            yield (*path, "verified"), row["verified"]
        for name, entry in row.get("evidence", {}).items():
            if "verified" in entry:
                yield (*path, "evidence", name, "verified"), entry["verified"]


def _near(page: str, context: Context) -> str:
    near = difflib.get_close_matches(page, context.rules.table("page"), n=1)
    return f"; did you mean {near[0]!r}?" if near else "; write its address, or define it under [page]"
