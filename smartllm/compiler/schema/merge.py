"""Two schemas put into one."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import Any, Final

from smartllm.compiler.schema.keywords import CONSTRAINTS, GROUPS
from smartllm.compiler.schema.types import refuse

_JSON_TYPES: Final = {bool: "boolean", int: "integer", float: "number", str: "string", type(None): "null"}


def types_of(values: list[Any]) -> list[str]:
    """JSON types of values, each once."""
    return list(dict.fromkeys(_type_of(value) for value in values))


def _type_of(value: Any) -> str:
    return _JSON_TYPES.get(type(value), "array" if isinstance(value, list) else "object")


def for_type(schema: Mapping[str, Any], kind: str) -> dict[str, Any]:
    """The part of a schema with several types that speaks of one of them."""
    own = GROUPS.get("number" if kind == "integer" else kind, frozenset())
    others = frozenset[str]().union(*GROUPS.values()) - own
    arm = {key: value for key, value in schema.items() if key not in others} | {"type": kind}
    if "enum" in arm:
        kinds = {kind, "integer"} if kind == "number" else {kind}
        arm["enum"] = [value for value in arm["enum"] if _type_of(value) in kinds]
    return arm


def merged(left: Mapping[str, Any], right: Mapping[str, Any], path: str) -> dict[str, Any]:
    """A schema that is fitted by what fits both; annotations come from the left.

    Raises:
        UnsupportedError: The two cannot be put into one.
    """
    result = dict(left)
    for key, value in right.items():
        if key not in result:
            result[key] = value
        elif result[key] != value and key in CONSTRAINTS:
            result[key] = _both(key, result[key], value, path)
    return result


def _both(key: str, left: Any, right: Any, path: str) -> Any:
    joined = _JOINED[key](left, right) if key in _JOINED else None
    if joined is None or joined == []:
        raise refuse(path, f"parts of a combination disagree about {key!r}")
    return joined


def _properties(left: dict[str, Any], right: dict[str, Any]) -> dict[str, Any]:
    both = {
        name: {"allOf": [left[name], right[name]]}
        for name in left
        if right.get(name, left[name]) != left[name]
    }
    return {**left, **right, **both}


def _schemas(left: Any, right: Any) -> Any:
    return False if left is False or right is False else {"allOf": [left, right]}


def _multiple(left: Any, right: Any) -> int | None:
    return math.lcm(left, right) if isinstance(left, int) and isinstance(right, int) else None


def _types(left: Any, right: Any) -> Any:
    ours, theirs = ([kind] if isinstance(kind, str) else kind for kind in (left, right))
    common = [kind for kind in ours if kind in theirs]
    whole = "integer" in {*ours, *theirs} and "integer" not in common
    if whole and "number" in {*ours, *theirs}:
        common.append("integer")
    return common[0] if len(common) == 1 else common


_JOINED: Final[dict[str, Callable[[Any, Any], Any]]] = {
    **dict.fromkeys(
        ("minimum", "exclusiveMinimum", "minLength", "minItems", "minProperties", "minContains"), max
    ),
    **dict.fromkeys(
        ("maximum", "exclusiveMaximum", "maxLength", "maxItems", "maxProperties", "maxContains"), min
    ),
    **dict.fromkeys(("items", "additionalProperties", "propertyNames"), _schemas),
    "multipleOf": _multiple,
    "properties": _properties,
    "required": lambda left, right: list(dict.fromkeys([*left, *right])),
    "enum": lambda left, right: [value for value in left if value in right],
    "type": _types,
    "uniqueItems": max,
}
