"""From an answer that fits the lowered schema back to what the caller's own model reads."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, Final, NamedTuple

from smartllm.compiler.dialects.reading import json_of, unicode_json
from smartllm.compiler.schema.answers.answer_shapes import Shape
from smartllm.compiler.schema.answers.arms import Arms
from smartllm.compiler.schema.answers.shaping import shape_of
from smartllm.compiler.schema.keywords import pointer
from smartllm.compiler.schema.types import Lowered

AS_SENT: Final[Mapping[str, str]] = MappingProxyType({})
"""No name was changed."""
_PAIR: Final = frozenset({"key", "value"})

At = tuple[Any, ...]
"""Where a value stands: the place of what holds it, and its name or number there; empty for the root."""


class Restored(NamedTuple):
    """An answer in the caller's form.

    Attributes:
        value: Input for the caller's model.
        twice: Places where pairs hold a key twice, and the key; they are still pairs.
    """

    value: Any
    twice: tuple[tuple[str, str], ...] = ()


def restore(data: Any, lowered: Lowered, names: Mapping[str, str] = AS_SENT, *, partial: bool = False) -> Any:
    """Turn an answer under a lowered schema into input for the original one.

    Pairs become mappings again, JSON text becomes its value, numbered properties a list; a null that stands
    for a left-out property is left out. What does not fit the lowered schema stays as it is, so that the
    caller's model can say what is wrong.

    Args:
        data: The answer, parsed; it is not changed.
        lowered: The schema that was sent.
        names: The caller's names of properties at its top level by those that were changed.
        partial: The answer is not whole: lists of pairs and numbered properties may still grow.

    Returns:
        Input for the caller's model.
    """
    return restored(data, lowered, names, partial=partial).value


def restored(
    data: Any, lowered: Lowered, names: Mapping[str, str] = AS_SENT, *, partial: bool = False
) -> Restored:
    """As ``restore``, and what went wrong."""
    reader = Reader(partial=partial)
    value = reader.whole(data, lowered, names)
    return Restored(value, tuple((place(at), key) for at, key in reader.twice))


class Reader:
    """Reads one answer, in time that grows with its length.

    Attributes:
        twice: Where pairs hold a key twice, and the key.
    """

    def __init__(self, *, partial: bool = False) -> None:
        self.twice: list[tuple[At, str]] = []
        self.arms = Arms(partial=partial)
        self._partial = partial
        self._all = False

    def whole(self, data: Any, lowered: Lowered, names: Mapping[str, str]) -> Any:
        """The answer in the caller's form."""
        shape = shape_of(lowered)
        if lowered.wrapped:
            shape = shape.properties["value"]
            if isinstance(data, dict) and "value" in data:  # else it is what the caller asked for
                data = data["value"]
        if names and isinstance(data, dict):  # a model may know the caller's names too
            wire = {name: sent for sent, name in names.items() if sent not in data}
            data = {wire.get(name, name): value for name, value in data.items()}
        value = self.read(data, shape, ())
        if names and isinstance(value, dict):
            return {names.get(name, name): inner for name, inner in value.items()}
        return value

    def read(self, data: Any, shape: Shape, at: At) -> Any:
        """A value in the caller's form."""
        return self.apart(data, shape, at) if shape.active else data

    def apart(self, data: Any, shape: Shape, at: At) -> Any:
        """As ``read``, of a shape where something may have to be changed."""
        kind = type(data)
        if kind is dict:
            data = self._mapping(data, shape, at) if shape.codec == "pairs" else self._object(data, shape, at)
        elif kind is list:
            data = self._pairs(data, shape, at) if shape.codec == "pairs" else self._list(data, shape, at)
        elif kind is str and shape.codec == "json":
            return self.parsed(data)
        for union in shape.unions:
            arm = self.arms.chosen(data, union)
            if arm is not None:
                data = self.read(data, arm, at)
        return data

    def parsed(self, text: str) -> Any:
        """The value of a JSON text; the text where it is none."""
        try:
            return unicode_json(json_of(text))
        except (ValueError, RecursionError):
            return text

    def _object(self, data: dict[str, Any], shape: Shape, at: At) -> Any:
        result = dict(data)
        for name in shape.optional:
            if name in result and result[name] is None:
                del result[name]
        for name in shape.tags:
            result.pop(name, None)
        self.properties(result, shape, at)
        rest = shape.rest
        if rest is not None:
            for name in [name for name in result if name not in shape.properties]:
                result[name] = self.read(result[name], rest, (at, name))
        if shape.codec == "tuple" and result.keys() <= shape.properties.keys():
            count = len(result)
            if self._partial or count == len(shape.properties):
                return [result[name] for name in shape.properties if name in result]
        return result

    def properties(self, data: dict[str, Any], shape: Shape, at: At) -> None:
        """Read the properties that are known, in place."""
        for name, inner in shape.lively:
            if name in data:
                data[name] = self.read(data[name], inner, (at, name))

    def _list(self, data: list[Any], shape: Shape, at: At) -> list[Any]:
        first, items = shape.first, shape.items
        if shape.codec == "tuple":  # in the caller's form
            first = tuple(shape.properties.values())
        if items is None or not (items.active or self._all):
            if not (self._all or any(inner.active for inner in first)):
                return data
            items = None
        known = len(first)
        result = [
            self.read(item, inner, (at, index))
            for index, (item, inner) in enumerate(zip(data, first, strict=False))
        ]
        rest = data[known:]
        if items is not None:
            rest = [self.read(item, items, (at, index)) for index, item in enumerate(rest, known)]
        return result + rest

    def _pairs(self, data: list[Any], shape: Shape, at: At) -> Any:
        if self._partial and data and not _is_pair(data[-1]):
            data = data[:-1]
        if not all(map(_is_pair, data)):
            return data
        assert shape.items is not None
        named = shape.items.properties
        keys, values = named["key"], named["value"]
        result = {
            self.key(item["key"], keys): self.read(item["value"], values, (at, item["key"])) for item in data
        }
        if len(result) == len(data):
            return result
        counts = Counter([self.key(item["key"], keys) for item in data])
        self.twice.append((at, next(key for key, count in counts.items() if count > 1)))
        return data

    def _mapping(self, data: dict[str, Any], shape: Shape, at: At) -> dict[str, Any]:
        """A mapping that was written as one, where pairs were asked for."""
        assert shape.items is not None
        values = shape.items.properties["value"]
        return {key: self.read(value, values, (at, key)) for key, value in data.items()}

    def key(self, given: Any, keys: Shape) -> str:  # noqa: ARG002 - what the keys may be is for the tolerant
        """The key of a pair."""
        return str(given)


def place(at: At) -> str:
    """A place as a JSON pointer."""
    names: list[Any] = []
    while at:
        at, name = at
        names.append(name)
    return pointer(*reversed(names))


def _is_pair(item: Any) -> bool:
    return type(item) is dict and item.keys() == _PAIR
