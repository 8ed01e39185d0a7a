"""To whom a row of a model belongs: what its profile tells where its id does not."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from smartllm.rules.inference import vendor_of
from smartllm.rules.load import RuleSet
from smartllm.rules.names import parse
from smartllm.rules.vocabulary import Host


def row_profile(row: str | dict[str, Any]) -> str:
    """Profile that a model row names; the row is either that name or a table that holds it."""
    return row if isinstance(row, str) else str(row["profile"])


def unlisted(model: str, rules: RuleSet) -> str:
    """What is wrong with an id that must be listed: the end of a sentence, empty where it is."""
    name, models = parse(model), rules.table("model")
    if {model, name.key, name.dated} & models.keys():
        return ""
    import difflib  # noqa: PLC0415 - for this error alone

    near = difflib.get_close_matches(name.key, models, n=1, cutoff=0.75)
    return f"{model!r}, which is not listed" + (f"; did you mean {near[0]!r}?" if near else "")


def profile_names(profile: str, rules: RuleSet) -> Iterator[str]:
    """A profile and its ancestors as far as they are defined, the nearest first."""
    rows, seen = rules.table("profile"), set[str]()
    while profile in rows and profile not in seen:
        yield profile
        seen.add(profile)
        profile = rows[profile].get("extends", "")


def vendor_of_profile(profile: str, rules: RuleSet) -> str | None:
    """The vendor of all listed models that descend from a profile, or from the nearest one above it."""
    owners = rules.remembered(_owners)
    found = next((owners[name] for name in profile_names(profile, rules) if name in owners), ())
    return next(iter(found)) if len(found) == 1 else None


def only_host(row: str, profile: str, rules: RuleSet) -> Host | None:
    """The vendors' host that serves a model, where there is one alone.

    An empty row is one of the profile alone.
    """
    stated, rows = rules.table("model").get(row), rules.table("profile")
    own = [stated] if isinstance(stated, dict) else []
    above = [*own, *(rows[name] for name in profile_names(profile, rules))]
    wires = set(next((found["endpoints"] for found in above if "endpoints" in found), ()))
    usual = {vendor["host"] for vendor in rules.table("vendor").values()}
    routes = ((host, found.get("route", {})) for host, found in rules.table("host").items() if host in usual)
    hosts = [host for host, found in routes if wires & found.keys()]
    return hosts[0] if len(hosts) == 1 else None


def _owners(rules: RuleSet) -> dict[str, set[str]]:
    """Vendors by profile."""
    owners: dict[str, set[str]] = {}
    for key, row in rules.table("model").items():
        vendor = vendor_of(parse(key), rules)
        for name in profile_names(row_profile(row), rules) if vendor else ():
            owners.setdefault(name, set()).add(str(vendor))
    return owners
