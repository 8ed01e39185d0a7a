# ruff: noqa: S311 - nothing here is secret
"""Random JSON Schemas, whole and broken, and random values that fit a lowered one."""

from __future__ import annotations

import copy
import json
import random
from collections.abc import Callable
from typing import Any

from smartllm.compiler.schema.types import Lowered

TYPES = ["string", "integer", "number", "boolean", "null", "array", "object"]
NAMES = ["a", "b", "kind", "a/b", "~", "é", "type", "$ref", "properties", "x%20y"]
VALUES: list[Any] = [None, True, False, 0, 1, 1.5, -3, "", "a", "b", "é", [], [1], {}, {"a": 1}, 10**30]
JUNK: list[Any] = [None, 5, "x", [], {}, True, -1, ["a", "a"], [[]], 1.5, {"a": 5}]
ODD = [
    "#/definitions/Q",
    "#/properties/a",
    "#anchor",
    "http://h/x",
    "other.json#/$defs/D0",
    "#/$defs/none",
    "",
]


class Schemas:
    """Makes schemas.

    Args:
        seed: For equal seeds they are equal.
        broken: Some hold what no schema may, or refer to nothing.
    """

    def __init__(self, seed: int, *, broken: bool) -> None:
        self.random, self.broken = random.Random(seed), broken
        self.definitions = [f"D{index}" for index in range(self.random.choice([0, 1, 3, 6]))]

    def root(self) -> dict[str, Any]:
        made = self.schema(self.random.choice([1, 2, 3, 4, 5]))
        root = made if isinstance(made, dict) else {"anyOf": [made, {"type": "object"}]}
        if self.random.random() < 0.6:
            root["type"] = "object"
            root.setdefault("properties", self.properties(4))
        if self.definitions:
            root["$defs"] = {name: self.schema(self.random.choice([1, 2, 3])) for name in self.definitions}
        if self.broken and self.random.random() < 0.2:
            self.damage(root)
        return root

    def schema(self, depth: int) -> Any:
        if self.random.random() < 0.05:
            return not self.broken or self.random.random() < 0.7
        if depth <= 0:
            return self.random.choice(
                [{"type": self.random.choice(TYPES[:5])}, {"const": self.random.choice(VALUES)}, {}]
            )
        found: dict[str, Any] = {}
        for _ in range(self.random.choice([1, 1, 2, 2, 3, 4])):
            key = self.random.choice([*(KEYWORDS | (ODDER if self.broken else {}))])
            found[key] = (KEYWORDS | ODDER)[key](self, depth)
        if self.random.random() < 0.6:
            found.setdefault("type", self.random.choice(TYPES))
        return found

    def properties(self, depth: int) -> dict[str, Any]:
        names = self.random.sample(NAMES, self.random.randint(0, 4))
        return {name: self.schema(depth - 1) for name in names}

    def many(self, depth: int) -> list[Any]:
        return [self.schema(depth - 1) for _ in range(self.random.randint(1, 4))]

    def reference(self) -> str:
        if self.broken and self.random.random() < 0.05:
            return self.random.choice(ODD)
        known = [f"#/$defs/{name}" for name in self.definitions] * 6
        return self.random.choice(known + ["#"] * (self.random.random() < 0.3 or not known))

    def some(self, values: list[Any], most: int) -> list[Any]:
        return self.random.sample(values, self.random.randint(1, most))

    def damage(self, root: dict[str, Any]) -> None:
        for _ in range(self.random.randint(1, 3)):
            node: Any = root
            while True:
                held = node.values() if isinstance(node, dict) else node
                inner = [value for value in held if isinstance(value, (dict, list)) and value]
                if not inner or self.random.random() < 0.25:
                    break
                node = self.random.choice(inner)
            place = self.random.choice([*node] if isinstance(node, dict) else [*range(len(node))])
            node[place] = copy.deepcopy(self.random.choice(JUNK))


