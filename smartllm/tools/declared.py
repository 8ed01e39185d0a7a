"""Tools that a model may call: ``Tool``, and what declares one."""

from __future__ import annotations

import functools
import inspect
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, fields
from typing import TYPE_CHECKING, Any, Final, overload

from smartllm.near import slip_of
from smartllm.part_names import NamesFields
from smartllm.tools.checks import (
    check_name,
    check_strict,
    check_text,
    checked_json,
    checked_schema,
    is_model,
    object_of,
    shown,
    unusable,
)
from smartllm.tools.decorator import said_of
from smartllm.tools.errors import ToolError

if TYPE_CHECKING:
    from pydantic import BaseModel

    from smartllm.tools.function_schema import FunctionSchema, ModelSchema

__all__ = ["Tool"]

_NOTHING: Final = '{"type": "object", "properties": {}, "additionalProperties": false}'
_SHAPES: Final = frozenset({"type", "properties", "$ref", "anyOf", "oneOf", "allOf", "enum", "const"})
"""Keywords of a schema that say what it is; without one the schema of arguments is an object's."""
_WRITTEN: Final = frozenset({"name", "description", "parameters", "strict", "function"})
_GIVEN: Final = "a function, a pydantic model class, a Tool, or a dict in the provider's own words"


@dataclass(frozen=True)
class Tool(NamesFields):
    """A tool that a model may call.

    Attributes:
        name: Its name: 1 to 64 letters, digits, ``_`` and ``-``.
        description: What it does and when to use it, for the model; ``Tool.from_`` takes it from a docstring.
        parameters: A JSON Schema of type object, or a pydantic model; None takes the function's signature,
            and without a function the tool takes nothing.
        strict: The provider binds calls to the schema; None leaves that to the rules of the model.
        function: What a call runs, sync or async. It gets the model alone where ``parameters`` are a pydantic
            model, else Python values by its signature.

    Raises:
        ToolError: Names the field or the parameter, its value, and what is allowed.

    Examples:
        >>> zone = {"type": "object", "properties": {"zone": {"type": "string"}}}
        >>> Tool("now", "The time in a zone.", zone).name
        'now'
    """

    name: str
    description: str = ""
    parameters: Mapping[str, Any] | type[BaseModel] | None = None
    strict: bool | None = None
    function: Callable[..., Any] | None = field(default=None, repr=False)

    def __post_init__(self) -> None:
        check_name(self.name)
        check_text("description", self.description)
        check_strict(self.strict)
        if self.function is not None and not callable(self.function):
            raise unusable("function", self.function, "a function or another object that can be called")
        if isinstance(self.parameters, Mapping):
            object.__setattr__(self, "parameters", checked_schema(self.parameters, self.name))
        elif self.parameters is not None and not is_model(self.parameters):
            raise unusable(
                "parameters", self.parameters, "a JSON Schema as a dict, or a pydantic model class"
            )
        self._reader  # noqa: B018 - what is wrong with it is said here, not when it is used

    def __reduce__(self) -> tuple[Any, ...]:
        # What was read of the function stays behind: it is no data.
        return type(self), tuple(getattr(self, one.name) for one in fields(self))

    @property
    def schema_text(self) -> str:
        """The JSON Schema of its arguments, as JSON; made once."""
        return self._schema_text

    @property
    def schema(self) -> dict[str, Any]:
        """The JSON Schema of its arguments, as data of the caller's own."""
        found: dict[str, Any] = json.loads(self._schema_text)
        return found

    def call(self, arguments: Mapping[str, Any] | str) -> Any:
        """Check a model's arguments and call the function with the Python values that they stand for.

        Args:
            arguments: Of a ``ToolCall``: an object, or its text.

        Returns:
            What the function returns: of an async one, a coroutine to await. Without a function, the model
            that the arguments make.

        Raises:
            ToolArgumentsError: The arguments do not fit; the message can be sent back to the model.
            ToolError: There is neither a function nor a model to make.
        """
        given = object_of(self.name, arguments)
        reader = self._reader
        if reader is None:
            raise ToolError(
                f"tool {self.name}: function=None cannot be called; allowed: a function",
                hint="say Tool(..., function=...), or run the tool yourself and answer with a ToolResult",
            )
        values = reader.values(self.name, given)
        if isinstance(values, inspect.BoundArguments):
            assert self.function is not None
            return self.function(*values.args, **values.kwargs)
        return values if self.function is None else self.function(values)

    @overload
    @classmethod
    def from_(cls, given: Mapping[str, Any], /) -> Tool | dict[str, Any]: ...
    @overload
    @classmethod
    def from_(cls, given: Tool | Callable[..., Any] | type[BaseModel], /) -> Tool: ...
    @classmethod
    def from_(
        cls, given: Tool | Callable[..., Any] | type[BaseModel] | Mapping[str, Any], /
    ) -> Tool | dict[str, Any]:
        """The tool that something declares.

        Args:
            given: A ``Tool``; a function, whether ``@tool`` stands above it or not, a bound method or a
                ``functools.partial``; a pydantic model class; or a dict. A dict of fields of ``Tool``, its
                name among them, is one written down; every other dict is a provider's own tool.

        Returns:
            The tool; a provider's own one as it was given, in a dict of its own.

        Raises:
            ToolError: It declares none; names what is wrong, and what is allowed.
        """
        if isinstance(given, Tool):
            return given
        if isinstance(given, Mapping):
            return _from_json(given)
        if is_model(given):
            return cls(given.__name__, inspect.cleandoc(given.__doc__ or ""), given)
        if isinstance(given, type) or not callable(given):
            raise ToolError(f"{shown(given)} declares no tool; allowed: {_GIVEN}")
        return _from_function(given)

    @functools.cached_property
    def _reader(self) -> FunctionSchema | ModelSchema | None:
        """What turns arguments into Python values; pydantic loads only where there is something to turn."""
        model = self.parameters if is_model(self.parameters) else None
        if model is None and self.function is None:
            return None
        from smartllm.tools import function_schema as schemas  # noqa: PLC0415 - see above

        if model is not None:
            return schemas.ModelSchema(model, self.name)
        assert self.function is not None
        return schemas.function_schema(self.function, self.name, said_of(self.function).names)

    @functools.cached_property
    def _schema_text(self) -> str:
        if isinstance(self.parameters, Mapping):
            said = self.parameters.keys() & _SHAPES
            return json.dumps(self.parameters if said else {"type": "object", **self.parameters})
        return _NOTHING if self._reader is None else self._reader.text


def _from_function(function: Callable[..., Any]) -> Tool:
    said = said_of(function)
    inner = function
    while isinstance(inner, functools.partial):
        inner = inner.func
    name = said.name or getattr(inner, "__name__", None)
    if name is None:
        raise ToolError(
            f"{shown(function)} has no name; allowed: a function",
            hint='say Tool("a_name", function=...)',
        )
    description = said.description
    if description is None:
        from smartllm.tools.function_schema import function_schema  # noqa: PLC0415 - loads pydantic

        description = function_schema(function, name, said.names).description
    return Tool(name, description, strict=said.strict, function=function)


def _from_json(given: Mapping[str, Any]) -> Tool | dict[str, Any]:
    if "name" in given and given.keys() <= _WRITTEN:
        return Tool(**given)
    if not given:
        raise ToolError(f"{{}} declares no tool; allowed: {_GIVEN}")
    if "name" in given and "type" not in given:  # a provider's own tool may have any other names
        for name in given:
            if name not in _WRITTEN and (meant := slip_of(str(name), _WRITTEN)):
                raise ToolError(f"{name!r} is no field of a tool; did you mean {meant}?")
    own: dict[str, Any] = checked_json(given, "a provider's own tool")
    return own
