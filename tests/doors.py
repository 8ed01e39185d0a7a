"""Which models tests try on which host: all on the vendors' own, elsewhere one of each profile."""

from __future__ import annotations

from smartllm.rules import RuleSet, load_rules
from smartllm.rules.belonging import row_profile
from smartllm.rules.hosts import all_hosts
from smartllm.rules.vocabulary import Host

USUAL: frozenset[Host] = frozenset(row["host"] for row in load_rules().table("vendor").values())
"""The hosts on which every model is tried; the facts of others are theirs but for a few."""


def is_tried(model: str, host: Host, rules: RuleSet) -> bool:
    """Whether a model is tried on a host."""
    if host in USUAL or host not in all_hosts(rules):
        return host in USUAL
    rows = rules.table("model")
    profile = row_profile(rows[model])
    return model == next(name for name, row in rows.items() if row_profile(row) == profile)
