"""The shape of an answer, worked out from a lowered schema once, however often it is read."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from types import MappingProxyType
from typing import Any, Final, TypeGuard

from smartllm.compiler.schema.answers.answer_shapes import EVERY, Shape, Union
from smartllm.compiler.schema.keywords import definition_name, pointer
from smartllm.compiler.schema.merge import types_of
from smartllm.compiler.schema.types import Codec, Lowered
from smartllm.rules.memo import Memo

_EITHER: Final = ("anyOf", "oneOf")
_ROUNDS: Final = 3
"""Unions inside arms that say more than a union are settled this deep."""
_AS_WRITTEN: Final[Mapping[str, frozenset[str]]] = MappingProxyType(
    {"pairs": frozenset({"object"}), "tuple": frozenset({"array"}), "json": EVERY}
)
"""What the caller's own form is under a codec; models write it now and then."""
_KNOWN: Final = Memo(results=128, characters=1)


def shape_of(lowered: Lowered) -> Shape:
    """The shape of an answer under a lowered schema; worked out once for each schema."""
    return _KNOWN.of(_shape, lowered)


def _shape(lowered: Lowered) -> Shape:
    return _Shapes(lowered).root()


class _Shapes:
    def __init__(self, lowered: Lowered) -> None:
        self._schema, self._codecs = lowered.schema, lowered.codecs
        self._known: dict[str, Shape] = {}
        self._left: list[tuple[Shape, Any, str]] = []
        self._named: dict[int, str] = {}

    def root(self) -> Shape:
        root = self._at(self._schema, "")
        while self._left:
            self._fill(*self._left.pop())
        shapes = list(self._known.values())
        for shape in shapes:
            for union in shape.unions:
                union.arms = tuple(_flat(union.arms))
            shape.unions = tuple(union for union in shape.unions if union.arms)
        for _ in range(_ROUNDS):
            for shape in shapes:
                _settle(shape)
        for shape in shapes:
            for union in shape.unions:
                _tell_apart(union, self._named.get(id(union)))
        _activate(shapes)
        return root

    def _at(self, schema: Any, path: str) -> Shape:
        """The shape at a place; what is only a reference has the shape that it points to."""
        seen: set[str] = set()
        while _is_node(schema) and "$ref" in schema and path not in seen and not _speaks(schema):
            seen.add(path)
            schema, path = self._target(schema["$ref"])
        known = self._known.get(path)
        if known is None:
            known = self._known[path] = Shape(codec=_codec(self._codecs.get(path)))
            self._left.append((known, schema, path))
        return known

    def _target(self, reference: Any) -> tuple[Any, str]:
        name = definition_name(reference) if isinstance(reference, str) else ""
        if not name:
            return (self._schema, "") if reference == "#" else (True, "/$defs/")
        definitions = self._schema.get("$defs")
        found = definitions.get(name, True) if _is_node(definitions) else True
        return found, pointer("$defs", name)

    def _parts(self, schema: Any, path: str) -> Iterator[tuple[Mapping[str, Any], str]]:
        """A schema and all that must fit beside it."""
        left, seen = [(schema, path)], set[str]()
        while left:
            node, place = left.pop()
            if not _is_node(node) or place in seen:
                continue
            seen.add(place)
            yield node, place
            parts = [(part, place + pointer("allOf", i)) for i, part in enumerate(_listed(node, "allOf"))]
            left += reversed(parts)
            if "$ref" in node:
                left.append(self._target(node["$ref"]))

    def _fill(self, shape: Shape, schema: Any, path: str) -> None:
        for node, place in self._parts(schema, path):
            self._values(shape, node)
            self._object(shape, node, place)
            self._list(shape, node, place)
            for keyword in _EITHER:
                arms = [
                    self._at(arm, place + pointer(keyword, index))
                    for index, arm in enumerate(_listed(node, keyword))
                    if arm is not False
                ]
                if arms:
                    shape.unions += (union := Union(tuple(arms)),)
                    if _is_node(told := node.get("discriminator")) and isinstance(
                        told.get("propertyName"), str
                    ):
                        self._named[id(union)] = told["propertyName"]
        shape.also = _AS_WRITTEN.get(shape.codec or "", frozenset())

    def _values(self, shape: Shape, node: Mapping[str, Any]) -> None:
        kinds = node.get("type")
        if isinstance(kinds, (str, list)):
            given = {kinds} if isinstance(kinds, str) else {*kinds}
            shape.types &= given | ({"integer"} if "number" in given else set())
        values = [node["const"]] if "const" in node else node.get("enum")
        if isinstance(values, list):
            shape.values = values if shape.values is None else [one for one in values if one in shape.values]
            shape.types &= {*types_of(shape.values)}

    def _object(self, shape: Shape, node: Mapping[str, Any], place: str) -> None:
        named = node.get("properties")
        for name, inner in (named if _is_node(named) else {}).items():
            here = place + pointer("properties", name)
            shape.properties.setdefault(name, self._at(inner, here))
            if self._codecs.get(here) == "optional":
                shape.optional |= {name}
            elif self._codecs.get(here) == "tag":
                shape.tags |= {name}
        shape.required |= {name for name in _listed(node, "required") if isinstance(name, str)}
        others = node.get("additionalProperties", True)
        shape.closed = shape.closed or others is False
        if _is_node(others) and others and shape.rest is None:
            shape.rest = self._at(others, place + "/additionalProperties")

    def _list(self, shape: Shape, node: Mapping[str, Any], place: str) -> None:
        if not shape.first:
            shape.first = tuple(
                self._at(inner, place + pointer("prefixItems", index))
                for index, inner in enumerate(_listed(node, "prefixItems"))
            )
        if _is_node(node.get("items")) and shape.items is None:
            shape.items = self._at(node["items"], place + "/items")


