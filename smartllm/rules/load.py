"""Loading rules: the shipped files and their overlays, merged, and which of them states what."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property, lru_cache
from typing import Any, TypeVar, TypeVarTuple, Unpack

from smartllm.environment import RULES as ENVIRONMENT
from smartllm.errors import RulesError
from smartllm.rules.layer import Layer, builtin_layers, read_layer
from smartllm.rules.memo import MISSING, Memo
from smartllm.rules.positions import KeyPath

AnyPath = str | os.PathLike[str]
R = TypeVar("R")
Asked = TypeVarTuple("Asked")


def _memo() -> Memo:
    # Some 400 ids with their targets; an id takes about 4 kB.
    return Memo(results=1792, characters=512 * 1024)


@dataclass(frozen=True)
class RuleSet:
    """All rules in force: the shipped files and their overlays, merged.

    Attributes:
        layers: The files, weakest first.
        data: Their deep merge: tables merge, arrays and scalars replace.
    """

    layers: tuple[Layer, ...]
    data: dict[str, Any]
    memo: Memo = field(default_factory=_memo, compare=False, repr=False)

    def remembered(self, make: Callable[[Unpack[Asked], RuleSet], R], *asked: *Asked) -> R:
        """``make(*asked, rules)``, worked out once for equal arguments; what it raises is not remembered.

        Args:
            make: A pure function; these rules and its arguments are all that it looks at.
            asked: Its arguments; all are hashable.
        """
        key = (make, *asked)
        found = self.memo.find(key)
        if found is MISSING:
            found = make(*asked, self)
            self.memo.keep(key, found)
        result: R = found
        return result

    def table(self, name: str) -> dict[str, Any]:
        """A top-level table; empty when no layer has it."""
        table: dict[str, Any] = self.data.get(name, {})
        return table

    def layer_of(self, path: KeyPath) -> Layer | None:
        """The strongest layer that states exactly this path."""
        for layer in self._stating.get(path[:2], ()):
            if has_path(layer.data, path):
                return layer
        return None

    def place(self, path: KeyPath) -> tuple[str, int]:
        """File and line of a path in the strongest layer that states it, or the nearest key above it."""
        while (layer := self.layer_of(path)) is None:
            path = path[:-1]
        return layer.name, layer.line(path)

    @cached_property
    def _stating(self) -> dict[KeyPath, list[Layer]]:
        """The layers that state anything, a table, or a row of one, the strongest first."""
        found: dict[KeyPath, list[Layer]] = {(): [*reversed(self.layers)]}
        for layer in reversed(self.layers):
            for name, table in layer.data.items():
                found.setdefault((name,), []).append(layer)
                for row in table if isinstance(table, dict) else ():
                    found.setdefault((name, row), []).append(layer)
        return found


Rules = AnyPath | Sequence[AnyPath] | RuleSet
"""What callers may pass as ``rules=``: a file, several files (the last one wins), or a loaded set."""


def load_rules(rules: Rules | None = None, *, ambient: Sequence[AnyPath] = ()) -> RuleSet:
    """Load the shipped rules and the overlays that are given.

    Weakest to strongest: the shipped files, the ambient ones, then ``rules``. Neither the environment nor the
    home folder is read for more, and nothing is fetched from a network.

    Args:
        rules: Overlay files of this call, or a set that is already loaded.
        ambient: Overlay files that hold for everybody: ``smartllm.environment.ambient_rules(os.environ)``
            gives the user's own and those in ``SMARTLLM_RULES``.

    Returns:
        The merged set; equal files give the same object until one of them changes.

    Raises:
        RulesError: A file is missing, is not TOML, or has an unknown key or value; the message starts with
            ``file:line``.
    """
    if isinstance(rules, RuleSet):
        return rules
    given: list[AnyPath] = [*ambient]
    if isinstance(rules, (str, os.PathLike)):
        given.append(rules)
    elif rules is not None:
        given += rules
    stamps = tuple((os.fspath(path), _stamp(path)) for path in given)
    return _load(stamps)


def merge(base: dict[str, Any], over: Mapping[str, Any]) -> dict[str, Any]:
    """Deep merge into a new dict: tables merge, arrays and scalars replace."""
    result = dict(base)
    for key, value in over.items():
        old = result.get(key)
        if isinstance(value, dict) and isinstance(old, dict):
            result[key] = merge(old, value)
        elif isinstance(value, dict) and isinstance(old, str):
            # A model row may be a profile name or a table; an overlay may say either about it.
            result[key] = {"profile": old} | value
        elif isinstance(value, str) and isinstance(old, dict):
            result[key] = {"profile": value}
        else:
            result[key] = value
    return result


def has_path(data: Mapping[str, Any], path: KeyPath) -> bool:
    """Whether nested tables hold this path."""
    node: Any = data
    for key in path:
        if not isinstance(node, dict) or key not in node:
            return False
        node = node[key]
    return True


def _stamp(path: AnyPath) -> tuple[int, int]:
    try:
        status = os.stat(path)  # noqa: PTH116 - one call for a str or any PathLike
    except (OSError, ValueError) as error:  # the latter for a path that no file system takes
        raise RulesError(
            f"{os.fspath(path)!s}:1: the rules file cannot be read ({getattr(error, 'strerror', error)})",
            hint=f"check the path given as rules=, --rules or {ENVIRONMENT}",
        ) from None
    return status.st_mtime_ns, status.st_size


@lru_cache(maxsize=32)
def _load(stamps: tuple[tuple[str, tuple[int, int]], ...]) -> RuleSet:
    layers = [*builtin_layers(), *(_overlay(path) for path, _ in stamps)]
    data: dict[str, Any] = {}
    for layer in layers:
        data = merge(data, layer.data)
    rules = RuleSet(tuple(layers), data)
    for path, message in missing_keys(data):
        file, line = rules.place(path)
        raise RulesError(f"{file}:{line}: {message}")
    return rules


def _overlay(path: str) -> Layer:
    """A user's file, whose shape is checked at once."""
    from smartllm.rules.shape import shape_errors  # noqa: PLC0415 - loads pydantic, for overlays alone

    layer = read_layer(path, name=path, kind="overlay")
    for wrong, message in shape_errors(layer.data):
        raise RulesError(f"{layer.where(wrong)}: {message}")
    return layer


def missing_keys(data: Mapping[str, Any]) -> Iterator[tuple[KeyPath, str]]:
    """Rows that, after all layers, still lack a key that they need."""
    for model, row in data.get("model", {}).items():
        if isinstance(row, dict) and "profile" not in row:
            yield ("model", model), f"'model.{model}.profile' is missing"
    for vendor, row in data.get("vendor", {}).items():
        for key in ("host", "families", "latest"):
            if key not in row:
                yield ("vendor", vendor), f"'vendor.{vendor}.{key}' is missing"
