"""Loading rules: the shipped files and their overlays, merged, and which of them states what."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property, lru_cache
from typing import Any, TypeVar, TypeVarTuple, Unpack

from smartllm.errors import RulesError
from smartllm.rules.layer import Layer, builtin_layers, file_status, read_layer
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
        """The strongest layer that states exactly this path, unless a stronger one replaces what it is in."""
        for layer in self._stating.get(path[:2], ()):
            stands = _stands(layer.data, path)
            if stands is not False:
                return layer if stands else None
        return None

    def address(self, page: str, layer: Layer) -> str:
        """The address of a page that a file names.

        A name means what its file says, or a weaker one: a user's file gives no shipped fact another page.

        Args:
            page: Address, or name of a page.
            layer: The file that names it.

        Returns:
            The address; the name itself where no page has it.
        """
        if "://" in page:
            return page
        for other in self._weaker_than(layer):
            found = other.data.get("page", {}).get(page)
            if found is not None:
                return str(found)
        return page

    def _weaker_than(self, layer: Layer) -> Iterator[Layer]:
        """A file, and those that it may rely on, the strongest first."""
        if layer.overlay:
            yield from reversed(self.layers[: self.layers.index(layer) + 1])
        else:
            yield from (other for other in self.layers if not other.overlay)

    def place(self, path: KeyPath) -> tuple[str, int]:
        """File and line of a path in the strongest layer that states it, or the nearest key above it."""
        while (layer := self.layer_of(path)) is None:
            path = path[:-1]
        return layer.name, layer.line(path)

    def error(self, path: KeyPath, message: str, *, hint: str = "") -> RulesError:
        """The error for what stands at a path, with its file and line first."""
        file, line = self.place(path)
        return RulesError(f"{file}:{line}: {message}", hint=hint)

    @cached_property
    def overlaid(self) -> bool:
        """Whether any of the files is a user's."""
        return any(layer.overlay for layer in self.layers)

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
    given = [*ambient, *_paths(rules)]
    return _load(tuple((os.fspath(path), _stamp(path)) for path in given))


def _paths(rules: Any) -> list[AnyPath]:
    """The overlay files that a caller names.

    Raises:
        RulesError: It is neither a path nor several.
    """
    if rules is None:
        return []
    given = [rules] if isinstance(rules, (str, os.PathLike)) else rules
    if not isinstance(given, (list, tuple)) or not all(isinstance(one, (str, os.PathLike)) for one in given):
        table = isinstance(rules, Mapping)
        raise RulesError(
            f"rules= takes paths of overlay files, not {'a table' if table else type(rules).__name__}",
            hint="write its rows into a .toml file and pass the path of that"
            if table
            else "pass a path, a list of paths, or what load_rules gives",
        )
    return [*given]


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


def _stands(data: Mapping[str, Any], path: KeyPath) -> bool | None:
    """Whether tables hold a path; None where a single value, such as a profile's name, stands on its way."""
    node: Any = data
    for key in path:
        if not isinstance(node, dict):
            return None
        if key not in node:
            return False
        node = node[key]
    return True


def _stamp(path: AnyPath) -> tuple[int, int]:
    status = file_status(path)
    return status.st_mtime_ns, status.st_size


@lru_cache(maxsize=32)
def _load(stamps: tuple[tuple[str, tuple[int, int]], ...]) -> RuleSet:
    layers = [*builtin_layers(), *(_overlay(path) for path, _ in stamps)]
    data: dict[str, Any] = {}
    for layer in layers:
        data = merge(data, layer.data)
    rules = RuleSet(tuple(layers), data)
    for path, message in missing_keys(data):
        raise rules.error(path, message)
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
            yield ("model", model), f"'model.{model}.profile' is missing: a model names its profile"
    for vendor, row in data.get("vendor", {}).items():
        for key in ("host", "families", "latest"):
            if key not in row:
                yield ("vendor", vendor), f"'vendor.{vendor}.{key}' is missing"
    for server, row in data.get("server", {}).items():
        if "profile" not in row:
            yield ("server", server), f"'server.{server}.profile' is missing: a server names its profile"
