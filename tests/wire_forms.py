"""Answers as a model gives them that keeps to the schema on the wire: made from data, or at random."""

from __future__ import annotations

import json
import math
import random
import re
from collections.abc import Iterator, Mapping
from typing import Any, Final

from smartllm.compiler.schema.keywords import definition_name, pointer
from smartllm.compiler.schema.types import Lowered

_LEFT_OUT: Final = object()
_DEEP: Final = 4
_TYPES: Final[dict[str, Any]] = {
    "string": lambda data: isinstance(data, str),
    "integer": lambda data: (
        isinstance(data, int | float) and not isinstance(data, bool) and data == int(data)
    ),
    "number": lambda data: isinstance(data, int | float) and not isinstance(data, bool),
    "boolean": lambda data: isinstance(data, bool),
    "null": lambda data: data is None,
    "object": lambda data: isinstance(data, dict),
    "array": lambda data: isinstance(data, list),
}


class DoesNotFitError(Exception):
    """The data cannot be said in this schema."""


class Wire:
    """A lowered schema, by places."""

    def __init__(self, lowered: Lowered) -> None:
        self.root, self.codecs = lowered.schema, lowered.codecs

    def at(self, schema: Any, path: str) -> tuple[dict[str, Any], str]:
        """The schema itself, where it is a reference with nothing beside it; with its place."""
        while isinstance(schema, dict) and "$ref" in schema:
            name = definition_name(schema["$ref"])
            schema, path = (self.root["$defs"][name], pointer("$defs", name)) if name else (self.root, "")
        return (schema, path) if isinstance(schema, dict) else ({}, path)

    @staticmethod
    def arms(schema: Mapping[str, Any], path: str) -> Iterator[tuple[Any, str]]:
        """The arms of a union."""
        for keyword in ("anyOf", "oneOf", "allOf"):
            for index, arm in enumerate(schema.get(keyword, [])):
                yield arm, path + pointer(keyword, index)


def said(data: Any, lowered: Lowered, names: Mapping[str, str]) -> Any:
    """Data in the caller's form as an answer under a lowered schema.

    Args:
        data: The data.
        lowered: The schema.
        names: The caller's names at its top level by those on the wire.

    Raises:
        DoesNotFitError: There is no way to say it.
    """
    wire = Wire(lowered)
    if names and isinstance(data, dict):
        sent = {name: on_wire for on_wire, name in names.items()}
        data = {sent.get(name, name): value for name, value in data.items()}
    return _Sayer(wire).say({"value": data} if lowered.wrapped else data, lowered.schema, "")


class _Sayer:
    def __init__(self, wire: Wire) -> None:
        self.wire = wire

    def say(self, data: Any, schema: Any, path: str) -> Any:
        schema, path = self.wire.at(schema, path)
        arms = list(self.wire.arms(schema, path))
        if arms:
            return self._by_arm(data, arms)
        codec = self.wire.codecs.get(path)
        if codec == "json":
            return json.dumps(data, ensure_ascii=False)
        if codec == "pairs":
            return self._pairs(data, schema, path)
        if codec == "tuple":
            if not isinstance(data, list) or len(data) != len(schema["properties"]):
                raise DoesNotFitError(path)
            data = dict(zip(schema["properties"], data, strict=True))
        _check(data, schema, path)
        if isinstance(data, dict):
            return self._object(data, schema, path)
        if isinstance(data, list):
            if "prefixItems" in schema:
                pairs = enumerate(zip(data, schema["prefixItems"], strict=False))
                return [self.say(item, inner, path + pointer("prefixItems", n)) for n, (item, inner) in pairs]
            return [self.say(item, schema.get("items", {}), f"{path}/items") for item in data]
        return data

    def _by_arm(self, data: Any, arms: list[tuple[Any, str]]) -> Any:
        plain = [arm for arm in arms if self.wire.codecs.get(self.wire.at(*arm)[1]) != "json"]
        for arm, path in (*plain, *[arm for arm in arms if arm not in plain]):
            try:
                return self.say(data, arm, path)
            except DoesNotFitError:
                continue
        raise DoesNotFitError(arms[0][1])

    def _object(self, data: dict[str, Any], schema: dict[str, Any], path: str) -> dict[str, Any]:
        named, required = schema.get("properties", {}), schema.get("required", [])
        more = schema.get("additionalProperties", not (named or "patternProperties" in schema))
        if more is True:
            more = {}
        result = {}
        for name in named:
            codec = self.wire.codecs.get(path + pointer("properties", name))
            if codec == "tag" or (name not in data and name in required and "const" in named[name]):
                result[name] = named[name]["const"]
                continue
            value, optional = data.get(name, _LEFT_OUT), codec == "optional"
            if value is _LEFT_OUT or (value is None and optional):
                if name not in required:
                    continue
                value = None
            try:
                result[name] = self.say(value, named[name], path + pointer("properties", name))
            except DoesNotFitError:
                if value is not None or name in required:
                    raise
        for name in [name for name in data if name not in named]:
            inner = next(
                (at for found, at in schema.get("patternProperties", {}).items() if re.search(found, name)),
                more,
            )
            if inner is False:
                raise DoesNotFitError(f"{path}: {name}")
            result[name] = self.say(data[name], inner, f"{path}/additionalProperties")
        return result

    def _pairs(self, data: Any, schema: dict[str, Any], path: str) -> list[dict[str, Any]]:
        if not isinstance(data, dict):
            raise DoesNotFitError(path)
        inner = schema["items"]["properties"]["value"]
        place = f"{path}/items/properties/value"
        return [{"key": key, "value": self.say(value, inner, place)} for key, value in data.items()]


