"""What ``response_format`` may be: types of all kinds, and JSON Schemas; all else is refused by name."""

from __future__ import annotations

import dataclasses
import types
import typing
from collections.abc import Mapping
from typing import TYPE_CHECKING, Annotated, Any, Final, TypeAlias, TypeVar, get_origin

import typing_extensions
from pydantic import BaseModel, PlainValidator, TypeAdapter
from pydantic_core import PydanticCustomError

if TYPE_CHECKING:
    from typing_extensions import TypeForm

T = TypeVar("T")

ALLOWED: Final = (
    "a type (a Pydantic model, list[Model], a union, a TypedDict, a dataclass, an Enum, a Literal, int …), "
    "a TypeAdapter, or a JSON Schema as a dict"
)
"""In the words of messages."""
NO_FORMAT: Final[Any] = None
"""The default: for type checkers an answer without a format is of any type, not of None's."""

_SHOWN: Final = 60
_ALIASES: Final = tuple(
    {typing_extensions.TypeAliasType, getattr(typing, "TypeAliasType", typing_extensions.TypeAliasType)}
)


def is_type(given: Any) -> bool:
    """Whether a value is a type, or a ``TypeAdapter`` of one; generic forms and unions are types."""
    if isinstance(given, (type, TypeAdapter, types.UnionType, typing.NewType, *_ALIASES)):
        return True
    return get_origin(given) is not None


def is_alias(given: Any) -> bool:
    """Whether a type is a named alias, as ``type X = …`` makes one."""
    return isinstance(given, _ALIASES)


def _taken(given: Any) -> Any:
    """A response format as it stands in a request: a type, or a dict of the request's own."""
    if given is None or is_type(given):
        return given
    if isinstance(given, Mapping):
        return dict(given)
    says = f"{_shown(given)} {_advice(given)}; allowed: {ALLOWED}"
    raise PydanticCustomError("response_format", "{says}", {"says": says})


def _advice(given: Any) -> str:
    name = type(given).__name__
    if isinstance(given, str):
        if given.lstrip().startswith("{"):
            return "is the text of a JSON Schema: give json.loads of it"
        return "is a text: give the class itself, not its name"
    if isinstance(given, list | tuple | set | frozenset) and len(given) == 1 and is_type(next(iter(given))):
        inner = next(iter(given))
        shown = inner.__name__ if isinstance(inner, type) else str(inner)
        kind = "tuple" if isinstance(given, tuple) else "list"
        return f"is a {name} that holds a type: give {kind}[{shown}{', ...' if kind == 'tuple' else ''}]"
    if isinstance(given, BaseModel) or dataclasses.is_dataclass(given):
        return f"is an object: give its class, {name}"
    if isinstance(given, types.FunctionType | types.MethodType | types.BuiltinFunctionType):
        return "is a function: functions that the model may call go into tools"
    return f"is no type but of type {name}"


def _shown(given: Any) -> str:
    """A value in few characters; ``repr`` is the caller's code and may fail."""
    try:
        text = repr(given)
    except Exception:  # noqa: BLE001 - see above
        text = f"<{type(given).__name__}>"
    return text if len(text) <= _SHOWN else f"{text[: _SHOWN - 1]}…"


if TYPE_CHECKING:
    FormatField: TypeAlias = TypeForm[T] | type[T] | TypeAdapter[T] | dict[str, Any] | None
else:

    class FormatField:
        """What a request takes as ``response_format``; whether Pydantic can read a type is asked later."""

        def __class_getitem__(cls, _: Any) -> Any:
            """The field, whatever the request's answers are."""
            return Annotated[Any, PlainValidator(_taken)]
