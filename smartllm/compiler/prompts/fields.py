"""The fields of a JSON Schema in words, a line each: for a model that is to speak of them."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any, Final

from smartllm.compiler.schema.keywords import definition_name
from smartllm.rules.memo import Memo

_LONGEST: Final = 2000
"""Characters of all lines together: long enough for some forty fields."""
_LONGEST_LINE: Final = 240
_DEEPEST: Final = 4
_VALUES: Final = 12
_KINDS: Final = {
    "string": "text",
    "integer": "whole number",
    "number": "number",
    "boolean": "true or false",
    "null": "nothing",
    "array": "list",
    "object": "group",
}
_WORDS: Final = Memo(results=64, characters=128 * 1024)


def fields_in_words(schema: str) -> tuple[str, ...]:
    """The fields of a schema with their descriptions, as far as a prompt should be long.

    Args:
        schema: A JSON Schema, as JSON; what of it is odd is left out.
    """
    return _WORDS.of(_lines, schema)


def _lines(schema: str) -> tuple[str, ...]:
    root = json.loads(schema)
    found: list[str] = []
    left = _LONGEST
    for line in _Fields(root).lines():
        if left < len(line):
            return (*found, "- and further ones")
        found.append(line)
        left -= len(line)
    return tuple(found)


class _Fields:
    """Walks a schema, whatever its definitions refer to.

    Args:
        root: The schema.
    """

    def __init__(self, root: Any) -> None:
        self._root = root

    def lines(self) -> Iterator[str]:
        """A line a field; those inside of a group or list follow it, with their way there."""
        root = self._meant(self._root)
        if "properties" in root:
            yield from self._below(root, "", ())
        elif isinstance(self._root, Mapping):
            yield _line("the answer", self._kind(root), root)
            yield from self._inside(root, "", ())

    def _below(self, node: Mapping[str, Any], way: str, above: tuple[int, ...]) -> Iterator[str]:
        properties = node.get("properties")
        if not isinstance(properties, Mapping) or len(above) >= _DEEPEST or id(properties) in above:
            return
        for name, given in properties.items():
            inner = self._meant(given)
            beside = given if isinstance(given, Mapping) and given.get("description") else inner
            here = f"{way}{' '.join(name.split())}"
            yield _line(here, self._kind(inner), beside)
            yield from self._inside(inner, here, (*above, id(properties)))

    def _inside(self, node: Mapping[str, Any], way: str, above: tuple[int, ...]) -> Iterator[str]:
        for arm in self._arms(node):
            items = arm.get("items")
            if isinstance(items, Mapping):
                for item in self._arms(self._meant(items)):
                    yield from self._below(item, f"{way}[].", above)
            else:
                yield from self._below(arm, f"{way}." if way else "", above)

    def _meant(self, node: Any) -> Mapping[str, Any]:
        """What a schema is, behind its references."""
        for _ in range(_DEEPEST):
            if not isinstance(node, Mapping):
                break
            reference = node.get("$ref")
            if not isinstance(reference, str):
                return node
            definitions = self._root.get("$defs") or self._root.get("definitions")
            name = definition_name(f"#/$defs/{reference.rpartition('/')[2]}")
            node = definitions.get(name) if isinstance(definitions, Mapping) else None
        return {}

    def _arms(self, node: Mapping[str, Any]) -> list[Mapping[str, Any]]:
        """What a value may be: one of a union's arms, or what the schema says itself."""
        for keyword in ("anyOf", "oneOf", "allOf"):
            if isinstance(arms := node.get(keyword), list):
                return [node, *map(self._meant, arms[:_VALUES])]
        return [node]

    def _kind(self, node: Mapping[str, Any]) -> str:
        """The values that fit, in words; empty where that is not said."""
        kinds = [self._own_kind(arm, 1) for arm in self._arms(node)]
        return " or ".join(dict.fromkeys(filter(None, kinds)))

    def _own_kind(self, node: Mapping[str, Any], depth: int) -> str:
        values = [node["const"]] if "const" in node else node.get("enum")
        if isinstance(values, list):
            shown = [json.dumps(value, ensure_ascii=False) for value in values[:_VALUES]]
            return "one of " + ", ".join([*shown, *(["…"] if len(values) > _VALUES else [])])
        kinds = node.get("type")
        named = kinds if isinstance(kinds, list) else [kinds]
        words = [self._word(kind, node, depth) for kind in named if isinstance(kind, str)]
        return " or ".join(filter(None, words))

    def _word(self, kind: str, node: Mapping[str, Any], depth: int) -> str:
        word = _KINDS.get(kind, "")
        if kind != "array" or depth > _DEEPEST:
            return word
        inner = self._own_kind(self._meant(node.get("items")), depth + 1)
        return f"{word} of {inner}" if inner else word


def _line(way: str, kind: str, node: Mapping[str, Any]) -> str:
    said = node.get("description")
    text = " ".join(said.split()) if isinstance(said, str) else ""
    line = f"- {way}{f' ({kind})' if kind else ''}{f': {text}' if text else ''}"
    return line if len(line) <= _LONGEST_LINE else f"{line[: _LONGEST_LINE - 1]}…"
