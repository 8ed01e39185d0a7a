"""JSON Schema read in one normal form: ``allOf`` merged, ``oneOf`` as ``anyOf``, references kept."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Mapping
from typing import Any, Final

from smartllm.compiler.schema.graph import Graph
from smartllm.compiler.schema.keywords import (
    CONSTRAINTS,
    GROUPS,
    Place,
    definition_name,
    free,
    nodes,
    pointer,
    references,
)
from smartllm.compiler.schema.merge import common, for_type, listed, merged, of_types, types_of
from smartllm.compiler.schema.types import refuse

Record = Callable[[str, str, str, str], None]
_NOWHERE: Final = Place()
_SMALL: Final = 200
"""Characters of a definition that may stand in several places."""
_MOST: Final = 200_000
"""Keywords and properties that combinations of one schema may have, all together."""


class View:
    """Reads the schemas of one root.

    Args:
        root: A schema whose references all point to the root or to ``$defs``, and not in loops.
        record: Called with path, keyword, action and reason for each thing that is put differently.

    Attributes:
        joint: Definitions made from others and from what stood beside references to them, by name.
    """

    def __init__(self, root: Mapping[str, Any], record: Record) -> None:
        self.graph = Graph(root)
        self.joint: dict[str, dict[str, Any]] = {}
        self._record = record
        self._names: dict[tuple[str, str], str] = {}
        self._small: dict[str, bool] = {}
        self._uses = Counter(node["$ref"] for node in nodes(root) if "$ref" in node)
        self._merged = 0

    def at(self, name: str) -> Any:
        """The schema of a definition; of the root for an empty name."""
        return self.joint[name] if name in self.joint else self.graph.at(name)

    def normal(self, node: Any, place: Place | None = None, *, deep: bool = False) -> dict[str, Any]:
        """A schema as ``$ref`` alone, ``anyOf`` with annotations, or keywords with one type.

        Args:
            node: The schema.
            place: Where it stands; without it nothing is told.
            deep: It stands inside so many others that nothing more is put into it.

        Raises:
            UnsupportedError: Nothing fits it, or its parts cannot be merged.
        """
        if node is False:
            raise refuse((place or _NOWHERE).asked, "a schema that nothing fits")
        schema = {} if node is True else dict(node)
        if "$ref" in schema or "allOf" in schema:
            schema = self._combined(schema, place, deep=deep)
            if "$ref" in schema:
                return schema
        if "oneOf" in schema:
            if "anyOf" in schema:
                raise refuse((place or _NOWHERE).asked, "anyOf beside oneOf")
            self._tell(place, "oneOf", "rewritten", "oneOf is not taken; anyOf is")
            schema = {("anyOf" if key == "oneOf" else key): value for key, value in schema.items()}
        return self._union(schema, place) if "anyOf" in schema else self._typed(schema, place)

    def _tell(self, place: Place | None, keyword: str, action: str, reason: str) -> None:
        if place is not None:
            self._record(place.asked, keyword, action, reason)

    def _combined(self, schema: dict[str, Any], place: Place | None, *, deep: bool) -> dict[str, Any]:
        """A schema with its parts merged: a reference, one with annotations, or keywords."""
        if schema.keys() == {"$ref"}:
            return schema
        keyword = "allOf" if "allOf" in schema else "$ref"
        own, left = self._parts(schema, place, follow=None if deep else self._inlinable)
        beside = {key: value for key, value in own.items() if key in CONSTRAINTS}
        if not left:
            reason = "nothing may stand beside a $ref" if keyword == "$ref" else "allOf is not taken"
            self._tell(place, keyword, "inlined", reason)
            return own
        self._tell(place, keyword, "rewritten", "nothing may stand beside a $ref")
        only = left[0] if len(left) == 1 and not beside else self._joined(left, beside, place)
        words = {key: value for key, value in own.items() if key not in CONSTRAINTS}
        return {**words, "anyOf": [{"$ref": only}]} if words else {"$ref": only}

    def _parts(
        self, schema: Mapping[str, Any], place: Place | None, follow: Callable[[str], bool] | None
    ) -> tuple[dict[str, Any], list[str]]:
        """What a schema and its parts say, and the references that were not followed."""
        path = (place or _NOWHERE).asked
        own: dict[str, Any] = {}
        left: dict[str, None] = {}
        seen: set[str] = set()
        ahead: list[Any] = [schema]
        while ahead:
            part = ahead.pop()
            if part is False:
                raise refuse(path, "a combination that nothing fits")
            rest = {} if part is True else dict(part)
            reference, parts = rest.pop("$ref", None), rest.pop("allOf", [])
            self._merged += len(rest) + len(rest.get("properties", ())) + len(own.get("properties", ()))
            if self._merged > _MOST:
                raise refuse(path, "combinations of schemas that take too much to be put together")
            own = merged(own, rest, path)
            ahead += reversed(parts)
            if reference is None or reference in seen:
                continue
            seen.add(reference)
            if follow is not None and follow(reference):
                ahead.append(self.at(definition_name(reference)))
            else:
                left[reference] = None
        return own, [*left]

    def _joined(self, left: list[str], beside: dict[str, Any], place: Place | None) -> str:
        """A reference to a definition of what others say and what stands beside them: one for equals."""
        key = (json.dumps(sorted(left)), json.dumps(beside, sort_keys=True))
        if key not in self._names:
            parts = [{"$ref": reference} for reference in left]
            name = free(definition_name(left[0]) or "root", {*self.graph.definitions, *self.joint})
            self.joint[name] = self._parts({**beside, "allOf": parts}, place, follow=lambda _: True)[0]
            self._names[key] = name
        return "#" + pointer("$defs", self._names[key]).replace("%", "%25")

    def _inlinable(self, reference: str) -> bool:
        """Whether a definition may come to stand where it is referred to: it does so once, or is small."""
        name = definition_name(reference)
        if name not in self._small:
            target = self.at(name)
            self._small[name] = name not in self.graph.recursive and (
                self._uses[reference] == 1 or (len(json.dumps(target)) <= _SMALL and not references(target))
            )
        return self._small[name]

    def _union(self, schema: dict[str, Any], place: Place | None) -> dict[str, Any]:
        """Constraints beside ``anyOf`` belong to each of its arms; equal arms are one."""
        path = (place or _NOWHERE).asked
        base = {key: value for key, value in schema.items() if key in CONSTRAINTS and key != "anyOf"}
        arms: dict[str, Any] = {}
        for arm in schema["anyOf"]:
            if arm is not False:
                whole = merged(base, {} if arm is True else arm, path) if base else arm
                arms.setdefault(json.dumps(whole, sort_keys=True), whole)
        if not arms:
            raise refuse(path, "a union that nothing fits")
        if base:
            self._tell(place, "anyOf", "rewritten", "keywords beside anyOf were put into each of its arms")
        elif len(arms) < len(schema["anyOf"]):
            self._tell(place, "anyOf", "rewritten", "arms that are equal, or that nothing fits, are left out")
        return {key: value for key, value in schema.items() if key not in base} | {"anyOf": [*arms.values()]}

    def _typed(self, schema: dict[str, Any], place: Place | None) -> dict[str, Any]:
        kinds = schema.get("type")
        kinds = [kinds] if isinstance(kinds, str) else kinds
        if "const" in schema and ("enum" in schema or listed(schema)):
            self._tell(place, "const", "rewritten", "the values that fit are listed")
            values = common(schema.get("enum", [schema["const"]]), [schema["const"]])
            schema = {key: value for key, value in schema.items() if key != "const"} | {"enum": values}
        if listed(schema):
            values = schema["enum"] if kinds is None else of_types(schema["enum"], kinds)
            if len(values) < len(schema["enum"]):
                self._tell(place, "enum", "removed", "some of it speaks of other types")
            schema = schema | {"enum": values}
            if listed(schema):
                return schema
        return self._of_types(schema, kinds, place)

    def _of_types(self, schema: dict[str, Any], kinds: Any, place: Place | None) -> dict[str, Any]:
        values = schema.get("enum", [schema["const"]] if "const" in schema else [])
        found = [kind for kind, keywords in GROUPS.items() if keywords & set(schema)]
        if kinds is None and (types_of(values) or len(found) == 1):
            kinds = types_of(values) or found
            self._tell(place, "type", "added", "the keywords beside it say which type is meant")
        if kinds is None and "enum" not in schema:
            return schema
        arms = [arm for kind in kinds or () if (arm := for_type(schema, kind)) is not None]
        if not arms:
            raise refuse((place or _NOWHERE).asked, "values and types that nothing fits")
        if kinds is not None and len(kinds) > 1:
            self._tell(place, "type", "rewritten", "a list of types is written as anyOf")
            words = {key: value for key, value in schema.items() if key not in CONSTRAINTS}
            said = [{key: arm[key] for key in arm if key in CONSTRAINTS} for arm in arms]
            return words | {"anyOf": said}
        if isinstance(schema.get("type"), list):
            self._tell(place, "type", "rewritten", "a list of one type is written as that type")
        for key in filter(CONSTRAINTS.__contains__, schema):
            if key != "type" and arms[0].get(key) != schema[key]:
                self._tell(
                    place, key, "removed", f"{'some of it' if key in arms[0] else 'it'} speaks of other types"
                )
        return arms[0]
