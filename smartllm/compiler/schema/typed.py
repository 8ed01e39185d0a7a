"""The JSON Schema of a type, its name on the wire and what it says about itself."""

from __future__ import annotations

import dataclasses
import inspect
import math
import typing
from collections.abc import Iterator
from types import UnionType
from typing import Annotated, Any, Final, Literal, NoReturn, get_args, get_origin

from pydantic import BaseModel, TypeAdapter
from pydantic.errors import PydanticUserError
from pydantic_core import SchemaError

from smartllm.compiler.schema.keywords import definition_name
from smartllm.compiler.schema.types import refuse
from smartllm.format_types import is_alias
from smartllm.json_values import check_json

_HINTS: Final = {
    "class-not-fully-defined": "define the missing class first, then call model_rebuild() of the model that "
    "names it; what only a function knows is found by a TypeAdapter that is made there: give that",
    "typed-dict-version": "import TypedDict from typing_extensions",
    "schema-for-unknown-type": "use a Pydantic model, a dataclass or a TypedDict, or give the class a "
    "__get_pydantic_core_schema__",
    "invalid-for-json-schema": "give the field a type that JSON can say, or SkipJsonSchema",
}
_UNREADABLE: Final = (PydanticUserError, SchemaError, NameError, TypeError, RecursionError)
"""What Pydantic raises for types that it cannot read; all else comes from what is written by hand in them."""
_NO_NAME: Final = ("builtins", "typing", "typing_extensions")
_SHOWN: Final = 300
_SKIPPED: Final = frozenset({"metadata", "serialization"})


def adapter_of(given: Any) -> TypeAdapter[Any]:
    """The adapter of a type.

    Raises:
        UnsupportedError: Pydantic cannot read the type.
    """
    if isinstance(given, TypeAdapter):
        return given
    try:
        return TypeAdapter(given)
    except Exception as error:  # noqa: BLE001 - classes may say by code of their own how they are read
        refused(given, error)


def typed_schema(given: Any, adapter: TypeAdapter[Any]) -> dict[str, Any]:
    """The JSON Schema that an answer must match to be read as a type.

    Raises:
        UnsupportedError: There is none.
    """
    try:
        if isinstance(given, type) and issubclass(given, BaseModel):
            schema = given.model_json_schema()
        else:
            schema = adapter.json_schema()
        told: dict[str, Any] = _with_numbers(schema)
    except Exception as error:  # noqa: BLE001 - the caller's code may write parts of it
        refused(given, error)
    check_json(told, "response_format")  # a default may be anything
    return told


def _with_numbers(schema: Any) -> Any:
    """A schema without defaults such as infinity, for which JSON has no word; Pydantic fills them in."""
    if isinstance(schema, dict):
        return {key: _with_numbers(value) for key, value in schema.items() if not _is_endless(key, value)}
    return list(map(_with_numbers, schema)) if isinstance(schema, list) else schema


def _is_endless(key: Any, value: Any) -> bool:
    return key == "default" and isinstance(value, float) and not math.isfinite(value)


def refused(given: Any, error: Exception) -> NoReturn:
    """Say why a type has no JSON Schema, and what to do.

    Raises:
        UnsupportedError: Always.
    """
    code = "class-not-fully-defined" if isinstance(error, NameError) else getattr(error, "code", None)
    hint = _HINTS.get(str(code), "give the field another type")
    shown = (given.__name__ if isinstance(given, type) else str(given))[:_SHOWN]
    message = str(getattr(error, "message", error)).partition("\n\n")[0].strip()[:_SHOWN]
    if isinstance(error, _UNREADABLE):
        raise refuse("", f"{shown} has no JSON Schema: {message}", hint) from None
    raise refuse("", f"{shown} has no JSON Schema: {type(error).__name__}: {message}", hint) from error


def type_name(given: Any) -> str:
    """A name for a type in the words of its parts; empty for those of the language."""
    if isinstance(given, TypeAdapter):
        return type_name(getattr(given, "_type", None))
    origin, args = get_origin(given), get_args(given)
    if is_alias(given) or isinstance(given, typing.NewType):
        return str(given.__name__)
    if origin is Annotated:
        return type_name(args[0])
    if origin in {typing.Union, UnionType}:
        return "_or_".join(filter(None, map(type_name, args)))
    if origin is Literal:
        return ""
    if origin is not None:
        named = "_and_".join(filter(None, map(type_name, args)))
        outer = str(getattr(origin, "__name__", "")).lower() if args else ""
        return f"{outer}_of_{named}" if named else outer
    return "" if getattr(given, "__module__", "builtins") in _NO_NAME else str(getattr(given, "__name__", ""))


def type_description(given: Any, schema: dict[str, Any]) -> str:
    """What a type says about itself: its own docstring, not one that Python or Pydantic wrote."""
    if isinstance(given, type) and issubclass(given, BaseModel):
        generic = given.__pydantic_generic_metadata__["origin"] or given
        own = None if generic.__module__.startswith("pydantic.") else generic.__doc__
        return (own or "").strip()
    name = definition_name(str(schema.get("$ref", "")))
    root = schema["$defs"][name] if name else schema
    said = str(root.get("description", ""))
    if not said and dataclasses.is_dataclass(given):  # Pydantic told it from some version on
        own = given.__doc__ or ""
        said = "" if own.startswith(f"{type_name(given)}(") else own
    return inspect.cleandoc(said)


def schemas_within(core_schema: Any) -> Iterator[dict[str, Any]]:
    """The schemas of which Pydantic made a type's, in no order; without those of how it is written."""
    rest: list[Any] = [core_schema]
    while rest:
        found = rest.pop()
        if isinstance(found, dict):
            is_schema = isinstance(found.get("type"), str)
            if is_schema:
                yield found
            rest += [part for key, part in found.items() if not (is_schema and key in _SKIPPED)]
        elif isinstance(found, list | tuple):
            rest += found


def check_paths(core_schema: Any) -> None:
    """Refuse fields that are read only from within another: no schema that Pydantic makes asks for that.

    Raises:
        UnsupportedError: A required field has an ``AliasPath`` as its only name.
    """
    for schema in schemas_within(core_schema):
        if schema["type"] != "model":
            continue
        config = schema.get("config", {})
        if config.get("populate_by_name") or config.get("validate_by_name"):
            continue
        for field in _fields(schema["schema"]).items():
            _check_path(schema["cls"], *field)


def _fields(schema: dict[str, Any]) -> dict[str, Any]:
    """The fields of a model, below what its validators wrap."""
    while "fields" not in schema and isinstance(schema.get("schema"), dict):
        schema = schema["schema"]
    fields = schema.get("fields", {})
    return fields if isinstance(fields, dict) else {}


def _check_path(model: type, name: str, field: dict[str, Any]) -> None:
    alias = field.get("validation_alias")
    if not isinstance(alias, list) or field["schema"]["type"] == "default":
        return
    paths = alias if isinstance(alias[0], list) else [alias]
    if all(len(path) > 1 for path in paths):
        shown = ", ".join(repr(part) for part in paths[0])
        raise refuse(
            "",
            f"{model.__name__}.{name} is read from AliasPath({shown}), of which Pydantic's JSON Schema says "
            "nothing: an answer that fits the schema would fail the model",
            f'add a plain name, such as AliasChoices("{name}", AliasPath({shown})), or set '
            "validate_by_name=True in the model's config",
        )
