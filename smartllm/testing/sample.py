"""A small JSON value that fits a schema, for answers nobody scripted."""

from __future__ import annotations

import math
from typing import Any, Final
from urllib.parse import unquote

_SCALARS: Final[dict[str, Any]] = {"boolean": False, "null": None}
_FORMATS: Final = {
    "date": "2026-01-01",
    "time": "12:00:00Z",
    "date-time": "2026-01-01T12:00:00Z",
    "duration": "P1D",
    "email": "someone@example.com",
    "hostname": "example.com",
    "ipv4": "127.0.0.1",
    "ipv6": "::1",
    "uri": "https://example.com",
    "uuid": "00000000-0000-4000-8000-000000000000",
}
_DEEP: Final = 12
"""From here on what ends soonest is taken, so that a recursive schema comes to an end."""
_DEEPEST: Final = 100


def sample(schema: dict[str, Any]) -> dict[str, Any]:
    """Return a small object that fits the schema, its patterns aside; ``{}`` if it is not of an object."""
    value = _value(schema, schema, 0)
    return value if isinstance(value, dict) else {}


def _value(schema: Any, root: dict[str, Any], depth: int) -> Any:
    if not isinstance(schema, dict) or depth > _DEEPEST:
        return None
    if "$ref" in schema:
        return _value({**_resolve(schema["$ref"], root), **_beside(schema, "$ref")}, root, depth + 1)
    if "const" in schema:
        return schema["const"]
    if "enum" in schema:
        return schema["enum"][0]
    if "allOf" in schema:
        merged = _beside(schema, "allOf")
        for branch in schema["allOf"]:
            merged = _merged(merged, _resolve(branch["$ref"], root) if "$ref" in branch else branch)
        return _value(merged, root, depth + 1)
    for key in ("anyOf", "oneOf"):
        if key in schema:
            return _value(_merged(_beside(schema, key), _first_ending(schema[key], depth)), root, depth + 1)
    return _typed(schema, root, depth)


def _typed(schema: dict[str, Any], root: dict[str, Any], depth: int) -> Any:
    kind = schema.get("type", "object" if "properties" in schema else None)
    if isinstance(kind, list):
        kind = "null" if depth > _DEEP and "null" in kind else kind[0]
    if kind == "object":
        return _object(schema, root, depth)
    if kind == "array":
        return _array(schema, root, depth)
    if kind == "string":
        made = _FORMATS.get(schema.get("format", ""), _json_text(schema))
        return made + "x" * (schema.get("minLength", 0) - len(made))
    if kind in {"integer", "number"}:
        number = _number(schema)
        return int(number) if kind == "integer" else float(number)
    return _SCALARS.get(str(kind))


def _json_text(schema: dict[str, Any]) -> str:
    """What a text holds that is to be JSON, as a value of no fixed shape is."""
    said = str(schema.get("description", ""))
    if not said.endswith("written as JSON text."):
        return ""
    return "{}" if "object" in said else "null"


def _object(schema: dict[str, Any], root: dict[str, Any], depth: int) -> dict[str, Any]:
    properties, others = schema.get("properties", {}), schema.get("additionalProperties", {})
    names = list(schema.get("required", []))
    names += [name for name in properties if name not in names][
        : max(0, schema.get("minProperties", 0) - len(names))
    ]
    names += [f"key{number}" for number in range(len(names), schema.get("minProperties", 0))]
    return {name: _value(properties.get(name, others), root, depth + 1) for name in names}


def _array(schema: dict[str, Any], root: dict[str, Any], depth: int) -> list[Any]:
    first = schema.get("prefixItems", [])
    least = max(schema.get("minItems", 0), schema.get("minContains", "contains" in schema))
    items = [_value(item, root, depth + 1) for item in first][: max(least, len(first))]
    rest = schema.get("items", schema.get("contains", {}))
    items += [_value(rest, root, depth + 1) for _ in range(least - len(items))]
    if not schema.get("uniqueItems"):
        return items
    return [_unlike(item, index, rest) for index, item in enumerate(items)]


def _unlike(item: Any, index: int, schema: Any) -> Any:
    """An item that no other of its list is like, where that is easy to make."""
    if isinstance(schema, dict) and len(schema.get("enum", ())) > index:
        return schema["enum"][index]
    if isinstance(item, str):
        return item + "x" * index
    return item + index if isinstance(item, (int, float)) and not isinstance(item, bool) else item


def _number(schema: dict[str, Any]) -> float:
    """Zero, or what is next to it."""
    step = schema.get("multipleOf", 1 if schema.get("type") == "integer" else 0.5)
    low, high = schema.get("minimum", -math.inf), schema.get("maximum", math.inf)
    over, under = schema.get("exclusiveMinimum", -math.inf), schema.get("exclusiveMaximum", math.inf)
    number: float = 0
    if low > 0 or over >= 0:
        number = math.ceil(max(low, over) / step) * step
        return number + step if number <= over else number
    if high < 0 or under <= 0:
        number = math.floor(min(high, under) / step) * step
        return number - step if number >= under else number
    return number


def _first_ending(choices: list[Any], depth: int) -> Any:
    """Prefer a branch without a reference and, far down, one that holds nothing."""
    plain = [choice for choice in choices if isinstance(choice, dict) and "$ref" not in choice]
    if depth > _DEEP:
        plain.sort(key=lambda choice: choice.get("type") in {"object", "array"})
    return (plain or choices)[0]


def _merged(one: dict[str, Any], two: Any) -> dict[str, Any]:
    """Two schemas that hold at once."""
    if not isinstance(two, dict):
        return one
    merged = {**one, **two}
    for key in ("properties", "$defs"):
        if key in one and key in two:
            merged[key] = {**one[key], **two[key]}
    if "required" in one and "required" in two:
        merged["required"] = [
            *one["required"],
            *(name for name in two["required"] if name not in one["required"]),
        ]
    return merged


def _beside(schema: dict[str, Any], key: str) -> dict[str, Any]:
    return {name: value for name, value in schema.items() if name != key}


def _resolve(pointer: str, root: dict[str, Any]) -> Any:
    node: Any = root
    for part in unquote(pointer.removeprefix("#")).strip("/").split("/"):
        node = node[part.replace("~1", "/").replace("~0", "~")] if part else node
    return node
