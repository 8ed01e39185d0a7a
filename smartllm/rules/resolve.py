"""From a model id to its facts: alias, exact, inferred, or an error that shows the row to paste."""

from __future__ import annotations

import difflib
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Final, Literal

from smartllm.diagnostics import Origin, OriginKind
from smartllm.errors import RulesError, UnknownModelError
from smartllm.rules.load import RuleSet, has_path, merge
from smartllm.rules.names import ModelName, parse
from smartllm.rules.positions import KeyPath
from smartllm.rules.schema import META, Dialect, Facts, Host

How = Literal["alias", "exact", "like", "inferred"]

_NEAREST: Final = 5


@dataclass(frozen=True)
class Resolution:
    """How an id found its facts.

    Attributes:
        asked: The id as given.
        key: Canonical key of the asked id.
        how: ``alias``, ``exact``, ``like`` or ``inferred``.
        model: Listed model whose row applies, or None when a whole generation was inherited.
        profile: Profile that holds the facts.
        vendor: Vendor's name in the rules, or None.
        host: Host that the id reveals, or the vendor's usual one.
        note: For people: what was inferred from what.
    """

    asked: str
    key: str
    how: How
    model: str | None
    profile: str
    vendor: str | None
    host: Host | None
    note: str = ""

    def as_dict(self) -> dict[str, Any]:
        """JSON-ready data, without empty fields."""
        data = {
            "asked": self.asked,
            "key": self.key,
            "how": self.how,
            "model": self.model,
            "profile": self.profile,
            "vendor": self.vendor,
            "note": self.note,
        }
        return {key: value for key, value in data.items() if value}


@dataclass(frozen=True)
class Target:
    """A model on one host and one wire, with its facts and their origins."""

    resolution: Resolution
    host: Host
    dialect: Dialect
    facts: Facts
    rules: RuleSet
    chain: tuple[KeyPath, ...]

    def origin(self, path: str) -> Origin:
        """The row that states a fact.

        Args:
            path: Dotted path of the fact, such as ``thinking.modes``.

        Returns:
            An origin of kind ``fact`` or ``overlay`` with file, line and evidence, or of kind ``default``
            when no row states it.
        """
        keys = tuple(path.split("."))
        for row in reversed(self.chain):
            for prefix in (("wire", self.dialect), ()):
                full = row + prefix + keys
                layer = self.rules.layer_of(full)
                if layer is not None:
                    verified, source = self._evidence(row)
                    kind: OriginKind = "overlay" if layer.overlay else "fact"
                    return Origin(kind, path, layer.name, layer.line(full), verified, source)
        return Origin("default", path)

    def inference_origin(self) -> Origin:
        """The row from which the facts of an unlisted model were taken."""
        found = self.resolution
        path = ("model", found.model) if found.model else ("vendor", found.vendor or "", "latest")
        layer = self.rules.layer_of(path)
        if layer is None:
            return Origin("default", ".".join(path))
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
    def listed(self) -> bool:
        """Whether the facts were stated for this very model."""
        return self.resolution.how != "inferred"


def resolve(model: str, rules: RuleSet, *, like: str | None = None) -> Resolution:
    """Find the row that holds a model's facts.

    The order is: ``like``, exact alias, exact id, the nearest lower version inside the family's listed
    range, the vendor's newest generation.

    Args:
        model: Any spelling of an id.
        rules: The rules in force.
        like: Listed id whose facts to use instead.

    Raises:
        UnknownModelError: Nothing matches; names the nearest ids and the overlay row to paste.
    """
    memo_key = ("resolve", model, like)
    found: Resolution | None = rules.memo.get(memo_key)
    if found is None:
        found = rules.memo[memo_key] = _resolve(model, rules, like)
    return found


def target_for(resolution: Resolution, host: Host, dialect: Dialect, rules: RuleSet) -> Target:
    """The facts of a resolved model on one host and wire.

    Raises:
        RulesError: The merged facts contradict the vocabulary, or a profile is missing.
    """
    memo_key = ("target", resolution, host, dialect)
    found: Target | None = rules.memo.get(memo_key)
    if found is None:
        chain = tuple(_chain(resolution, host, rules))
        data: dict[str, Any] = {}
        for row in chain:
            data = merge(data, {k: v for k, v in _row(rules, row).items() if k not in META})
        data = merge(data, data.pop("wire", {}).get(dialect, {}))
        facts = Facts.model_validate(data)
        found = rules.memo[memo_key] = Target(resolution, host, dialect, facts, rules, chain)
    return found


