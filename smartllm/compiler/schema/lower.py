"""JSON Schema lowered to the subset that a target takes, with a record of everything that changed."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any, Final

from smartllm.compiler.schema.graph import Graph
from smartllm.compiler.schema.keywords import CONSTRAINTS, definition_name, free, pointer, subschemas
from smartllm.compiler.schema.local import everything, gather
from smartllm.compiler.schema.older import modernize
from smartllm.compiler.schema.strict import Strict
from smartllm.compiler.schema.tags import require_tags
from smartllm.compiler.schema.told import Reading
from smartllm.compiler.schema.types import WRAPPED, Change, Codec, Lowered, Subset, refuse, wrap
from smartllm.compiler.schema.view import View
from smartllm.compiler.schema.wellformed import check
from smartllm.rules.memo import Memo
from smartllm.rules.vocabulary import Patterns

_COMBINATORS: Final = ("anyOf", "oneOf", "allOf", "not", "if", "enum", "const", "$ref")
_OF_ROOT: Final = ("$schema", "$id", "$defs")
_DRAFT: Final = re.compile(r"https?://json-schema\.org/")
_NESTED: Final = "schemas inside schemas, too deep to be read"
_FLATTER: Final = "define its parts under $defs"
# A schema in memory takes some twenty times the characters of its text.
_SCHEMAS: Final = Memo(results=128, characters=128 * 1024)


def lower(schema: Mapping[str, Any], subset: Subset, patterns: Patterns = "regular") -> Lowered:
    """Lower a JSON Schema.

    Args:
        schema: The caller's schema; it is not changed.
        subset: What the target takes.
        patterns: The regular expressions that it takes, where the subset binds.

    Returns:
        The lowered schema. Answers that fit it are turned back by ``restore``.

    Raises:
        UnsupportedError: It cannot be said in this subset; names the place and the way out.
    """
    return _lower(_own(schema), subset, patterns)


def lower_once(text: str, subset: Subset, patterns: Patterns = "regular") -> Lowered:
    """As ``lower``, which is slow, but once for equal schemas: nobody changes the result, which is shared.

    Args:
        text: The caller's schema, as JSON.
        subset: What the target takes.
        patterns: As of ``lower``.

    Raises:
        UnsupportedError: As ``lower``.
    """
    return _SCHEMAS.of(_lowered, text, subset, patterns)


def _lowered(text: str, subset: Subset, patterns: Patterns) -> Lowered:
    return lower(json.loads(text), subset, patterns)


def plain(schema: Mapping[str, Any]) -> dict[str, Any]:
    """The caller's schema for a validator of draft 2020-12: the same answers fit it.

    Older forms are put as that draft puts them, and references point to ``$defs``.

    Args:
        schema: The caller's schema; it is not changed.

    Raises:
        UnsupportedError: As ``lower``.
    """
    root = _own(schema)
    _put_plainly(root, [])
    return root


def _own(schema: Mapping[str, Any]) -> dict[str, Any]:
    try:
        root: dict[str, Any] = json.loads(json.dumps(schema))
    except (RecursionError, ValueError):  # the latter where something holds itself
        raise refuse("", _NESTED, _FLATTER) from None
    return root


def _put_plainly(root: dict[str, Any], changes: list[Change]) -> None:
    modernize(root, changes)
    check(root)
    if gather(root, changes):
        check(root)
    if changes and _names_older(root.get("$schema")):
        del root["$schema"]
        changes.append(Change("", "$schema", "removed", "the schema is put as draft 2020-12 puts it"))
    _check_references(root)
    if loop := Graph(root).loop():
        way = " -> ".join(name or "#" for name in loop)
        place = pointer("$defs", loop[0]) if loop[0] else ""
        raise refuse(
            place, f"it is said by itself alone ({way})", "give it a type, or refer to it from a property"
        )


def _names_older(draft: Any) -> bool:
    return isinstance(draft, str) and bool(_DRAFT.match(draft)) and "2020-12" not in draft


def _lower(root: dict[str, Any], subset: Subset, patterns: Patterns) -> Lowered:
    changes: list[Change] = []
    try:
        _put_plainly(root, changes)
        require_tags(root, changes)
        root = _inline_root(root, changes)
        return _lowered_to(root, subset, patterns, changes)
    except RecursionError:
        raise refuse("", _NESTED, _FLATTER) from None


def _lowered_to(root: dict[str, Any], subset: Subset, patterns: Patterns, changes: list[Change]) -> Lowered:
    if subset in {"tool", "claude-tool"}:
        wrapped = _open_root(root, changes)
        if wrapped:
            root = wrap(_beside_itself(root))
        return Lowered(root, tuple(changes), wrapped, left_out(root))
    strict = Strict(root, subset, patterns)
    if strict.wrapped:
        strict = Strict(_beside_itself(root), subset, patterns)
    lowered = strict.lower()
    return Lowered(lowered, (*changes, *strict.changes), strict.wrapped, strict.codecs)


def _check_references(root: dict[str, Any]) -> None:
    for path, node in everything(root):
        reference = node.get("$ref", "#")
        if "$dynamicRef" in node:
            raise refuse(path, "$dynamicRef", "use $ref and $defs")
        if reference != "#" and not re.fullmatch(r"#/\$defs/[^/]+", reference):
            nothing = "points to nothing" if reference.startswith("#") else "points elsewhere"
            raise refuse(path, f"$ref {reference!r} {nothing}", "define it under $defs")
        if reference != "#" and definition_name(reference) not in root.get("$defs", {}):
            raise refuse(path, f"$ref {reference!r} points to nothing", "define it under $defs")


def _inline_root(root: dict[str, Any], changes: list[Change]) -> dict[str, Any]:
    """A root that is only a reference becomes the definition itself; the definition stays for the others."""
    definitions = root.get("$defs", {})
    while root.get("$ref", "#") != "#" and not CONSTRAINTS & set(root) - {"$ref"}:
        reference = root.pop("$ref")
        changes.append(Change("", "$ref", "inlined", "the root must say what it is"))
        target = definitions[definition_name(reference)]
        root = {**(target if isinstance(target, dict) else {}), **root}
    return root


def _open_root(root: dict[str, Any], changes: list[Change]) -> bool:
    """Whether the root of a tool's input must be wrapped; a type that goes without saying is said."""
    if "type" not in root and "properties" in root:
        root["type"] = "object"
        changes.append(Change("", "type", "added", "the root must be an object"))
    wrapped = root.get("type") != "object" or any(keyword in root for keyword in _COMBINATORS)
    if wrapped:
        changes.append(Change("", "type", "rewritten", WRAPPED))
    return wrapped


def _beside_itself(root: dict[str, Any]) -> dict[str, Any]:
    """A root that is no object, as a definition too where it refers to itself."""
    nodes = [node for _, node in subschemas(root) if node.get("$ref") == "#"]
    if not nodes:
        return root
    definitions = dict(root.get("$defs", {}))
    name = free("root", definitions)
    for node in nodes:
        node["$ref"] = "#" + pointer("$defs", name)
    definitions[name] = {key: value for key, value in root.items() if key not in _OF_ROOT}
    return {**root, "$defs": definitions}


def left_out(root: dict[str, Any]) -> dict[str, Codec]:
    """Optional properties where a null can only mean that the model left the property out."""
    reading = Reading(View(root, lambda *_: None))
    codecs: dict[str, Codec] = {}
    for path, node in subschemas(root):
        required = {*node.get("required", ())}
        for name, inner in node.get("properties", {}).items():
            if name not in required and not reading.may_be_null(inner):
                codecs[path + pointer("properties", name)] = "optional"
    return codecs
