"""The facts of a resolved model on one host and wire, merged from its rows, with the row behind each fact."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from smartllm.diagnostics import Diagnostic, Origin, OriginKind
from smartllm.errors import RulesError
from smartllm.rules.hosts import HostRow, Route, host_row, routes_of
from smartllm.rules.load import RuleSet, has_path, merge
from smartllm.rules.positions import KeyPath
from smartllm.rules.resolve import Resolution
from smartllm.rules.vocabulary import META, Dialect, Facts, Host, facts_from


@dataclass(frozen=True)
class Quota:
    """How many calls of a model may be made.

    Attributes:
        concurrency: Calls in flight.
        requests_per_minute: None is no limit.
        tokens_per_minute: Input tokens and the output limit together; None is no limit.
    """

    concurrency: int
    requests_per_minute: float | None = None
    tokens_per_minute: float | None = None


@dataclass(frozen=True)
class Target:
    """A model on one host and one wire, with its facts and their origins.

    ``notes`` is for whoever says the same of many requests: by their output limit.
    """

    resolution: Resolution
    host: Host
    dialect: Dialect
    facts: Facts
    rules: RuleSet
    chain: tuple[KeyPath, ...]
    host_row: HostRow = field(repr=False)
    route: Route = field(repr=False)
    _origins: dict[str, Origin] = field(default_factory=dict, compare=False, repr=False)
    notes: dict[int | None, tuple[Diagnostic, ...]] = field(default_factory=dict, compare=False, repr=False)

    def origin(self, path: str) -> Origin:
        """The row that states a fact.

        Args:
            path: Dotted path of the fact, such as ``thinking.modes``.

        Returns:
            An origin of kind ``fact`` or ``overlay`` with file, line and evidence, or of kind ``default``
            when no row states it.
        """
        if path not in self._origins:
            self._origins[path] = self._origin(path)
        return self._origins[path]

    def _origin(self, path: str) -> Origin:
        keys = tuple(path.split("."))
        if keys[0] == "host":  # of the host's own row, whatever the model
            return self._stated(keys[:2], keys, path) or Origin("default", path)
        for row in reversed(self.chain):
            for prefix in (("wire", self.dialect), ()):
                found = self._stated(row, row + prefix + keys, path)
                if found is not None:
                    return found
        return Origin("default", path)

    def _stated(self, row: KeyPath, full: KeyPath, path: str) -> Origin | None:
        """The origin of what stands at a key path; None where nothing does."""
        layer = self.rules.layer_of(full)
        if layer is None:
            return None
        verified, source = self._evidence(row) if row in self.chain else (None, ())
        kind: OriginKind = "overlay" if layer.overlay else "fact"
        return Origin(kind, path, layer.name, layer.line(full), verified, source)

    def inference_origin(self) -> Origin:
        """The row from which the facts of an unlisted model were taken."""
        found = self.resolution
        path: KeyPath = (
            ("vendor", found.vendor, "latest") if found.vendor else ("host", self.host, "compatible")
        )
        path = ("model", found.model) if found.model else path
        layer = self.rules.layer_of(path)
        assert layer is not None, "facts are inferred from rows that exist"
        return Origin("overlay" if layer.overlay else "fact", ".".join(path), layer.name, layer.line(path))

    def _evidence(self, row: KeyPath) -> tuple[Any, tuple[str, ...]]:
        """Evidence of a row, or of the profile nearest before it in the chain."""
        rows = self.chain[: self.chain.index(row) + 1]
        verified, source = None, None
        for candidate in reversed(rows):
            data = _row(self.rules, candidate)
            verified = verified or data.get("verified")
            source = source or data.get("source")
            if verified and source:
                break
        return verified, tuple(source or ())

    @cached_property
    def quota(self) -> Quota:
        """The host's number of calls, the model's, then what an overlay says about the account's quota."""
        rows, found = self.rules.table("quota"), self.resolution
        row = rows.get(found.asked) or rows.get(found.key) or rows.get(found.model or "") or {}
        stated = self.facts.concurrency or self.host_row.concurrency
        return Quota(**{"concurrency": stated, **row})

    @cached_property
    def additions(self) -> tuple[tuple[str, Any, str], ...]:
        """What the host wants in every body: path, value, and the name of the fact."""
        return self._additions("adds", self.route.adds)

    @cached_property
    def stream_additions(self) -> tuple[tuple[str, Any, str], ...]:
        """As ``additions``, for streamed calls."""
        return self._additions("stream_adds", self.route.stream_adds)

    def _additions(self, name: str, stated: dict[str, Any]) -> tuple[tuple[str, Any, str], ...]:
        fact = f"host.{self.host}.route.{self.dialect}.{name}"
        return tuple((path, value, fact) for path, value in stated.items())

    @cached_property
    def listed(self) -> bool:
        """Whether the facts were stated for this very model."""
        return self.resolution.how != "inferred"