def endpoints(resolution: Resolution, host: Host, rules: RuleSet) -> tuple[Dialect, ...]:
    """Wires on which a resolved model is served, over all hosts, in the order of preference."""
    found: tuple[Dialect, ...] = ()
    for row in _chain(resolution, host, rules):
        found = tuple(_row(rules, row).get("endpoints", found))
    return found


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


def row_profile(row: str | dict[str, Any]) -> str:
    """Profile that a model row names; the row is either that name or a table that holds it."""
    return row if isinstance(row, str) else str(row["profile"])


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


def _resolve(model: str, rules: RuleSet, like: str | None) -> Resolution:
    if like is not None:
        base = resolve(like, rules)
        return _from_row(model, parse(model), base.model, base.profile, rules, "like", f"facts of {like}")
    alias = rules.table("alias").get(model)
    if alias is not None:
        base = _listed(alias, rules)  # not an alias again: aliases do not chain
        return _from_row(model, parse(model), base.model, base.profile, rules, "alias", f"alias of {alias}")
    return _listed(model, rules)


def _listed(model: str, rules: RuleSet) -> Resolution:
    name = parse(model)
    models = rules.table("model")
    for key in (name.dated, name.key):
        if key in models:
            return _from_row(model, name, key, row_profile(models[key]), rules, "exact")
    inferred = None if name.opaque else _infer(name, rules)
    if inferred is None:
        raise _unknown(name, rules)
    row, profile, note = inferred
    return _from_row(model, name, row, profile, rules, "inferred", note)


def _from_row(
    asked: str, name: ModelName, row: str | None, profile: str, rules: RuleSet, how: How, note: str = ""
) -> Resolution:
    vendor = _vendor(parse(row) if row else name, rules)
    usual: Host | None = rules.table("vendor")[vendor]["host"] if vendor else None
    return Resolution(asked, name.key, how, row, profile, vendor, name.host or usual, note)


def _vendor(name: ModelName, rules: RuleSet) -> str | None:
    first = name.family.partition("-")[0]
    for vendor, row in rules.table("vendor").items():
        if name.family in row["families"] or first in {word.partition("-")[0] for word in row["families"]}:
            return str(vendor)
    return None


def _infer(name: ModelName, rules: RuleSet) -> tuple[str | None, str, str] | None:
    """Row, profile and a note for an unlisted id, or None."""
    vendor = _vendor(name, rules)
    if vendor is None:
        return None
    if name.version and name.version < min(_versions(vendor, rules), default=()):
        return None
    siblings = _family(name.family, rules)
    if siblings and name.version:
        lower = [version for version in siblings if version < name.version]
        if not lower:
            return None
        if max(siblings) > name.version:
            row = siblings[max(lower)]
            return row, row_profile(rules.table("model")[row]), f"nearest lower version: {row}"
    latest = str(rules.table("vendor")[vendor]["latest"])
    return None, latest, f"newest generation of {vendor}: profile {latest}"


def _family(family: str, rules: RuleSet) -> dict[tuple[int, ...], str]:
    """Listed models of one family by version."""
    memo_key = "families"
    families: dict[str, dict[tuple[int, ...], str]] | None = rules.memo.get(memo_key)
    if families is None:
        families = {}
        for key in rules.table("model"):
            name = parse(key)
            if name.key == key:
                families.setdefault(name.family, {})[name.version] = key
        rules.memo[memo_key] = families
    return families.get(family, {})


def _versions(vendor: str, rules: RuleSet) -> list[tuple[int, ...]]:
    """Versions of all listed models of a vendor."""
    names = map(parse, rules.table("model"))
    return [name.version for name in names if name.version and _vendor(name, rules) == vendor]


def _unknown(name: ModelName, rules: RuleSet) -> UnknownModelError:
    models = rules.table("model")
    if name.opaque:
        return UnknownModelError(
            f"model {name.raw!r} does not say which model it stands for",
            hint=f'add to a rules overlay:\n\n    [alias]\n    "{name.raw}" = "<listed model>"\n\n'
            "or pass like=<listed model>",
            model=name.raw,
        )
    nearest = difflib.get_close_matches(name.key, models, n=_NEAREST, cutoff=0.5)
    profile = row_profile(models[nearest[0]]) if nearest else "<profile>"
    listed = f"; nearest listed: {', '.join(nearest)}" if nearest else ""
    return UnknownModelError(
        f"model {name.raw!r} is not listed and cannot be inferred{listed}",
        hint=f'if the id is right, add to a rules overlay:\n\n    [model]\n    "{name.key}" = "{profile}"\n\n'
        "or pass like=<listed model>",
        model=name.raw,
        nearest=nearest,
    )
