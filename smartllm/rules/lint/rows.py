"""Checks of rows: profiles and their inheritance."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from smartllm.rules.belonging import row_profile
from smartllm.rules.lint.check import Context, Finding, check
from smartllm.rules.load import merge
from smartllm.rules.meant import undefined
from smartllm.rules.positions import KeyPath
from smartllm.rules.servers import server_profiles
from smartllm.rules.target import profile_chain
from smartllm.rules.vocabulary import META


@check("R002")
def unknown_profile(context: Context) -> Iterator[Finding]:
    """Every profile that is named exists."""
    profiles = context.rules.table("profile")
    for path, name in _named(context):
        if name not in profiles:
            meant = undefined(name, profiles, context.rules.table("model"))
            yield context.at(path, "R002", f"profile {name!r} is not defined{meant}")


@check("R003")
def circle(context: Context) -> Iterator[Finding]:
    """Profiles do not extend each other in a circle."""
    profiles = context.rules.table("profile")
    for name in profiles:
        # A dict, since a chain may be long.
        seen, current = {name: None}, profiles[name].get("extends")
        while current in profiles and current not in seen:
            seen[current] = None
            current = profiles[current].get("extends")
        if current == name:
            yield context.at(("profile", name, "extends"), "R003", f"circle: {' -> '.join([*seen, name])}")


@check("R004")
def says_nothing_new(context: Context) -> Iterator[Finding]:
    """A row states only what differs from what it inherits, or what its evidence names by itself."""
    known: dict[str, dict[str, Any]] = {}
    for path, row in context.rows():
        inherited = _inherited(context, path, row, known)
        if inherited is None:
            continue
        for keys, value in _leaves({key: value for key, value in row.items() if key not in META}):
            node: Any = inherited
            for key in keys:
                node = node.get(key) if isinstance(node, dict) else None
            shown = ".".join(keys) in row.get("evidence", {})
            if node is not None and node == value and not shown:
                yield context.at((*path, *keys), "R004", f"{'.'.join(keys)} = {value!r} is inherited already")


@check("R008")
def unused(context: Context) -> Iterator[Finding]:
    """Every profile is used by a model, by another profile, by a server or as a vendor's latest."""
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
    yield from server_profiles(rules).items()
    for host, tables in rules.table("on").items():
        for name in tables.get("profile", {}):
            yield ("on", host, "profile", name), name


def _inherited(
    context: Context, path: KeyPath, row: dict[str, Any], known: dict[str, dict[str, Any]]
) -> dict[str, Any] | None:
    """Facts that a row would have without stating any; None where they are not known.

    Args:
        context: What is checked.
        path: Where the row stands.
        row: The row.
        known: The facts of profiles that were merged before; what is merged here is added to them.
    """
    base = row.get("profile") if path[0] == "model" else row.get("extends")
    if path[0] == "on" or base is None or not context.sound(base):
        return None
    facts: dict[str, Any] = {}
    for name in profile_chain(base, context.rules):
        if name not in known:
            known[name] = merge(facts, context.rules.table("profile")[name])
        facts = known[name]
    return facts


def _leaves(node: Any, at: KeyPath = ()) -> Iterator[tuple[KeyPath, Any]]:
    if isinstance(node, dict):
        for key, value in node.items():
            yield from _leaves(value, (*at, key))
    else:
        yield at, node
