"""Whether a client asks another server that speaks its provider's API, and which one that is."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final, NamedTuple

from smartllm.compiler.elsewhere import PORT
from smartllm.environment import Source
from smartllm.errors import ConfigError
from smartllm.rules import RuleSet
from smartllm.rules.hosts import host_row
from smartllm.rules.servers import ServerAt, server_at, server_row
from smartllm.said import Named, said
from smartllm.settings import Settings

_NOWHERE: Final[Mapping[str, Source]] = MappingProxyType({})


class Elsewhere(NamedTuple):
    """Which server is asked.

    Attributes:
        compatible: Its name; True where it has none, False where it is the provider's own.
        sources: Where the name comes from, as ``compile`` takes it.
    """

    compatible: bool | str
    sources: Mapping[str, Source] = _NOWHERE


def elsewhere(settings: Settings, rules: RuleSet) -> Elsewhere:
    """The server that settings lead to: the one that they name, or else the one that the address tells.

    Raises:
        ConfigError: They name a server that there is none of.
    """
    given = settings.config.compatible
    if given is not None:
        if isinstance(given, str):
            server_row(given, rules)  # which raises for one that is not known
        return Elsewhere(given, {"compatible": Source("setting", "compatible")})
    return server_of(settings.custom_endpoint, settings.provider, rules)


def server_of(address: str | None, host: str, rules: RuleSet) -> Elsewhere:
    """The server at an address.

    Args:
        address: The address if it is not the host's public one.
        host: The host whose API is spoken.
        rules: The rules in force.
    """
    if address is None or host_row(host, rules).compatible is None:
        return Elsewhere(False)
    found: ServerAt | None = rules.remembered(server_at, address)
    if found is None:
        return Elsewhere(True)
    told = "base_url" if found.port is None else f"{PORT}{found.port}"
    return Elsewhere(found.name, {"compatible": Source("derived", told)})


def check_address(settings: Settings, rules: RuleSet) -> None:
    """Refuse a server that is named without its address: calls, and the key, would go to the provider.

    Raises:
        ConfigError: That is so, or there is no such server.
    """
    found = elsewhere(settings, rules).compatible
    if not found or settings.custom_endpoint is not None:
        return
    name = found if isinstance(found, str) else ""
    usual = server_row(name, rules).base_url if name else ""
    title = host_row(settings.provider, rules).title
    raise ConfigError(
        said(
            "{}: no address is given, so calls would go to {}",
            Named("compatible", name or "other", f"compatible={found!r}"),
            title,
        ),
        hint=said("pass {}", Named("base_url", usual or "<address>", f"base_url={usual or '...'!r}")),
    )
