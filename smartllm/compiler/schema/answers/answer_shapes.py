"""A lowered schema as a reader of answers needs it: worked out once, so that reading is one pass.

Only what tells values apart is kept: types, names, fixed values. No pattern, format or limit decides how an
answer is read; whether it is right is for the caller's model to say.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any, Final

from smartllm.compiler.schema.types import Codec

KINDS: Final[Mapping[type, str]] = MappingProxyType(
    {bool: "boolean", int: "integer", float: "number", str: "string", type(None): "null"}
    | {list: "array", dict: "object"}
)
"""JSON types by Python's."""

EVERY: Final = frozenset(KINDS.values())
"""All JSON types."""


@dataclass(slots=True, eq=False)
class Shape:
    """What an answer may be at one place.

    Attributes:
        codec: How it is said otherwise than in the caller's form.
        types: The JSON types that it takes.
        also: The types that the caller's own form has there.
        values: The only values that it takes, or None.
        texts: The only texts that it takes, by their case-folded form; None where any text fits.
        properties: By name.
        optional: Properties where null stands for one that is left out.
        tags: Properties that only tell arms apart.
        required: Properties that must be there.
        closed: No other properties are taken.
        rest: Every other property.
        first: The first items of a list.
        items: Every other item.
        unions: Of each the arms, one of which fits; no arm is itself only a union.
        active: Reading changes something here or further down.
        lively: The properties that are active.
    """

    codec: Codec | None = None
    types: frozenset[str] = EVERY
    also: frozenset[str] = frozenset()
    values: list[Any] | None = None
    texts: dict[str, list[str]] | None = None
    properties: dict[str, Shape] = field(default_factory=dict)
    optional: frozenset[str] = frozenset()
    tags: frozenset[str] = frozenset()
    required: frozenset[str] = frozenset()
    closed: bool = False
    rest: Shape | None = None
    first: tuple[Shape, ...] = ()
    items: Shape | None = None
    unions: tuple[Union, ...] = ()
    active: bool = False
    lively: tuple[tuple[str, Shape], ...] = ()

    @property
    def inner(self) -> Iterator[Shape]:
        """The shapes of what it holds, and its arms."""
        yield from self.properties.values()
        yield from (shape for shape in (self.rest, self.items) if shape is not None)
        yield from self.first
        for union in self.unions:
            yield from union.arms

    @property
    def only_union(self) -> bool:
        """Whether it says nothing beside one union."""
        stated = self.properties or self.required or self.closed or self.first
        holds = self.rest is not None or self.items is not None
        free = self.values is None and self.types == EVERY
        return len(self.unions) == 1 and free and not (stated or holds or self.codec)


@dataclass(slots=True, eq=False)
class Union:
    """Shapes of which one fits.

    Attributes:
        arms: The shapes.
        taking: For each JSON type the arms that take it.
        tag: The property whose value tells arms apart, or None.
        by_tag: The arms for each value of it.
        untagged: The arms that do not know the property.
    """

    arms: tuple[Shape, ...]
    taking: Mapping[str, tuple[Shape, ...]] = field(default_factory=dict)
    tag: str | None = None
    by_tag: dict[str, tuple[Shape, ...]] = field(default_factory=dict)
    untagged: tuple[Shape, ...] = ()