KEYWORDS: dict[str, Callable[[Schemas, int], Any]] = {
    "type": lambda s, _: s.random.choice([s.random.choice(TYPES), s.some(TYPES, 3)]),
    "properties": lambda s, depth: s.properties(depth),
    "required": lambda s, _: s.some(NAMES, 2),
    "additionalProperties": lambda s, depth: s.schema(depth - 1),
    "items": lambda s, depth: s.schema(depth - 1),
    "prefixItems": lambda s, depth: s.many(depth),
    "anyOf": lambda s, depth: s.many(depth),
    "oneOf": lambda s, depth: s.many(depth),
    "allOf": lambda s, depth: s.many(depth)[:2],
    "$ref": lambda s, _: s.reference(),
    "enum": lambda s, _: s.some(VALUES, 5),
    "const": lambda s, _: s.random.choice(VALUES),
    "minimum": lambda s, _: s.random.choice([0, 2, -1, 1.5]),
    "minItems": lambda s, _: s.random.choice([0, 1, 3]),
    "description": lambda s, _: s.random.choice(["words", ""]),
    "title": lambda *_: "T",
    "default": lambda s, _: s.random.choice(VALUES),
    "nullable": lambda s, _: s.random.choice([True, False]),
    "discriminator": lambda s, _: s.random.choice([{"propertyName": "kind"}, "a"]),
}
ODDER: dict[str, Callable[[Schemas, int], Any]] = {
    "items": lambda s, depth: s.schema(depth - 1) if s.random.random() < 0.7 else s.many(depth),
    "patternProperties": lambda s, depth: {"^x": s.schema(depth - 1), "(?=y)": s.schema(depth - 1)},
    "propertyNames": lambda s, depth: s.schema(depth - 1),
    "additionalItems": lambda s, depth: s.schema(depth - 1),
    "contains": lambda s, depth: s.schema(depth - 1),
    "not": lambda s, depth: s.schema(depth - 1),
    "if": lambda s, depth: s.schema(depth - 1),
    "maximum": lambda s, _: s.random.choice([0, 5]),
    "exclusiveMinimum": lambda s, _: s.random.choice([True, False, 3]),
    "multipleOf": lambda s, _: s.random.choice([1, 2, 0.5]),
    "maxItems": lambda s, _: s.random.choice([0, 1, 3]),
    "pattern": lambda s, _: s.random.choice(["^a$", "(?=a)", "a{99999999999}", "(", "\\p{L}", "\\1(a)"]),
    "format": lambda s, _: s.random.choice(["date", "uri", "odd"]),
    "example": lambda *_: 1,
    "$anchor": lambda *_: "anchor",
    "$id": lambda s, _: s.random.choice(["http://h/x", "other.json", "urn:x:y", "#anchor", "http://[", "%"]),
    "dependencies": lambda s, depth: {"a": s.random.choice([["b", "b"], "b", s.schema(depth - 1)])},
    "unevaluatedProperties": lambda s, depth: s.schema(depth - 1),
    "$dynamicRef": lambda *_: "#anchor",
    "$recursiveRef": lambda *_: "#",
    "deprecated": lambda s, _: s.random.choice([True, "yes"]),
    "$defs": lambda s, depth: {"in": s.schema(depth - 1)},
    "definitions": lambda s, depth: {"Q": s.schema(depth - 1)},
}


class Unsaid(Exception):  # noqa: N818 - no error: the value cannot be made from the schema alone
    """What JSON text holds is told in words only."""


class Values:
    """Makes values that fit a lowered schema of a strict subset.

    Args:
        lowered: The schema.
        seed: For equal seeds they are equal.
    """

    def __init__(self, lowered: Lowered, seed: int) -> None:
        self.root, self.codecs = lowered.schema, lowered.codecs
        self.random = random.Random(seed)

    def of(self, node: dict[str, Any], path: str = "", depth: int = 0) -> Any:
        """A value.

        Raises:
            Unsaid: Words decide what fits, or the schema has no end.
        """
        if depth > 12:
            raise Unsaid
        if "$ref" in node:
            name = node["$ref"][8:]
            target = self.root["$defs"][_read(name)] if name else self.root
            return self.of(target, f"/$defs/{name}" if name else "", depth + 1)
        if "anyOf" in node:
            index = self.random.randrange(len(node["anyOf"]))
            return self.of(node["anyOf"][index], f"{path}/anyOf/{index}", depth + 1)
        if "Must hold" in node.get("description", ""):
            raise Unsaid
        if "const" in node or "enum" in node:
            return self.random.choice(node.get("enum", [node.get("const")]))
        if self.codecs.get(path) == "json":
            return self._json(node["description"])
        return self._typed(node, path, depth)

    def _json(self, words: str) -> str:
        if words.endswith("Any JSON value, written as JSON text."):
            return json.dumps(self.random.choice(VALUES))
        if words.endswith("A JSON object, written as JSON text."):
            return json.dumps(self.random.choice([{}, {"a": 1}, {"b": None}]))
        raise Unsaid

    def _typed(self, node: dict[str, Any], path: str, depth: int) -> Any:
        kind = node["type"]
        if kind == "object":
            names = [n for n in node["properties"] if n in node["required"] or self.random.random() < 0.5]
            return {
                name: self.of(node["properties"][name], f"{path}/properties/{_written(name)}", depth + 1)
                for name in names
            }
        if kind == "array":
            least = node.get("minItems", 0)
            if self.codecs.get(path) == "pairs":
                least = min(least, 1)
            count = self.random.randint(least, max(least, 2))
            items = [self.of(node["items"], f"{path}/items", depth + 1) for _ in range(count)]
            if self.codecs.get(path) == "pairs":
                items = [*{item["key"]: item for item in items}.values()]
            return items
        least = max(node.get("minimum", 0), 0)
        return {
            "string": self.random.choice(["", "a", "[1]", '{"a": 1}', "é", "null"]),
            "integer": int(least) + 2,
            "number": least + self.random.choice([0, 1.5]),
            "boolean": self.random.random() < 0.5,
            "null": None,
        }[kind]


def _written(name: str) -> str:
    return name.replace("~", "~0").replace("/", "~1")


def _read(name: str) -> str:
    return name.replace("%25", "%").replace("~1", "/").replace("~0", "~")
