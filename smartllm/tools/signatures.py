"""What a function takes: its parameters, their types and what is told of each."""

from __future__ import annotations

import functools
import inspect
import typing
from collections.abc import Callable, Iterator, Mapping
from typing import Annotated, Any, Final, NamedTuple, NotRequired, Required, get_origin, get_type_hints

import typing_extensions
from pydantic import Field
from pydantic.fields import FieldInfo

from smartllm.tools.errors import ToolError

KEYWORDS: Final = "**"
"""Where what ``**kwargs`` take stands while it is checked; no parameter can have that name."""

_STARS: Final = (inspect.Parameter.VAR_POSITIONAL, inspect.Parameter.VAR_KEYWORD)
# Before Python 3.12 they are not the same.
_UNPACK: Final = (typing.Unpack, typing_extensions.Unpack)
WRAP: Final = "write a function around it, with an annotation for each parameter"
"""The next step where a signature says nothing that can be used."""


class Argument(NamedTuple):
    """One parameter of a function.

    Attributes:
        parameter: As ``inspect`` tells it.
        key: Its name in JSON.
        annotation: Its type, with its description.
        field: What pydantic knows of it.
        optional: A call may leave it out.
    """

    parameter: inspect.Parameter
    key: str
    annotation: Any
    field: FieldInfo
    optional: bool

    @property
    def has_default(self) -> bool:
        """The function itself says what stands for it if it is left out."""
        default = self.parameter.default
        return default is not inspect.Parameter.empty and not isinstance(default, FieldInfo)


def plain(function: Any) -> Any:
    """The function that a method or a partial calls."""
    while isinstance(function, functools.partial):
        function = function.func
    return function.__func__ if inspect.ismethod(function) else function


def signature_of(
    function: Callable[..., Any], tool: str, names: Mapping[str, Any] | None
) -> tuple[inspect.Signature, dict[str, Any]]:
    """The parameters that a model may give, and their annotations.

    Raises:
        ToolError: They cannot be read.
    """
    inner = plain(function)
    annotated = inner if inspect.isroutine(inner) else type(inner).__call__
    try:
        signature = inspect.signature(function)
        hints = get_type_hints(annotated, localns=dict(names) if names else None, include_extras=True)
        fixed = function.keywords if isinstance(function, functools.partial) else {}
        kept = [one for one in _expanded(signature, hints) if one.name not in fixed]
        signature = signature.replace(parameters=kept)
    except NameError as error:
        raise ToolError(
            f"tool {tool}: an annotation names {error.name!r}, which is not there; allowed: names of the "
            "function's module",
            hint=f"define or import {error.name} at the top of that module; or put @tool above the function, "
            "then the names around it count too",
        ) from None
    except (TypeError, ValueError, SyntaxError) as error:
        raise ToolError(f"tool {tool}: its signature cannot be read: {error}", hint=WRAP) from None
    if kept and kept[0].name in {"self", "cls"} and kept[0].name not in hints:
        raise ToolError(
            f"tool {tool}: its first parameter is {kept[0].name}, which no model can give",
            hint="give the bound method: the attribute of an object, not of its class",
        )
    return signature, hints


def _expanded(signature: inspect.Signature, hints: dict[str, Any]) -> Iterator[inspect.Parameter]:
    """The parameters, with each keyword that ``**kwargs: Unpack[TypedDict]`` takes."""
    for one in signature.parameters.values():
        if one.kind is one.VAR_KEYWORD and get_origin(hints.get(one.name)) in _UNPACK:
            yield from _unpacked(hints[one.name].__args__[0], hints)
        else:
            yield one


def _unpacked(options: Any, hints: dict[str, Any]) -> Iterator[inspect.Parameter]:
    for name, hint in get_type_hints(options, include_extras=True).items():
        origin = get_origin(hint)
        said = hint.__args__[0] if origin in {Required, NotRequired} else hint
        # Where annotations are texts, the class itself counts what they say as required.
        needed = origin is Required or (origin is not NotRequired and name in options.__required_keys__)
        hints[name] = said if needed else NotRequired[said]
        yield inspect.Parameter(name, inspect.Parameter.KEYWORD_ONLY)


def argument_of(
    parameter: inspect.Parameter, hints: Mapping[str, Any], described: Mapping[str, str], tool: str
) -> Argument:
    """What is known of a parameter; a text in its annotation goes before the docstring's.

    Raises:
        ToolError: It has several names in JSON.
    """
    hint: Any = hints.get(parameter.name, Any)
    default = parameter.default
    optional = parameter.kind in _STARS
    if parameter.kind is parameter.VAR_POSITIONAL:
        hint = list[hint]
    elif parameter.kind is parameter.VAR_KEYWORD:
        hint = dict[str, hint]
    elif get_origin(hint) is NotRequired:
        hint, optional = hint.__args__[0], True
    if isinstance(default, FieldInfo):
        field = FieldInfo.from_annotated_attribute(hint, default)
        hint = Annotated[hint, default]
    else:
        field = FieldInfo.from_annotation(hint)
        optional = optional or default is not parameter.empty
    key: Any = (
        KEYWORDS if parameter.kind is parameter.VAR_KEYWORD else field.validation_alias or parameter.name
    )
    if not isinstance(key, str):
        raise ToolError(
            f"tool {tool}: the parameter {parameter.name} has several names: {key!r}; allowed: one",
            hint='say Field(alias="name")',
        )
    text = described.get(parameter.name, "") if field.description is None else ""
    for note in field.metadata if field.description is None else ():
        text = note if isinstance(note, str) else getattr(note, "documentation", text)
    if text:
        hint = Annotated[hint, Field(description=text)]
    return Argument(parameter, key, hint, field, optional or not field.is_required())
