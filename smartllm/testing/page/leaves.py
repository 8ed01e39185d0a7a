"""Each leaf of a body with the facts that say whether, and within which limits, it may stand there.

A sandbox sees bodies alone, whoever wrote them: it tells what the rules say of each place, not what the
writer meant by it.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from itertools import takewhile
from typing import TYPE_CHECKING, Any, Final

from smartllm.compiler.dialects import FIELDS
from smartllm.compiler.dialects.fields import HEADER
from smartllm.json_values import path_text
from smartllm.parameters import CARRIED, SAMPLING
from smartllm.rules.vocabulary import Facts, Parameter

if TYPE_CHECKING:
    from smartllm.rules import Dialect, Target

Path = tuple[str | int, ...]
MOST: Final = 400
"""Leaves of one body that are shown."""
_LONGEST: Final = 240

_MAIN: Final = {"reasoning_summary": ("levels",), "service_tier": ("values",), "metadata": ("accepted",)}
"""The facts that decide on a parameter, where they are not the usual two."""

_PLACES: Final[Mapping[str, tuple[str, ...]]] = {
    "model": ("endpoints",),
    "stream": ("streaming",),
    "text.verbosity": ("verbosity.levels",),
    "verbosity": ("verbosity.levels",),
    "text.format": ("structured.native", "structured.native_subset"),
    "response_format": ("structured.native", "structured.native_subset"),
    "output_config.format": ("structured.native", "structured.native_subset"),
    "outputConfig.textFormat": ("structured.native", "structured.native_subset"),
    "parallel_tool_calls": ("tools.parallel",),
    "instructions": ("system",),
    "system": ("system",),
    "prompt_cache_key": ("caching.key",),
    "prompt_cache_retention": ("caching.retention",),
    "prompt_cache_options": ("caching.breakpoints", "caching.options_ttls"),
    "include": ("carry.include",),
}
"""Places at the top of a body, by the facts behind them; ``Fields`` knows the others."""

_KEYS: Final[Mapping[str, tuple[str, ...]]] = {
    "cache_control": ("caching.where", "caching.ttls"),
    "cachePoint": ("caching.where", "caching.ttls"),
    "prompt_cache_breakpoint": ("caching.breakpoints",),
    "image": ("input.image.sources", "input.image.formats"),
    "image_url": ("input.image.sources", "input.image.formats"),
    "input_image": ("input.image.sources", "input.image.formats"),
    "document": ("input.document.sources", "input.document.formats"),
    "file": ("input.document.sources", "input.document.formats"),
    "input_file": ("input.document.sources", "input.document.formats"),
    "audio": ("input.audio.sources", "input.audio.formats"),
    "input_audio": ("input.audio.sources", "input.audio.formats"),
    "video": ("input.video.sources", "input.video.formats"),
    "thinking": ("carry.reasoning",),
    "redacted_thinking": ("carry.reasoning",),
    "reasoning": ("carry.reasoning",),
    "reasoningContent": ("carry.reasoning",),
    "tool_use": ("calls.ids", "calls.declared"),
    "toolUse": ("calls.ids", "calls.declared"),
    "function_call": ("calls.ids",),
    "tool_calls": ("calls.ids",),
    "tool_result": ("calls.results",),
    "toolResult": ("calls.results",),
    "function_call_output": ("calls.results",),
    "disable_parallel_tool_use": ("tools.parallel",),
    "strict": ("tools.strict",),
}
"""Keys and types of parts inside turns and tools, by the facts behind them."""
_OWN: Final = frozenset({"input_schema", "inputSchema", "parameters", "input", "json"})
"""Keys inside turns and tools below which all names are the caller's own: schemas, arguments, results."""


@dataclass(frozen=True, slots=True)
class Leaf:
    """A leaf of a body.

    Attributes:
        path: Where it stands, for people.
        value: It, as JSON, cut short.
        facts: The paths of the facts that decide on it, the first one most.
    """

    path: str
    value: str
    facts: tuple[str, ...]


def leaves_of(body: Any, target: Target | None, dialect: Dialect) -> Iterator[Leaf]:
    """The leaves of a body, in its order.

    Args:
        body: It.
        target: The model on this wire; None for one that the rules do not know.
        dialect: The wire.
    """
    places = {} if target is None else _places(dialect, _own_places(target)) | _added(target)
    for path, value, kinds in _leaves(body, (), ()):
        facts = () if target is None else _behind(path, kinds, places, dialect)
        yield Leaf(path_text(path), _text(value), facts)


