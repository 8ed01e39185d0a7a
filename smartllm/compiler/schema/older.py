"""Older ways to write a JSON Schema (drafts 3 to 7, OpenAPI 3.0), put as draft 2020-12 puts them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final

from smartllm.compiler.schema.keywords import CONSTRAINTS, HOLDERS, held, pointer
from smartllm.compiler.schema.types import Change

Record = Callable[[str, str, str], None]


def modernize(root: dict[str, Any], changes: list[Change]) -> None:
    """Rewrite in place, however deep; what is no schema is left to ``wellformed.check``.

    Args:
        root: The schema.
        changes: Where each difference is told.
    """

    def record(path: str, keyword: str, reason: str) -> None:
        changes.append(Change(path, keyword, "rewritten", reason))

    ahead: list[tuple[str, Any]] = [("", root)]
    while ahead:
        path, node = ahead.pop()
        if isinstance(node, dict):
            for rewrite in _REWRITES:
                rewrite(node, path, record)
            if not HOLDERS.isdisjoint(node):
                ahead += reversed([*held(node, path)])
            for name, inner in _mapping(node.get("definitions")).items():
                ahead.append((path + pointer("definitions", name), inner))


def _mapping(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}


def _absent(node: dict[str, Any], path: str, record: Record) -> None:
    """What some programs write of keywords that they do not use, and notes that are none."""
    for key in [key for key in node if key in _NEVER_NULL and node[key] is None]:
        del node[key]
        record(path, key, "a keyword that holds null says nothing")
    for key, kind in _NOTES.items():
        if key in node and not isinstance(node[key], kind):
            del node[key]
            record(path, key, "a note of another type says nothing")


def _anchor(node: dict[str, Any], path: str, record: Record) -> None:
    """A name for references that stands where an address would."""
    own = node.get("$id")
    if isinstance(own, str) and own.startswith("#"):
        del node["$id"]
        if len(own) > 1:
            node.setdefault("$anchor", own[1:])
        record(path, "$id", "a name for references is called $anchor now")


def _tuple(node: dict[str, Any], path: str, record: Record) -> None:
    """A list of schemas under ``items``: what later drafts call ``prefixItems``."""
    if isinstance(node.get("items"), list):
        first = node.pop("items")
        if first:
            node.setdefault("prefixItems", first)
        if "additionalItems" in node:
            node["items"] = node.pop("additionalItems")
        record(path, "items", "a list of schemas under items is called prefixItems now")
    elif "additionalItems" in node:
        del node["additionalItems"]
        record(path, "additionalItems", "it says nothing unless items is a list of schemas")


def _bounds(node: dict[str, Any], path: str, record: Record) -> None:
    """``exclusiveMinimum: true`` beside ``minimum``."""
    for exclusive, bound in (("exclusiveMinimum", "minimum"), ("exclusiveMaximum", "maximum")):
        if isinstance(node.get(exclusive), bool):
            if node.pop(exclusive) and bound in node:
                node[exclusive] = node.pop(bound)
            record(path, exclusive, "it holds the bound itself now")


def _dependencies(node: dict[str, Any], path: str, record: Record) -> None:
    if not isinstance(node.get("dependencies"), dict):
        return
    for name, needed in node.pop("dependencies").items():
        kind = "dependentRequired" if isinstance(needed, (list, str)) else "dependentSchemas"
        node.setdefault(kind, {}).setdefault(name, _once(needed))
    record(path, "dependencies", "it is called dependentRequired and dependentSchemas now")


def _once(needed: Any) -> Any:
    if isinstance(needed, list) and all(isinstance(name, str) for name in needed):
        return [*dict.fromkeys(needed)]
    return [needed] if isinstance(needed, str) else needed


def _nullable(node: dict[str, Any], path: str, record: Record) -> None:
    """OpenAPI's ``nullable``, which says so beside a type, a list of values, a reference or a union."""
    if not isinstance(node.get("nullable"), bool):
        return
    if node.pop("nullable") and not _takes_null(node):
        kind = node.get("type")
        if isinstance(kind, (str, list)) and not _COMBINED & set(node):
            node["type"] = [*([kind] if isinstance(kind, str) else kind), "null"]
            if isinstance(node.get("enum"), list) and None not in node["enum"]:
                node["enum"] = [*node["enum"], None]
            if "const" in node:
                node["enum"] = [node.pop("const"), None]
        elif _COMBINED & set(node) or {"enum", "const"} & set(node):
            said = {key: node.pop(key) for key in [*node] if key not in _ANNOTATIONS}
            node["anyOf"] = [said, {"type": "null"}]
    record(path, "nullable", "null stands among the types now")


def _takes_null(node: Mapping[str, Any]) -> bool:
    kind = node.get("type")
    named = kind == "null" or (isinstance(kind, list) and "null" in kind)
    values = node.get("enum")
    return named and (not isinstance(values, list) or None in values)


def _example(node: dict[str, Any], path: str, record: Record) -> None:
    if "example" in node and "examples" not in node:
        node["examples"] = [node.pop("example")]
        record(path, "example", "it is called examples now")


def _required(node: dict[str, Any], path: str, record: Record) -> None:
    """``required`` said by a property of itself, or naming one twice."""
    names = node.get("required")
    if (
        isinstance(names, list)
        and all(isinstance(name, str) for name in names)
        and len({*names}) < len(names)
    ):
        names = node["required"] = [*dict.fromkeys(names)]
        record(path, "required", "each property is named once")
    for name, inner in _mapping(node.get("properties")).items():
        if isinstance(inner, dict) and isinstance(inner.get("required"), bool):
            if inner.pop("required") and isinstance(node.setdefault("required", []), list):
                node["required"] = [*dict.fromkeys([*node["required"], name])]
            record(
                path + pointer("properties", name), "required", "the object around it names what it requires"
            )


def _types(node: dict[str, Any], path: str, record: Record) -> None:
    kinds = node.get("type")
    if (
        isinstance(kinds, list)
        and all(isinstance(kind, str) for kind in kinds)
        and len({*kinds}) < len(kinds)
    ):
        node["type"] = [*dict.fromkeys(kinds)]
        record(path, "type", "each type is named once")
    if kinds == "any":
        del node["type"]
        record(path, "type", "a schema without a type takes any")


_NEVER_NULL: Final = CONSTRAINTS - {"const"} | {"definitions", "dependencies", "$defs", "nullable"}
_NOTES: Final = {
    **dict.fromkeys(("title", "description", "$comment", "$schema"), str),
    **dict.fromkeys(("deprecated", "readOnly", "writeOnly"), bool),
    "examples": list,
}
_COMBINED: Final = frozenset({"$ref", "anyOf", "oneOf", "allOf", "not"})
_ANNOTATIONS: Final = frozenset(
    {"title", "description", "default", "examples", "deprecated", "readOnly", "writeOnly", "$defs"}
    | {"definitions", "$id", "$schema", "$comment", "$anchor"}
)
_REWRITES: Final = (_absent, _anchor, _tuple, _bounds, _dependencies, _nullable, _example, _required, _types)
