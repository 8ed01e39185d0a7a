"""Values that a model wrote as text where their schema wants something else: lists, objects, numbers."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from typing import Any, Final

from smartllm.compiler.dialects.reading import json_of, unicode_json
from smartllm.compiler.schema.keywords import definition_name, pointer
from smartllm.compiler.schema.merge import types_of

_DEEPEST: Final = 8
_EITHER: Final = ("anyOf", "oneOf")


def lenient(data: Any, schema: Mapping[str, Any]) -> tuple[Any, tuple[str, ...]]:
    """Read text as the JSON that it holds, where the schema takes no text but takes that.

    Llama writes numbers as text; Claude, and models that do not follow ``$ref``, lists and objects. A place
    where the schema takes text keeps it, whatever it holds.

    Args:
        data: Parsed JSON; it is not changed.
        schema: What it should fit.

    Returns:
        The data, and JSON pointers to what was text.

    Raises:
        RecursionError: The data is nested too deeply.
    """
    reader = _Reader(schema)
    return reader.read(data, schema, ""), tuple(reader.found)


class _Reader:
    def __init__(self, root: Mapping[str, Any]) -> None:
        self.root = root
        self.found: list[str] = []

    def read(self, data: Any, schema: Any, path: str) -> Any:
        if isinstance(data, str):
            data = self._text(data, schema, path)
        if isinstance(data, dict):
            return {
                name: self.read(value, self._inner(schema, data, name), path + pointer(name))
                for name, value in data.items()
            }
        if isinstance(data, list):
            return [
                self.read(value, self._inner(schema, data, index), path + pointer(index))
                for index, value in enumerate(data)
            ]
        return data

    def _text(self, text: str, schema: Any, path: str) -> Any:
        wanted = self._types(schema)
        if wanted is None or "string" in wanted:
            return text
        value = _value_of(text)
        if _fits(value, wanted):
            self.found.append(path)
            return value
        return text

    def _inner(self, schema: Any, holder: Any, place: Any) -> Any:
        """The schema of what stands at a place in a list or an object; True where it is not certain."""
        node = self._arm(schema, holder)
        if isinstance(holder, dict):
            named = node.get("properties", {})
            return named[place] if place in named else node.get("additionalProperties", True)
        first = node.get("prefixItems", [])
        return first[place] if place < len(first) else node.get("items", True)

    def _arm(self, schema: Any, holder: Any, depth: int = 0) -> Mapping[str, Any]:
        """What speaks of a list or an object: of several arms the only one that takes it."""
        node = self._followed(schema)
        for keyword in _EITHER:
            if keyword in node and depth < _DEEPEST:
                arms = [arm for arm in node[keyword] if self._takes(arm, holder)]
                return self._arm(arms[0], holder, depth + 1) if len(arms) == 1 else node
        return node

    def _takes(self, arm: Any, holder: Any) -> bool:
        types = self._types(arm)
        return types is None or _fits(holder, types)

    def _followed(self, schema: Any) -> Mapping[str, Any]:
        for _ in range(_DEEPEST):
            if not (isinstance(schema, Mapping) and isinstance(schema.get("$ref"), str)):
                break
            name = definition_name(schema["$ref"])
            schema = self.root.get("$defs", {}).get(name) if name else self.root
        return schema if isinstance(schema, Mapping) else {}

    def _types(self, schema: Any, depth: int = 0) -> set[str] | None:
        """The JSON types that a schema takes; None for any."""
        node = self._followed(schema)
        if depth == _DEEPEST:
            return None
        left = [found for found in self._stated(node, depth) if found is not None]
        return set.intersection(*left) if left else None

    def _stated(self, node: Mapping[str, Any], depth: int) -> Iterator[set[str] | None]:
        if "type" in node:
            given = node["type"]
            types = {given} if isinstance(given, str) else {*given}
            yield types | {"integer"} if "number" in types else types
        if "enum" in node:
            yield {*types_of(node["enum"])}
        if "const" in node:
            yield {*types_of([node["const"]])}
        for keyword in _EITHER:
            if keyword in node:
                arms = [self._types(arm, depth + 1) for arm in node[keyword]]
                yield None if None in arms else set[str]().union(*(arm for arm in arms if arm is not None))
        for part in node.get("allOf", ()):
            yield self._types(part, depth + 1)


def _value_of(text: str) -> Any:
    """The JSON that a text holds, also one that was written twice; the text where it holds none."""
    value: Any = text
    while isinstance(value, str):
        try:
            value = unicode_json(json_of(value))
        except (ValueError, RecursionError):
            return text
    return value


def _fits(value: Any, types: set[str]) -> bool:
    (kind,) = types_of([value])
    if kind != "number":
        return kind in types
    return math.isfinite(value) and ("number" in types or ("integer" in types and value == int(value)))
