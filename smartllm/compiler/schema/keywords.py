"""The vocabulary of JSON Schema: what holds schemas, what speaks of one type, where a schema stands."""

from __future__ import annotations

from collections.abc import Container, Iterator, Mapping
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

MAPS: Final = frozenset({"properties", "patternProperties", "$defs", "dependentSchemas"})
LISTS: Final = frozenset({"anyOf", "oneOf", "allOf", "prefixItems"})
SINGLE: Final = frozenset(
    {"items", "additionalProperties", "propertyNames", "not", "if", "then", "else", "contains"}
    | {"unevaluatedItems", "unevaluatedProperties", "contentSchema"}
)
_LISTED: Final = frozenset({"anyOf", "oneOf", "allOf"})
_SAME: Final = frozenset({"not", "if", "then", "else"})
HOLDERS: Final = MAPS | LISTS | SINGLE
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
    text = "".join([f"/{name}" for name in names])
    if "~" not in text and text.count("/") == len(names):
        return text
    return "".join("/" + str(name).replace("~", "~0").replace("/", "~1") for name in names)


def definition_name(reference: str) -> str:
    """Name of the definition that a reference points to; empty for the root."""
    return unquote(reference.removeprefix("#")[7:]).replace("~1", "/").replace("~0", "~")


def free(stem: str, taken: Container[str]) -> str:
    """A name that is not taken: the stem, with a number where need be."""
    name, number = stem, 1
    while name in taken:
        number += 1
        name = f"{stem}_{number}"
    return name


def subschemas(node: Any, path: str = "") -> Iterator[tuple[str, dict[str, Any]]]:
    """A schema and every schema inside it that is an object, with JSON pointers, each before what it holds.

    However deep; whatever is no schema where one should stand is passed over.
    """
    ahead = [(path, node)]
    while ahead:
        path, node = ahead.pop()
        if isinstance(node, dict):
            yield path, node
            if not HOLDERS.isdisjoint(node):
                ahead += reversed([*held(node, path)])


def held(node: Mapping[str, Any], path: str = "") -> Iterator[tuple[str, Any]]:
    """The schemas directly in a schema, with JSON pointers."""
    for key, value in node.items():
        if key not in HOLDERS:
            continue
        if key in SINGLE:
            yield f"{path}/{key}", value
        elif key in MAPS and isinstance(value, dict):
            for name, inner in value.items():
                yield path + pointer(key, name), inner
        elif key in LISTS and isinstance(value, list):
            for index, inner in enumerate(value):
                yield f"{path}/{key}/{index}", inner


def nodes(node: Any) -> Iterator[dict[str, Any]]:
    """As ``subschemas``, in no certain order and without pointers."""
    ahead = [node]
    while ahead:
        node = ahead.pop()
        if isinstance(node, dict):
            yield node
            for key in HOLDERS.intersection(node):
                value = node[key]
                if key in SINGLE:
                    ahead.append(value)
                else:
                    ahead += value.values() if key in MAPS else value


def applied(node: Mapping[str, Any]) -> Iterator[Any]:
    """The schemas that speak of the same value as the one that holds them."""
    for key in filter(_LISTED.__contains__, node):
        yield from node[key]
    for key in filter(_SAME.__contains__, node):
        yield node[key]
    yield from node.get("dependentSchemas", {}).values()


def references(node: Any) -> list[str]:
    """The references in a schema, each once."""
    found = (inner["$ref"] for _, inner in subschemas(node) if "$ref" in inner)
    return list(dict.fromkeys(found))
