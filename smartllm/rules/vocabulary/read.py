"""From TOML's values to the vocabulary's, as the types of its fields say."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import fields, is_dataclass
from functools import cache, partial
from types import NoneType, UnionType
from typing import Annotated, Any, TypeVar, Union, get_args, get_origin

T = TypeVar("T")


def table_from(kind: type[T], data: Mapping[str, Any]) -> T:
    """A table of the vocabulary from TOML data of its shape; what is not stated has its default."""
    table: Any = kind
    readers = _readers(table)
    return kind(**{name: readers[name](value) for name, value in data.items() if name in readers})


@cache
def _readers(kind: Any) -> dict[str, Callable[[Any], Any]]:
    """How the value of each field is read; the vocabulary's annotations are types, not texts."""
    return {one.name: _reader(one.type) for one in fields(kind)}


def _reader(kind: Any) -> Callable[[Any], Any]:
    if is_dataclass(kind):
        table: Any = kind
        return partial(table_from, table)
    origin, inner = get_origin(kind), get_args(kind)
    if origin is Annotated:
        return _reader(inner[0])
    if origin in {Union, UnionType}:
        (only,) = (item for item in inner if item is not NoneType)  # TOML has no null
        return _reader(only)
    if origin is tuple:
        item = _reader(inner[0])
        return lambda values: tuple(map(item, values))
    if origin is dict:
        row = _reader(inner[1])
        return lambda table: {key: row(value) for key, value in table.items()}
    return _number if kind is float else _same


def _number(value: Any) -> Any:
    """TOML's 1 is a whole number; where fractions are allowed it is sent as 1.0."""
    return float(value) if type(value) is int else value


def _same(value: Any) -> Any:
    return value
