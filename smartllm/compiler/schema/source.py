"""The JSON Schema of a response format, and its name on the wire."""

from __future__ import annotations

import json
import re
from typing import Any, Final

from smartllm.compiler.schema.lower import plain
from smartllm.compiler.schema.typed import adapter_of, type_name, typed_schema
from smartllm.compiler.schema.types import refuse
from smartllm.errors import UnsupportedError
from smartllm.format_types import is_type
from smartllm.json_values import check_json
from smartllm.rules.memo import Memo

_NAME_LENGTH: Final = 64
_WRAPPERS: Final = ("json_schema", "text")
_CHECKED: Final = Memo(results=128, characters=128 * 1024)


def schema_text(response_format: Any) -> str:
    """JSON Schema of a response format, as JSON.

    Raises:
        UnsupportedError: A schema that is not valid JSON Schema, or a type that has none.
    """
    if is_type(response_format):
        return json.dumps(typed_schema(response_format, adapter_of(response_format)))
    check_json(response_format, "response_format")
    text = json.dumps(response_format)
    _CHECKED.of(_check, text)
    return text


def schema_of(response_format: Any) -> dict[str, Any]:
    """As ``schema_text``, as data of the caller's own."""
    schema: dict[str, Any] = json.loads(schema_text(response_format))
    return schema


def _check(text: str) -> None:
    response_format = json.loads(text)
    if response_format.get("type") in _WRAPPERS:
        raise _wrapper(response_format)
    plain(response_format)


def _wrapper(given: dict[str, Any]) -> UnsupportedError:
    """The error for what one wire has around a schema, which tells where the schema is."""
    kind = given["type"]
    if kind == "text":
        return refuse(
            "", 'text is no structure: "text" is OpenAI\'s word for none', "leave response_format out"
        )
    named = given.get("json_schema")
    place = '["json_schema"]["schema"]' if isinstance(named, dict) else '["schema"]'
    return refuse(
        "",
        f'{{"type": "{kind}"}} is what OpenAI has around a schema, and no JSON Schema itself',
        f"give the schema inside: response_format{place}",
    )


def schema_name(response_format: Any) -> str:
    """Name of a response format on the wire: letters, digits, ``_`` and ``-``, at most 64."""
    name = type_name(response_format) if is_type(response_format) else response_format.get("title")
    return re.sub(r"[^A-Za-z0-9_-]+", "_", str(name or "")).strip("_")[:_NAME_LENGTH] or "answer"
