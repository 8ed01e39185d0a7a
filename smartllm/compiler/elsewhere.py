"""Models of other servers that speak a host's API: what holds for them, and what was taken for granted."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Final

from smartllm.diagnostics import Diagnostic
from smartllm.errors import ConfigError, UnknownModelError
from smartllm.rules.hosts import host_row
from smartllm.rules.load import RuleSet
from smartllm.rules.names import parse
from smartllm.rules.positions import KeyPath
from smartllm.rules.resolve import Resolution, resolve
from smartllm.rules.servers import on_server, server_row
from smartllm.rules.target import Target, served_on
from smartllm.said import Named, said

if TYPE_CHECKING:
    from smartllm.environment import Source

PORT: Final = "port "
"""How the source of a server's name begins where a port alone tells it."""


def other_host(provider: str | None, rules: RuleSet) -> str:
    """The host whose API another server speaks: the given one, else the only one that others imitate."""
    return provider or next(name for name in rules.table("host") if host_row(name, rules).compatible)


def resolve_elsewhere(
    model: str, like: str | None, host: str, server: bool | str, rules: RuleSet
) -> Resolution:
    """What holds for a model of another server.

    Nothing is refused here, and nothing taken for a relative: what other servers serve is theirs to say. Of a
    server that is named its own row says what holds for all that it serves, unless a user's file has a row or
    an alias for the very id.

    Args:
        model: The id as the server takes it.
        like: Listed model whose facts to use instead.
        host: The host whose API it speaks.
        server: Its name, or True where it has none.
        rules: The rules in force.

    Raises:
        ConfigError: There is no such server, or no server speaks that host's API.
        UnknownModelError: ``like`` is not listed.
    """
    profile = host_row(host, rules).compatible
    if profile is None:
        raise ConfigError(
            said(
                "{}: no other servers speak the API of {}",
                Named("compatible", python=f"compatible={server!r}"),
                host,
            ),
            hint="leave it out, or pass the provider whose API the server speaks",
        )
    named = server if isinstance(server, str) else None
    if named is not None:
        server_row(named, rules)  # which raises for one that is not known
    try:
        found = resolve(model, rules, like=like)
    except UnknownModelError:
        if like is not None:
            raise
    else:
        listed = found.how != "inferred" and served_on(found, host, rules)
        if like is not None or (listed and (named is None or _is_users(model, found, rules))):
            return found
    if named is not None:
        return on_server(named, model, host, rules)
    note = f"profile for OpenAI-compatible servers: {profile}"
    return Resolution(model, parse(model).key, "inferred", None, profile, None, host, note)


def server_notes(
    compatible: bool | str, sources: Mapping[str, Source], target: Target
) -> tuple[Diagnostic, ...]:
    """What is to be said of a server whose name a port alone tells.

    Args:
        compatible: The server's name.
        sources: Where it comes from, among others.
        target: The target.
    """
    source = sources.get("compatible")
    if not isinstance(compatible, str) or source is None or not source.name.startswith(PORT):
        return ()
    title = server_row(compatible, target.rules).title or compatible
    reason = said(
        "{} is {}'s by default, so its facts hold; {} says that it is another server",
        source.name,
        title,
        Named("compatible", "other", "compatible=True"),
    )
    path: KeyPath = ("server", compatible, "ports")
    origin = target.origin(".".join(path))
    return (Diagnostic("server-assumed", "info", "compatible", "noted", None, compatible, reason, origin),)


def _is_users(model: str, found: Resolution, rules: RuleSet) -> bool:
    """Whether a user's file says by itself what holds for an id."""
    paths: list[KeyPath] = [("alias", model), ("model", found.model or "")]
    layers: list[Any] = [rules.layer_of(path) for path in paths]
    return any(layer is not None and layer.overlay for layer in layers)
