"""From an answer that fits the lowered schema back to what the caller's own model reads."""

from __future__ import annotations

import json
from typing import Any

from smartllm.compiler.schema_lowering import Lowered


def restore(data: Any, lowered: Lowered) -> Any:
    """Turn an answer under a lowered schema into input for the original one.

    Pairs become mappings again, JSON text becomes its value, numbered properties a list; a null that stands
    for a left-out property is left out. What does not fit the lowered schema stays as it is, so that the
    caller's model can say what is wrong.

    Args:
        data: The answer, parsed.
        lowered: The schema that was sent.

    Returns:
        Input for the caller's model.
    """
    restored = _Reader(lowered).read(data, lowered.schema, "") if lowered.codecs else data
    if lowered.wrapped and isinstance(restored, dict) and "value" in restored:
        return restored["value"]
    return restored


class _Reader:
    def __init__(self, lowered: Lowered) -> None:
        self.lowered = lowered
        self.root = lowered.schema

    def read(self, data: Any, schema: dict[str, Any], path: str) -> Any:
        reference = schema.get("$ref")
        if reference is not None:
            pointer = reference.removeprefix("#")
            name = pointer.rpartition("/")[2].replace("~1", "/").replace("~0", "~")
            return self.read(data, self.root["$defs"][name] if name else self.root, pointer)
        if "anyOf" in schema:
            for index, arm in enumerate(schema["anyOf"]):
                if self._fits(data, arm):
                    return self.read(data, arm, f"{path}/anyOf/{index}")
            return data
        codec = self.lowered.codecs.get(path)
        if codec == "json":
            return _parsed(data)
        if codec == "pairs" and isinstance(data, list):
            return self._pairs(data, schema, path)
        if isinstance(data, dict) and "properties" in schema:
            return self._object(data, schema, path)
        if isinstance(data, list) and "items" in schema:
            return [self.read(item, schema["items"], f"{path}/items") for item in data]
        return data

    def _object(self, data: dict[str, Any], schema: dict[str, Any], path: str) -> Any:
        result = {}
        for name, value in data.items():
            inner = schema["properties"].get(name)
            escaped = name.replace("~", "~0").replace("/", "~1")
            here = f"{path}/properties/{escaped}"
            if value is None and self.lowered.codecs.get(here) == "optional":
                continue
            result[name] = value if inner is None else self.read(value, inner, here)
        if self.lowered.codecs.get(path) == "tuple" and set(result) == set(schema["properties"]):
            return [result[name] for name in schema["properties"]]
        return result

    def _pairs(self, data: list[Any], schema: dict[str, Any], path: str) -> Any:
        if not all(isinstance(item, dict) and set(item) == {"key", "value"} for item in data):
            return data
        values = schema["items"]["properties"]["value"]
        return {
            item["key"]: self.read(item["value"], values, f"{path}/items/properties/value") for item in data
        }

    def _fits(self, data: Any, arm: dict[str, Any]) -> bool:
        # Loaded here: only answers with unions need it.
        from jsonschema import Draft202012Validator  # noqa: PLC0415

        whole = arm | {"$defs": self.root["$defs"]} if "$defs" in self.root else arm
        return bool(Draft202012Validator(whole).is_valid(data))


def _parsed(data: Any) -> Any:
    if not isinstance(data, str):
        return data
    try:
        return json.loads(data)
    except (ValueError, RecursionError):
        return data
