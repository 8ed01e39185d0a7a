"""The hosts: who serves the models, on which routes, and how calls get there. Rows of data, one a host."""

from __future__ import annotations

from collections.abc import Mapping

from smartllm.errors import ConfigError
from smartllm.providers import provider_of_host
from smartllm.rules.load import RuleSet
from smartllm.rules.vocabulary import Dialect
from smartllm.rules.vocabulary.host import HostRow, Route
from smartllm.rules.vocabulary.read import table_from

__all__ = ["HostRow", "Route", "all_hosts", "doors_of", "host_row", "routes_of"]


def host_row(host: str, rules: RuleSet) -> HostRow:
    """The row of a host.

    Raises:
        ConfigError: There is no such host.
    """
    return rules.remembered(_host_row, host)


def routes_of(host: str, rules: RuleSet) -> Mapping[Dialect, Route]:
    """The dialects that a host speaks, with their routes."""
    return rules.remembered(_routes, host)


def all_hosts(rules: RuleSet) -> tuple[str, ...]:
    """The hosts in their order, without those that are taken only where they are named."""
    return rules.remembered(_all_hosts)


def _all_hosts(rules: RuleSet) -> tuple[str, ...]:
    return tuple(host for host in rules.table("host") if not host_row(host, rules).asked_only)


def doors_of(provider: str, rules: RuleSet) -> tuple[str, ...]:
    """The hosts of a provider in the order of preference; of a single door, that one.

    Raises:
        ConfigError: There is no such provider.
    """
    return rules.remembered(_doors, provider)


def _doors(provider: str, rules: RuleSet) -> tuple[str, ...]:
    host_row(provider, rules)
    if provider != provider_of_host(provider):
        return (provider,)
    return (provider, *(host for host in all_hosts(rules) if host.startswith(f"{provider}-")))


def _host_row(host: str, rules: RuleSet) -> HostRow:
    rows = rules.table("host")
    if host not in rows:
        raise ConfigError(f"provider={host!r} is not known; allowed: {', '.join(rows)}")
    return table_from(HostRow, rows[host])


def _routes(host: str, rules: RuleSet) -> Mapping[Dialect, Route]:
    stated = rules.table("host").get(host, {}).get("route", {})
    return {dialect: table_from(Route, data) for dialect, data in stated.items()}
