"""Values that a model wrote otherwise than the schema wants, read as the only thing that they can mean."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any, Final, NamedTuple

from smartllm.compiler.schema.answers.answer_shapes import KINDS, Shape, Union
from smartllm.compiler.schema.answers.restore import AS_SENT, At, Reader, place
from smartllm.compiler.schema.answers.shaping import shape_of
from smartllm.compiler.schema.answers.texts import loose_value_of, value_of
from smartllm.compiler.schema.types import Lowered

IN_TEXT: Final = "a value written as text"
NOTHING: Final = "text that stands for null"
CAPITALS: Final = "other capitals"
WRAPPER: Final = "an object around it"
TAG: Final = "left out, though only one value fits,"
_NULLS: Final = frozenset({"", "null"})


class Repair(NamedTuple):
    """One thing that was read otherwise than it was written.

    Attributes:
        place: Where, as a JSON pointer into the answer.
        what: What was found there, in words.
    """

    place: str
    what: str


class Repaired(NamedTuple):
    """An answer in the caller's form.

    Attributes:
        value: Input for the caller's model.
        repairs: What was read otherwise than it was written.
        twice: As ``Restored.twice``.
    """

    value: Any
    repairs: tuple[Repair, ...]
    twice: tuple[tuple[str, str], ...] = ()


def repaired(
    data: Any, lowered: Lowered, names: Mapping[str, str] = AS_SENT, *, values_only: bool = False
) -> Repaired:
    """As ``restore``, with what does not fit read as the only thing that it can mean.

    Llama writes numbers as text; Claude, and models that do not follow ``$ref``, lists and objects; values of
    an enum come in other capitals. A place where the schema takes a text keeps it, whatever it holds.

    Args:
        data: Parsed JSON; it is not changed.
        lowered: The schema that was sent.
        names: As for ``restore``.
        values_only: Read only text that is the JSON of a value.

    Raises:
        RecursionError: The data is nested too deeply.
    """
    reader = _Tolerant(values_only=values_only)
    value = reader.whole(data, lowered, names)
    repairs = tuple(Repair(place(at), what) for at, what in reader.repairs)
    return Repaired(value, repairs, tuple((place(at), key) for at, key in reader.twice))


def may_be(value: Any, lowered: Lowered) -> bool:
    """Whether a value is of a type that an answer may have, on the wire or in the caller's form."""
    shape = shape_of(lowered)
    return _takes(shape.properties["value"] if lowered.wrapped else shape, value)


def lenient(data: Any, schema: Mapping[str, Any]) -> tuple[Any, tuple[str, ...]]:
    """Read text as the JSON that it holds, where the schema takes no text but takes that.

    Args:
        data: Parsed JSON; it is not changed.
        schema: What it should fit.

    Returns:
        The data, and JSON pointers to what was text.

    Raises:
        RecursionError: The data is nested too deeply.
    """
    found = repaired(data, Lowered(dict(schema)), values_only=True)
    return found.value, tuple(repair.place for repair in found.repairs)


class _Tolerant(Reader):
    def __init__(self, *, values_only: bool) -> None:
        super().__init__()
        self.repairs: list[tuple[At, str]] = []
        self._all, self._values_only = True, values_only

    def whole(self, data: Any, lowered: Lowered, names: Mapping[str, str]) -> Any:
        root = shape_of(lowered)
        data = self._text(data, root, ()) if type(data) is str else data
        if self._values_only:
            return super().whole(data, lowered, names)
        inner = root.properties["value"] if lowered.wrapped else root
        if isinstance(data, dict) and len(data) == 1 and not data.keys() & root.properties.keys():
            (held,) = data.values()
            held = self._text(held, inner, ()) if type(held) is str else held
            if _takes(inner, held) and self.arms.cost(held, inner) < self.arms.cost(data, inner):
                self.repairs.append(((), WRAPPER))
                data = held
        return super().whole(data, lowered, names)

    def read(self, data: Any, shape: Shape, at: At) -> Any:
        return self.apart(self._text(data, shape, at) if type(data) is str else data, shape, at)

    def apart(self, data: Any, shape: Shape, at: At) -> Any:
        for union in shape.unions:
            data = self._tagged(data, union, at)
        return super().apart(data, shape, at)

    def properties(self, data: dict[str, Any], shape: Shape, at: At) -> None:
        for name, inner in shape.properties.items():
            if name not in data:
                continue
            value = data[name]
            may_go = name in shape.optional or name not in shape.required
            null = "null" in inner.types and name not in shape.optional  # else it says that nothing is there
            if may_go and not null and self._stands_for_nothing(value, inner):
                self.repairs.append(((at, name), NOTHING))
                del data[name]
            else:
                data[name] = self.read(value, inner, (at, name))

    def key(self, given: Any, keys: Shape) -> str:
        return str(self._text(given, keys, ()) if type(given) is str else given)

    def parsed(self, text: str) -> Any:
        value = super().parsed(text)
        if value is not text or self._values_only:
            return value
        try:
            value = loose_value_of(text)
        except (ValueError, RecursionError):
            return text
        self.repairs.append(((), IN_TEXT))
        return value

    def _tagged(self, data: Any, union: Union, at: At) -> Any:
        """An object with the tag of the only arm that it fits, where it has none."""
        tag = union.tag
        if tag is None or self._values_only or type(data) is not dict or data.get(tag) is not None:
            return data
        likely = [(data | {tag: text}, arm) for text, arms in union.by_tag.items() for arm in arms]
        fitting = [one for one, arm in likely if self.arms.may_fit(one, arm)]
        if len(fitting) != 1 or any(self.arms.may_fit(data, arm) for arm in union.untagged):
            return data
        self.repairs.append(((at, tag), TAG))
        return fitting[0]

    def _stands_for_nothing(self, value: Any, inner: Shape) -> bool:
        if value is None:
            return "null" not in inner.types
        text = type(value) is str and "string" not in inner.types and not self._values_only
        return text and value.strip() in _NULLS

    def _text(self, text: str, shape: Shape, at: At) -> Any:
        """What a text means at a place; the text itself where it is one, or may mean several things."""
        texts = shape.texts
        if "string" in shape.types:
            if texts is None or shape.codec:
                return text
            same = texts.get(text.casefold(), ())
            if text in same:
                return text
            if len(same) == 1 and not self._values_only:
                self.repairs.append((at, CAPITALS))
                return same[0]
        try:
            value = value_of(text)
        except (ValueError, RecursionError):
            value = text if self._values_only else self._loosely(text, shape)
        if type(value) is str or not _takes(shape, value):
            return text
        self.repairs.append((at, NOTHING if value is None else IN_TEXT))
        return value

    def _loosely(self, text: str, shape: Shape) -> Any:
        if not text.strip():
            return None if "null" in shape.types else text
        try:
            return loose_value_of(text)
        except (ValueError, RecursionError):
            return text


def _takes(shape: Shape, value: Any) -> bool:
    kind = KINDS[type(value)]
    if kind == "number" and not math.isfinite(value):
        return False
    whole = kind == "number" and value == value // 1
    return kind in shape.types or kind in shape.also or (whole and "integer" in shape.types)
