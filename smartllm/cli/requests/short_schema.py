"""A JSON Schema in a line: ``name, age int, tags list[str]``, as people type it at a shell."""

from __future__ import annotations

import re
from typing import Any, Final

from smartllm.errors import RequestFileError

_TYPES: Final = {
    "str": "string",
    "string": "string",
    "int": "integer",
    "integer": "integer",
    "float": "number",
    "number": "number",
    "bool": "boolean",
    "boolean": "boolean",
}
_FIELD: Final = re.compile(r"([^\W\d][\w-]*)(?:\s+(\S+))?")
_LIST: Final = re.compile(r"list\[(.+)\]")
_DEEPEST: Final = 20
_KNOWN: Final = "str, int, float, bool, or list[...] of one"


def is_short(text: str) -> bool:
    """Whether a text is such a line, and no name of a file."""
    return text.startswith("[") or any(mark in text for mark in (",", " ", "\n"))


def schema_of(text: str) -> dict[str, Any]:
    """The schema that a line says.

    Fields are separated by commas, or stand on lines of their own; each is a name, perhaps a type (a text
    without), and perhaps a description behind a colon. Brackets around all make it a list of such objects.

    Args:
        text: The line.

    Raises:
        RequestFileError: It says none; names the field.
    """
    inner = text.strip()
    several = inner.startswith("[") and inner.endswith("]")
    if several:
        inner = inner[1:-1].strip()
    properties: dict[str, Any] = {}
    for piece in inner.split("\n") if "\n" in inner else inner.split(","):
        if not piece.strip():
            continue
        name, schema = _field(piece.strip().rstrip(","))
        if name in properties:
            raise RequestFileError(f"--schema: {name} is there twice")
        properties[name] = schema
    if not properties:
        raise RequestFileError("--schema: there is no field in it; say for example: name, age int")
    said = {
        "type": "object",
        "properties": properties,
        "required": list(properties),
        "additionalProperties": False,
    }
    return {"type": "array", "items": said} if several else said


def _field(piece: str) -> tuple[str, dict[str, Any]]:
    said, _, description = piece.partition(":")
    found = _FIELD.fullmatch(said.strip())
    if found is None:
        raise RequestFileError(
            f"--schema: {piece[:80]!r} is no field; one is a name, a type, and a description behind a colon, "
            "with commas between fields: name, age int"
        )
    schema = _type(found[2] or "str", found[1])
    return found[1], schema | ({"description": description.strip()} if description.strip() else {})


def _type(text: str, name: str) -> dict[str, Any]:
    if text.count("[") > _DEEPEST:
        raise RequestFileError(f"--schema: {name} is nested too deeply")
    if text in _TYPES:
        return {"type": _TYPES[text]}
    items = _LIST.fullmatch(text)
    if items is None:
        raise RequestFileError(f"--schema: {name} has the type {text[:80]!r}; types are {_KNOWN}")
    return {"type": "array", "items": _type(items[1], name)}
