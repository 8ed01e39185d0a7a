"""The facts of a resolved model on one host and wire, merged from its rows, with the row behind each fact."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from smartllm.diagnostics import Diagnostic, Origin, OriginKind
from smartllm.errors import RulesError
from smartllm.rules.evidence import evidence_of, row_in
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
        if keys[0] in {"host", "server"}:  # of its own row, whatever the model
            length = 3 if "batch" in keys[2:3] else 2  # its engine has evidence of its own
            return self._stated(keys[:length], keys[length:], path) or Origin("default", path)
        # What holds on one wire counts after all else, whichever row says it.
        for prefix in (("wire", self.dialect), ()):
            for row in reversed(self.chain):
                found = self._stated(row, prefix + keys, path)
                if found is not None:
                    return found
        return Origin("default", path)

    def _stated(self, row: KeyPath, keys: KeyPath, path: str) -> Origin | None:
        """The origin of what a row states, with the evidence of the file that does; None where none does."""
        full = row + keys
        layer = self.rules.layer_of(full)
        if layer is None:
            return None
        found = evidence_of(row_in(layer, row), keys)
        pages = tuple(self.rules.address(page, layer) for page in found.source)
        kind: OriginKind = "overlay" if layer.overlay else "fact"
        return Origin(kind, path, layer.name, layer.line(full), found.verified, pages, found.disputed)

    @property
    def name(self) -> str:
        """The model and its wire, for people."""
        return f"{self.resolution.model or self.resolution.key} on {self.dialect}"

    def place(self, paths: Sequence[str]) -> tuple[str, int]:
        """File and line of the first of some facts that a user's file states, or else any row."""
        order = ("overlay", "fact")
        stated = [one for kind in order for one in map(self.origin, paths) if one.kind == kind]
        file, line = (stated[0].file, stated[0].line) if stated else (None, None)
        row = inferred_from(self.resolution, self.host)
        return self.rules.place(row) if file is None or line is None else (file, line)

    def inference_origin(self) -> Origin:
        """The row from which the facts of an unlisted model were taken."""
        path = inferred_from(self.resolution, self.host)
        layer = self.rules.layer_of(path)
        assert layer is not None, "facts are inferred from rows that exist"
        return Origin("overlay" if layer.overlay else "fact", ".".join(path), layer.name, layer.line(path))

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
        stated = self.route.stream_adds
        if not self.facts.stream_options:
            stated = {path: value for path, value in stated.items() if not path.startswith("stream_options")}
        return self._additions("stream_adds", stated)

    def _additions(self, name: str, stated: dict[str, Any]) -> tuple[tuple[str, Any, str], ...]:
        fact = f"host.{self.host}.route.{self.dialect}.{name}"
        return tuple((path, value, fact) for path, value in stated.items())

    @cached_property
    def listed(self) -> bool:
        """Whether the facts were stated for this very model."""
        return self.resolution.how != "inferred"


def inferred_from(resolution: Resolution, host: Host) -> KeyPath:
    """The row that names the profile of a resolved model."""
    if resolution.place:
        return resolution.place
    if resolution.model:
        return ("model", resolution.model)
    return ("vendor", resolution.vendor, "latest") if resolution.vendor else ("host", host, "compatible")


def target_for(resolution: Resolution, host: Host, dialect: Dialect, rules: RuleSet) -> Target:
    """The facts of a resolved model on one host and wire.

    Raises:
        RulesError: A profile is missing, or a user's file says what no legal body comes out of.
    """
    return rules.remembered(_sound_target, resolution, host, dialect)


def stated_target(resolution: Resolution, host: Host, dialect: Dialect, rules: RuleSet) -> Target:
    """As ``target_for``, whatever the facts say together.

    Raises:
        RulesError: A profile is missing.
    """
    return rules.remembered(_target, resolution, host, dialect)


def _sound_target(resolution: Resolution, host: Host, dialect: Dialect, rules: RuleSet) -> Target:
    target = stated_target(resolution, host, dialect, rules)
    if rules.overlaid and dialect in served_on(resolution, host, rules):  # lint holds the shipped rules
        from smartllm.rules.contradictions import contradictions  # noqa: PLC0415 - for overlays alone

        for found in contradictions(target.facts, dialect):
            if found.breaks:
                file, line = target.place(found.paths)
                raise RulesError(f"{file}:{line}: {target.name}: {found.message}")
    return target


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
    if host_row(host, rules).stated_only and not _stated_on(resolution, host, rules):
        return ()
    here = [wire for wire in endpoints(resolution, host, rules) if wire in spoken]
    first = [wire for wire in host_row(host, rules).prefer if wire in here]
    return tuple(dict.fromkeys([*first, *here]))


def _stated_on(resolution: Resolution, host: Host, rules: RuleSet) -> bool:
    """Whether a row of a host itself states endpoints."""
    rows = (row for row in _chain(resolution, host, rules) if row[:2] == ("on", host))
    return any("endpoints" in _row(rules, row) for row in rows)


def profile_chain(name: str, rules: RuleSet, *, at: KeyPath = ()) -> tuple[str, ...]:
    """A profile and its ancestors, the oldest first.

    Args:
        name: The profile.
        rules: The rules in force.
        at: Where it is named.

    Raises:
        RulesError: The profile, or one of its ancestors, is not defined, or they form a circle.
    """
    names: dict[str, None] = {}
    profiles = rules.table("profile")
    current: str | None = name
    while current is not None:
        if current not in profiles:
            from smartllm.rules.meant import undefined  # noqa: PLC0415 - for this error alone

            raise rules.error(
                at,
                f"profile {current!r} is not defined{undefined(current, profiles, rules.table('model'))}",
                hint="define it under [profile], or name one that exists",
            )
        if current in names:
            raise rules.error(at, f"profiles extend each other in a circle: {' -> '.join([*names, current])}")
        names[current] = None
        at = ("profile", current, "extends")
        current = profiles[current].get("extends")
    return tuple(reversed(names))


def _row(rules: RuleSet, path: KeyPath) -> dict[str, Any]:
    node: Any = rules.data
    for key in path:
        node = node[key]
    return node if isinstance(node, dict) else {}


def _chain(resolution: Resolution, host: Host, rules: RuleSet) -> Iterator[KeyPath]:
    """Rows that make up the facts, the weakest first."""
    names = profile_chain(resolution.profile, rules, at=inferred_from(resolution, host))
    rows: list[KeyPath] = [("profile", name) for name in names]
    if resolution.model is not None:
        rows.append(("model", resolution.model))
    above = host_row(host, rules).extends
    for layer in (host,) if above is None else (above, host):
        rows += [("on", layer, "profile", name) for name in names]
        if resolution.model is not None:
            rows.append(("on", layer, "model", resolution.model))
    return (row for row in rows if has_path(rules.data, row))
