"""Which arm of a union an answer means: by its type, by tags and fixed values, by names; in one pass."""

from __future__ import annotations

from typing import Any, Final

from smartllm.compiler.schema.answers.answer_shapes import KINDS, Shape, Union

_WRONG: Final = 100
_MISSING: Final = 50
_UNKNOWN: Final = 30
_OTHER_CASE: Final = 10
_TEXT: Final = 20
"""Text where something else is wanted that it may hold."""
_AS_WRITTEN: Final = 1
_OPEN: Final = 1
"""A property that nothing is known of where others are taken."""


class Arms:
    """Chooses arms while one answer is read; each part of it is compared with each shape once.

    Args:
        partial: The answer goes on: what is missing may still come.
    """

    def __init__(self, *, partial: bool = False) -> None:
        self._missing = 0 if partial else _MISSING
        # With what was compared, so that no other value gets its id meanwhile.
        self._costs: dict[tuple[int, int], tuple[int, Any]] = {}

    def chosen(self, data: Any, union: Union) -> Shape | None:
        """The arm that fits best; the first of several; None where no arm is for such a value."""
        arms = union.taking[KINDS[type(data)]]
        if len(arms) < 2:  # noqa: PLR2004 - one is not told apart
            return arms[0] if arms else None
        if type(data) is dict:
            if union.tag is not None:
                tag = data.get(union.tag)
                arms = (union.by_tag.get(tag) if type(tag) is str else None) or union.untagged or arms
            possible = arms if len(arms) == 1 else tuple(arm for arm in arms if self.may_fit(data, arm))
            if len(possible) == 1:
                return possible[0]
            arms = possible or arms
        # Where two are as good, the first one: a smaller key never comes later.
        return min(arms, key=lambda arm: self.cost(data, arm))

    def may_fit(self, data: dict[str, Any], arm: Shape) -> bool:
        """Whether an object's names, and the types of what they hold, fit; no deeper."""
        if self._missing and not arm.required <= data.keys():
            return False
        for name, value in data.items():
            inner = arm.properties.get(name)
            if inner is None:
                if arm.closed:
                    return False
            elif not (value is None and name in arm.optional) and self._scalar(value, inner) >= _TEXT:
                return False
        return True

    def cost(self, data: Any, shape: Shape) -> int:
        """How far data is from a shape: 0 where it fits, whatever patterns, formats and limits say."""
        kind = type(data)
        held = kind is dict or kind is list
        if not held and not shape.unions:
            return self._scalar(data, shape)
        key = (id(data), id(shape))
        known = self._costs.get(key)
        if known is None:
            self._costs[key] = 0, data  # a shape that holds itself beside other keywords comes back here
            own = self._held(data, shape) if held else self._scalar(data, shape)
            known = self._costs[key] = own + self._unions(data, shape), data
        return known[0]

    def _scalar(self, data: Any, shape: Shape) -> int:
        kind = KINDS[type(data)]
        if kind in shape.types or (kind == "number" and "integer" in shape.types and data == data // 1):
            if type(data) is str and shape.texts is not None:
                return _among(data, shape.texts)
            return _WRONG if shape.values is not None and data not in shape.values else 0
        if kind in shape.also:
            return _AS_WRITTEN
        return _TEXT if kind == "string" else _WRONG

    def _held(self, data: Any, shape: Shape) -> int:
        kind = KINDS[type(data)]
        if kind not in shape.types:
            return _AS_WRITTEN if kind in shape.also else _WRONG
        wrong = _WRONG if shape.values is not None and data not in shape.values else 0
        inside = self._object(data, shape) if kind == "object" else self._list(data, shape)
        return wrong + inside

    def _unions(self, data: Any, shape: Shape) -> int:
        return sum(min(self.cost(data, arm) for arm in union.arms) for union in shape.unions)

    def _object(self, data: dict[str, Any], shape: Shape) -> int:
        total = sum(self._missing for name in shape.required if name not in data)
        for name, value in data.items():
            inner = shape.properties.get(name)
            if inner is not None:
                total += 0 if value is None and name in shape.optional else self.cost(value, inner)
            elif shape.closed:
                total += _UNKNOWN
            elif shape.rest is not None:
                total += self.cost(value, shape.rest)
            else:
                total += _OPEN
        return total

    def _list(self, data: list[Any], shape: Shape) -> int:
        known = len(shape.first)
        total = sum(map(self.cost, data, shape.first))
        if shape.items is not None:
            total += sum(self.cost(item, shape.items) for item in data[known:])
        return total


def _among(text: str, texts: dict[str, list[str]]) -> int:
    found = texts.get(text.casefold(), ())
    if text in found:
        return 0
    return _OTHER_CASE if found else _WRONG
