"""What can be told of schemas without an answer: which types fit, and in which form they are sent."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final, NamedTuple

from smartllm.compiler.schema.keywords import definition_name
from smartllm.compiler.schema.merge import listed, types_of
from smartllm.compiler.schema.view import View
from smartllm.errors import UnsupportedError

TYPES: Final = frozenset({"array", "boolean", "integer", "null", "number", "object", "string"})
_NULL: Final = {"type": "null"}


class Told(NamedTuple):
    """What is known of a schema.

    Attributes:
        types: JSON types that may fit it.
        nullable: Null fits it; one that takes anything does not count.
        free: So much fits it that only JSON text can stand for it.
        mapping: It may be sent as an array of keys and values.
        array: It may be sent as an array.
    """

    types: frozenset[str]
    nullable: bool = False
    free: bool = False
    mapping: bool = False
    array: bool = False


_UNKNOWN: Final = Told(frozenset())


class Reading:
    """Answers questions about schemas, and records nothing.

    Args:
        view: Of the caller's schema.
    """

    def __init__(self, view: View) -> None:
        self._view = view
        self._known: dict[str, Told] = {}
        self._arms: dict[int, tuple[Any, Told]] = {}
        self._missing: list[str] = []

    def told(self, normal: Mapping[str, Any]) -> Told:
        """What is known of a schema in normal form."""
        self._missing = []
        found = self._of(normal)
        if self._missing:
            self._learn(self._missing)
            found = self._of(normal)
        return found

    def nullable(self, node: Any) -> bool:
        """Whether a schema takes null; one that takes anything does not count."""
        return self.told(self._view.normal(node)).nullable

    def may_be_null(self, node: Any) -> bool:
        """Whether null may fit a schema, as far as can be told."""
        try:
            told = self.told(self._view.normal(node)) if node is not False else _UNKNOWN
        except UnsupportedError:
            return True
        return told.free or told.nullable

    def is_object(self, node: Any) -> bool:
        """Whether a schema is an object with named properties, which can stand at the root."""
        normal = self._view.normal(node)
        named = normal.get("type") == "object" and not listed(normal)
        return named and "anyOf" not in normal and not is_mapping(normal)

    def _learn(self, names: list[str]) -> None:
        """Look at definitions, those first that others need."""
        while names:
            name = names[-1]
            if name in self._known:
                names.pop()
                continue
            self._missing = []
            found = self._of(self._view.normal(self._view.at(name)))
            if self._missing:
                names += self._missing
            else:
                self._known[names.pop()] = found

    def _of(self, normal: Mapping[str, Any]) -> Told:
        if "$ref" in normal:
            name = definition_name(normal["$ref"])
            if name not in self._known:
                self._missing.append(name)
            return self._known.get(name, _UNKNOWN)
        if "anyOf" in normal:
            return self._either(normal["anyOf"])
        if values := listed(normal):
            return Told(frozenset(types_of(values)), nullable=None in values, free=True)
        kind = normal.get("type")
        if kind is None:
            return Told(TYPES, free=True)
        mapping = kind == "object" and is_mapping(normal)
        return Told(
            frozenset({kind, "integer"} if kind == "number" else {kind}),
            nullable=kind == "null",
            free=(mapping and not values_of(normal)) or is_open_tuple(normal),
            mapping=mapping,
            array=kind == "array" and not normal.get("prefixItems"),
        )

    def _arm(self, arm: Any) -> Told:
        """What is known of an arm, looked at once: unions may stand in unions in unions."""
        known = self._arms.get(id(arm))
        if known is not None:
            return known[1]
        missing = len(self._missing)
        found = self._of(self._view.normal(arm))
        if len(self._missing) == missing:
            self._arms[id(arm)] = (arm, found)  # with the arm, so that nothing else gets its id
        return found

    def _either(self, arms: list[Any]) -> Told:
        told = [(arm, self._arm(arm)) for arm in arms]
        # Beside null, text can be told apart; beside anything else it cannot. An empty array could be an
        # empty mapping.
        free = any(each.free for _, each in told) and sum(arm != _NULL for arm, _ in told) > 1
        mapping, array = (any(getattr(each, form) for _, each in told) for form in ("mapping", "array"))
        return Told(
            frozenset[str]().union(*(each.types for _, each in told)),
            nullable=any(each.nullable for _, each in told),
            free=free or (mapping and array),
            mapping=mapping,
            array=array,
        )


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


def is_open_tuple(node: Mapping[str, Any]) -> bool:
    """Whether an array begins with certain items and goes on with others."""
    return bool(node.get("prefixItems")) and isinstance(node.get("items"), dict)
