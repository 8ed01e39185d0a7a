"""Whether something is a JSON Schema: each keyword holds what it must, wherever a schema stands."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final

from smartllm.compiler.schema.keywords import HOLDERS, LISTS, MAPS, SINGLE, held
from smartllm.errors import UnsupportedError

_TYPES: Final = ("array", "boolean", "integer", "null", "number", "object", "string")
_SHOWN: Final = 60


def _is_schema(value: Any) -> bool:
    return isinstance(value, (Mapping, bool))


def _is_number(value: Any) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool)


def _is_count(value: Any) -> bool:
    return _is_number(value) and value >= 0 and value == int(value)


def _is_type(value: Any) -> bool:
    return isinstance(value, str) and value in _TYPES


def _is_names(value: Any) -> bool:
    return isinstance(value, list) and all(isinstance(name, str) for name in value)


_Kind = tuple[Callable[[Any], bool], str]
_SCHEMA: Final[_Kind] = (_is_schema, "a schema: an object, true or false")
_NUMBER: Final[_Kind] = (_is_number, "a number")
_COUNT: Final[_Kind] = (_is_count, "a whole number from 0 on")
_TEXT: Final[_Kind] = (lambda value: isinstance(value, str), "text")
_NAMES: Final[_Kind] = (_is_names, "an array of texts")
_VALUES: Final[_Kind] = (lambda value: isinstance(value, list), "an array")
_OBJECT: Final[_Kind] = (lambda value: isinstance(value, Mapping), "an object")
_HOLDS: Final[dict[str, _Kind]] = {
    "type": (
        lambda value: (
            _is_type(value) or (isinstance(value, list) and bool(value) and all(map(_is_type, value)))
        ),
        f"one of {', '.join(_TYPES)}, or an array of them",
    ),
    "enum": _VALUES,
    "required": _NAMES,
    "multipleOf": (lambda value: _is_number(value) and value > 0, "a number over 0"),
    "uniqueItems": (lambda value: isinstance(value, bool), "true or false"),
    "dependentRequired": (
        lambda value: isinstance(value, Mapping) and all(map(_is_names, value.values())),
        "an object of arrays of texts",
    ),
    **dict.fromkeys(("minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum"), _NUMBER),
    **dict.fromkeys(("minLength", "maxLength", "minItems", "maxItems"), _COUNT),
    **dict.fromkeys(("minProperties", "maxProperties", "minContains", "maxContains"), _COUNT),
    **dict.fromkeys(("$ref", "$dynamicRef", "$recursiveRef", "$id", "$anchor", "$dynamicAnchor"), _TEXT),
    **dict.fromkeys(("pattern", "format", "title", "description"), _TEXT),
    **dict.fromkeys(LISTS, (lambda value: isinstance(value, list) and bool(value), "an array of schemas")),
    **dict.fromkeys(MAPS | {"definitions", "dependencies"}, _OBJECT),
    **dict.fromkeys(SINGLE, _SCHEMA),
}


def check(root: Any) -> None:
    """Refuse what is no JSON Schema of draft 2020-12; what no keyword knows is passed over.

    Args:
        root: The schema.

    Raises:
        UnsupportedError: Names the place, what stands there and what should.
    """
    ahead: list[tuple[str, Any]] = [("", root)]
    while ahead:
        path, node = ahead.pop()
        if not isinstance(node, dict):
            if not isinstance(node, bool) or not path:
                raise _refused(path, node, _SCHEMA[1] if path else _OBJECT[1])
            continue
        for key in node:
            fits, wanted = _HOLDS.get(key, (None, ""))
            if fits is not None and not fits(node[key]):
                raise _refused(f"{path}/{key}", node[key], wanted)
        if not HOLDERS.isdisjoint(node):
            ahead += held(node, path)
        for name, inner in node.get("definitions", {}).items():
            ahead.append((f"{path}/definitions/{name}", inner))


def _refused(path: str, found: Any, wanted: str) -> UnsupportedError:
    shown = ascii(found)
    shown = shown if len(shown) <= _SHOWN else f"{shown[:_SHOWN]}…"
    return UnsupportedError(
        f"response_format: not a valid JSON Schema at {path[1:] or 'the root'}: {shown} is not {wanted}",
        field="response_format",
        hint="see json-schema.org, draft 2020-12",
    )
