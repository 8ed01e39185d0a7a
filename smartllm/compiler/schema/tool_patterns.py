"""Regular expressions in the schema of a tool that is not strict: those that are refused go as words."""

from __future__ import annotations

import json
from typing import Any, Final

from smartllm.compiler.schema.keywords import pointer, subschemas
from smartllm.compiler.schema.patterns import spelled
from smartllm.compiler.schema.takes import words_of
from smartllm.compiler.schema.types import Change
from smartllm.rules.vocabulary import Patterns

_REFUSED: Final = "this regular expression is not taken"


def with_patterns(schema: dict[str, Any], takes: Patterns, changes: list[Change]) -> dict[str, Any]:
    """A schema with the regular expressions that a place takes; the same object where none is changed.

    Args:
        schema: The schema; it is not changed.
        takes: What the place takes.
        changes: Where each change is told.
    """
    if all(spelled(given, takes) == given for _, node in subschemas(schema) for given in _patterns(node)):
        return schema
    found: dict[str, Any] = json.loads(json.dumps(schema))
    for path, node in list(subschemas(found)):
        if isinstance(node.get("pattern"), str):
            _settle(node, takes, changes, path)
        if "patternProperties" in node:
            _settle_keys(node, takes, changes, path)
    return found


def _patterns(node: dict[str, Any]) -> list[str]:
    own = node.get("pattern")
    return [*([own] if isinstance(own, str) else ()), *node.get("patternProperties", ())]


def _settle(node: dict[str, Any], takes: Patterns, changes: list[Change], path: str) -> None:
    given = node["pattern"]
    said = spelled(given, takes)
    if said is None:
        del node["pattern"]
        words = f"Must hold: pattern: {json.dumps(given, ensure_ascii=False)}."
        node["description"] = words_of(node.get("description"), words)
        changes.append(Change(path, "pattern", "removed", _REFUSED))
    elif said != given:
        node["pattern"] = said
        changes.append(Change(path, "pattern", "rewritten", "the same, in the words that are taken"))


def _settle_keys(node: dict[str, Any], takes: Patterns, changes: list[Change], path: str) -> None:
    """Expressions in the place of names; what one says of the values is lost with it."""
    kept: dict[str, Any] = {}
    for given, inner in node["patternProperties"].items():
        said = spelled(given, takes)
        if said is None:
            here = path + pointer("patternProperties", given)
            changes.append(Change(here, "patternProperties", "removed", _REFUSED, lost=True))
        else:
            kept[said] = inner
    node["patternProperties"] = kept