def _leaves(node: Any, path: Path, kinds: tuple[str, ...]) -> Iterator[tuple[Path, Any, tuple[str, ...]]]:
    """Each leaf with its path and the types of the objects that it stands in."""
    if isinstance(node, dict) and node:
        kind = node.get("type")
        inner = (*kinds, kind) if isinstance(kind, str) and not _OWN.intersection(path[1:]) else kinds
        for key, value in node.items():
            yield from _leaves(value, (*path, key), inner)
    elif isinstance(node, list) and node:
        for index, value in enumerate(node):
            yield from _leaves(value, (*path, index), kinds)
    else:
        yield path, node, kinds


def _behind(
    path: Path, kinds: tuple[str, ...], places: Mapping[str, tuple[str, ...]], dialect: Dialect
) -> tuple[str, ...]:
    fields = FIELDS[dialect]
    keys = [part for part in path if isinstance(part, str)]
    for length in range(len(keys), 0, -1):
        if (found := places.get(".".join(keys[:length]))) is not None:
            return found
    inside = ".".join(keys).startswith((fields.turns, *fields.tools, "system"))
    known = list(takewhile(lambda key: key not in _OWN, keys[1:]))
    for word in (*reversed(known), *reversed(kinds)) if inside else ():
        if word in _KEYS:
            return _KEYS[word]
    if keys and keys[0] == fields.turns and keys[-1] == "role":
        return ("messages.alternate", "messages.prefill")
    return _of_tools(keys, fields.tools)


def _of_tools(keys: list[str], places: tuple[str, ...]) -> tuple[str, ...]:
    if not any(".".join(keys).startswith(place) for place in places):
        return ()
    if _OWN.intersection(keys):
        return ("tools.functions", "tools.input.top")
    if keys[-1] == "name":
        return ("tools.name", "tools.name_max")
    if keys[-1] == "description":
        return ("tools.functions", "tools.description_max")
    return ("tools.functions", "tools.input.top")


@lru_cache(maxsize=16)
def _places(dialect: Dialect, own: frozenset[tuple[str, str]]) -> dict[str, tuple[str, ...]]:
    """Where a wire has what, by the facts behind it; a model may have places of its own."""
    fields, models = FIELDS[dialect], dict(own)
    found = dict(_PLACES)
    for name in CARRIED:
        place = fields.places.get(name, name).replace("{place}", models.get(name, "user"))
        if not place.startswith(HEADER):
            found[place] = _of_parameter(name)
    found |= dict.fromkeys(fields.limits, ("limits.max_output", "limits.field"))
    found |= dict.fromkeys(fields.effort, ("effort.levels",))
    found[fields.choice] = ("tools.choice", "tools.forced")
    found[f"{fields.choice}.disable_parallel_tool_use"] = ("tools.parallel",)
    if fields.thinking:
        found[f"{fields.thinking}.type"] = ("thinking.modes", "thinking.off")
        found[f"{fields.thinking}.budget_tokens"] = ("thinking.min_budget", "thinking.modes")
        found[f"{fields.thinking}.display"] = ("reasoning_summary.levels", "reasoning_summary.shown")
    return found


def _of_parameter(name: str) -> tuple[str, ...]:
    own = _MAIN.get(name, ("accepted", "max") if _is_number(name) else ("accepted",))
    return (*(("sampling",) if name in SAMPLING else ()), *(f"{name}.{fact}" for fact in own))


def _is_number(name: str) -> bool:
    return Facts.__dataclass_fields__[name].type is Parameter


def _own_places(target: Target) -> frozenset[tuple[str, str]]:
    told = ((name, getattr(getattr(target.facts, name), "place", None)) for name in CARRIED)
    return frozenset((name, place) for name, place in told if place)


def _added(target: Target) -> dict[str, tuple[str, ...]]:
    """What the host wants in every body."""
    return {path: (fact,) for path, _, fact in (*target.additions, *target.stream_additions)}


def _text(value: Any) -> str:
    text = json.dumps(value, ensure_ascii=False)
    return text if len(text) <= _LONGEST else f"{text[:_LONGEST]}… ({len(text):,} characters)"
