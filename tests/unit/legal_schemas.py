"""What the vendors' pages say about strict schemas, as a judge of lowered ones."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from smartllm.compiler.schema.types import Subset

STRICT: tuple[Subset, ...] = ("openai-strict", "claude-native")
SUBSETS: tuple[Subset, ...] = ("openai-strict", "claude-native", "claude-tool", "tool")
"""The plain one is the first with fewer words; its own tests are in test_schema_plain."""

NUMBER_LIMITS = {"multipleOf", "minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum"}
CLAUDE_KEYWORDS = {
    *("type", "properties", "required", "additionalProperties", "items", "anyOf", "enum", "const", "$ref"),
    *("$defs", "title", "description", "pattern", "format", "minItems", "minLength", "maxLength"),
}
OPENAI_KEYWORDS = CLAUDE_KEYWORDS | NUMBER_LIMITS | {"maxItems"}
PLAIN_KEYWORDS = CLAUDE_KEYWORDS - {"pattern", "format", "minItems", "minLength", "maxLength"}
KEYWORDS = {"openai-strict": OPENAI_KEYWORDS, "openai-plain": PLAIN_KEYWORDS}
FORMATS = {"date-time", "time", "date", "duration", "email", "hostname", "ipv4", "ipv6", "uuid"}


def inside(schema: dict[str, Any], path: str = "#") -> Iterator[tuple[str, dict[str, Any]]]:
    yield path, schema
    for name, inner in [*schema.get("properties", {}).items(), *schema.get("$defs", {}).items()]:
        yield from inside(inner, f"{path}/{name}")
    for inner in [*schema.get("anyOf", []), *([schema["items"]] if "items" in schema else [])]:
        yield from inside(inner, f"{path}/*")


def faults_of_object(node: dict[str, Any], subset: Subset) -> Iterator[str]:
    if node.get("additionalProperties") is not False:
        yield "open object"
    if subset in KEYWORDS and node["required"] != list(node["properties"]):
        yield "property not required"
    if not set(node["required"]) <= set(node["properties"]):
        yield "required property without schema"


def faults_of_node(node: dict[str, Any], subset: Subset) -> Iterator[str]:
    known = KEYWORDS.get(subset, CLAUDE_KEYWORDS)
    yield from (f"keyword {key}" for key in set(node) - known)
    if node.get("type") == "object":
        yield from faults_of_object(node, subset)
    tests = {
        "array without typed items": node.get("type") == "array"
        and not set(node.get("items", {})) & {"type", "$ref", "anyOf"},
        "sibling of $ref": "$ref" in node and len(node) > 1,
        "reference": not re.match(r"#$|#/\$defs/[^/]+$", node.get("$ref", "#")),
        "no single type": not {"type", "anyOf", "$ref"} & set(node) or isinstance(node.get("type"), list),
        "format": node.get("format", "date") not in FORMATS
        and (subset, node["format"]) != ("claude-native", "uri"),
        "look-around": re.search(r"\(\?<?[=!]", re.sub(r"\\.", "", node.get("pattern", ""))),
        "values": not node.get("enum", True)
        or any(isinstance(v, (dict, list)) for v in node.get("enum", [])),
        "empty union": not node.get("anyOf", True),
        "minItems": subset == "claude-native" and node.get("minItems", 0) > 1,
    }
    yield from (fault for fault, found in tests.items() if found)


def faults(schema: dict[str, Any], subset: Subset) -> list[str]:
    if schema.get("type") != "object" or {"anyOf", "oneOf", "allOf", "$ref"} & set(schema):
        return ["root"]
    if subset not in {*STRICT, "openai-plain"}:
        return []
    nodes = list(inside(schema))
    found = [f"{path}: {fault}" for path, node in nodes for fault in faults_of_node(node, subset)]
    used = {node["$ref"] for _, node in nodes if "$ref" in node}
    names = (
        name.replace("~", "~0").replace("/", "~1").replace("%", "%25") for name in schema.get("$defs", {})
    )
    return found + ["unused definition"] * any(f"#/$defs/{name}" not in used for name in names)
