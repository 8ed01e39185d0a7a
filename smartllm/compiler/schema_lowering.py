"""JSON Schema lowered to the subset that a target takes, with a record of everything that changed."""

from __future__ import annotations

import copy
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final, Literal
from weakref import WeakKeyDictionary

from pydantic.errors import PydanticUserError

from smartllm.compiler.json_values import check_json
from smartllm.compiler.schema_keywords import CONSTRAINTS, definition_name, pointer, subschemas
from smartllm.errors import UnsupportedError
from smartllm.rules.memo import Memo

if TYPE_CHECKING:
    from pydantic import BaseModel

Subset = Literal["openai-strict", "claude-native", "claude-tool", "tool"]
Codec = Literal["pairs", "json", "tuple", "optional"]

WRAPPED: Final = "the root must be an object; the schema stands under the property 'value'"
"""Why a root is wrapped."""

_COMBINATORS: Final = ("anyOf", "oneOf", "allOf", "not", "if", "enum", "const", "$ref")
_NAME_LENGTH: Final = 64
# A schema in memory takes some twenty times the characters of its text.
_SCHEMAS: Final = Memo(results=128, characters=128 * 1024)
_MODELS: Final[WeakKeyDictionary[type[BaseModel], str]] = WeakKeyDictionary()


@dataclass(frozen=True, slots=True)
class Change:
    """One difference between the caller's schema and the one that is sent.

    Attributes:
        path: JSON pointer into the caller's schema.
        keyword: Keyword concerned.
        action: What was done.
        reason: One sentence.
    """

    path: str
    keyword: str
    action: Literal["removed", "rewritten", "inlined", "added"]
    reason: str


@dataclass(frozen=True, slots=True)
class Lowered:
    """A schema as sent.

    Attributes:
        schema: The schema.
        changes: What changed, in document order.
        wrapped: The caller's schema stands under the property ``value`` of a new root object.
        codecs: For pointers into ``schema``: how ``restore`` reads an answer there.
    """

    schema: dict[str, Any]
    changes: tuple[Change, ...] = ()
    wrapped: bool = False
    codecs: Mapping[str, Codec] = field(default_factory=dict)


def lower(schema: Mapping[str, Any], subset: Subset) -> Lowered:
    """Lower a JSON Schema.

    Args:
        schema: The caller's schema; it is not changed.
        subset: What the target takes.

    Returns:
        The lowered schema. Answers that fit it are turned back by ``restore``.

    Raises:
        UnsupportedError: It cannot be said in this subset; names the place and the way out.
    """
    root = copy.deepcopy(dict(schema))
    _check_references(root)
    changes: list[Change] = []
    root = _inline_root(root, changes)
    if subset in {"tool", "claude-tool"}:
        wrapped = _open_root(root, changes)
        if wrapped:
            _refuse_root_references(root)
            root = wrap(root)
        return Lowered(root, tuple(changes), wrapped, _left_out(root))
    # Loaded here: tools, the common case on Claude, do not need it.
    from smartllm.compiler.schema_strict import Strict  # noqa: PLC0415

    strict = Strict(root, subset)
    if strict.wrapped:
        _refuse_root_references(root)
    lowered = strict.lower()
    return Lowered(copy.deepcopy(lowered), (*changes, *strict.changes), strict.wrapped, strict.codecs)


def lower_once(text: str, subset: Subset) -> Lowered:
    """As ``lower``, which is slow, but once for equal schemas; the schema in the result is the caller's own.

    Args:
        text: The caller's schema, as JSON.
        subset: What the target takes.

    Raises:
        UnsupportedError: As ``lower``.
    """
    found, sent = _SCHEMAS.of(_lowered, text, subset)
    # JSON is read three times as fast as copy.deepcopy copies.
    return Lowered(json.loads(sent), found.changes, found.wrapped, found.codecs)