def target_for(resolution: Resolution, host: Host, dialect: Dialect, rules: RuleSet) -> Target:
    """The facts of a resolved model on one host and wire.

    Raises:
        RulesError: A profile is missing.
    """
    return rules.remembered(_target, resolution, host, dialect)


def _target(resolution: Resolution, host: Host, dialect: Dialect, rules: RuleSet) -> Target:
    chain = tuple(_chain(resolution, host, rules))
    data: dict[str, Any] = {}
    for row in chain:
        data = merge(data, {k: v for k, v in _row(rules, row).items() if k not in META})
    data = merge(data, data.pop("wire", {}).get(dialect, {}))
    served = host_row(host, rules)
    # A wire that the host does not speak has facts, for those who look, but no route.
    route = routes_of(host, rules).get(dialect) or Route()
    return Target(resolution, host, dialect, facts_from(data), rules, chain, served, route)


def endpoints(resolution: Resolution, host: Host, rules: RuleSet) -> tuple[Dialect, ...]:
    """Wires on which a resolved model is served, over all hosts, in the order of preference."""
    return rules.remembered(_endpoints, resolution, host)


def _endpoints(resolution: Resolution, host: Host, rules: RuleSet) -> tuple[Dialect, ...]:
    found: tuple[Dialect, ...] = ()
    for row in _chain(resolution, host, rules):
        found = tuple(_row(rules, row).get("endpoints", found))
    return found


def served_on(resolution: Resolution, host: Host, rules: RuleSet) -> tuple[Dialect, ...]:
    """The wires of one host on which a resolved model is served, in the order of preference."""
    spoken = routes_of(host, rules)
    return tuple(wire for wire in endpoints(resolution, host, rules) if wire in spoken)


def profile_chain(name: str, rules: RuleSet) -> tuple[str, ...]:
    """A profile and its ancestors, the oldest first.

    Raises:
        RulesError: The profile, or one of its ancestors, is not defined, or they form a circle.
    """
    names: list[str] = []
    profiles = rules.table("profile")
    current: str | None = name
    while current is not None:
        if current not in profiles:
            import difflib  # noqa: PLC0415 - for this error alone

            near = difflib.get_close_matches(current, profiles, n=1)
            raise RulesError(
                f"profile {current!r} is not defined" + (f"; did you mean {near[0]!r}?" if near else ""),
                hint="define it under [profile], or name one that exists",
            )
        if current in names:
            raise RulesError(f"profiles extend each other in a circle: {' -> '.join([*names, current])}")
        names.append(current)
        current = profiles[current].get("extends")
    return tuple(reversed(names))


def _row(rules: RuleSet, path: KeyPath) -> dict[str, Any]:
    node: Any = rules.data
    for key in path:
        node = node[key]
    return node if isinstance(node, dict) else {}


def _chain(resolution: Resolution, host: Host, rules: RuleSet) -> Iterator[KeyPath]:
    """Rows that make up the facts, the weakest first."""
    names = profile_chain(resolution.profile, rules)
    rows: list[KeyPath] = [("profile", name) for name in names]
    if resolution.model is not None:
        rows.append(("model", resolution.model))
    rows += [("on", host, "profile", name) for name in names]
    if resolution.model is not None:
        rows.append(("on", host, "model", resolution.model))
    return (row for row in rows if has_path(rules.data, row))
