"""Checks of the tables around the facts: keys, vendors, hosts, aliases, lifecycle."""

from __future__ import annotations

import datetime as dt
from collections import Counter
from collections.abc import Iterator
from typing import Any, Final

from smartllm.rules.lint.check import Context, Finding, check
from smartllm.rules.names import parse
from smartllm.rules.resolve import row_profile
from smartllm.rules.target import profile_chain

_NOTICE: Final = dt.timedelta(days=90)


@check("R005")
def canonical_keys(context: Context) -> Iterator[Finding]:
    """Model keys are canonical: no vendor, region or revision, and a date only beside the undated key."""
    models = context.rules.table("model")
    for key in models:
        name = parse(key)
        if name.key == key or (name.dated == key and name.key in models):
            continue
        yield context.at(("model", key), "R005", f"key {key!r} is not canonical; write {name.key!r}")


@check("R012")
def newest_generation(context: Context) -> Iterator[Finding]:
    """A vendor's latest is the profile of its newest listed generation."""
    models = context.rules.table("model")
    for vendor, row in context.rules.table("vendor").items():
        found = {key: context.resolved(key) for key in models}
        listed = {key: parse(key).version for key, item in found.items() if item and item.vendor == vendor}
        newest = max(listed.values(), default=())
        profiles = {row_profile(models[key]) for key, version in listed.items() if version == newest}
        if newest and row["latest"] not in profiles:
            shown = ".".join(map(str, newest))
            message = (
                f"latest is {row['latest']!r}; the newest listed generation is {shown}: {sorted(profiles)}"
            )
            yield context.at(("vendor", vendor, "latest"), "R012", message)


@check("R013")
def default_models(context: Context) -> Iterator[Finding]:
    """A host's default model is listed and not within 90 days of its shutdown."""
    for host, row in context.rules.table("host").items():
        path = ("host", host, "default_model")
        model = row.get("default_model", "")
        key = parse(model).key
        if key not in context.rules.table("model"):
            yield context.at(path, "R013", f"default model {model!r} is not listed")
            continue
        end = _lifecycle(context, key).get("shutdown")
        if end is not None and end - context.today <= _NOTICE:
            yield context.at(path, "R013", f"default model {model!r} shuts down on {end}")


@check("R014")
def aliases(context: Context) -> Iterator[Finding]:
    """An alias stands for a listed model and does not hide one."""
    models = context.rules.table("model")
    for alias, model in context.rules.table("alias").items():
        if alias in models:
            yield context.at(("alias", alias), "R014", f"alias {alias!r} hides the listed model of that name")
        if not {parse(model).key, parse(model).dated} & set(models):
            yield context.at(("alias", alias), "R014", f"alias of {model!r}, which is not listed")


@check("R018")
def quotas(context: Context) -> Iterator[Finding]:
    """A quota is stated for a listed model or an alias."""
    known = {*context.rules.table("model"), *context.rules.table("alias")}
    for model in context.rules.table("quota"):
        if model not in known:
            yield context.at(("quota", model), "R018", f"quota of {model!r}, which is not listed")


@check("R015")
def lifecycle(context: Context) -> Iterator[Finding]:
    """Lifecycle facts agree with each other, and a successor outlives its predecessor."""
    for key in context.rules.table("model"):
        path, life = ("model", key), _lifecycle(context, key)
        end, state, successor = life.get("shutdown"), life.get("state", "active"), life.get("successor")
        if end is not None and end > context.today and state == "retired":
            yield context.at(path, "R015", f"{key} is retired, but shuts down only on {end}")
        if end is not None and end <= context.today and state != "retired":
            yield context.at(path, "R015", f"{key} shut down on {end}, but is {state}")
        if successor is None:
            continue
        if successor not in context.rules.table("model"):
            yield context.at(path, "R015", f"successor {successor!r} of {key} is not listed")
        elif (theirs := _lifecycle(context, successor).get("shutdown")) and (end is None or theirs <= end):
            yield context.at(
                path, "R015", f"successor {successor!r} shuts down on {theirs}, no later than {key}"
            )


@check("R016")
def families(context: Context) -> Iterator[Finding]:
    """Every listed model belongs to one vendor's families, and every family has a listed model."""
    used = {parse(key).family for key in context.rules.table("model")}
    words = Counter(word for row in context.rules.table("vendor").values() for word in row["families"])
    for vendor, row in context.rules.table("vendor").items():
        path = ("vendor", vendor, "families")
        for word in row["families"]:
            if word not in used:
                yield context.at(path, "R016", f"family {word!r} has no listed model")
            if words[word] > 1:
                yield context.at(path, "R016", f"family {word!r} is listed more than once")
    for key in context.rules.table("model"):
        if parse(key).family not in words:
            yield context.at(
                ("model", key), "R016", f"family {parse(key).family!r} of {key} belongs to no vendor"
            )


def _lifecycle(context: Context, key: str) -> dict[str, Any]:
    """Lifecycle facts of a listed model, over its profiles."""
    found: dict[str, Any] = {}
    row = context.rules.table("model")[key]
    if context.sound(row_profile(row)):
        for name in profile_chain(row_profile(row), context.rules):
            found |= context.rules.table("profile")[name].get("lifecycle", {})
    if isinstance(row, dict):
        found |= row.get("lifecycle", {})
    return found
