"""The strict subsets: OpenAI's strict json_schema, whole or plain, and Claude's native output format.

Rules: developers.openai.com/api/docs/guides/structured-outputs and
platform.claude.com/docs/en/build-with-claude/structured-outputs, as of 2026-11-23 (facts/openai.md §8,
facts/claude_bedrock.md §6); the plain one is Azure's: learn.microsoft.com/azure/foundry/openai/how-to/
structured-outputs, as of 2026-06-05.
"""

from __future__ import annotations

import json
from itertools import islice
from typing import Any, Final

from smartllm.compiler.schema.forms import Forms, sentence
from smartllm.compiler.schema.graph import Graph
from smartllm.compiler.schema.keywords import GROUPS, Place, definition_name, pointer, references, subschemas
from smartllm.compiler.schema.patterns import spelled
from smartllm.compiler.schema.shapes import Shapes
from smartllm.compiler.schema.told import Reading, is_mapping
from smartllm.compiler.schema.types import WRAPPED, Codec, Subset, refuse, wrap
from smartllm.compiler.schema.view import View
from smartllm.rules.vocabulary import Patterns

_FORMATS: Final = frozenset(
    {"date-time", "time", "date", "duration", "email", "hostname", "ipv4", "ipv6", "uuid"}
)
_KEPT: Final = frozenset(
    {"$ref", "type", "title", "description", "properties", "required", "additionalProperties"}
    | {"items", "anyOf", "enum", "const"}
)
_LENGTHS: Final = frozenset({"minLength", "maxLength"})
_OBJECT: Final = frozenset({"type", "properties", "required", "additionalProperties"})
# From here on definitions stay references, so that nothing nests much deeper than the caller wrote it.
_DEEP: Final = 20
_MOST: Final = 60_000
# Claude's pages let a schema have 16.
_UNIONS: Final = 16


