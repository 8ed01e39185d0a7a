"""Checks of the tables around the facts: keys, vendors, aliases, quotas."""

from __future__ import annotations

import difflib
from collections import Counter
from collections.abc import Iterator

from smartllm.errors import UnknownModelError
from smartllm.rules.belonging import row_profile, unlisted
from smartllm.rules.inference import vendor_of
from smartllm.rules.lint.check import Context, Finding, check
from smartllm.rules.load import RuleSet
from smartllm.rules.names import parse
from smartllm.rules.resolve import resolve
from smartllm.rules.servers import server_profiles
from smartllm.rules.target import profile_chain
from smartllm.rules.toml_text import quoted


@check("R005")
def canonical_keys(context: Context) -> Iterator[Finding]:
    """Model keys are canonical: no vendor, region or revision, and a date only beside the undated key.

    What a host says of a model stands under the key of its row, and its name for the model leads back there.
    """
    models = context.rules.table("model")
    for host, tables in context.rules.table("on").items():
        for key, row in tables.get("model", {}).items():
            path, called = ("on", host, "model", key), row.get("ids", {}).get("name", "")
            if key not in models:
                yield context.at(path, "R005", f"{key!r} is no key of a listed model")
            if called and (other := _leads_elsewhere(called, key, context.rules)):
                message = f"{called!r} is no name of {key}: whoever calls it so gets {other!r}"
                yield context.at((*path, "ids", "name"), "R005", message)
    for key in models:
        name = parse(key)
        if name.key == key or (name.dated == key and name.key in models):
            continue
        yield context.at(("model", key), "R005", f"key {key!r} is not canonical; write {name.key!r}")


def _leads_elsewhere(called: str, key: str, rules: RuleSet) -> str:
    """What a host's name for a model leads to, in the spelling that is compared, if not to its row."""
    name = parse(called)
    if name.name != called:
        return name.key
    try:
        found = resolve(called, rules)
    except UnknownModelError:
        return name.key
    return "" if found.model == key else found.model or found.key


@check("R012")
def newest_generation(context: Context) -> Iterator[Finding]:
    """A vendor's latest is the profile of its newest listed generation."""
    models = context.rules.table("model")
    names = {key: parse(key) for key in models}
    for vendor, row in context.rules.table("vendor").items():
        listed = {
            key: name.version for key, name in names.items() if vendor_of(name, context.rules) == vendor
        }
        newest = max(listed.values(), default=())
        profiles = {row_profile(models[key]) for key, version in listed.items() if version == newest}
        if newest and row["latest"] not in profiles:
            shown = ".".join(map(str, newest))
            message = (
                f"latest is {row['latest']!r}; the newest listed generation is {shown}: {sorted(profiles)}; "
                f"write latest = {quoted(min(profiles))}"
            )
            yield context.at(("vendor", vendor, "latest"), "R012", message)


@check("R023")
def compatible_profiles(context: Context) -> Iterator[Finding]:
    """A host's profile for other servers, and those of servers by name, have a wire that the host speaks."""
    for host, row in context.rules.table("host").items():
        if "compatible" not in row:
            continue
        named = {("host", host, "compatible"): row["compatible"], **server_profiles(context.rules)}
        for path, name in named.items():
            if not context.sound(name):
                continue
            wires = {wire for one in profile_chain(name, context.rules) for wire in _wires(context, one)}
            if not wires & row.get("route", {}).keys():
                message = f"{path[-1]} is {name!r}, which has no wire that {host} speaks"
                yield context.at(path, "R023", message)


def _wires(context: Context, profile: str) -> list[str]:
    stated: list[str] = context.rules.table("profile")[profile].get("endpoints", [])
    return stated


@check("R014")
def aliases(context: Context) -> Iterator[Finding]:
    """An alias stands for a listed model and does not hide one."""
    models = context.rules.table("model")
    for alias, model in context.rules.table("alias").items():
        if alias in models:
            yield context.at(("alias", alias), "R014", f"alias {alias!r} hides the listed model of that name")
        if wrong := unlisted(model, context.rules):
            yield context.at(("alias", alias), "R014", f"alias of {wrong}")


@check("R027")
def retired_ids(context: Context) -> Iterator[Finding]:
    """A retired id has no row, its vendor is defined, and the model to move to is listed."""
    models, vendors = context.rules.table("model"), context.rules.table("vendor")
    for name, row in context.rules.table("retired").items():
        path = ("retired", name)
        if name in models:
            message = f"{name!r} has a row of facts, which holds; put its end there, as lifecycle"
            yield context.at(path, "R027", message)
        if row["vendor"] not in vendors:
            message = f"vendor {row['vendor']!r} of {name!r} is not defined"
            yield context.at((*path, "vendor"), "R027", message)
        successor = row.get("successor")
        if successor is not None and (wrong := unlisted(successor, context.rules)):
            yield context.at((*path, "successor"), "R027", f"{name!r} has as its successor {wrong}")


@check("R018")
def quotas(context: Context) -> Iterator[Finding]:
    """A quota is stated for a listed model or an alias."""
    known = {*context.rules.table("model"), *context.rules.table("alias")}
    for model in context.rules.table("quota"):
        if model not in known:
            near = difflib.get_close_matches(model, known, n=1, cutoff=0.75)
            meant = f"; did you mean {near[0]!r}?" if near else ""
            yield context.at(("quota", model), "R018", f"quota of {model!r}, which is not listed{meant}")


@check("R016")
def families(context: Context) -> Iterator[Finding]:
    """Every listed model belongs to one vendor's families, and every family has a listed model.

    A vendor without families is one that no id belongs to. For a user's own model it is enough that its
    profile tells the host, or is the one of other servers.
    """
    used = {parse(key).family for key in context.rules.table("model")}
    vendors = context.rules.table("vendor")
    words = Counter(word for row in vendors.values() for word in row["families"])
    for vendor, row in vendors.items():
        path = ("vendor", vendor, "families")
        if not row["families"]:
            message = f'vendor {vendor!r} has no families, so no id belongs to it; write families = ["…"]'
            yield context.at(path, "R016", message)
        for word in row["families"]:
            if word not in used:
                yield context.at(path, "R016", f"family {word!r} has no listed model")
            if words[word] > 1:
                yield context.at(path, "R016", f"family {word!r} is listed more than once")
    elsewhere = {row.get("compatible") for row in context.rules.table("host").values()}
    elsewhere |= {*server_profiles(context.rules).values()}
    for key, row in context.rules.table("model").items():
        if parse(key).family in words or row_profile(row) in elsewhere:
            continue
        found = None if context.shipped(("model", key)) else context.resolved(key)
        if found is None or found.host is None:
            word = parse(key).family
            maker = vendor_of(parse(key), context.rules)
            whose = (
                f"[vendor.{maker}]" if maker else f"its vendor, as in [vendor.{next(iter(vendors), 'NAME')}]"
            )
            message = (
                f"family {word!r} of {key} belongs to no vendor; add {quoted(word)} to families of {whose}"
            )
            yield context.at(("model", key), "R016", message)
