"""From functions and models to JSON Schema, and from arguments in JSON to Python's values."""

from __future__ import annotations

import functools
import inspect
import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, Final, NotRequired, TypeVar
from weakref import WeakKeyDictionary

from pydantic import BaseModel, ConfigDict, TypeAdapter, ValidationError
from pydantic.json_schema import GenerateJsonSchema
from typing_extensions import TypedDict

from smartllm.errors import UnsupportedError
from smartllm.json_values import check_json
from smartllm.tools.checks import shown
from smartllm.tools.docstrings import told
from smartllm.tools.errors import ToolArgumentsError, ToolError
from smartllm.tools.signatures import KEYWORDS, WRAP, Argument, argument_of, plain, signature_of

_T = TypeVar("_T")
_typed_dict: Final[Any] = TypedDict  # mypy knows it with its fields written out alone


class _Schema(GenerateJsonSchema):
    """Without the titles that only repeat a name: each costs tokens in every request."""

    def field_title_should_be_set(self, schema: Any) -> bool:  # noqa: ARG002 - pydantic's signature
        return False


class ModelSchema:
    """A pydantic model as the parameters of a tool: a call makes one.

    Attributes:
        text: Its JSON Schema, as JSON.
    """

    def __init__(self, model: type[BaseModel], tool: str) -> None:
        self._validate = model.model_validate_json
        try:
            schema = model.model_json_schema(schema_generator=_Schema)
        except Exception as error:  # noqa: BLE001 - types bring code of their own
            raise ToolError(
                f"tool {tool}: the model {model.__name__} has no JSON Schema: {_first_line(error)}",
                hint="give each of its fields a type that JSON can say",
            ) from None
        schema.pop("description", None)  # it is the tool's
        self.text = _text(schema, tool)

    def values(self, tool: str, arguments: Mapping[str, Any]) -> BaseModel:
        """The model that arguments make.

        Raises:
            ToolArgumentsError: They do not fit.
        """
        return _fitting(tool, arguments, self._validate)


class FunctionSchema:
    """What a function takes.

    Attributes:
        text: The JSON Schema of its arguments, as JSON.
        description: What its docstring says of it.
    """

    def __init__(self, function: Callable[..., Any], tool: str, names: Mapping[str, Any] | None) -> None:
        said = told(plain(function))
        self.description = said.description
        self._signature, hints = signature_of(function, tool, names)
        self._arguments = [
            argument_of(one, hints, said.parameters, tool) for one in self._signature.parameters.values()
        ]
        keys = {one.key for one in self._arguments}
        if len(keys) < len(self._arguments):
            clashing = ", ".join(one.parameter.name for one in self._arguments)
            raise ToolError(f"tool {tool}: two of {clashing} have one name in JSON; allowed: a name for each")
        self._takes_more = KEYWORDS in keys
        self._known = keys.union(map(_field_name, self._arguments)) - {KEYWORDS}
        try:
            self._adapter = _adapter(self._arguments)
            schema = self._adapter.json_schema(schema_generator=_Schema)
        except Exception as error:  # noqa: BLE001 - same
            raise _blamed(error, self._arguments, tool) from None
        self.text = _text(_finished(schema, self._arguments, tool), tool)

    def values(self, tool: str, arguments: Mapping[str, Any]) -> inspect.BoundArguments:
        """What to call the function with.

        Raises:
            ToolArgumentsError: The arguments do not fit.
        """
        given = dict(arguments)
        if self._takes_more:
            more = {key: given.pop(key) for key in arguments if key not in self._known}
            given[KEYWORDS] = more
        found: dict[str, Any] = _fitting(tool, given, self._adapter.validate_json)
        values: dict[str, Any] = {}
        for one in self._arguments:
            name = _field_name(one)
            # Pydantic fills in a default of the annotation, before which the function's own goes.
            if name in found and (one.key in given or not one.has_default):
                values[one.parameter.name] = found[name]
        bound = inspect.BoundArguments(self._signature, values)
        bound.apply_defaults()
        return bound


_KNOWN: Final[WeakKeyDictionary[Any, dict[bool, FunctionSchema]]] = WeakKeyDictionary()


