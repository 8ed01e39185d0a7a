"""The strict subsets: OpenAI's strict json_schema and Claude's native output format.

Rules: developers.openai.com/api/docs/guides/structured-outputs and
platform.claude.com/docs/en/build-with-claude/structured-outputs, as of 2026-11-23 (facts/openai.md §8,
facts/claude_bedrock.md §6).
"""

from __future__ import annotations

import copy
import json
import re
from typing import Any, Final

from smartllm.compiler.schema_limits import check_limits
from smartllm.compiler.schema_lowering import Change, Codec, Subset, refuse, target_of

_FORMATS: Final = frozenset(
    {"date-time", "time", "date", "duration", "email", "hostname", "ipv4", "ipv6", "uuid"}
)
_KEPT: Final = frozenset(
    {"$ref", "$defs", "type", "title", "description", "properties", "required", "additionalProperties"}
    | {"items", "anyOf", "enum", "const", "format", "pattern", "minLength", "maxLength"}
)
_NUMBERS: Final = frozenset({"minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "multipleOf"})
# Annotations say nothing about what fits; constraints are repeated in words for the model.
_ANNOTATIONS: Final = frozenset(
    {"default", "examples", "readOnly", "writeOnly", "deprecated", "discriminator"}
)
_LOOKAROUND: Final = re.compile(r"\(\?[=!<]|\\[1-9]")


class Strict:
    """Lowers one schema.

    Attributes:
        changes: What changed so far.
        codecs: How to read an answer, by pointer into the lowered schema.
    """

    def __init__(self, root: dict[str, Any], subset: Subset) -> None:
        self.root = root
        self.claude = subset == "claude-native"
        self.changes: list[Change] = []
        self.codecs: dict[str, Codec] = {}
        self.subset = subset

    def lower(self) -> dict[str, Any]:
        """The lowered schema.

        Raises:
            UnsupportedError: It cannot be said in this subset, or is over a limit of it.
        """
        definitions = self.root.get("$defs", {})
        body = {key: value for key, value in self.root.items() if key != "$defs"}
        result = self._node(body, "")
        used = self._reachable(body)
        kept = {
            name: self._node(definition, _pointer("/$defs", name))
            for name, definition in definitions.items()
            if name in used
        }
        if kept:
            result["$defs"] = kept
        check_limits(result, claude=self.claude)
        return result

    def _changed(self, path: str, keyword: str, action: Any, reason: str) -> None:
        self.changes.append(Change(path, keyword, action, reason))

    def _reachable(self, body: dict[str, Any]) -> set[str]:
        """Definitions that the body still needs."""
        found: set[str] = set()
        queue: list[Any] = [body]
        while queue:
            text = json.dumps(queue.pop(), default=str)
            for name in re.findall(r'"\$ref": "#/\$defs/([^"]+)"', text):
                key = json.loads(f'"{name}"').replace("~1", "/").replace("~0", "~")
                if key not in found:
                    found.add(key)
                    queue.append(self.root["$defs"][key])
        return found

    def _node(self, node: Any, path: str) -> dict[str, Any]:
        if node is True or node == {} or (isinstance(node, dict) and _says_nothing(node)):
            return self._json_text(node if isinstance(node, dict) else {}, path)
        if node is False:
            raise refuse(path, "a schema that nothing fits")
        node = dict(node)
        if "$ref" in node:
            return self._reference(node, path)
        node = self._combined(node, path)
        if "anyOf" in node:
            arms = [self._node(arm, f"{path}/anyOf/{index}") for index, arm in enumerate(node["anyOf"])]
            node = {key: value for key, value in node.items() if key not in _SHAPE} | {"anyOf": arms}
            return self._cleaned(node, path)
        if "prefixItems" in node:
            return self._tuple(node, path)
        if node.get("type") == "array":
            return self._array(node, path)
        if node.get("type") == "object" or "properties" in node:
            return self._object(node, path)
        return self._cleaned(node, path)

    def _reference(self, node: dict[str, Any], path: str) -> dict[str, Any]:
        reference = str(node["$ref"])
        if self.claude and self._recursive(reference):
            raise refuse(path, f"{reference} refers to itself and native schemas take no recursion")
        siblings = {key: value for key, value in node.items() if key != "$ref"}
        if not siblings:
            return {"$ref": reference}
        if self._recursive(reference):
            for keyword in siblings:
                self._changed(path, keyword, "removed", "nothing may stand beside a $ref")
            return {"$ref": reference}
        self._changed(path, "$ref", "inlined", "nothing may stand beside a $ref")
        return self._node(copy.deepcopy(target_of(self.root, reference)) | siblings, path)

    def _recursive(self, reference: str) -> bool:
        if reference == "#":
            return True
        name = reference.rpartition("/")[2].replace("~1", "/").replace("~0", "~")
        return name in self._reachable(self.root["$defs"][name])

    def _combined(self, node: dict[str, Any], path: str) -> dict[str, Any]:
        """Write oneOf and lists of types as anyOf, allOf merged."""
        if "oneOf" in node:
            self._changed(path, "oneOf", "rewritten", "oneOf is not taken; anyOf is")
            node = {("anyOf" if key == "oneOf" else key): value for key, value in node.items()}
        if "allOf" in node:
            self._changed(path, "allOf", "inlined", "allOf is not taken; its parts were merged")
            parts = node.pop("allOf")
            for part in parts:
                node = self._merged(node, part, path)
            return self._combined(node, path)
        if isinstance(node.get("type"), list) and "anyOf" not in node:
            kinds = node.pop("type")
            outer = {key: node.pop(key) for key in ("title", "description", "default") if key in node}
            arms = [({"type": kind} if kind == "null" else {**node, "type": kind}) for kind in kinds]
            self._changed(path, "type", "rewritten", "a list of types is written as anyOf")
            return outer | {"anyOf": arms}
        return node

    def _merged(self, node: dict[str, Any], part: dict[str, Any], path: str) -> dict[str, Any]:
        if "$ref" in part:
            if self._recursive(part["$ref"]):
                raise refuse(path, f"allOf with {part['$ref']}, which refers to itself")
            part = copy.deepcopy(target_of(self.root, part["$ref"])) | {
                k: v for k, v in part.items() if k != "$ref"
            }
        result = dict(node)
        for key, value in part.items():
            if key not in result or result[key] == value:
                result[key] = value
            elif key == "properties":
                result[key] = {**value, **result[key]}
            elif key == "required":
                result[key] = [*result[key], *(name for name in value if name not in result[key])]
            elif key not in {"title", "description"}:
                raise refuse(path, f"allOf whose parts disagree about {key!r}")
        return result

    def _object(self, node: dict[str, Any], path: str) -> dict[str, Any]:
        if "properties" not in node:
            return self._mapping(node, path)
        open_ended = node.get("additionalProperties", False) not in (False, None)
        if open_ended or "patternProperties" in node:
            self._changed(
                path, "additionalProperties", "removed", "properties that are not named cannot be said"
            )
        required = node.get("required", [])
        properties: dict[str, Any] = {}
        for name, schema in node["properties"].items():
            here = _pointer(f"{path}/properties", name)
            lowered = self._node(schema, here)
            if name not in required and not self.claude:
                lowered = self._optional(lowered, here)
            properties[name] = lowered
        if node.get("additionalProperties") is not False and not open_ended:
            self._changed(path, "additionalProperties", "added", "every object must be closed")
        rest = {key: value for key, value in node.items() if key not in _OBJECT}
        closed = self._cleaned({"type": "object", **rest}, path)
        wanted = [name for name in properties if name in required] if self.claude else list(properties)
        return closed | {"properties": properties, "required": wanted, "additionalProperties": False}

    def _optional(self, schema: dict[str, Any], path: str) -> dict[str, Any]:
        """Every property must be required: null stands for one that is left out."""
        self._changed(path, "required", "added", "every property must be required; null stands for left out")
        if _nullable(schema):
            return schema
        if "anyOf" in schema:
            self.codecs[path] = "optional"
            return schema | {"anyOf": [*schema["anyOf"], {"type": "null"}]}
        # The schema moves one level down, and what is known about reading it moves along.
        for known in [known for known in self.codecs if known == path or known.startswith(f"{path}/")]:
            self.codecs[f"{path}/anyOf/0{known[len(path) :]}"] = self.codecs.pop(known)
        self.codecs[path] = "optional"
        return {"anyOf": [schema, {"type": "null"}]}

    def _mapping(self, node: dict[str, Any], path: str) -> dict[str, Any]:
        values = node.get("additionalProperties")
        if values is None and len(node.get("patternProperties", {})) == 1:
            values = next(iter(node["patternProperties"].values()))
        if not isinstance(values, dict) or not values:
            return self._json_text({k: v for k, v in node.items() if k not in _OBJECT}, path, "A JSON object")
        self._changed(
            path, "additionalProperties", "rewritten", "a mapping is written as an array of key and value"
        )
        self.codecs[path] = "pairs"
        pair = {
            "type": "object",
            "properties": {
                "key": {"type": "string"},
                "value": self._node(values, f"{path}/items/properties/value"),
            },
            "required": ["key", "value"],
            "additionalProperties": False,
        }
        rest = {key: value for key, value in node.items() if key not in _OBJECT}
        rest["description"] = _sentence(rest.get("description"), "Key and value pairs; each key once.")
        return self._cleaned(rest, path) | {"type": "array", "items": pair}

    def _array(self, node: dict[str, Any], path: str) -> dict[str, Any]:
        items = self._node(node.get("items", {}), f"{path}/items")
        rest = {key: value for key, value in node.items() if key != "items"}
        return self._cleaned(rest, path) | {"items": items}

    def _tuple(self, node: dict[str, Any], path: str) -> dict[str, Any]:
        self._changed(
            path, "prefixItems", "rewritten", "a tuple is written as an object with numbered properties"
        )
        self.codecs[path] = "tuple"
        names = [f"item_{index}" for index in range(len(node["prefixItems"]))]
        properties = {
            name: self._node(schema, f"{path}/properties/{name}")
            for name, schema in zip(names, node["prefixItems"], strict=True)
        }
        if isinstance(node.get("items"), dict):
            raise refuse(path, "a tuple that goes on with further items")
        dropped = {"prefixItems", "items", "minItems", "maxItems", "type"}
        rest = {key: value for key, value in node.items() if key not in dropped}
        closed = {
            "type": "object",
            "properties": properties,
            "required": names,
            "additionalProperties": False,
        }
        return self._cleaned(rest, path) | closed

    def _json_text(self, node: dict[str, Any], path: str, what: str = "Any JSON value") -> dict[str, Any]:
        """A value of no fixed shape travels as JSON text."""
        self._changed(path, "type", "rewritten", "a value of no fixed shape is written as JSON text")
        self.codecs[path] = "json"
        kept = {key: node[key] for key in ("title", "description") if key in node}
        kept["description"] = _sentence(kept.get("description"), f"{what}, written as JSON text.")
        return kept | {"type": "string"}

    def _cleaned(self, node: dict[str, Any], path: str) -> dict[str, Any]:
        """Drop keywords that the subset refuses; constraints stay as words in the description."""
        kept: dict[str, Any] = {}
        words: list[str] = []
        for key, value in node.items():
            if self._takes(key, value):
                kept[key] = value
                continue
            self._changed(path, key, "removed", f"{key} is not taken")
            if key not in _ANNOTATIONS:
                words.append(f"{key}: {json.dumps(value, ensure_ascii=False, default=str)}")
        if words:
            kept["description"] = _sentence(kept.get("description"), f"Must hold: {'; '.join(words)}.")
        return kept

    def _takes(self, key: str, value: Any) -> bool:
        if key == "format":
            return value in _FORMATS
        if key == "pattern":
            return not _LOOKAROUND.search(str(value))
        if key in _NUMBERS:
            return not self.claude
        if key in {"minItems", "maxItems"}:
            return not self.claude or (key == "minItems" and value <= 1)
        return key in _KEPT


_OBJECT: Final = frozenset({"type", "properties", "required", "additionalProperties", "patternProperties"})
_SHAPE: Final = frozenset({"type", "properties", "required", "additionalProperties", "items"})


def _says_nothing(node: dict[str, Any]) -> bool:
    return not set(node) - _ANNOTATIONS - {"title", "description"}


def _nullable(schema: dict[str, Any]) -> bool:
    if schema.get("type") == "null" or None in schema.get("enum", []) or schema.get("const", "") is None:
        return True
    return any(_nullable(arm) for arm in schema.get("anyOf", []))


def _pointer(path: str, name: str) -> str:
    return f"{path}/{name.replace('~', '~0').replace('/', '~1')}"


def _sentence(description: Any, words: str) -> str:
    return f"{description} {words}" if description else words
