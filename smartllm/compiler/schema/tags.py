"""Properties that tell which of several shapes is meant: nobody may leave them out."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any, Final

from smartllm.compiler.schema.keywords import definition_name, pointer, subschemas
from smartllm.compiler.schema.types import Change

_EITHER: Final = ("oneOf", "anyOf")
# Far more arms than people write, those of unions in unions counted each time.
_MOST: Final = 50_000
_TELLS: Final = "it tells which of several shapes is meant"
_FIXED: Final = "it has one value, which is its default"


def require_tags(root: dict[str, Any], changes: list[Change]) -> None:
    """Require them in place: what a discriminator names, what has other values in each arm, constants.

    A constant is required where its default is the same value: a reader then finds what it would add.

    Args:
        root: A schema whose references all point to the root or to ``$defs``, and not in loops.
        changes: Where each is told.
    """
    tags = _Tags(root, changes)
    for path, node in subschemas(root):
        tags.union(path, node)
        named = _named(node)
        if named is not None:
            tags.require(path, node, named, _TELLS)
        for name, inner in node.get("properties", {}).items():
            if isinstance(inner, Mapping) and "const" in inner and _same(inner):
                tags.require(path, node, name, _FIXED)


def _same(inner: Mapping[str, Any]) -> bool:
    default = inner.get("default")
    return "default" in inner and (type(default), default) == (type(inner["const"]), inner["const"])


def _named(node: Mapping[str, Any]) -> str | None:
    """The property that a discriminator names; OpenAPI 2 writes its name alone."""
    told = node.get("discriminator")
    name = told.get("propertyName") if isinstance(told, Mapping) else told
    return name if isinstance(name, str) else None


class _Tags:
    def __init__(self, root: dict[str, Any], changes: list[Change]) -> None:
        self.root, self.changes, self.left = root, changes, _MOST

    def require(self, path: str, node: Any, name: str, reason: str) -> None:
        if name in node.get("properties", {}) and name not in node.get("required", []):
            node["required"] = [*node.get("required", []), name]
            place = path + pointer("properties", name)
            self.changes.append(Change(place, "required", "added", reason))

    def union(self, path: str, node: Mapping[str, Any]) -> None:
        arms = [*self._objects(path, node)]
        values: dict[str, list[list[str]]] = {}
        for _, arm in arms:
            for name, inner in arm["properties"].items():
                if (told := self._values(inner)) is not None:
                    values.setdefault(name, []).append(told)
        names = {
            name
            for name, each in values.items()
            if len(each) > 1 and len({text for told in each for text in told}) == sum(map(len, each))
        }
        named = _named(node)
        for place, arm in arms:
            for name in arm["properties"]:
                if name in names or name == named:
                    self.require(place, arm, name, _TELLS)

    def _objects(self, path: str, node: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
        """The arms of a union that have properties, through references and unions in unions."""
        ahead = [*_arms(path, node, _EITHER)]
        seen: set[int] = set()
        for place, arm in ahead:
            self.left -= 1
            if not isinstance(arm, dict) or id(arm) in seen or self.left < 0:
                continue
            seen.add(id(arm))
            if "$ref" in arm:
                name = definition_name(arm["$ref"])
                ahead.append((pointer("$defs", name), self.root["$defs"][name]) if name else ("", self.root))
            elif "properties" in arm:
                yield place, arm
            else:
                ahead += _arms(place, arm, (*_EITHER, "allOf"))

    def _values(self, inner: Any) -> list[str] | None:
        """The values that a property may have, where it lists them."""
        while isinstance(inner, Mapping) and "$ref" in inner:
            name = definition_name(inner["$ref"])
            inner = self.root["$defs"][name] if name else self.root
        if not isinstance(inner, Mapping) or not {"const", "enum"} & set(inner):
            return None
        values = [inner["const"]] if "const" in inner else inner["enum"]
        return [*{json.dumps(value, sort_keys=True) for value in values}]


def _arms(path: str, node: Mapping[str, Any], keywords: tuple[str, ...]) -> Iterator[tuple[str, Any]]:
    for keyword in keywords:
        for index, arm in enumerate(node.get(keyword, ())):
            yield path + pointer(keyword, index), arm