class Strict(Forms):
    """Lowers one schema.

    Attributes:
        wrapped: The caller's root is no object and stands under ``value``.
    """

    def __init__(self, root: dict[str, Any], subset: Subset, patterns: Patterns) -> None:
        super().__init__()
        self.claude, self.plain = subset == "claude-native", subset == "openai-plain"
        self.patterns = patterns
        self.view = View(root, self._changed)
        self.reading = Reading(self.view)
        self.body = self.view.at("")
        self.wrapped = not self.reading.is_object(self.body)
        self._depth = self._count = 0

    def lower(self) -> dict[str, Any]:
        """The lowered schema.

        Raises:
            UnsupportedError: It cannot be said in this subset.
        """
        if self.wrapped:
            self._changed("", "type", "rewritten", WRAPPED)
            result = wrap(self._node(self.body, Place("", pointer("properties", "value"))))
        else:
            result = self._node(self.body, Place())
        if definitions := self._definitions(result):
            result["$defs"] = definitions
        Shapes(result, self.codecs, self._told_apart).settle()
        if self.claude:
            self._fewer_unions(result)
        if self.claude and (cycle := Graph(result).cycle()):
            way = " -> ".join(name or "#" for name in cycle)
            raise refuse("", f"native schemas take no recursion, and this one has {way}")
        return result

    def _fewer_unions(self, result: dict[str, Any]) -> None:
        """Where unions are many, words beside a reference go to the object around it."""
        nodes = [*subschemas(result)]
        count = sum("anyOf" in node for _, node in nodes)
        for path, node in nodes:
            for name, inner in node.get("properties", {}).items():
                if count > _UNIONS and inner.keys() <= {"anyOf", "title", "description"} and _is_one(inner):
                    node["properties"][name] = inner["anyOf"][0]
                    count -= 1
                    if "description" in inner:
                        words = f"{name}: {inner['description']}"
                        node["description"] = sentence(node.get("description"), words)
                    place = self.asked.get(path + pointer("properties", name), "")
                    self._changed(place, "description", "rewritten", "it stands with the object around it")

    def _told_apart(self, path: str, keyword: str, reason: str) -> None:
        self._changed(self.asked.get(path, path), keyword, "rewritten", reason)

    def _definitions(self, result: dict[str, Any]) -> dict[str, Any]:
        """The definitions that the lowered body still needs, lowered."""
        lowered: dict[str, Any] = {}
        queue = references(result)
        for reference in queue:  # grows by what the definitions need
            name = definition_name(reference)
            if name and name not in lowered:
                lowered[name] = self._node(self.view.at(name), Place().down("$defs", name))
                queue += references(lowered[name])
        everything = self.view.graph.definitions
        for name in everything:
            if name not in lowered:
                self._changed(pointer("$defs", name), "$defs", "removed", "nothing refers to it any more")
        return {name: lowered[name] for name in (*everything, *self.view.joint) if name in lowered}

    def _node(self, node: Any, place: Place) -> dict[str, Any]:
        self._count += 1
        if self._count > _MOST:
            raise refuse(place.asked, f"over {_MOST} schemas, counting definitions wherever they are inlined")
        self._depth += 1
        self.asked[place.sent] = place.asked
        lowered = self._lowered(self.view.normal(node, place, deep=self._depth > _DEEP), place)
        self._depth -= 1
        return lowered

    def _lowered(self, node: dict[str, Any], place: Place) -> dict[str, Any]:
        if "$ref" in node:
            return node
        told = self.reading.told(node)
        if told.free:
            return self._json_text(node, place, told)
        if "anyOf" in node:
            arms = self._arms(node["anyOf"], place)
            kept = self._cleaned(node | {"anyOf": arms}, place)
            return arms[0] if kept.keys() == {"anyOf"} and "$ref" in arms[0] and len(arms) == 1 else kept
        if node.get("type") == "array":
            return self._tuple(node, place) if node.get("prefixItems") else self._array(node, place)
        if node.get("type") == "object":
            return self._mapping(node, place) if is_mapping(node) else self._object(node, place)
        return self._cleaned(node, place)

    def _arms(self, asked: list[Any], place: Place) -> list[Any]:
        """The arms of a union; those that are the same once they are lowered are one."""
        arms: list[Any] = []
        seen: dict[str, dict[str, Codec]] = {}
        for index, arm in enumerate(asked):
            here = place.down("anyOf", index, sent=("anyOf", len(arms)))
            known = len(self.asked)
            lowered = self._node(arm, here)
            new = [*islice(reversed(self.asked), len(self.asked) - known)]
            codecs = {path[len(here.sent) :]: self.codecs[path] for path in new if path in self.codecs}
            text = json.dumps(lowered, sort_keys=True)
            if seen.get(text) != codecs:
                arms.append(lowered)
                seen.setdefault(text, codecs)
                continue
            for path in new:
                del self.asked[path]
                self.codecs.pop(path, None)
        return arms

    def _object(self, node: dict[str, Any], place: Place) -> dict[str, Any]:
        if "properties" not in node:
            self._changed(place.asked, "properties", "added", "every object must name its properties")
        asked = node.get("properties", {})
        required = node.get("required", [])
        others = node.get("additionalProperties")
        asked = asked | {n: others if isinstance(others, dict) else {} for n in required if n not in asked}
        needed = {*required}
        properties: dict[str, Any] = {}
        for name, schema in asked.items():
            here = place.down("properties", name)
            if schema is False and name not in needed:
                self._changed(here.asked, "properties", "removed", "nothing may stand there")
                continue
            known = len(self.asked)
            properties[name] = self._node(schema, here)
            if name not in needed and not self.claude:
                inner = list(islice(reversed(self.asked), len(self.asked) - known))
                properties[name] = self._optional(properties[name], schema, here, inner)
        self._close(node, place)
        closed = {"properties": properties, "required": list(properties), "additionalProperties": False}
        if self.claude:
            closed["required"] = [name for name in properties if name in needed]
        rest = {key: value for key, value in node.items() if key not in _OBJECT}
        return self._cleaned({"type": "object", **rest}, place) | closed

    def _close(self, node: dict[str, Any], place: Place) -> None:
        if "additionalProperties" not in node:
            self._changed(place.asked, "additionalProperties", "added", "every object must be closed")
        elif node["additionalProperties"] is not False:
            reason = "properties that are not named cannot be said"
            self._changed(place.asked, "additionalProperties", "rewritten", reason, lost=True)

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
        # The schema moves one level down, and what is known about it moves along.
        for path in inner:
            moved = f"{place.sent}/anyOf/0{path[len(place.sent) :]}"
            self.asked[moved] = self.asked.pop(path)
            if path in self.codecs:
                self.codecs[moved] = self.codecs.pop(path)
        self.asked[place.sent] = place.asked
        self.codecs[place.sent] = "optional"
        return {"anyOf": [lowered, {"type": "null"}]}

    def _array(self, node: dict[str, Any], place: Place) -> dict[str, Any]:
        items = self._node(node.get("items", {}), place.down("items"))
        rest = {key: value for key, value in node.items() if key not in {"items", "prefixItems"}}
        return self._cleaned(rest, place) | {"items": items}

    def _cleaned(self, node: dict[str, Any], place: Place) -> dict[str, Any]:
        given = node.get("pattern")
        said = spelled(given, self.patterns) if isinstance(given, str) else None
        if said is not None and said != given:
            self._changed(place.asked, "pattern", "rewritten", "the same, in the words that are taken")
            node = node | {"pattern": said}
        return super()._cleaned(node, place)

    def _takes(self, key: str, value: Any) -> bool:
        if self.plain:
            return key in _KEPT
        if key == "format":
            return value in _FORMATS or (self.claude and value == "uri")
        if key == "pattern":
            return spelled(str(value), self.patterns) is not None
        if key in GROUPS["number"]:
            return not self.claude
        if key in {"minItems", "maxItems"}:
            return not self.claude or (key == "minItems" and value <= 1)
        return key in _KEPT or key in _LENGTHS


def _is_one(node: dict[str, Any]) -> bool:
    arms = node.get("anyOf", ())
    return len(arms) == 1 and "$ref" in arms[0]
