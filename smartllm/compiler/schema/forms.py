"""The forms of what a strict subset has no words for: mappings, tuples, and values of no fixed shape."""

from __future__ import annotations

import json
from abc import ABC, abstractmethod
from collections.abc import Mapping
from typing import Any, Final

from smartllm.compiler.schema.keywords import CONSTRAINTS, Place
from smartllm.compiler.schema.merge import listed
from smartllm.compiler.schema.told import TYPES, Told, values_of
from smartllm.compiler.schema.types import Change, Codec

_MAPPING: Final = frozenset({"type", "additionalProperties", "patternProperties", "propertyNames"})
_OBJECT: Final = frozenset({"type", "properties", "required", "additionalProperties"})
_TUPLE: Final = frozenset({"type", "prefixItems", "items", "minItems", "maxItems"})
_WORDS: Final = {
    "string": "a text",
    "integer": "a whole number",
    "number": "a number",
    "boolean": "true or false",
    "array": "an array",
    "object": "an object",
    "null": "null",
}
_OF_TYPE: Final = frozenset({"type", "title", "description", "additionalProperties"})
_LONGEST: Final = 1000
"""Characters of one constraint that is told in words."""


class Forms(ABC):
    """What both sides of lowering share.

    Attributes:
        changes: What changed so far.
        codecs: How to read an answer, by pointer into the lowered schema.
        asked: Where in the caller's schema stands what stands at a pointer into the lowered one.
    """

    def __init__(self) -> None:
        self.changes: list[Change] = []
        self.codecs: dict[str, Codec] = {}
        self.asked: dict[str, str] = {}

    def _changed(self, path: str, keyword: str, action: Any, reason: str, *, lost: bool = False) -> None:
        self.changes.append(Change(path, keyword, action, reason, lost))

    @abstractmethod
    def _node(self, node: Any, place: Place) -> dict[str, Any]:
        """A schema, lowered."""

    @abstractmethod
    def _takes(self, key: str, value: Any) -> bool:
        """Whether the subset takes a keyword with its value."""

    def _mapping(self, node: dict[str, Any], place: Place) -> dict[str, Any]:
        self._changed(
            place.asked,
            "additionalProperties",
            "rewritten",
            "a mapping is written as an array of key and value",
        )
        self.codecs[place.sent] = "pairs"
        key: dict[str, Any] = {"type": "string"}
        if isinstance(node.get("propertyNames"), dict):
            key |= node["propertyNames"] | {"type": "string"}
        patterns = list(node.get("patternProperties", {}))
        if patterns:
            key["pattern"] = patterns[0] if len(patterns) == 1 else "|".join(f"({each})" for each in patterns)
        values = values_of(node)
        value = values[0] if len(values) == 1 else {"anyOf": values}
        item = ("items", "properties")
        pair = {
            "type": "object",
            "properties": {
                "key": self._node(key, place.down("propertyNames", sent=(*item, "key"))),
                "value": self._node(value, place.down("additionalProperties", sent=(*item, "value"))),
            },
            "required": ["key", "value"],
            "additionalProperties": False,
        }
        sizes = {"minProperties": "minItems", "maxProperties": "maxItems"}
        rest = {
            sizes.get(name, name): value for name, value in node.items() if name not in _MAPPING | _OBJECT
        }
        rest["description"] = sentence(rest.get("description"), "Key and value pairs; each key once.")
        return self._cleaned(rest | {"type": "array"}, place) | {"items": pair}

    def _tuple(self, node: dict[str, Any], place: Place) -> dict[str, Any]:
        self._changed(
            place.asked,
            "prefixItems",
            "rewritten",
            "a tuple is written as an object with numbered properties",
        )
        self.codecs[place.sent] = "tuple"
        properties = {
            f"item_{index}": self._node(
                schema, place.down("prefixItems", index, sent=("properties", f"item_{index}"))
            )
            for index, schema in enumerate(node["prefixItems"])
        }
        rest = {key: value for key, value in node.items() if key not in _TUPLE}
        return self._cleaned({"type": "object", **rest}, place) | {
            "properties": properties,
            "required": list(properties),
            "additionalProperties": False,
        }

    def _json_text(self, node: dict[str, Any], place: Place, told: Told) -> dict[str, Any]:
        """A value of no fixed shape travels as JSON text."""
        keyword = next((key for key in ("anyOf", "prefixItems", "enum") if key in node), "type")
        self._changed(place.asked, keyword, "rewritten", "a value of no fixed shape is written as JSON text")
        self.codecs[place.sent] = "json"
        values = listed(node)
        hidden = {"type"} if values else {"type", "additionalProperties", "properties"}
        if all(_says_types_only(arm) for arm in node.get("anyOf", ())):
            hidden.add("anyOf")
        rest = {key: value for key, value in node.items() if key not in hidden}
        kept = {key: value for key, value in rest.items() if key not in CONSTRAINTS}
        kept["description"] = sentence(rest.get("description"), f"{in_words(told)}, written as JSON text.")
        kept = self._cleaned(kept, place)
        if values:
            kept["enum"] = [json.dumps(value, ensure_ascii=False) for value in values]
        words = {key: value for key, value in rest.items() if key in CONSTRAINTS and key != "enum"}
        return self._worded(kept, words, place) | {"type": "string"}

    def _cleaned(self, node: dict[str, Any], place: Place) -> dict[str, Any]:
        """Drop keywords that the subset refuses; constraints stay as words in the description."""
        kept = {key: value for key, value in node.items() if self._takes(key, value)}
        return self._worded(kept, {key: value for key, value in node.items() if key not in kept}, place)

    def _worded(self, kept: dict[str, Any], dropped: Mapping[str, Any], place: Place) -> dict[str, Any]:
        words: list[str] = []
        for key, value in dropped.items():
            text = f"{key}: {json.dumps(value, ensure_ascii=False, default=str)}"
            told = key in CONSTRAINTS and key != "patternProperties" and len(text) <= _LONGEST
            told = told and '"$ref": "#' not in text
            self._changed(
                place.asked, key, "removed", f"{key} is not taken", lost=key in CONSTRAINTS and not told
            )
            if told:
                words.append(text)
        if words:
            kept["description"] = sentence(kept.get("description"), f"Must hold: {'; '.join(words)}.")
        return kept


def _says_types_only(arm: Any) -> bool:
    return isinstance(arm, dict) and arm.keys() <= _OF_TYPE and arm.get("additionalProperties", True) is True


def in_words(told: Told) -> str:
    """The types that fit, as the beginning of a sentence."""
    if told.types == TYPES:
        return "Any JSON value"
    if told.types == {"object"}:
        return "A JSON object"
    names = [words for kind, words in _WORDS.items() if kind in told.types]
    if {"integer", "number"} <= told.types:
        names.remove(_WORDS["integer"])
    text = names[0] if len(names) == 1 else f"{', '.join(names[:-1])} or {names[-1]}"
    return text[:1].upper() + text[1:]


def sentence(description: Any, words: str) -> str:
    """A description with words at its end."""
    return f"{description} {words}" if description else words
