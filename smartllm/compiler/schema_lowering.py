"""JSON Schema lowered to the subset that a target takes, with a record of everything that changed."""

from __future__ import annotations

import copy
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from typing import TYPE_CHECKING, Any, Final, Literal

from pydantic.errors import PydanticInvalidForJsonSchema

from smartllm.errors import UnsupportedError

if TYPE_CHECKING:
    from pydantic import BaseModel

Subset = Literal["openai-strict", "claude-native", "claude-tool", "tool"]
Codec = Literal["pairs", "json", "tuple", "optional"]

_COMBINATORS: Final = ("anyOf", "oneOf", "allOf", "not", "if", "enum", "const")
_NAME_LENGTH: Final = 64


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
    for path, reference in _references(root, ""):
        _check_reference(root, path, reference)
    root = _inline_root(root)
    changes: list[Change] = []
    wrapped = _needs_wrapping(root, strict=subset not in {"tool", "claude-tool"})
    if wrapped:
        root = _wrap(root)
        reason = "the root must be an object; the schema stands under the property 'value'"
        changes.append(Change("", "type", "rewritten", reason))
    if subset in {"tool", "claude-tool"}:
        return Lowered(root, tuple(changes), wrapped)
    # Loaded here: tools, the common case on Claude, do not need it.
    from smartllm.compiler.schema_strict import Strict  # noqa: PLC0415

    strict = Strict(root, subset)
    lowered = strict.lower()
    return Lowered(lowered, (*changes, *strict.changes), wrapped, strict.codecs)


def schema_of(response_format: type[BaseModel] | Mapping[str, Any]) -> dict[str, Any]:
    """JSON Schema of a response format.

    Raises:
        UnsupportedError: A schema that is not valid JSON Schema, or a model that has none.
    """
    if isinstance(response_format, type):
        return copy.deepcopy(_model_schema(response_format))
    from jsonschema import Draft202012Validator, SchemaError  # noqa: PLC0415 - only hand-written schemas need it

    try:
        Draft202012Validator.check_schema(response_format)
    except SchemaError as error:
        place = "/".join(str(part) for part in error.absolute_path) or "the root"
        raise UnsupportedError(
            f"response_format: not a valid JSON Schema at {place}: {error.message[:200]}",
            field="response_format",
            hint="see json-schema.org, draft 2020-12",
        ) from None
    return copy.deepcopy(dict(response_format))


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


def target_of(root: Mapping[str, Any], reference: str) -> dict[str, Any]:
    """The schema that a local reference names."""
    node: Any = root
    for part in reference.removeprefix("#").split("/")[1:]:
        node = node[part.replace("~1", "/").replace("~0", "~")]
    found: dict[str, Any] = node
    return found


@lru_cache(maxsize=256)
def _model_schema(model: type[BaseModel]) -> dict[str, Any]:
    try:
        return model.model_json_schema()
    except PydanticInvalidForJsonSchema as error:
        raise refuse(
            "", f"{model.__name__} has no JSON Schema: {error.message}", "give the field a type"
        ) from None


def _references(node: Any, path: str) -> Iterator[tuple[str, str]]:
    if isinstance(node, dict):
        reference = node.get("$ref")
        if isinstance(reference, str):
            yield path, reference
        for key, value in node.items():
            if key not in {"enum", "const", "default", "examples"}:
                yield from _references(value, f"{path}/{key}")
    elif isinstance(node, list):
        for index, value in enumerate(node):
            yield from _references(value, f"{path}/{index}")


def _check_reference(root: Mapping[str, Any], path: str, reference: str) -> None:
    if reference != "#" and not re.fullmatch(r"#/\$defs/[^/]+", reference):
        raise refuse(path, f"$ref {reference!r} does not point to #/$defs", "move the definition under $defs")
    try:
        target_of(root, reference)
    except (KeyError, TypeError):
        raise refuse(path, f"$ref {reference!r} points to nothing", "define it under $defs") from None


def _inline_root(root: dict[str, Any]) -> dict[str, Any]:
    """A root that is only a reference becomes the definition itself; the definition stays for the others."""
    seen: set[str] = set()
    while "$ref" in root and root["$ref"] != "#" and root["$ref"] not in seen:
        seen.add(root["$ref"])
        rest = {key: value for key, value in root.items() if key != "$ref"}
        root = copy.deepcopy(target_of(root, root["$ref"])) | rest
    return root


def _needs_wrapping(root: Mapping[str, Any], *, strict: bool) -> bool:
    if any(keyword in root for keyword in _COMBINATORS) or "$ref" in root:
        return True
    if root.get("type") != "object":
        return root.get("type") is not None or "properties" not in root
    # A mapping has no fixed properties: strict subsets rewrite it into an array, which cannot be a root.
    return strict and "properties" not in root


def _wrap(root: dict[str, Any]) -> dict[str, Any]:
    for path, reference in _references(root, ""):
        if reference == "#":
            raise refuse(path, "a root that is not an object cannot refer to itself", "define it under $defs")
    definitions = root.pop("$defs", None)
    wrapper: dict[str, Any] = {"type": "object", "properties": {"value": root}, "required": ["value"]}
    return wrapper | ({"$defs": definitions} if definitions else {})
