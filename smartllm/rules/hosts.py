"""The hosts: who serves the models, on which routes, and how calls get there. Rows of data, one a host."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from typing import Any, Literal, TypeVar

from smartllm.errors import ConfigError
from smartllm.rules.load import RuleSet
from smartllm.rules.schema import Dialect

T = TypeVar("T")

Auth = Literal["bearer", "sigv4"]
Framing = Literal["sse", "event-stream"]
ErrorShape = Literal["openai", "aws"]


def _row(default: Any, description: str) -> Any:
    about = {"description": description}
    if isinstance(default, dict):
        return field(default_factory=dict, metadata=about)
    return field(default=default, metadata=about)


@dataclass(frozen=True, eq=False)
class Route:
    """Where one dialect goes on a host, and what its body must add there."""

    path: str = _row("", "Path below the host's address; {model} stands for the id.")
    operation: str = _row("", "The host's name of the operation; left out: the method and the path.")
    headers: dict[str, str] = _row({}, "Headers beside the content type.")
    stream_path: str = _row("", "Path for a streamed answer, where it is another.")
    stream_operation: str = _row("", "As operation, for a streamed answer.")
    stream_headers: dict[str, str] = _row({}, "As headers, for a streamed answer.")
    stream_key: str = _row("", "Key of the body that asks for a streamed answer.")
    stream_adds: dict[str, Any] = _row({}, "What the body of a streamed call holds too, by dotted path.")
    adds: dict[str, Any] = _row({}, "What every body must begin with, by dotted path.")

    def operation_for(self, *, streamed: bool) -> str:
        """The host's name of the operation."""
        named = self.stream_operation if streamed and self.stream_operation else self.operation
        return named or f"POST {self.path}"

    def path_for(self, model: str, *, streamed: bool) -> str:
        """The path for a model, percent-encoded."""
        path = self.stream_path if streamed and self.stream_path else self.path
        if "{model}" not in path:
            return path
        from urllib.parse import quote  # noqa: PLC0415 - hosts with the model in the body need none

        return path.replace("{model}", quote(model, safe=""))

    def headers_for(self, *, streamed: bool) -> Mapping[str, str]:
        """The headers of the route, beside the content type."""
        return self.stream_headers if streamed and self.stream_path else self.headers

    @property
    def travel_keys(self) -> frozenset[str]:
        """Keys of a body that only say how the answer travels."""
        keys = {name.partition(".")[0] for name in self.stream_adds}
        return frozenset(keys | {self.stream_key} - {""})


@dataclass(frozen=True)
class Shell:
    """How a host is called at a shell, in words that hold no secret."""

    address: str = _row("", "The address, as it stands between double quotes.")
    arguments: tuple[str, ...] = _row((), "How curl authorises itself.")


@dataclass(frozen=True)
class HostRow:
    """Who serves the models, and how calls get there; without the routes it is small and goes with plans."""

    title: str = _row("", "The name for people.")
    default_model: str = _row("", "Model for requests and configurations that name none.")
    concurrency: int = _row(1, "Requests in flight, for models that state no number of their own.")
    compatible: str | None = _row(
        None, "Profile for unlisted models of other servers that speak this host's API."
    )
    auth: Auth = _row("bearer", "How calls are authorised.")
    framing: Framing = _row("sse", "How a streamed answer is cut into events.")
    errors: ErrorShape = _row("openai", "How an answer with an error status is read.")
    id_header: str = _row("", "Header that holds the id of a call.")
    cached_input: Literal["inside", "apart"] = _row(
        "inside", "Whether the count of input tokens holds those read from the prompt cache."
    )
    prices: str = _row("", "The provider's id in genai-prices.")
    telemetry: str = _row("", "The provider's name in OpenTelemetry's conventions.")
    shell: Shell = Shell()


@dataclass(frozen=True)
class HostTable(HostRow):
    """A row with its routes, as files state it."""

    route: dict[Dialect, Route] = _row({}, "The dialects that the host speaks, with their routes.")


def host_row(host: str, rules: RuleSet) -> HostRow:
    """The row of a host.

    Raises:
        ConfigError: There is no such host.
    """
    return rules.remembered(_host_row, host)


def routes_of(host: str, rules: RuleSet) -> Mapping[Dialect, Route]:
    """The dialects that a host speaks, with their routes."""
    return rules.remembered(_routes, host)


def _host_row(host: str, rules: RuleSet) -> HostRow:
    rows = rules.table("host")
    if host not in rows:
        raise ConfigError(f"provider={host!r} is not known; allowed: {', '.join(rows)}")
    row = rows[host]
    return _known(HostRow, {**row, "shell": _known(Shell, row.get("shell", {}))})


def _routes(host: str, rules: RuleSet) -> Mapping[Dialect, Route]:
    stated = rules.table("host").get(host, {}).get("route", {})
    return {dialect: _known(Route, data) for dialect, data in stated.items()}


def _known(kind: type[T], data: Mapping[str, Any]) -> T:
    known: Any = kind
    stated = {one.name: data[one.name] for one in fields(known) if one.name in data}
    return kind(
        **{name: tuple(value) if isinstance(value, list) else value for name, value in stated.items()}
    )
