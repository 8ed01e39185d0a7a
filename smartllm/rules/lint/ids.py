"""Checks of ids: that it is said how a host is called for its models."""

from __future__ import annotations

from collections.abc import Iterator

from smartllm.rules.lint.check import Context, Finding, check
from smartllm.rules.target import Target
from smartllm.rules.toml_text import path_spelled


@check("R026")
def callable_ids(context: Context) -> Iterator[Finding]:
    """Where a host has its own names for models, a row says how it is called for each.

    Without one nobody knows which spelling it takes, and ``smartllm models`` can only show the key. It is a
    note for a user's own models, which may be called by an alias or an ARN.
    """
    named = {
        host
        for host, tables in context.rules.table("on").items()
        if any("name" in row.get("ids", {}) for row in tables.get("model", {}).values())
    }
    unsaid = {
        (target.host, str(target.resolution.model)): None
        for target in context.targets
        if target.host in named and _unsaid(target)
    }
    for host, model in unsaid:
        path, table = ("model", model), path_spelled(("on", host, "model", model))
        message = (
            f"how {host} is called for {model!r} is not said; write [{table}] with "
            'ids = { name = "…", bare = "refused", prefixes = ["us"] } and its evidence'
        )
        yield context.at(path, "R026", message, note=not context.shipped(path))


def _unsaid(target: Target) -> bool:
    ids = target.facts.ids
    return not (ids.name or ids.prefixes or ids.bare != "unknown")
