"""The smallest JSON value that fits a schema, for answers nobody scripted."""

from __future__ import annotations

from typing import Any

_SCALARS: dict[str, Any] = {"integer": 0, "number": 0.0, "boolean": False, "null": None}


def sample(schema: dict[str, Any]) -> dict[str, Any]:
    """Return the smallest object that fits the schema; ``{}`` if the schema is not of an object."""
    value = _value(schema, schema)
    return value if isinstance(value, dict) else {}


def _value(schema: Any, root: dict[str, Any]) -> Any:
    if not isinstance(schema, dict):
        return None
    if "$ref" in schema:
        return _value(_resolve(schema["$ref"], root), root)
    if "const" in schema:
        return schema["const"]
    if "enum" in schema:
        return schema["enum"][0]
    for key in ("anyOf", "oneOf", "allOf"):
        if key in schema:
            return _first_ending(schema[key], root)
    return _typed(schema, root)


def _typed(schema: dict[str, Any], root: dict[str, Any]) -> Any:
    kind = schema.get("type", "object" if "properties" in schema else None)
    if isinstance(kind, list):
        kind = kind[0]
    if kind == "object":
        properties = schema.get("properties", {})
        return {name: _value(properties.get(name, {}), root) for name in schema.get("required", [])}
    if kind == "array":
        return [_value(schema.get("items", {}), root) for _ in range(schema.get("minItems", 0))]
    if kind == "string":
        return "x" * schema.get("minLength", 0)
    if kind in {"integer", "number"} and "minimum" in schema:
        return schema["minimum"]
    return _SCALARS.get(str(kind))


def _first_ending(choices: list[Any], root: dict[str, Any]) -> Any:
    """Prefer a branch without a reference, so that a recursive schema comes to an end."""
    plain = [choice for choice in choices if "$ref" not in choice]
    return _value((plain or choices)[0], root)


def _resolve(pointer: str, root: dict[str, Any]) -> Any:
    node: Any = root
    for part in pointer.removeprefix("#").strip("/").split("/"):
        node = node[part.replace("~1", "/").replace("~0", "~")] if part else node
    return node
