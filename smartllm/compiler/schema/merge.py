"""Two schemas put into one."""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Mapping
from typing import Any, Final

from smartllm.compiler.schema.keywords import CONSTRAINTS, GROUPS
from smartllm.compiler.schema.types import refuse

_OF_ONE: Final = frozenset[str]().union(*GROUPS.values())
_JSON_TYPES: Final = {bool: "boolean", int: "integer", float: "number", str: "string", type(None): "null"}


def types_of(values: list[Any]) -> list[str]:
    """JSON types of values, each once."""
    return list(dict.fromkeys(_type_of(value) for value in values))


def _type_of(value: Any) -> str:
    return _JSON_TYPES.get(type(value), "array" if isinstance(value, list) else "object")


def listed(schema: Mapping[str, Any]) -> list[Any]:
    """The values that a schema lists, if arrays or objects are among them."""
    values: list[Any] = schema.get("enum", [schema["const"]] if "const" in schema else [])
    return values if {"array", "object"} & {*types_of(values)} else []


def of_types(values: list[Any], kinds: list[str]) -> list[Any]:
    """Those among values that have one of the types."""
    wanted = {*kinds, "integer"} if "number" in kinds else {*kinds}
    return [value for value in values if _type_of(value) in wanted]


def for_type(schema: Mapping[str, Any], kind: str) -> dict[str, Any] | None:
    """The part of a schema that speaks of one type; None if no value of that type fits its list of values."""
    own = GROUPS.get("number" if kind == "integer" else kind, frozenset())
    arm = {key: value for key, value in schema.items() if key in own or key not in _OF_ONE}
    arm |= {"type": kind}
    if "enum" in arm:
        arm["enum"] = of_types(arm["enum"], [kind])
    nothing = not arm.get("enum", True) or ("const" in arm and not of_types([arm["const"]], [kind]))
    return None if nothing else arm


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


def common(left: list[Any], right: list[Any]) -> list[Any]:
    """The values that are in both."""
    known = {json.dumps(value, sort_keys=True) for value in right}
    return [value for value in left if json.dumps(value, sort_keys=True) in known]


def _multiple(left: Any, right: Any) -> int | None:
    return math.lcm(left, right) if isinstance(left, int) and isinstance(right, int) else None


def _types(left: Any, right: Any) -> Any:
    ours, theirs = ([kind] if isinstance(kind, str) else kind for kind in (left, right))
    both = [kind for kind in ours if kind in theirs]
    whole = ("integer" in ours and "number" in theirs) or ("number" in ours and "integer" in theirs)
    if whole and "integer" not in both:
        both.append("integer")
    return both[0] if len(both) == 1 else both


_JOINED: Final[dict[str, Callable[[Any, Any], Any]]] = {
    **dict.fromkeys(
        ("minimum", "exclusiveMinimum", "minLength", "minItems", "minProperties", "minContains"), max
    ),
    **dict.fromkeys(
        ("maximum", "exclusiveMaximum", "maxLength", "maxItems", "maxProperties", "maxContains"), min
    ),
    **dict.fromkeys(("items", "additionalProperties", "propertyNames"), _schemas),
    "multipleOf": _multiple,
    **dict.fromkeys(("properties", "patternProperties", "dependentSchemas"), _properties),
    "allOf": lambda left, right: [*left, *(part for part in right if part not in left)],
    "not": lambda left, right: {"anyOf": [left, right]},
    "required": lambda left, right: list(dict.fromkeys([*left, *right])),
    "enum": common,
    "type": _types,
    "uniqueItems": max,
}
