"""The vocabulary of JSON Schema: what holds schemas, what speaks of one type, where a schema stands."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final, NamedTuple
from urllib.parse import unquote

GROUPS: Final[dict[str, frozenset[str]]] = {
    "object": frozenset(
        {"properties", "required", "additionalProperties", "patternProperties", "propertyNames"}
        | {"minProperties", "maxProperties", "dependentRequired", "dependentSchemas", "dependencies"}
        | {"unevaluatedProperties"}
    ),
    "array": frozenset(
        {"items", "prefixItems", "minItems", "maxItems", "uniqueItems", "contains", "minContains"}
        | {"maxContains", "unevaluatedItems", "additionalItems"}
    ),
    "string": frozenset({"minLength", "maxLength", "pattern", "format"}),
    "number": frozenset({"minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "multipleOf"}),
}
"""The keywords that speak of one type only."""

_GENERAL: Final = frozenset(
    {"type", "enum", "const", "$ref", "anyOf", "oneOf", "allOf", "not", "if", "then", "else"}
)
CONSTRAINTS: Final = _GENERAL.union(
    *GROUPS.values(), {"contentEncoding", "contentMediaType", "contentSchema"}
)
"""Keywords that say what fits; all others are annotations."""

_MAPS: Final = frozenset({"properties", "patternProperties", "$defs", "dependentSchemas"})
_LISTS: Final = frozenset({"anyOf", "oneOf", "allOf", "prefixItems"})
_SINGLE: Final = frozenset(
    {"items", "additionalProperties", "propertyNames", "not", "if", "then", "else", "contains"}
    | {"unevaluatedItems", "unevaluatedProperties", "contentSchema"}
)
HOLDERS: Final = _MAPS | _LISTS | _SINGLE
"""Keywords that hold schemas."""


class Place(NamedTuple):
    """Where a schema stands: in the caller's schema, and in the one that is sent."""

    asked: str = ""
    sent: str = ""

    def down(self, *names: object, sent: tuple[object, ...] | None = None) -> Place:
        """A place further down; ``sent`` where the way there differs."""
        return Place(self.asked + pointer(*names), self.sent + pointer(*(names if sent is None else sent)))


def pointer(*names: object) -> str:
    """Names as a JSON pointer."""
    return "".join("/" + str(name).replace("~", "~0").replace("/", "~1") for name in names)


def definition_name(reference: str) -> str:
    """Name of the definition that a reference points to; empty for the root."""
    return unquote(reference.removeprefix("#")[7:]).replace("~1", "/").replace("~0", "~")


def subschemas(node: Any, path: str = "") -> Iterator[tuple[str, Any]]:
    """A schema and every schema inside it, with JSON pointers."""
    if not isinstance(node, Mapping):
        return
    yield path, node
    for key, value in node.items():
        if key in _MAPS:
            for name, inner in value.items():
                yield from subschemas(inner, path + pointer(key, name))
        elif key in _LISTS:
            for index, inner in enumerate(value):
                yield from subschemas(inner, path + pointer(key, index))
        elif key in _SINGLE:
            yield from subschemas(value, path + pointer(key))


def references(node: Any) -> list[str]:
    """The references in a schema, each once."""
    return list(dict.fromkeys(inner["$ref"] for _, inner in subschemas(node) if "$ref" in inner))
