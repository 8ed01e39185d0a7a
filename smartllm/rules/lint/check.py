"""What a check is, and what every check can see."""

from __future__ import annotations

import datetime as dt
import inspect
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Final

from smartllm.errors import RulesError, UnknownModelError
from smartllm.rules.belonging import row_profile
from smartllm.rules.contradictions import Found, contradictions
from smartllm.rules.layer import Layer
from smartllm.rules.load import RuleSet
from smartllm.rules.positions import KeyPath
from smartllm.rules.resolve import Resolution, resolve
from smartllm.rules.servers import on_server
from smartllm.rules.target import Target, endpoints, profile_chain, served_on, stated_target


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing wrong: where, the check's code, and what it is.

    A ``note`` is nothing wrong yet: what will be, and by which day.
    """

    file: str
    line: int
    code: str
    message: str
    note: bool = False

    def __str__(self) -> str:
        return f"{self.file}:{self.line}: {self.code} {'note: ' if self.note else ''}{self.message}"


def in_file(layer: Layer, path: KeyPath, code: str, message: str, *, note: bool = False) -> Finding:
    """A finding where this very file states a path, or the nearest key above it."""
    return Finding(layer.name, layer.line(path), code, message, note=note)


@dataclass(frozen=True)
class Context:
    """What is checked.

    Attributes:
        rules: The rules.
        today: Day by which dates are judged.
    """

    rules: RuleSet
    today: dt.date

    def at(self, path: KeyPath, code: str, message: str, *, note: bool = False) -> Finding:
        """A finding where the strongest layer states a path, or the nearest key above it."""
        return Finding(*self.rules.place(path), code, message, note)

    def rows(self) -> Iterator[tuple[KeyPath, dict[str, Any]]]:
        """Every row that states facts, with its path: profiles, models, and both on each host."""
        for name, row in self.rules.table("profile").items():
            yield ("profile", name), row
        for name, row in self.rules.table("model").items():
            yield ("model", name), {"profile": row} if isinstance(row, str) else row
        for host, tables in self.rules.table("on").items():
            for kind in ("profile", "model"):
                found = tables.get(kind, {}).items()
                yield from ((("on", host, kind, name), row) for name, row in found)

    def shipped(self, path: KeyPath) -> bool:
        """Whether no user's file states a path."""
        layer = self.rules.layer_of(path)
        return layer is None or not layer.overlay

    def sound(self, profile: str) -> bool:
        """Whether a profile and its ancestors exist."""
        try:
            return bool(profile_chain(profile, self.rules))
        except RulesError:
            return False

    def resolved(self, model: str) -> Resolution | None:
        """How a listed key resolves; None for one that finds nothing (R005), or is hidden (R014)."""
        try:
            return resolve(model, self.rules)
        except (UnknownModelError, RulesError):
            return None

    @cached_property
    def targets(self) -> list[Target]:
        """Every listed model with a sound profile, on each wire of each host that serves it."""
        found = []
        for model, row in self.rules.table("model").items():
            resolution = self.resolved(model)
            if resolution is None or not self.sound(row_profile(row)):
                continue
            usual = resolution.host or "openai"
            served = {host: served_on(resolution, host, self.rules) for host in self.rules.table("host")}
            served[usual] = endpoints(resolution, usual, self.rules)
            found += [
                stated_target(resolution, host, dialect, self.rules)
                for host, dialects in served.items()
                for dialect in dialects
            ]
        return found

    @cached_property
    def served_elsewhere(self) -> list[Target]:
        """What servers by name take, of the models that their rows tell apart, on each wire."""
        found = []
        hosts = [name for name, row in self.rules.table("host").items() if "compatible" in row]
        for server, row in self.rules.table("server").items():
            for model in ("any", *row.get("models", {})):
                for host in hosts:
                    resolution = on_server(server, model, host, self.rules)
                    if self.sound(resolution.profile):
                        wires = served_on(resolution, host, self.rules)
                        found += [stated_target(resolution, host, wire, self.rules) for wire in wires]
        return found

    @cached_property
    def contradictions(self) -> list[tuple[Target, Found]]:
        """What the facts of each of them may not say."""
        return [
            (target, found)
            for target in (*self.targets, *self.served_elsewhere)
            for found in contradictions(target.facts, target.dialect)
        ]


@dataclass(frozen=True, slots=True)
class Check:
    """A registered check.

    Attributes:
        code: Stable code.
        title: One line.
        doc: Why, for the catalogue.
        run: The check.
    """

    code: str
    title: str
    doc: str
    run: Callable[[Context], Iterator[Finding]]


CHECKS: Final[dict[str, Check]] = {}


def check(
    code: str,
) -> Callable[[Callable[[Context], Iterator[Finding]]], Callable[[Context], Iterator[Finding]]]:
    """Register a check; the first line of its docstring is its title."""

    def register(run: Callable[[Context], Iterator[Finding]]) -> Callable[[Context], Iterator[Finding]]:
        title, _, rest = (inspect.getdoc(run) or "").partition("\n")
        CHECKS[code] = Check(code, title, rest.strip(), run)
        return run

    return register


@check("R001")
def shape(_: Context) -> Iterator[Finding]:
    """Every key and value belongs to the vocabulary.

    Run before all others by ``lint``, which stops there when a file's shape is wrong.
    """
    return iter(())