def _check(data: Any, schema: Mapping[str, Any], path: str) -> None:
    types = schema.get("type")
    types = [types] if isinstance(types, str) else types
    if types and not any(_TYPES[each](data) for each in types):
        raise DoesNotFitError(path)
    words = schema["enum"] if "enum" in schema else [schema["const"]] if "const" in schema else None
    if words is not None and not any(data == word and type(data) is type(word) for word in words):
        raise DoesNotFitError(path)


def fits_pattern(pattern: str, text: str) -> bool:
    """Whether a text fits; every one fits a pattern that only other engines read."""
    try:
        return re.search(pattern, text) is not None
    except re.error:
        return True


TEXTS: Final = (
    "",
    "a",
    "ABC",
    "é",
    "null",
    "5",
    "-1.5",
    "[1]",
    '{"a": 1}',
    "x y",
    "foo",
    "東京",
    "ab-c@d.e",
    "1" * 12,
)
"""Texts that answers hold."""
WRITTEN: Final[tuple[tuple[str, Any], ...]] = (
    ("text", "x"),
    ("whole number", 5),
    ("array", []),
    ("object", {}),
    ("null", None),
)
"""What the description of JSON text says, and values of such a kind."""
FORMATS: Final[dict[str, tuple[str, ...]]] = {
    "date-time": ("2026-11-26T12:30:00Z", "2026-01-02T00:00:00+02:00"),
    "date": ("2026-11-26",),
    "time": ("12:30:00Z", "00:00:01Z"),
    "duration": ("PT1H", "P1DT5S"),
    "uuid": ("00000000-0000-4000-8000-000000000005",),
    "email": ("a@b.de",),
    "uri": ("https://a.example/b",),
    "hostname": ("a.example",),
    "ipv4": ("10.0.0.1",),
    "ipv6": ("::1",),
}