def function_schema(
    function: Callable[..., Any], tool: str, names: Mapping[str, Any] | None = None
) -> FunctionSchema:
    """What a function takes; read once for each function.

    Args:
        function: The function, a bound method, a ``functools.partial`` or another callable object.
        tool: Its name, for messages.
        names: What annotations may name, beside the names of its module.

    Raises:
        ToolError: A parameter cannot be said in JSON; it is named.
    """
    inner, bound = plain(function), inspect.ismethod(function)
    if isinstance(function, functools.partial) or not inspect.isfunction(inner):
        return FunctionSchema(function, tool, names)
    known = _KNOWN.setdefault(inner, {})
    if bound not in known:
        known[bound] = FunctionSchema(function, tool, names)
    return known[bound]


def _field_name(one: Argument) -> str:
    return KEYWORDS if one.key == KEYWORDS else one.parameter.name


def _adapter(arguments: Iterable[Argument]) -> TypeAdapter[Any]:
    """One type that all arguments together must have: a closed object."""
    hints = {
        _field_name(one): NotRequired[one.annotation] if one.optional else one.annotation for one in arguments
    }
    kind = _typed_dict("_arguments", hints)
    kind.__pydantic_config__ = ConfigDict(extra="forbid")
    return TypeAdapter(kind)


def _blamed(error: Exception, arguments: Iterable[Argument], tool: str) -> ToolError:
    """Our error for a signature that has no schema, with the name of the parameter."""
    for one in arguments:
        name = one.parameter.name
        try:
            TypeAdapter(one.annotation).json_schema(schema_generator=_Schema)
        except Exception as found:  # noqa: BLE001 - types bring code of their own
            return ToolError(
                f"tool {tool}: no JSON says what the parameter {name} takes: {_first_line(found)}",
                hint=f"give it a type that JSON can say; or bind it beforehand: functools.partial(function, "
                f"{name}=...), or a method of an object that holds it",
            )
    return ToolError(f"tool {tool}: its signature has no JSON Schema: {_first_line(error)}", hint=WRAP)


def _finished(schema: dict[str, Any], arguments: Sequence[Argument], tool: str) -> dict[str, Any]:
    """The schema with what ``**kwargs`` take, and with the defaults that a call may leave out."""
    properties = schema.setdefault("properties", {})
    if (more := properties.pop(KEYWORDS, None)) is not None:
        each = more.get("additionalProperties", True)
        told_of = {"description": more["description"]} if "description" in more else {}
        schema["additionalProperties"] = {**told_of, **each} if isinstance(each, dict) else told_of or each
    for one in arguments:
        if one.has_default:
            _tell_default(properties[one.key], one, tool)
    return schema


def _tell_default(schema: dict[str, Any], one: Argument, tool: str) -> None:
    schema.pop("default", None)  # of its annotation, before which the function's goes
    adapter, value = TypeAdapter[Any](one.annotation), one.parameter.default
    place = f"tool {tool}: the default of {one.parameter.name}"
    try:
        default = adapter.dump_python(value, mode="json", warnings=False)
        check_json(default, place)
    except Exception as error:  # noqa: BLE001 - serializers are the caller's
        problem = getattr(error, "message", f"{place} is {shown(value)}, which is no JSON")
        raise ToolError(
            problem, hint="let it be None, and put the value in its place inside of the function"
        ) from None
    try:
        adapter.validate_json(json.dumps(default))
    except ValidationError:  # ``name: str = None``: a model could not give it
        return
    schema["default"] = default


def _text(schema: dict[str, Any], tool: str) -> str:
    schema.pop("title", None)
    try:
        check_json(schema, f"tool {tool}: its schema")
    except UnsupportedError as error:
        raise ToolError(error.message, hint=error.hint) from None
    return json.dumps(schema)


def _fitting(tool: str, arguments: Mapping[str, Any], validate: Callable[[str], _T]) -> _T:
    try:
        return validate(json.dumps(arguments))
    except ValidationError as error:
        problems = [
            f"{_place(item['loc'])}{item['msg']}"
            + ("" if item["type"] == "missing" else f", not {shown(item['input'])}")
            for item in error.errors(include_url=False, include_context=False)
        ]
    except (TypeError, ValueError, RecursionError) as error:
        problems = [f"the arguments are no JSON: {error}"]
    raise ToolArgumentsError(f"{tool}: " + "; ".join(problems), tool=tool, problems=problems)


def _place(location: Iterable[str | int]) -> str:
    text = "".join(
        f"[{part}]" if isinstance(part, int) else f".{part}" for part in location if part != KEYWORDS
    )
    return f"{text.lstrip('.')}: " if text else ""


def _first_line(error: Exception) -> str:
    # Without pydantic's advice to allow any type: then there is no schema.
    return str(error).partition("\n")[0].partition(". Set `arbitrary_types_allowed")[0]
