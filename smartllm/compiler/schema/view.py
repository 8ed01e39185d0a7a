"""JSON Schema read in one normal form: references followed, ``allOf`` merged, ``oneOf`` as ``anyOf``."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final

from smartllm.compiler.schema.keywords import CONSTRAINTS, GROUPS, Place, definition_name, references
from smartllm.compiler.schema.merge import for_type, merged, types_of
from smartllm.compiler.schema.types import refuse
from smartllm.errors import UnsupportedError

Record = Callable[[str, str, str, str], None]
_DEEPEST: Final = 50


class View:
    """Reads the schemas of one root.

    Attributes:
        record: Called with path, keyword, action and reason for each thing that is put differently.
    """

    def __init__(self, root: Mapping[str, Any], record: Record) -> None:
        self.root = root
        self.record = record
        self._edges: dict[str, list[str]] = {}
        self._reached: dict[str, set[str]] = {}

    def target(self, reference: str) -> Any:
        """The schema that a reference points to."""
        name = definition_name(reference)
        return self.root["$defs"][name] if name else self.body

    @property
    def body(self) -> dict[str, Any]:
        """The root without its definitions."""
        return {key: value for key, value in self.root.items() if key != "$defs"}

    def needed(self, name: str) -> list[str]:
        """Names of the definitions that a definition (or the root: ``""``) refers to directly."""
        if name not in self._edges:
            node = self.root["$defs"][name] if name else self.body
            self._edges[name] = [definition_name(reference) for reference in references(node)]
        return self._edges[name]

    def reachable(self, name: str) -> set[str]:
        """All definitions that a definition needs; holds its own name if it is recursive."""
        if name in self._reached:
            return self._reached[name]
        found = self._reached[name] = set()
        queue = list(self.needed(name))
        while queue:
            if (current := queue.pop()) not in found:
                found.add(current)
                queue.extend(self.needed(current))
        return found

    def cycle(self) -> list[str]:
        """Names along a cycle that the root runs into, or nothing."""
        for start in sorted({"", *self.reachable("")}):
            if start in self.reachable(start):
                way = [start]
                while len(way) == 1 or way[-1] != start:
                    onward = (name for name in self.needed(way[-1]) if name not in way[1:])
                    way.append(
                        next(name for name in onward if name == start or start in self.reachable(name))
                    )
                return way
        return []

    def recursive(self, reference: str) -> bool:
        """Whether following the reference comes back to it."""
        name = definition_name(reference)
        return name in self.reachable(name)

    def normal(self, node: Any, place: Place, depth: int = 0) -> dict[str, Any]:
        """A schema as ``$ref`` alone, ``anyOf`` with annotations, or keywords with one type.

        Raises:
            UnsupportedError: Nothing fits it, or its parts cannot be merged.
        """
        if node is False:
            raise refuse(place.asked, "a schema that nothing fits")
        if depth > _DEEPEST:
            raise refuse(place.asked, "the schema refers to itself beside other keywords without end")
        schema = {} if node is True else dict(node)
        if "$ref" in schema:
            return self._reference(schema, place, depth)
        if "allOf" in schema:
            return self._all_of(schema, place, depth)
        if "oneOf" in schema and "anyOf" not in schema:
            self.record(place.asked, "oneOf", "rewritten", "oneOf is not taken; anyOf is")
            schema = {("anyOf" if key == "oneOf" else key): value for key, value in schema.items()}
        if "oneOf" in schema:
            raise refuse(place.asked, "anyOf beside oneOf")
        if "anyOf" in schema:
            return self._distributed(schema, place)
        return self._typed(schema, place)

    def _reference(self, schema: dict[str, Any], place: Place, depth: int) -> dict[str, Any]:
        reference = schema.pop("$ref")
        if not schema:
            return {"$ref": reference}
        if self.recursive(reference) and not CONSTRAINTS & set(schema):
            self.record(place.asked, "$ref", "rewritten", "nothing may stand beside a $ref")
            return {**schema, "anyOf": [{"$ref": reference}]}
        self.record(place.asked, "$ref", "inlined", "nothing may stand beside a $ref")
        target = self.target(reference)
        target = {} if target is True else target
        return self.normal(merged(schema, target, place.asked), place, depth + 1)

    def _all_of(self, schema: dict[str, Any], place: Place, depth: int) -> dict[str, Any]:
        parts = [part for part in schema.pop("allOf") if part is not True]
        if len(parts) == 1 and "$ref" not in schema and not CONSTRAINTS & set(schema):
            self.record(place.asked, "allOf", "inlined", "allOf is not taken; its only part was put here")
            return self.normal({**parts[0], **schema}, place, depth + 1)
        self.record(place.asked, "allOf", "inlined", "allOf is not taken; its parts were merged")
        for part in parts:
            schema = merged(schema, self._whole(part, place, depth), place.asked)
        return self.normal(schema, place, depth + 1)

    def _whole(self, part: Any, place: Place, depth: int) -> dict[str, Any]:
        """A part of a combination with its own reference followed."""
        if depth > _DEEPEST or part is False:
            raise refuse(place.asked, "the parts of a combination refer to themselves, or nothing fits them")
        if part is True or "$ref" not in part:
            return {} if part is True else dict(part)
        rest = {key: value for key, value in part.items() if key != "$ref"}
        return merged(rest, self._whole(self.target(part["$ref"]), place, depth + 1), place.asked)

    def _distributed(self, schema: dict[str, Any], place: Place) -> dict[str, Any]:
        """Constraints beside ``anyOf`` belong to each of its arms."""
        base = {key: value for key, value in schema.items() if key in CONSTRAINTS and key != "anyOf"}
        if not base:
            return schema
        self.record(place.asked, "anyOf", "rewritten", "keywords beside anyOf were put into each of its arms")
        arms = [merged(base, self._whole(arm, place, 0), place.asked) for arm in schema["anyOf"]]
        return {key: value for key, value in schema.items() if key not in base} | {"anyOf": arms}

    def _typed(self, schema: dict[str, Any], place: Place) -> dict[str, Any]:
        kinds = schema.get("type")
        values = schema.get("enum", [schema["const"]] if "const" in schema else [])
        found = [kind for kind, keywords in GROUPS.items() if keywords & set(schema)]
        if kinds is None and (types_of(values) or len(found) == 1):
            kinds = types_of(values) or found
            self.record(place.asked, "type", "added", "the keywords beside it say which type is meant")
        if isinstance(kinds, list) and len(kinds) > 1:
            self.record(place.asked, "type", "rewritten", "a list of types is written as anyOf")
            inner = {key: schema.pop(key) for key in list(schema) if key in CONSTRAINTS}
            return schema | {"anyOf": [for_type(inner, kind) for kind in kinds]}
        if isinstance(kinds, list):
            if "type" in schema:
                self.record(place.asked, "type", "rewritten", "a list of one type is written as that type")
            schema["type"] = kinds[0]
        return schema


class Reading:
    """Answers questions about schemas, and records nothing.

    Args:
        root: The caller's schema.
    """

    def __init__(self, root: Mapping[str, Any]) -> None:
        self._view = View(root, lambda *_: None)

    def nullable(self, node: Any, seen: frozenset[str] = frozenset()) -> bool:
        """Whether a schema takes null; one that takes anything does not count."""
        normal = self._view.normal(node, Place())
        if "$ref" in normal:
            reference = normal["$ref"]
            known = reference in seen
            return not known and self.nullable(self._view.target(reference), seen | {reference})
        if "anyOf" in normal:
            return any(self.nullable(arm, seen) for arm in normal["anyOf"])
        return bool(normal.get("type") == "null")

    def may_be_null(self, node: Any) -> bool:
        """Whether null may fit a schema, as far as can be told."""
        try:
            return self.shapeless(node) or self.nullable(node)
        except UnsupportedError:
            return True

    def _forms(self, node: Any, seen: frozenset[str]) -> set[str]:
        """Whether a schema may be sent as a mapping, as an array, or both."""
        normal = self._view.normal(node, Place())
        reference = normal.get("$ref", "#")
        if reference != "#" and reference not in seen:
            return self._forms(self._view.target(reference), seen | {reference})
        if "anyOf" in normal:
            return {form for arm in normal["anyOf"] for form in self._forms(arm, seen)}
        if normal.get("type") == "object" and is_mapping(normal):
            return {"mapping"}
        return {"array"} if normal.get("type") == "array" and not normal.get("prefixItems") else set()

    def is_object(self, node: Any) -> bool:
        """Whether a schema is an object with named properties, which can stand at the root."""
        normal = self._view.normal(node, Place())
        return normal.get("type") == "object" and "anyOf" not in normal and not is_mapping(normal)

    def shapeless(self, node: Any, seen: frozenset[str] = frozenset()) -> bool:
        """Whether so much fits a schema that only JSON text can stand for it."""
        if node is False:
            return False
        normal = self._view.normal(node, Place())
        if "$ref" in normal:
            reference = normal["$ref"]
            known = reference in seen
            return not known and self.shapeless(self._view.target(reference), seen | {reference})
        if "anyOf" in normal:
            # Beside null, text can be told apart; beside anything else it cannot. An empty array could be
            # an empty mapping.
            arms = [arm for arm in normal["anyOf"] if arm != {"type": "null"}]
            if len(arms) > 1 and any(self.shapeless(arm, seen) for arm in arms):
                return True
            return {"mapping", "array"} <= self._forms(normal, frozenset())
        if normal.get("type") == "object":
            return is_mapping(normal) and not values_of(normal)
        return "type" not in normal


def is_mapping(node: Mapping[str, Any]) -> bool:
    """Whether an object has no named properties and is open to others."""
    if node.get("properties") or node.get("required"):
        return False
    return (
        bool(node.get("patternProperties"))
        or node.get("additionalProperties", "properties" not in node) is not False
    )


def values_of(node: Mapping[str, Any]) -> list[dict[str, Any]]:
    """What the values of a mapping must fit; nothing when they may be anything."""
    values = [*node.get("patternProperties", {}).values(), node.get("additionalProperties")]
    return [value for value in values if isinstance(value, dict) and value]