class Drawer:
    """Random answers that fit a lowered schema."""

    def __init__(self, lowered: Lowered, draw: random.Random) -> None:
        self.wire, self.random = Wire(lowered), draw
        self.root = lowered.schema

    def answer(self) -> Any:
        """The next one.

        Raises:
            DoesNotFitError: No text is known that fits a pattern.
        """
        return self._draw(self.root, "", 0)

    def _draw(self, schema: Any, path: str, depth: int) -> Any:
        schema, path = self.wire.at(schema, path)
        if "const" in schema:
            return schema["const"]
        if "enum" in schema:
            return self.random.choice(schema["enum"])
        arms = list(self.wire.arms(schema, path))
        if arms:
            low = min(arms, key=lambda arm: self._height(arm[0]))
            arm, place = low if depth > _DEEP else self.random.choice(arms)
            return self._draw(arm, place, depth + 1)
        types = schema.get("type", ["string", "integer", "null", "object"] if depth <= _DEEP else "string")
        kind = types if isinstance(types, str) else self.random.choice(types)
        return getattr(self, f"_{kind}")(schema, path, depth)

    def _height(self, schema: Any, seen: tuple[str, ...] = ()) -> float:
        """How deep an answer must go."""
        if isinstance(schema, dict) and "$ref" in schema:
            if schema["$ref"] in seen:
                return math.inf
            seen = (*seen, schema["$ref"])
            schema = self.wire.at({"$ref": schema["$ref"]}, "")[0] if len(schema) == 1 else schema
        if not isinstance(schema, dict):
            return 0
        arms = [self._height(arm, seen) for arm, _ in self.wire.arms(schema, "")]
        needed = [schema["properties"][name] for name in schema.get("required", ()) if "properties" in schema]
        needed += [schema["items"]] if schema.get("minItems") else []
        return min(arms, default=0) + max((1 + self._height(inner, seen) for inner in needed), default=0)

    def _object(self, schema: dict[str, Any], path: str, depth: int) -> dict[str, Any]:
        named, result = schema.get("properties", {}), {}
        for name, inner in named.items():
            if name in schema.get("required", []) or (depth <= _DEEP and self.random.random() < 0.5):
                result[name] = self._draw(inner, path + pointer("properties", name), depth + 1)
        keyed = next(iter(schema.get("patternProperties", {}).items()), None)
        more = keyed[1] if keyed else schema.get("additionalProperties", not named)
        if more is not False and not named:
            inner = {} if more is True else more
            names = {
                "type": "string",
                **schema.get("propertyNames", {}),
                **({"pattern": keyed[0]} if keyed else {}),
            }
            for _ in range(self.random.randrange(3) if depth <= _DEEP else 0):
                key = self._draw(names, path, depth)
                result[str(key)] = self._draw(inner, f"{path}/additionalProperties", depth + 1)
        return result

    def _array(self, schema: dict[str, Any], path: str, depth: int) -> list[Any]:
        fixed = [
            self._draw(inner, path + pointer("prefixItems", number), depth + 1)
            for number, inner in enumerate(schema.get("prefixItems", []))
        ]
        least, most = schema.get("minItems", 0), schema.get("maxItems", 3 if depth <= _DEEP else 0)
        count = max(least, self.random.randint(min(least, most), max(least, most))) - len(fixed)
        inner = schema.get("items", {})
        if inner is False:
            return fixed
        items = [self._draw(inner, f"{path}/items", depth + 1) for _ in range(count)]
        if schema.get("uniqueItems"):
            items = [item for number, item in enumerate(items) if item not in items[:number]]
        if self.wire.codecs.get(path) == "pairs":
            keys = [item["key"] for item in items]
            items = [item for number, item in enumerate(items) if item["key"] not in keys[:number]]
        return fixed + items

    def _string(self, schema: dict[str, Any], path: str, _depth: int) -> str:
        if self.wire.codecs.get(path) == "json":
            words = schema["description"].partition(", written as JSON text")[0]
            fit = [value for word, value in WRITTEN if word in words.lower() or "Any JSON value" in words]
            return json.dumps(self.random.choice(fit))
        texts = FORMATS.get(schema.get("format", ""), TEXTS)
        if "pattern" in schema:
            texts = tuple(text for text in (*TEXTS, "+1.5", "P1D") if fits_pattern(schema["pattern"], text))
        least, most = schema.get("minLength", 0), schema.get("maxLength", 99)
        texts = tuple(text for text in texts if least <= len(text) <= most)
        if not texts:
            raise DoesNotFitError(path)
        return self.random.choice(texts)

    def _integer(self, schema: dict[str, Any], _path: str, _depth: int) -> int:
        step = schema.get("multipleOf", 1)
        least = schema.get("minimum", schema.get("exclusiveMinimum", -3) + ("exclusiveMinimum" in schema))
        most = schema.get(
            "maximum", schema.get("exclusiveMaximum", least + 9) - ("exclusiveMaximum" in schema)
        )
        return int(self.random.randint(-(-int(least) // step), int(most) // step) * step)

    def _number(self, schema: dict[str, Any], _path: str, _depth: int) -> float:
        least = schema.get("minimum", schema.get("exclusiveMinimum", -1))
        most = schema.get("maximum", schema.get("exclusiveMaximum", least + 9))
        return float(round(least + (most - least) * self.random.choice([0.25, 0.5, 0.75]), 3))

    def _boolean(self, *_: Any) -> bool:
        return self.random.random() < 0.5

    def _null(self, *_: Any) -> None:
        return None
