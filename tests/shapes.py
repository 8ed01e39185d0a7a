"""Shapes that people ask for beside the gallery: models and other types, each with answers."""

from __future__ import annotations

import datetime as dt
from typing import Final

import shapes_named as named
import shapes_typed as typed
import shapes_united as united
from gallery import GALLERY
from shape_cases import Shape, shape

SHAPES: Final[dict[str, Shape]] = {**typed.SHAPES, **united.SHAPES, **named.SHAPES}
"""Models."""

_P: Final = typed.P(name="Ada", age=36)
TYPES: Final[dict[str, Shape]] = {
    "list_of_models": shape([_P], [], of=list[typed.P]),
    "optional_model": shape(_P, None, of=typed.P | None),
    "either_model": shape(_P, united.Card(number="1"), of=typed.P | united.Card),
    "typed_dict": shape({"lat": 1.5}, {"lat": 0.5, "lon": 2.0}, of=typed.Point),
    "dataclass": shape(typed.Span(1), typed.Span(1, 5), of=typed.Span),
    "named_tuple": shape(typed.Pair(1, "a"), of=typed.Pair),
    "enum": shape(typed.Tone.DARK, of=typed.Tone),
    "literal": shape("a", 1, of=typed.MIXED),
    "int": shape(5, of=int),
    "text": shape("", "null", of=str),
    "dict_of_models": shape({"ada": _P, "": _P}, {}, of=dict[str, typed.P]),
    "tuple": shape((1, "a"), of=tuple[int, str]),
    "date": shape(dt.date(2026, 11, 26), of=dt.date),
    "discriminated": shape(united.Card(number="1"), united.Bank(iban="DE"), of=united.PAY),
}
"""Types that are no models."""

MODELS: Final[dict[str, Shape]] = SHAPES | {
    f"gallery_{name}": Shape(case.model, case.examples) for name, case in GALLERY.items()
}
"""All models that are tried, those of the gallery among them."""
