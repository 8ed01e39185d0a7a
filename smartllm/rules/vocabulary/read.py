"""From TOML's values to the vocabulary's, as the types of its fields say."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import MISSING, fields, is_dataclass
from functools import cache, partial
from types import MappingProxyType, NoneType, UnionType
from typing import Annotated, Any, Final, TypeVar, Union, get_args, get_origin

T = TypeVar("T")

_AS_DECLARED: Final[Mapping[str, Any]] = MappingProxyType({})


def table_from(kind: type[T], data: Mapping[str, Any], defaults: Mapping[str, Any] = _AS_DECLARED) -> T:
    """A table of the vocabulary from TOML data of its shape; what is not stated has its default.

    Args:
        kind: The table.
        data: What is stated.
        defaults: Defaults that are others than the table's own.
    """
    table: Any = kind
    readers = _readers(table)
    stated = {name: readers[name](value) for name, value in data.items() if name in readers}
    return kind(**{**defaults, **stated} if defaults else stated)


@cache
def _readers(kind: Any) -> dict[str, Callable[[Any], Any]]:
    """How the value of each field is read; the vocabulary's annotations are types, not texts."""
    return {one.name: _reader(one.type, one.default) for one in fields(kind)}


def _others(table: Any, default: Any) -> dict[str, Any]:
    """Where the default of a field that is a table differs from a table of which nothing is stated."""
    plain = table()
    return {
        one.name: getattr(default, one.name)
        for one in fields(table)
        if getattr(default, one.name) != getattr(plain, one.name)
    }


def _reader(kind: Any, default: Any = MISSING) -> Callable[[Any], Any]:
    if is_dataclass(kind):
        table: Any = kind
        others = _others(table, default) if isinstance(default, table) else {}
        return partial(table_from, table, defaults=others) if others else partial(table_from, table)
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
