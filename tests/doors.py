"""Which models tests try on which host: all on the vendors' own, elsewhere one of each profile."""

from __future__ import annotations

from typing import cast

from smartllm.compiler.target import api_word
from smartllm.rules import Dialect, RuleSet, load_rules
from smartllm.rules.belonging import row_profile
from smartllm.rules.hosts import all_hosts, routes_of
from smartllm.rules.vocabulary import Host
from smartllm.words import ApiType

USUAL: frozenset[Host] = frozenset(row["host"] for row in load_rules().table("vendor").values())
"""The hosts on which every model is tried; the facts of others are theirs but for a few."""


def is_tried(model: str, host: Host, rules: RuleSet) -> bool:
    """Whether a model is tried on a host."""
    if host in USUAL or host not in all_hosts(rules):
        return host in USUAL
    rows = rules.table("model")
    profile = row_profile(rows[model])
    return model == next(name for name, row in rows.items() if row_profile(row) == profile)


def api_on(dialect: Dialect, host: Host | None = None) -> ApiType:
    """The word for a wire on a host; None is the vendors' own that speaks it."""
    rules = load_rules()
    on = host or next(one for one in rules.table("host") if one in USUAL and dialect in routes_of(one, rules))
    return cast("ApiType", api_word(on, dialect, rules))
