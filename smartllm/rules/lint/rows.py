"""Checks of rows: profiles, their inheritance and their evidence."""

from __future__ import annotations

import datetime as dt
import difflib
from collections.abc import Iterator
from typing import Any, Final

from smartllm.rules.lint.check import Context, Finding, check
from smartllm.rules.load import merge
from smartllm.rules.positions import KeyPath
from smartllm.rules.resolve import row_profile
from smartllm.rules.target import profile_chain
from smartllm.rules.vocabulary import META

_STALE: Final = dt.timedelta(days=365)


@check("R002")
def unknown_profile(context: Context) -> Iterator[Finding]:
    """Every profile that is named exists."""
    profiles = context.rules.table("profile")
    for path, name in _named(context):
        if name not in profiles:
            near = difflib.get_close_matches(name, profiles, n=1)
            suggestion = f"; did you mean {near[0]!r}?" if near else ""
            yield context.at(path, "R002", f"profile {name!r} is not defined{suggestion}")


@check("R003")
def circle(context: Context) -> Iterator[Finding]:
    """Profiles do not extend each other in a circle."""
    profiles = context.rules.table("profile")
    for name in profiles:
        seen, current = [name], profiles[name].get("extends")
        while current in profiles and current not in seen:
            seen.append(current)
            current = profiles[current].get("extends")
        if current == name:
            yield context.at(("profile", name, "extends"), "R003", f"circle: {' -> '.join([*seen, name])}")


@check("R004")
def says_nothing_new(context: Context) -> Iterator[Finding]:
    """A row states only what differs from what it inherits."""
    for path, row in context.rows():
        inherited = _inherited(context, path, row)
        if inherited is None:
            continue
        for keys, value in _leaves({key: value for key, value in row.items() if key not in META}):
            node: Any = inherited
            for key in keys:
                node = node.get(key) if isinstance(node, dict) else None
            if node is not None and node == value:
                yield context.at((*path, *keys), "R004", f"{'.'.join(keys)} = {value!r} is inherited already")


@check("R006")
def evidence(context: Context) -> Iterator[Finding]:
    """A profile says when it was verified and which pages say so."""
    for name, row in context.rules.table("profile").items():
        missing = [key for key in ("source", "verified") if not row.get(key)]
        if missing:
            yield context.at(("profile", name), "R006", f"profile {name!r} has no {' and no '.join(missing)}")


@check("R007")
def stale(context: Context) -> Iterator[Finding]:
    """Evidence is at most a year old, and not from the future."""
    for path, row in context.rows():
        day = row.get("verified")
        if day is None:
            continue
        if day > context.today:
            yield context.at((*path, "verified"), "R007", f"verified {day} is in the future")
        elif context.today - day > _STALE:
            yield context.at(
                (*path, "verified"), "R007", f"verified {day} is over a year old; check the sources"
            )


@check("R008")
def unused(context: Context) -> Iterator[Finding]:
    """Every profile is used by a model, by another profile or as a vendor's latest."""
    used = {name for path, name in _named(context) if path[0] != "on"}
    for name in context.rules.table("profile"):
        if name not in used:
            yield context.at(("profile", name), "R008", f"profile {name!r} is used by nothing")


def _named(context: Context) -> Iterator[tuple[KeyPath, str]]:
    """Each place that names a profile."""
    rules = context.rules
    for name, row in rules.table("profile").items():
        if "extends" in row:
            yield ("profile", name, "extends"), row["extends"]
    for name, row in rules.table("model").items():
        yield ("model", name), row_profile(row)
    for name, row in rules.table("vendor").items():
        yield ("vendor", name, "latest"), row["latest"]
    for host, row in rules.table("host").items():
        if "compatible" in row:
            yield ("host", host, "compatible"), row["compatible"]
    for host, tables in rules.table("on").items():
        for name in tables.get("profile", {}):
            yield ("on", host, "profile", name), name


def _inherited(context: Context, path: KeyPath, row: dict[str, Any]) -> dict[str, Any] | None:
    """Facts that a row would have without stating any; None where they are not known."""
    base = row.get("profile") if path[0] == "model" else row.get("extends")
    if path[0] == "on" or base is None or not context.sound(base):
        return None
    facts: dict[str, Any] = {}
    for name in profile_chain(base, context.rules):
        facts = merge(facts, context.rules.table("profile")[name])
    return facts


def _leaves(node: Any, at: KeyPath = ()) -> Iterator[tuple[KeyPath, Any]]:
    if isinstance(node, dict):
        for key, value in node.items():
            yield from _leaves(value, (*at, key))
    else:
        yield at, node