def _is_node(value: Any) -> TypeGuard[Mapping[str, Any]]:
    return isinstance(value, Mapping)


def _listed(node: Mapping[str, Any], keyword: str) -> list[Any]:
    found = node.get(keyword)
    return found if isinstance(found, list) else []


def _codec(given: Codec | None) -> Codec | None:
    return None if given in {"optional", "tag"} else given


def _speaks(node: Mapping[str, Any]) -> bool:
    """Whether a schema with a reference says more of what fits."""
    return not node.keys().isdisjoint(
        {"type", "enum", "const", "properties", "required", "additionalProperties", "items", "prefixItems"}
        | {"anyOf", "oneOf", "allOf"}
    )


def _flat(arms: Iterable[Shape]) -> Iterator[Shape]:
    """The arms, with those of an arm that is only a union in its place; each once."""
    seen: set[int] = set()
    left = list(reversed(list(arms)))
    while left:
        arm = left.pop()
        if id(arm) in seen:
            continue
        seen.add(id(arm))
        if arm.only_union:
            left += reversed(arm.unions[0].arms)
        else:
            yield arm


def _settle(shape: Shape) -> None:
    """Let a shape take only the types and texts that its unions leave."""
    for union in shape.unions:
        shape.types &= frozenset[str]().union(*(arm.types for arm in union.arms))
        shape.also |= frozenset[str]().union(*(arm.also for arm in union.arms)) - shape.types
    values = shape.values
    if values is None:
        spoken = [arm for union in shape.unions[:1] for arm in union.arms if "string" in arm.types]
        if spoken and all(arm.values is not None for arm in spoken):
            values = [value for arm in spoken for value in arm.values or ()]
    if values is not None:
        shape.texts = {}
        for value in values:
            if isinstance(value, str):
                shape.texts.setdefault(value.casefold(), []).append(value)


def _tell_apart(union: Union, named: str | None) -> None:
    """Find the property that tells most arms apart: a discriminator, else one of fixed values."""
    union.taking = {
        kind: tuple(arm for arm in union.arms if kind in arm.types)
        or tuple(arm for arm in union.arms if kind in arm.also)
        for kind in EVERY
    }
    objects = union.taking["object"]
    tags: dict[str, int] = {}
    for arm in objects:
        for name, inner in arm.properties.items():
            if inner.texts:
                tags[name] = tags.get(name, 0) + 1
    if len(objects) < 2 or not tags:  # noqa: PLR2004 - one is not told apart
        return
    union.tag = tag = named if named in tags else max(tags, key=lambda name: tags[name])
    found: dict[str, list[Shape]] = {}
    for arm in objects:
        for text in _tags(arm, tag):
            found.setdefault(text, []).append(arm)
    union.by_tag = {text: tuple(arms) for text, arms in found.items()}
    union.untagged = tuple(arm for arm in objects if not _tags(arm, tag))


def _tags(arm: Shape, tag: str) -> set[str]:
    inner = arm.properties.get(tag)
    return {text for texts in (inner.texts or {}).values() for text in texts} if inner else set()


def _activate(shapes: list[Shape]) -> None:
    """Mark all shapes that hold something to be read otherwise than it is written."""
    holders: dict[int, list[Shape]] = {}
    for shape in shapes:
        for inner in shape.inner:
            holders.setdefault(id(inner), []).append(shape)
    left = [shape for shape in shapes if shape.codec or shape.optional or shape.tags]
    while left:
        changed = left.pop()
        if not changed.active:
            changed.active = True
            left += holders.get(id(changed), [])
    for shape in shapes:
        shape.lively = tuple((name, inner) for name, inner in shape.properties.items() if inner.active)
