"""Names of properties at the top of a tool's input: those that are refused go by others, and come back."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import replace
from typing import Any, Final

from smartllm.compiler.schema.keywords import pointer, subschemas
from smartllm.compiler.schema.takes import words_of
from smartllm.compiler.schema.types import Change, Codec, Lowered, wrap

_NAME: Final = re.compile(r"[A-Za-z0-9_.-]{1,64}", re.ASCII)
_NOT_IN_NAME: Final = re.compile(r"[^A-Za-z0-9_.-]", re.ASCII)
_LONGEST: Final = 64
_SHOWN: Final = 200
_OF_NAMES: Final = frozenset(
    {"dependentRequired", "dependentSchemas", "dependencies", "patternProperties", "propertyNames"}
)
"""Keywords that speak of the names of properties elsewhere than where these stand."""
_HIDDEN: Final = "a name of a property is not taken at the top; all stands under the property 'value'"


def renamed(lowered: Lowered, *, binding: bool) -> tuple[Lowered, Mapping[str, str]]:
    """A schema with legal names at its top level, and the caller's names by those that are new.

    Further down any name is taken: where the top level is referred to it stands once more, as it was; and
    where its names are spoken of elsewhere, it moves down as a whole.

    Args:
        lowered: The schema; it is not changed.
        binding: The schema binds what the model writes, and nothing stands beside a ``$ref``.
    """
    wrong = [name for name in lowered.schema.get("properties", {}) if not _NAME.fullmatch(name)]
    if not wrong:
        return lowered, {}
    lowered = _apart(lowered)
    if _OF_NAMES & set(lowered.schema):
        return under_value(lowered, _HIDDEN), {}
    properties = lowered.schema["properties"]
    new: dict[str, str] = {}
    changes = list(lowered.changes)
    for name in wrong:
        new[name] = _free(name, {*properties, *new.values()})
        said = f"it goes as {new[name]}"
        changes.append(Change(pointer("properties", name), "properties", "rewritten", said))
    schema = dict(lowered.schema)
    schema["properties"] = {
        new.get(name, name): _told(name, inner, binding=binding) if name in new else inner
        for name, inner in properties.items()
    }
    if "required" in schema:
        schema["required"] = [new.get(name, name) for name in schema["required"]]
    moved = {pointer("properties", name): pointer("properties", wire) for name, wire in new.items()}
    codecs = {_moved(path, moved): codec for path, codec in lowered.codecs.items()}
    names = {wire: name for name, wire in new.items()}
    return replace(lowered, schema=schema, changes=tuple(changes), codecs=codecs), names


def _free(name: str, taken: set[str]) -> str:
    """A legal name near to this one that no property has."""
    stem = _NOT_IN_NAME.sub("_", name)[:_LONGEST] or "_"
    likely, count = stem, 1
    while likely in taken:
        count += 1
        likely = f"{stem[: _LONGEST - 1 - len(str(count))]}_{count}"
    return likely


def _told(name: str, inner: Any, *, binding: bool) -> Any:
    """The schema of a property that says how the caller calls it."""
    if inner is False:
        return inner
    schema = {} if inner is True else dict(inner)
    if binding and "$ref" in schema:
        schema = {"anyOf": [schema]}
    words = f"Stands for {json.dumps(name[:_SHOWN], ensure_ascii=False)}."
    return schema | {"description": words_of(schema.get("description"), words)}


def _apart(lowered: Lowered) -> Lowered:
    """The schema with its top level as a definition too, where something refers to it."""
    if all(node.get("$ref") != "#" for _, node in subschemas(lowered.schema)):
        return lowered
    schema: dict[str, Any] = json.loads(json.dumps(lowered.schema))
    definitions = schema.setdefault("$defs", {})
    name = "input"
    while name in definitions:
        name += "_"
    for _, node in subschemas(schema):
        if node.get("$ref") == "#":
            node["$ref"] = f"#/$defs/{name}"
    definitions[name] = {
        key: value for key, value in schema.items() if key not in {"$defs", "$schema", "$id"}
    }
    above: dict[str, Codec] = {
        path: codec for path, codec in lowered.codecs.items() if not _below(path, "/$defs")
    }
    below = {f"/$defs/{name}{path}": codec for path, codec in above.items()}
    return replace(lowered, schema=schema, codecs={**lowered.codecs, **below})


def under_value(lowered: Lowered, reason: str) -> Lowered:
    """The schema as the only property of a new top level, where nothing of it is refused.

    Args:
        lowered: The schema; nothing refers to its top level.
        reason: Why.
    """
    inside = pointer("properties", "value")
    codecs = {
        path if _below(path, "/$defs") else inside + path: codec for path, codec in lowered.codecs.items()
    }
    changes = (*lowered.changes, Change("", "type", "rewritten", reason))
    return replace(lowered, schema=wrap(dict(lowered.schema)), changes=changes, wrapped=True, codecs=codecs)


def _below(path: str, above: str) -> bool:
    return path == above or path.startswith(f"{above}/")


def _moved(path: str, moved: Mapping[str, str]) -> str:
    for before, after in moved.items():
        if _below(path, before):
            return after + path[len(before) :]
    return path