def _lowered(text: str, subset: Subset) -> tuple[Lowered, str]:
    lowered = lower(json.loads(text), subset)
    return lowered, json.dumps(lowered.schema)


def schema_text(response_format: type[BaseModel] | Mapping[str, Any]) -> str:
    """JSON Schema of a response format, as JSON.

    Raises:
        UnsupportedError: A schema that is not valid JSON Schema, or a model that has none.
    """
    if isinstance(response_format, type):
        return _model_schema(response_format)
    check_json(response_format, "response_format")
    text = json.dumps(response_format)
    _SCHEMAS.of(_check, text)
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


def refuse(path: str, problem: str, hint: str = "") -> UnsupportedError:
    """The error for a schema that cannot be said in the subset."""
    default = 'use structured_output="tool", or a typed field in its place'
    return UnsupportedError(
        f"response_format: {problem} (at {path or 'the root'})", field="response_format", hint=hint or default
    )


def wrap(root: dict[str, Any]) -> dict[str, Any]:
    """A root object with the caller's schema as its only property."""
    above: dict[str, Any] = {key: root.pop(key) for key in ("$schema", "$id", "$defs") if key in root}
    closed: dict[str, Any] = {"required": ["value"], "additionalProperties": False}
    return {"type": "object", "properties": {"value": root}, **closed, **above}


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


def _check_references(root: dict[str, Any]) -> None:
    for path, node in subschemas(root):
        reference = node.get("$ref", "#")
        if "$dynamicRef" in node:
            raise refuse(path, "$dynamicRef", "use $ref and $defs")
        if reference != "#" and not re.fullmatch(r"#/\$defs/[^/]+", reference):
            raise refuse(
                path, f"$ref {reference!r} does not point to #/$defs", "move the definition under $defs"
            )
        if reference != "#" and definition_name(reference) not in root.get("$defs", {}):
            raise refuse(path, f"$ref {reference!r} points to nothing", "define it under $defs")


def _inline_root(root: dict[str, Any], changes: list[Change]) -> dict[str, Any]:
    """A root that is only a reference becomes the definition itself; the definition stays for the others."""
    definitions = root.get("$defs", {})
    seen: set[str] = set()
    while root.get("$ref", "#") != "#" and not CONSTRAINTS & set(root) - {"$ref"}:
        reference = root.pop("$ref")
        if reference in seen:
            raise refuse("/$defs", f"{reference} refers only to itself", "give it a type")
        seen.add(reference)
        changes.append(Change("", "$ref", "inlined", "the root must say what it is"))
        target = definitions[definition_name(reference)]
        root = {**(target if isinstance(target, dict) else {}), **root}
    return root


def _open_root(root: dict[str, Any], changes: list[Change]) -> bool:
    """Whether the root of a tool's input must be wrapped; a type that goes without saying is said."""
    if "type" not in root and "properties" in root:
        root["type"] = "object"
        changes.append(Change("", "type", "added", "the root must be an object"))
    wrapped = root.get("type") != "object" or any(keyword in root for keyword in _COMBINATORS)
    if wrapped:
        changes.append(Change("", "type", "rewritten", WRAPPED))
    return wrapped


def _refuse_root_references(root: dict[str, Any]) -> None:
    for path, node in subschemas(root):
        if node.get("$ref") == "#":
            raise refuse(path, "a root that is not an object cannot refer to itself", "define it under $defs")


def _left_out(root: dict[str, Any]) -> dict[str, Codec]:
    """Optional properties where a null can only mean that the model left the property out."""
    from smartllm.compiler.schema_view import Reading  # noqa: PLC0415 - see lower

    reading = Reading(root)
    codecs: dict[str, Codec] = {}
    for path, node in subschemas(root):
        for name, inner in node.get("properties", {}).items():
            if name not in node.get("required", []) and not reading.may_be_null(inner):
                codecs[path + pointer("properties", name)] = "optional"
    return codecs
