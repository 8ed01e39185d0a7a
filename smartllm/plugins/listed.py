"""The models that can be called, and what one takes, for whoever shows them under a roof of their own."""

from __future__ import annotations

import datetime as dt
import os
from collections.abc import Iterator
from typing import NamedTuple

from smartllm.environment import Environment, ambient_rules
from smartllm.errors import SmartLLMError
from smartllm.providers import ROWS, row_of
from smartllm.rules import Facts, RuleSet, load_rules, resolve, served_on
from smartllm.rules.hosts import host_row
from smartllm.rules.ids import usual_ids
from smartllm.rules.life import hosts_of, state_on, target_on
from smartllm.rules.servers import server_at


class Listed(NamedTuple):
    """A listed model on a host.

    Attributes:
        key: Its key in the rules.
        id: The usual id to call it by.
        provider: The host.
    """

    key: str
    id: str
    provider: str


def rules_in_force() -> RuleSet:
    """The shipped rules with the overlays of the user and the environment.

    Raises:
        RulesError: One cannot be used.
    """
    return load_rules(ambient=ambient_rules(os.environ))


def listed_models(rules: RuleSet) -> Iterator[Listed]:
    """Each id that can be called today, on the first provider that takes it."""
    today, seen = dt.datetime.now(dt.UTC).date(), set[str]()
    for key in rules.table("model"):
        resolution = resolve(key, rules)
        for host in filter(ROWS.__contains__, hosts_of(resolution, rules)):
            facts = target_on(resolution, host, rules).facts
            alive = served_on(resolution, host, rules) and state_on(facts.lifecycle, today) != "retired"
            if alive and (usual := usual_ids(key, facts.ids)[0]) not in seen:
                seen.add(usual)
                yield Listed(key, usual, host)


def facts_of(
    model: str | None, provider: str, rules: RuleSet, *, elsewhere: bool | None = None
) -> Facts | None:
    """What a model takes on the wire that a request goes over; None where the rules do not know it.

    Args:
        model: Its id; None is what a client takes for requests that name none.
        provider: The host.
        rules: The rules in force.
        elsewhere: Requests go to another server than the provider's own; None asks the environment.
    """
    from smartllm.compiler.target import choose_target  # noqa: PLC0415 - who only lists needs neither
    from smartllm.request import TextRequest  # noqa: PLC0415

    environment, row = Environment(), row_of(provider)
    asked = model or environment.get(row.default_model) or None
    if elsewhere is None:
        elsewhere = bool(row.base_url and environment.get(row.base_url))
    compatible: bool | str = elsewhere and host_row(provider, rules).compatible is not None
    if compatible and (found := server_at(environment.get(row.base_url) or "", rules)) is not None:
        compatible = found.name
    request = TextRequest(prompt="-", model=asked)
    try:
        target, _ = choose_target(request, provider, None, rules, compatible=compatible)
    except SmartLLMError:
        return None
    return target.facts
