"""The strict subsets: OpenAI's strict json_schema and Claude's native output format.

Rules: developers.openai.com/api/docs/guides/structured-outputs and
platform.claude.com/docs/en/build-with-claude/structured-outputs, as of 2026-11-23 (facts/openai.md §8,
facts/claude_bedrock.md §6).
"""

from __future__ import annotations

import json
import re
from itertools import islice
from typing import Any, Final

from smartllm.compiler.schema.keywords import CONSTRAINTS, GROUPS, Place, definition_name, pointer, references
from smartllm.compiler.schema.limits import check_limits
from smartllm.compiler.schema.types import WRAPPED, Change, Codec, Subset, refuse, wrap
from smartllm.compiler.schema.view import Reading, View, is_mapping, values_of

_FORMATS: Final = frozenset(
    {"date-time", "time", "date", "duration", "email", "hostname", "ipv4", "ipv6", "uuid"}
)
_KEPT: Final = frozenset(
    {"$ref", "type", "title", "description", "properties", "required", "additionalProperties"}
    | {"items", "anyOf", "enum", "const", "minLength", "maxLength"}
)
_OBJECT: Final = frozenset({"type", "properties", "required", "additionalProperties"})
_MAPPING: Final = frozenset({"type", "additionalProperties", "patternProperties", "propertyNames"})
_TUPLE: Final = frozenset({"type", "prefixItems", "items", "minItems", "maxItems"})
# Far beyond every vendor's limits; what is inlined in many places could grow without end.
_DEEPEST: Final = 60
_MOST: Final = 20_000
_BACKREFERENCE: Final = re.compile(r"\(\?<?[=!]|\(\?P=|\\[1-9k]")


