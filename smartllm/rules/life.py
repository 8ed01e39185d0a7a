"""A model's life on a host: what its facts say on a day."""

from __future__ import annotations

import datetime as dt

from smartllm.rules.hosts import all_hosts, routes_of
from smartllm.rules.load import RuleSet
from smartllm.rules.resolve import Resolution
from smartllm.rules.target import Target, served_on, stated_target
from smartllm.rules.vocabulary import DIALECTS, Host
from smartllm.rules.vocabulary.lifecycle import Lifecycle, State


def state_on(life: Lifecycle, day: dt.date | None) -> State:
    """Where a model stands on a day: an announced end makes it legacy, and its day retired.

    Args:
        life: Its facts, whose ``state`` may have been written down before.
        day: The day; None takes the facts as they stand.
    """
    if day is None or life.state == "retired":
        return life.state
    if life.shutdown is not None and life.shutdown <= day:
        return "retired"
    announced = life.shutdown is not None if life.legacy is None else life.legacy <= day
    return "legacy" if announced else life.state


def hosts_of(resolution: Resolution, rules: RuleSet) -> tuple[Host, ...]:
    """The hosts that serve a model; its usual one where none does."""
    hosts = all_hosts(rules)
    served = tuple(host for host in hosts if served_on(resolution, host, rules))
    return served or (resolution.host or hosts[0],)


def target_on(resolution: Resolution, host: Host, rules: RuleSet) -> Target:
    """A model on its first wire of a host; on one that does not serve it the facts are those of any wire."""
    wire = next(iter(served_on(resolution, host, rules) or routes_of(host, rules) or DIALECTS))
    return stated_target(resolution, host, wire, rules)
