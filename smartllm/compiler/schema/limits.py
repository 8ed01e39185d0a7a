"""Limits of the strict subsets on the size of a schema."""

from __future__ import annotations

from typing import Any, Final

from smartllm.compiler.schema.keywords import subschemas
from smartllm.compiler.schema.types import refuse
from smartllm.compiler.schema.view import View

# developers.openai.com/api/docs/guides/structured-outputs, 2025-11 (facts/openai.md §8).
_PROPERTIES: Final = 5000
_DEPTH: Final = 10
_CHARACTERS: Final = 120_000
_ENUM_VALUES: Final = 1000
_LARGE_ENUM: Final = 250
_LARGE_ENUM_CHARACTERS: Final = 15_000
# platform.claude.com/docs/en/build-with-claude/structured-outputs, 2026-09 (facts/claude_bedrock.md §6).
_OPTIONAL: Final = 24
_UNIONS: Final = 16


def check_limits(schema: dict[str, Any], *, claude: bool) -> None:
    """Refuse a lowered schema that is over a limit of its target.

    Raises:
        UnsupportedError: Names the limit and the actual figure.
    """
    nodes = [node for _, node in subschemas(schema)]
    if claude:
        optional = sum(len(node.get("properties", {})) - len(node.get("required", [])) for node in nodes)
        _at_most("optional properties", optional, _OPTIONAL)
        _at_most("properties of a union type", sum("anyOf" in node for node in nodes), _UNIONS)
        return
    enums = [node["enum"] for node in nodes if "enum" in node]
    names = [name for node in nodes for name in node.get("properties", {})] + list(schema.get("$defs", {}))
    consts = [str(node["const"]) for node in nodes if "const" in node]
    values = [str(value) for enum in enums for value in enum]
    _at_most("properties", sum(len(node.get("properties", {})) for node in nodes), _PROPERTIES)
    _at_most("levels of nesting", _Levels(schema).of(schema), _DEPTH)
    _at_most("enum values", len(values), _ENUM_VALUES)
    _at_most("characters in names and values", sum(map(len, [*names, *consts, *values])), _CHARACTERS)
    for enum in enums:
        if len(enum) > _LARGE_ENUM:
            _at_most(
                "characters in one large enum", sum(len(str(value)) for value in enum), _LARGE_ENUM_CHARACTERS
            )


def _at_most(what: str, actual: int, limit: int) -> None:
    if actual > limit:
        raise refuse(
            "",
            f"the schema has {actual} {what}; the limit is {limit}",
            'split it, or use structured_output="tool"',
        )


class _Levels:
    """Levels of objects inside objects, through references; recursion has no depth and counts as none."""

    def __init__(self, root: dict[str, Any]) -> None:
        self.view = View(root, lambda *_: None)
        self.known: dict[str, int] = {}

    def of(self, node: dict[str, Any]) -> int:
        reference = node.get("$ref")
        if reference is not None:
            if reference not in self.known:
                deep = not self.view.recursive(reference)
                self.known[reference] = self.of(self.view.target(reference)) if deep else 0
            return self.known[reference]
        inner = [*node.get("properties", {}).values(), *node.get("anyOf", [])]
        inner += [node["items"]] if "items" in node else []
        return max(map(self.of, inner), default=0) + ("properties" in node)
