"""The JSON Schema of a response format, and its name on the wire."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Final
from weakref import WeakKeyDictionary

from pydantic.errors import PydanticUserError

from smartllm.compiler.schema.types import refuse
from smartllm.errors import UnsupportedError
from smartllm.json_values import check_json
from smartllm.rules.memo import Memo

if TYPE_CHECKING:
    from pydantic import BaseModel

_NAME_LENGTH: Final = 64
_CHECKED: Final = Memo(results=128, characters=128 * 1024)
_MODELS: Final[WeakKeyDictionary[type[BaseModel], str]] = WeakKeyDictionary()


def schema_text(response_format: type[BaseModel] | Mapping[str, Any]) -> str:
    """JSON Schema of a response format, as JSON.

    Raises:
        UnsupportedError: A schema that is not valid JSON Schema, or a model that has none.
    """
    if isinstance(response_format, type):
        return _model_schema(response_format)
    check_json(response_format, "response_format")
    text = json.dumps(response_format)
    _CHECKED.of(_check, text)
    return text


def schema_of(response_format: type[BaseModel] | Mapping[str, Any]) -> dict[str, Any]:
    """As ``schema_text``, as data of the caller's own."""
    schema: dict[str, Any] = json.loads(schema_text(response_format))
    return schema


def _check(text: str) -> None:
    from jsonschema import Draft202012Validator, SchemaError  # noqa: PLC0415 - only hand-written schemas need it

    response_format = json.loads(text)
    try:
        Draft202012Validator.check_schema(response_format)
    except SchemaError as error:
        place = "/".join(str(part) for part in error.absolute_path) or "the root"
        raise UnsupportedError(
            f"response_format: not a valid JSON Schema at {place}: {error.message[:200]}",
            field="response_format",
            hint="see json-schema.org, draft 2020-12",
        ) from None


def schema_name(response_format: type[BaseModel] | Mapping[str, Any]) -> str:
    """Name of a response format on the wire: letters, digits, ``_`` and ``-``, at most 64."""
    name = response_format.__name__ if isinstance(response_format, type) else response_format.get("title")
    return re.sub(r"[^A-Za-z0-9_-]+", "_", str(name or "")).strip("_")[:_NAME_LENGTH] or "answer"


def _model_schema(model: type[BaseModel]) -> str:
    known = _MODELS.get(model)
    if known is not None:
        return known
    try:
        schema = model.model_json_schema()
    except PydanticUserError as error:
        raise refuse(
            "", f"{model.__name__} has no JSON Schema: {error.message}", "give the field a type"
        ) from None
    check_json(schema, "response_format")  # a default may be anything
    text = _MODELS[model] = json.dumps(schema)
    return text
