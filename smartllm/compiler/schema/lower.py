"""JSON Schema lowered to the subset that a target takes, with a record of everything that changed."""

from __future__ import annotations

import copy
import json
import re
from collections.abc import Mapping
from typing import Any, Final

from smartllm.compiler.schema.keywords import CONSTRAINTS, definition_name, pointer, subschemas
from smartllm.compiler.schema.local import gather
from smartllm.compiler.schema.strict import Strict
from smartllm.compiler.schema.types import WRAPPED, Change, Codec, Lowered, Subset, refuse, wrap
from smartllm.compiler.schema.view import Reading
from smartllm.rules.memo import Memo

_COMBINATORS: Final = ("anyOf", "oneOf", "allOf", "not", "if", "enum", "const", "$ref")
# A schema in memory takes some twenty times the characters of its text.
_SCHEMAS: Final = Memo(results=128, characters=128 * 1024)


def lower(schema: Mapping[str, Any], subset: Subset) -> Lowered:
    """Lower a JSON Schema.

    Args:
        schema: The caller's schema; it is not changed.
        subset: What the target takes.

    Returns:
        The lowered schema. Answers that fit it are turned back by ``restore``.

    Raises:
        UnsupportedError: It cannot be said in this subset; names the place and the way out.
    """
    root = copy.deepcopy(dict(schema))
    changes: list[Change] = []
    gather(root, changes)
    _check_references(root)
    root = _inline_root(root, changes)
    if subset in {"tool", "claude-tool"}:
        wrapped = _open_root(root, changes)
        if wrapped:
            _refuse_root_references(root)
            root = wrap(root)
        return Lowered(root, tuple(changes), wrapped, left_out(root))
    strict = Strict(root, subset)
    if strict.wrapped:
        _refuse_root_references(root)
    lowered = strict.lower()
    return Lowered(copy.deepcopy(lowered), (*changes, *strict.changes), strict.wrapped, strict.codecs)


def lower_once(text: str, subset: Subset) -> Lowered:
    """As ``lower``, which is slow, but once for equal schemas: nobody changes the result, which is shared.

    Args:
        text: The caller's schema, as JSON.
        subset: What the target takes.

    Raises:
        UnsupportedError: As ``lower``.
    """
    return _SCHEMAS.of(_lowered, text, subset)


def _lowered(text: str, subset: Subset) -> Lowered:
    return lower(json.loads(text), subset)


def _check_references(root: dict[str, Any]) -> None:
    for path, node in subschemas(root):
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
    seen: set[str] = set()
    while root.get("$ref", "#") != "#" and not CONSTRAINTS & set(root) - {"$ref"}:
        reference = root.pop("$ref")
        if reference in seen:
            raise refuse("/$defs", f"{reference} refers only to itself", "give it a type")
        seen.add(reference)
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


def _refuse_root_references(root: dict[str, Any]) -> None:
    for path, node in subschemas(root):
        if node.get("$ref") == "#":
            raise refuse(path, "a root that is not an object cannot refer to itself", "define it under $defs")


def left_out(root: dict[str, Any]) -> dict[str, Codec]:
    """Optional properties where a null can only mean that the model left the property out."""
    reading = Reading(root)
    codecs: dict[str, Codec] = {}
    for path, node in subschemas(root):
        for name, inner in node.get("properties", {}).items():
            if name not in node.get("required", []) and not reading.may_be_null(inner):
                codecs[path + pointer("properties", name)] = "optional"
    return codecs
