"""What a provider would refuse about a schema that binds: an answer's own, or that of a strict tool."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any, Final

from smartllm.compiler.schema.graph import Graph
from smartllm.compiler.schema.keywords import subschemas
from smartllm.compiler.schema.limits import sizes
from smartllm.rules import Facts

# facts/openai.md §8 and facts/claude_bedrock.md §6: what the strict subsets have no place for.
_NEVER: Final = frozenset(
    {"oneOf", "allOf", "not", "if", "then", "else", "dependentRequired", "dependentSchemas"}
    | {"patternProperties", "propertyNames", "minProperties", "maxProperties", "unevaluatedProperties"}
    | {"unevaluatedItems", "contains", "uniqueItems", "prefixItems"}
)
_NOT_CLAUDES: Final = frozenset(
    {"minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "multipleOf", "maxItems"}
)
_NOT_OPENAIS: Final = frozenset({"default"})
_NOT_PLAIN: Final = frozenset(
    {"minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "multipleOf", "minLength", "maxLength"}
    | {"pattern", "format", "minItems", "maxItems"}
)
_FORMATS: Final = frozenset(
    {"date-time", "time", "date", "duration", "email", "hostname", "ipv4", "ipv6", "uuid"}
)
_MORE_FORMATS: Final = frozenset({"uri"})
"""Of Claude's."""
_LOOK_AROUND: Final = re.compile(r"\(\?<?[=!]")
_NOT_SIMPLE: Final = re.compile(r"\(\?|\\[bBpPAZz1-9]|[*+?}][?+]|\{\d*,?\d{3,}\}")

Fault = tuple[str, dict[str, object]]
"""A problem's name, and the values of its words."""


def faults(schema: Any, facts: Facts) -> Iterator[Fault]:
    """What is wrong with a schema that binds, whatever it binds."""
    subset = facts.structured.native_subset
    claude = subset == "claude-native"
    refused = _NEVER | (_NOT_CLAUDES if claude else _NOT_OPENAIS)
    if subset == "openai-plain":
        refused |= _NOT_PLAIN
    for path, node in subschemas(schema):
        context = repr(tuple(path.split("/")[1:]))
        for problem, values in _of_node(node, refused, claude=claude):
            yield problem, {"context": context, "kind": node.get("type"), **values}
        yield from pattern_faults(path, node, facts.structured.patterns)
    if claude and Graph(schema).cycle():
        yield "strict-recursion", {}
    yield from _too_much(schema, facts)


def _of_node(node: Mapping[str, Any], refused: frozenset[str], *, claude: bool) -> Iterator[Fault]:
    if node.get("type") == "object" or "properties" in node:
        if node.get("additionalProperties") is not False:
            yield "strict-open", {}
        for name in node.get("properties", {}):
            if name not in node.get("required", ()):
                yield "strict-required", {"missing": name}
    for keyword in node:
        if keyword in refused or (claude and keyword == "minItems" and node[keyword] > 1):
            yield "strict-keyword", {"keyword": keyword}
    if node.get("format", "date") not in _FORMATS | (_MORE_FORMATS if claude else frozenset()):
        yield "strict-format", {"format": node["format"]}
    if node.get("type") == "array" and "items" not in node:
        yield "strict-items", {}
    if "$ref" in node and len(node) > 1:
        yield "strict-ref", {"keyword": min(set(node) - {"$ref"})}


def pattern_faults(path: str, node: Mapping[str, Any], takes: str) -> Iterator[Fault]:
    """What is wrong with the regular expression of a schema."""
    pattern = node.get("pattern")
    if takes == "any" or not isinstance(pattern, str):
        return
    where: dict[str, object] = {"at": f"${path.replace('/', '.')}.pattern", "pattern": pattern}
    bare = re.sub(r"\\\\", "", pattern)
    try:
        re.compile(pattern)
    except (re.error, OverflowError):
        yield "pattern", where
    if _LOOK_AROUND.search(bare):
        yield "pattern-around", where
    elif takes == "simple" and _NOT_SIMPLE.search(bare):
        yield "pattern", where


def _too_much(schema: Any, facts: Facts) -> Iterator[Fault]:
    most = dict(facts.structured.limits)
    if not most:
        return
    for size, count in sizes(schema, most.get("large_enum")):
        if count > most.get(size, count):
            what = size.replace("_", " ")
            yield f"limit-{size}", {"what": what, "length": count, "most": most[size]}
