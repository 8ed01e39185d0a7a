"""Servers that speak OpenAI's API, by name: which one is at an address, and what holds for its models."""

from __future__ import annotations

from fnmatch import fnmatchcase
from typing import Final, NamedTuple
from urllib.parse import urlsplit

from smartllm.errors import ConfigError
from smartllm.near import meant_by
from smartllm.rules.load import RuleSet
from smartllm.rules.names import parse
from smartllm.rules.positions import KeyPath
from smartllm.rules.resolve import Resolution
from smartllm.rules.vocabulary import Host
from smartllm.rules.vocabulary.read import table_from
from smartllm.rules.vocabulary.server import ServerRow
from smartllm.said import Named, said

__all__ = ["ServerAt", "ServerRow", "on_server", "server_at", "server_names", "server_profiles", "server_row"]

_SAID: Final = {
    "lmstudio": "lm-studio",
    **dict.fromkeys(("llamacpp", "llama.cpp", "llama-server"), "llama-cpp"),
    "open-router": "openrouter",
}
"""What people call some of them."""


class ServerAt(NamedTuple):
    """The server that an address tells.

    Attributes:
        name: Its name.
        port: The port alone by which it is taken to be that; None where the name of the host says so.
    """

    name: str
    port: int | None = None


def server_names(rules: RuleSet) -> tuple[str, ...]:
    """The names of the servers that have a row."""
    return tuple(rules.table("server"))


def server_row(name: str, rules: RuleSet) -> ServerRow:
    """The row of a server.

    Raises:
        ConfigError: There is no such server; names the nearest.
    """
    return rules.remembered(_server_row, name)


def server_at(address: str, rules: RuleSet) -> ServerAt | None:
    """The server at an address, by the name of its host, or else by a default port; None where neither tells.

    Args:
        address: A URL.
        rules: The rules in force.
    """
    try:
        parts = urlsplit(address)
        host, port = (parts.hostname or "").rstrip("."), parts.port
    except ValueError:
        return None
    rows = {name: server_row(name, rules) for name in server_names(rules)}
    for name, row in rows.items():
        if any(host == one or host.endswith(f".{one}") for one in row.hosts):
            return ServerAt(name)
    return next((ServerAt(name, port) for name, row in rows.items() if port in row.ports), None)


def on_server(server: str, model: str, host: Host, rules: RuleSet) -> Resolution:
    """What holds for a model of a server: what the server's row says, whatever other rows say of the id.

    Args:
        server: Name of the server.
        model: The id as the server takes it.
        host: The host whose API it speaks.
        rules: The rules in force.

    Raises:
        ConfigError: There is no such server.
    """
    row = server_row(server, rules)
    place: KeyPath = ("server", server, "profile")
    profile = row.profile
    for pattern, own in row.models.items():
        if fnmatchcase(model, pattern):
            place, profile = ("server", server, "models", pattern), own
            break
    note = f"what {row.title or server} takes"
    return Resolution(model, parse(model).key, "server", None, profile, None, host, note, place)


def server_profiles(rules: RuleSet) -> dict[KeyPath, str]:
    """The profiles that the rows of servers name, by their places."""
    found: dict[KeyPath, str] = {}
    for server, row in rules.table("server").items():
        found["server", server, "profile"] = row["profile"]
        found |= {("server", server, "models", one): name for one, name in row.get("models", {}).items()}
    return found


def _server_row(name: str, rules: RuleSet) -> ServerRow:
    rows = rules.table("server")
    if name not in rows:
        meant = meant_by(name, rows, _SAID)
        raise ConfigError(
            said(
                "{} is not known{}; allowed: {}",
                Named("compatible", name, f"compatible={name!r}"),
                meant,
                ", ".join(rows),
            ),
            hint=said(
                "of another server that speaks OpenAI's API say {}, or add [server.{}] to a rules overlay",
                Named("compatible", "other", "compatible=True"),
                name if name.isidentifier() else "NAME",
            ),
        )
    return table_from(ServerRow, rows[name])