class Strict:
    """Lowers one schema.

    Attributes:
        changes: What changed so far.
        codecs: How to read an answer, by pointer into the lowered schema.
        wrapped: The caller's root is no object and stands under ``value``.
    """

    def __init__(self, root: dict[str, Any], subset: Subset) -> None:
        self.claude = subset == "claude-native"
        self.changes: list[Change] = []
        self.codecs: dict[str, Codec] = {}
        self.view = View(root, self._changed)
        self.reading = Reading(root)
        self.wrapped = not self.reading.is_object(self.view.body)
        self._depth = self._count = 0

    def lower(self) -> dict[str, Any]:
        """The lowered schema.

        Raises:
            UnsupportedError: It cannot be said in this subset, or is over a limit of it.
        """
        if self.wrapped:
            self._changed("", "type", "rewritten", WRAPPED)
            result = wrap(self._node(self.view.body, Place("", pointer("properties", "value"))))
        else:
            result = self._node(self.view.body, Place())
        if definitions := self._definitions(result):
            result["$defs"] = definitions
        if self.claude and (cycle := View(result, self._changed).cycle()):
            way = " -> ".join(name or "#" for name in cycle)
            raise refuse("", f"native schemas take no recursion, and this one has {way}")
        check_limits(result, claude=self.claude)
        return result

    def _definitions(self, result: dict[str, Any]) -> dict[str, Any]:
        """The definitions that the lowered body still needs, lowered."""
        lowered: dict[str, Any] = {}
        queue = references(result)
        while queue:
            name = definition_name(queue.pop(0))
            if name and name not in lowered:
                home = Place().down("$defs", name)
                lowered[name] = self._node(self.view.root["$defs"][name], home)
                queue += references(lowered[name])
        everything = self.view.root.get("$defs", {})
        for name in everything:
            if name not in lowered:
                self._changed(pointer("$defs", name), "$defs", "removed", "nothing refers to it any more")
        return {name: lowered[name] for name in everything if name in lowered}

    def _changed(self, path: str, keyword: str, action: Any, reason: str) -> None:
        self.changes.append(Change(path, keyword, action, reason))

    def _node(self, node: Any, place: Place) -> dict[str, Any]:
        if self._depth > _DEEPEST:
            raise refuse(place.asked, f"schemas inside schemas over {_DEEPEST} deep")
        self._count += 1
        if self._count > _MOST:
            raise refuse(place.asked, f"over {_MOST} schemas, counting definitions wherever they are inlined")
        self._depth += 1
        lowered = self._lowered(self.view.normal(node, place), place)
        self._depth -= 1
        return lowered

    def _lowered(self, node: dict[str, Any], place: Place) -> dict[str, Any]:
        if "$ref" in node:
            return node
        if node.get("type") in {"array", "object"} and {"enum", "const"} & set(node):
            raise refuse(place.asked, "enum or const with an array or object in it")
        if self.reading.shapeless(node):
            return self._json_text(node, place)
        if "anyOf" in node:
            arms = [self._node(arm, place.down("anyOf", index)) for index, arm in enumerate(node["anyOf"])]
            return self._cleaned(node | {"anyOf": arms}, place)
        if node.get("type") == "array":
            return self._tuple(node, place) if node.get("prefixItems") else self._array(node, place)
        if node.get("type") == "object":
            return self._mapping(node, place) if is_mapping(node) else self._object(node, place)
        return self._cleaned(node, place)

    def _object(self, node: dict[str, Any], place: Place) -> dict[str, Any]:
        if "properties" not in node:
            self._changed(place.asked, "properties", "added", "every object must name its properties")
        asked = node.get("properties", {})
        required = list(node.get("required", []))
        asked = asked | {name: {} for name in required if name not in asked}
        properties: dict[str, Any] = {}
        for name, schema in asked.items():
            here = place.down("properties", name)
            known = len(self.codecs)
            properties[name] = self._node(schema, here)
            if name not in required and not self.claude:
                inner = list(islice(reversed(self.codecs), len(self.codecs) - known))
                properties[name] = self._optional(properties[name], schema, here, inner)
        if "additionalProperties" not in node:
            self._changed(place.asked, "additionalProperties", "added", "every object must be closed")
        elif node["additionalProperties"] is not False:
            reason = "properties that are not named cannot be said"
            self._changed(place.asked, "additionalProperties", "rewritten", reason)
        closed = {"properties": properties, "required": list(properties), "additionalProperties": False}
        if self.claude:
            closed["required"] = [name for name in properties if name in required]
        rest = {key: value for key, value in node.items() if key not in _OBJECT}
        return self._cleaned({"type": "object", **rest}, place) | closed

    def _optional(
        self, lowered: dict[str, Any], asked: Any, place: Place, inner: list[str]
    ) -> dict[str, Any]:
        """Every property must be required: null stands for one that is left out."""
        self._changed(
            place.asked, "required", "added", "every property must be required; null stands for left out"
        )
        if self.reading.nullable(asked):
            return lowered
        if "anyOf" in lowered:
            self.codecs[place.sent] = "optional"
            return lowered | {"anyOf": [*lowered["anyOf"], {"type": "null"}]}
        # The schema moves one level down, and what is known about reading it moves along.
        for path in inner:
            self.codecs[f"{place.sent}/anyOf/0{path[len(place.sent) :]}"] = self.codecs.pop(path)
        self.codecs[place.sent] = "optional"
        return {"anyOf": [lowered, {"type": "null"}]}

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
            key = {"type": "string", **node["propertyNames"]}
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
        rest["description"] = _sentence(rest.get("description"), "Key and value pairs; each key once.")
        return self._cleaned(rest | {"type": "array"}, place) | {"items": pair}

    def _array(self, node: dict[str, Any], place: Place) -> dict[str, Any]:
        items = self._node(node.get("items", {}), place.down("items"))
        rest = {key: value for key, value in node.items() if key not in {"items", "prefixItems"}}
        return self._cleaned(rest, place) | {"items": items}

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
        if isinstance(node.get("items"), dict):
            raise refuse(place.asked, "a tuple that goes on with further items")
        rest = {key: value for key, value in node.items() if key not in _TUPLE}
        return self._cleaned({"type": "object", **rest}, place) | {
            "properties": properties,
            "required": list(properties),
            "additionalProperties": False,
        }

    def _json_text(self, node: dict[str, Any], place: Place) -> dict[str, Any]:
        """A value of no fixed shape travels as JSON text."""
        keyword = "anyOf" if "anyOf" in node else "type"
        self._changed(place.asked, keyword, "rewritten", "a value of no fixed shape is written as JSON text")
        self.codecs[place.sent] = "json"
        what = "A JSON object" if node.get("type") == "object" else "Any JSON value"
        hidden = {"type", "additionalProperties", "anyOf", "properties"}
        rest = {key: value for key, value in node.items() if key not in hidden}
        rest["description"] = _sentence(rest.get("description"), f"{what}, written as JSON text.")
        return self._cleaned(rest, place) | {"type": "string"}

    def _cleaned(self, node: dict[str, Any], place: Place) -> dict[str, Any]:
        """Drop keywords that the subset refuses; constraints stay as words in the description."""
        kept: dict[str, Any] = {}
        words: list[str] = []
        for key, value in node.items():
            if self._takes(key, value):
                kept[key] = value
                continue
            self._changed(place.asked, key, "removed", f"{key} is not taken")
            if key in CONSTRAINTS:
                words.append(f"{key}: {json.dumps(value, ensure_ascii=False, default=str)}")
        if words:
            kept["description"] = _sentence(kept.get("description"), f"Must hold: {'; '.join(words)}.")
        return kept

    def _takes(self, key: str, value: Any) -> bool:
        if key == "format":
            return value in _FORMATS
        if key == "pattern":
            return not _BACKREFERENCE.search(re.sub(r"\\[^1-9k]", "", str(value)))
        if key in GROUPS["number"]:
            return not self.claude
        if key in {"minItems", "maxItems"}:
            return not self.claude or (key == "minItems" and value <= 1)
        return key in _KEPT


def _sentence(description: Any, words: str) -> str:
    return f"{description} {words}" if description else words
