"""From an answer that fits the lowered schema back to what the caller's own model reads."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Final

from smartllm.compiler.dialects.reading import json_of, unicode_json
from smartllm.compiler.schema.keywords import definition_name, pointer
from smartllm.compiler.schema.types import Lowered

if TYPE_CHECKING:
    from jsonschema import Draft202012Validator

_AS_SENT: Final[Mapping[str, str]] = MappingProxyType({})


def restore(data: Any, lowered: Lowered, names: Mapping[str, str] = _AS_SENT) -> Any:
    """Turn an answer under a lowered schema into input for the original one.

    Pairs become mappings again, JSON text becomes its value, numbered properties a list; a null that stands
    for a left-out property is left out. What does not fit the lowered schema stays as it is, so that the
    caller's model can say what is wrong.

    Args:
        data: The answer, parsed; it is not changed.
        lowered: The schema that was sent.
        names: The caller's names of properties at its top level by those that were changed.

    Returns:
        Input for the caller's model.
    """
    restored = _Reader(lowered).read(data, lowered.schema, "") if lowered.codecs else data
    if lowered.wrapped and isinstance(restored, dict) and "value" in restored:
        restored = restored["value"]
    if names and isinstance(restored, dict):
        return {names.get(name, name): value for name, value in restored.items()}
    return restored


class _Reader:
    def __init__(self, lowered: Lowered) -> None:
        self.codecs = lowered.codecs
        self.root = lowered.schema
        self._validator: Draft202012Validator | None = None

    def read(self, data: Any, schema: Any, path: str) -> Any:
        if not isinstance(schema, dict):
            return data
        reference = schema.get("$ref")
        if reference is not None:
            name = definition_name(reference)
            target = self.root["$defs"][name] if name else self.root
            return self.read(data, target, pointer("$defs", name) if name else "")
        for keyword in ("anyOf", "oneOf"):
            for index, arm in enumerate(schema.get(keyword, [])):
                if self._fits(data, arm):
                    return self.read(data, arm, path + pointer(keyword, index))
        codec = self.codecs.get(path)
        if codec == "json":
            return _parsed(data)
        if codec == "pairs" and isinstance(data, list):
            return self._pairs(data, schema, path)
        if isinstance(data, dict):
            return self._object(data, schema, path)
        if isinstance(data, list):
            return [self.read(item, schema.get("items"), f"{path}/items") for item in data]
        return data

    def _object(self, data: dict[str, Any], schema: dict[str, Any], path: str) -> Any:
        named = schema.get("properties", {})
        result = {}
        for name, value in data.items():
            here = path + (pointer("properties", name) if name in named else "/additionalProperties")
            if value is None and name in named and self.codecs.get(here) == "optional":
                continue
            result[name] = self.read(value, named.get(name, schema.get("additionalProperties")), here)
        if self.codecs.get(path) == "tuple" and set(result) == set(named):
            return [result[name] for name in named]
        return result

    def _pairs(self, data: list[Any], schema: dict[str, Any], path: str) -> Any:
        if not all(isinstance(item, dict) and set(item) == {"key", "value"} for item in data):
            return data
        values = schema["items"]["properties"]["value"]
        return {
            str(item["key"]): self.read(item["value"], values, f"{path}/items/properties/value")
            for item in data
        }

    def _fits(self, data: Any, arm: Any) -> bool:
        if self._validator is None:
            # Loaded here: only answers with unions need it.
            from jsonschema import Draft202012Validator  # noqa: PLC0415

            self._validator = Draft202012Validator(self.root)
        return self._validator.evolve(schema=arm).is_valid(data)


def _parsed(data: Any) -> Any:
    if not isinstance(data, str):
        return data
    try:
        return unicode_json(json_of(data))
    except (ValueError, RecursionError):
        return data
