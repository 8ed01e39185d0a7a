"""How much a schema that binds an answer may hold: facts, stated by those who state them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

from smartllm.compiler.schema.graph import levels
from smartllm.compiler.schema.keywords import subschemas
from smartllm.compiler.schema.types import refuse
from smartllm.rules.vocabulary import Size, Sizes
from smartllm.said import Named, said

_WORDS: Final[dict[Size, str]] = {
    "properties": "properties",
    "levels": "levels of nesting",
    "enum_values": "enum values",
    "characters": "characters in names and values",
    "large_enum_characters": "characters in one large enum",
    "optional": "optional properties",
    "unions": "properties of a union type",
}


def check_limits(schema: dict[str, Any], limits: Sizes) -> None:
    """Refuse a lowered schema that is over a limit of its target.

    Raises:
        UnsupportedError: Names the limit and the actual figure.
    """
    if not limits:
        return
    most = dict(limits)
    for size, count in sizes(schema, most.get("large_enum")):
        if count > most.get(size, count):
            raise refuse(
                "",
                f"the schema has {count} {_WORDS[size]}; the limit is {most[size]}",
                said("split it, or use {}", Named("structured_output", "tool")),
                "structured.limits",
            )


def sizes(schema: dict[str, Any], large: int | None = None) -> Iterator[tuple[Size, int]]:
    """What of a lowered schema is counted, and how much of it there is.

    Args:
        schema: The schema.
        large: Values from which on an enum is large; None where none is.
    """
    nodes = [node for _, node in subschemas(schema)]
    properties = [node.get("properties", {}) for node in nodes]
    enums = [node["enum"] for node in nodes if "enum" in node]
    names = [*(name for named in properties for name in named), *schema.get("$defs", {})]
    consts = [str(node["const"]) for node in nodes if "const" in node]
    values = [str(value) for enum in enums for value in enum]
    total = sum(map(len, properties))
    yield "optional", total - sum(len(node.get("required", [])) for node in nodes)
    yield "unions", sum("anyOf" in node for node in nodes)
    yield "properties", total
    yield "levels", levels(schema)
    yield "enum_values", len(values)
    yield "characters", sum(map(len, [*names, *consts, *values]))
    for enum in enums:
        if large is not None and len(enum) > large:
            yield "large_enum_characters", sum(len(str(value)) for value in enum)
