"""What a provider would refuse about declared tools and the choice among them."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from smartllm.compiler.schema.keywords import subschemas
from smartllm.rules import Facts

from .check_schemas import faults, pattern_faults
from .heard import JSON, Chosen, Declared, Heard, Refused, ToolWire

PATTERNS: Final = {"dashed": "[a-zA-Z0-9_-]+", "word": "[a-zA-Z][a-zA-Z0-9_]*"}
"""Of names, by the fact ``tools.name``."""

_COMBINED: Final = ("oneOf", "anyOf", "allOf")
# The last two are more than Nova's page allows, and were seen to pass in autumn 2026.
_BARE: Final = frozenset({"type", "properties", "required", "title", "additionalProperties"})
_PROPERTY: Final = re.compile(r"[a-zA-Z0-9_.-]{1,64}", re.ASCII)


@dataclass(frozen=True, slots=True, kw_only=True)
class Judged:
    """A request beside the facts of its model.

    Attributes:
        body: Its body.
        model: The model's id.
        facts: What the model accepts.
        wire: How the wire speaks of tools.
        declared: Its tools.
        chosen: Its choice among them.
        turns: Its turns.
        bound: The schema that binds its answer.
        streamed: It asks for a stream.
        thinks: The model would think.
        budget: Thinking has a budget.
    """

    body: JSON
    model: str
    facts: Facts
    wire: ToolWire
    declared: list[Declared]
    chosen: Chosen
    turns: list[Heard]
    bound: Any
    streamed: bool
    thinks: bool
    budget: bool


def judged(
    body: JSON, model: str, facts: Facts, wire: ToolWire, *, streamed: bool, thinks: bool, budget: bool
) -> Judged:
    """A request, read for judging."""
    return Judged(
        body=body,
        model=model,
        facts=facts,
        wire=wire,
        declared=wire.declared(body),
        chosen=wire.chosen(body),
        turns=wire.turns(body),
        bound=wire.bound(body),
        streamed=streamed,
        thinks=thinks,
        budget=budget,
    )


def declarations(said: Judged) -> Iterator[Refused]:
    """What is wrong with the tools as a whole, and with each."""
    functions = [tool for tool in said.declared if tool.kind == "function"]
    if said.bound is not None and not said.facts.structured.native:
        yield from said.wire.refused("schema")
    yield from _accepted(said, functions)
    yield from _counted(said)
    for index, tool in enumerate(said.declared):
        yield from _function(tool, said) if tool.kind == "function" else _own(tool, index, said)
    yield from _strict_limits(said, functions)


def _accepted(said: Judged, functions: list[Declared]) -> Iterator[Refused]:
    facts, wire = said.facts.tools, said.wire
    if functions and facts.functions == "never":
        yield from wire.refused("functions")
    if functions and facts.functions == "effort-none" and said.thinks:
        yield from wire.refused("thinks", model=said.model)
    if said.declared and said.streamed and not facts.streaming:
        yield from wire.refused("streaming")


def _counted(said: Judged) -> Iterator[Refused]:
    most, count = said.facts.tools.max, len(said.declared)
    if not count and _is_empty(said.body):
        yield from said.wire.refused("empty")
    if most is not None and count > most:
        yield from said.wire.refused("too-many", most=most, length=count)
    # A conversation may declare a tool again further down.
    names = [tool.name for tool in said.declared if tool.name and not tool.place.startswith("input")]
    for name, found in Counter(names).items():
        if found > 1:
            yield from said.wire.refused("twice", name=name)


def _own(tool: Declared, index: int, said: Judged) -> Iterator[Refused]:
    facts = said.facts.tools
    if facts.custom if tool.kind == "custom" else tool.kind in facts.hosted:
        return
    known = ("function", *(("custom",) if facts.custom else ()), *facts.hosted)
    shown = ", ".join(f"'{kind}'" for kind in known)
    yield from said.wire.refused("kind", kind=tool.kind, known=shown, index=index, place=tool.place)


def _is_empty(body: JSON) -> bool:
    config = body.get("toolConfig")
    return body.get("tools") == [] or (isinstance(config, Mapping) and not config.get("tools"))


def _function(tool: Declared, said: Judged) -> Iterator[Refused]:
    facts, wire, place = said.facts.tools, said.wire, tool.place
    yield from name_problems(tool.name, place, said, "name")
    description = tool.own.get("description")
    if "description" in tool.own and description is None:
        yield from wire.refused("description-null", place=place)
    if description == "":
        yield from wire.refused("description-empty", place=place)
    length = len(description) if isinstance(description, str) else 0
    if facts.description_max is not None and length > facts.description_max:
        yield from wire.refused("description-long", place=place, most=facts.description_max, length=length)
    for key in tool.own:
        if wire.known_keys and key not in wire.known_keys:
            yield from wire.refused("key", place=place, key=key)
    if "strict" in tool.own and facts.strict == "never":
        yield from wire.refused("strict", place=place)
        if tool.own["strict"]:
            yield from wire.refused("strict-true", place=place)
    yield from _schema(tool, said)


def name_problems(name: str, place: str, said: Judged, problem: str) -> Iterator[Refused]:
    """What is wrong with a name of a tool."""
    facts = said.facts.tools
    if len(name) > facts.name_max:
        yield from said.wire.refused(
            f"{problem}-long", place=place, name=name, most=facts.name_max, length=len(name)
        )
    pattern = PATTERNS[facts.name]
    if re.fullmatch(pattern, name, re.ASCII) is None:
        yield from said.wire.refused(problem, place=place, name=name, pattern=pattern)


def _schema(tool: Declared, said: Judged) -> Iterator[Refused]:
    takes, wire, place, schema = said.facts.tools.input, said.wire, tool.place, tool.schema
    kind = schema.get("type") if isinstance(schema, Mapping) else None
    if not isinstance(schema, Mapping) or kind != "object":
        yield from wire.refused("schema-type", place=place, name=tool.name, kind=repr(kind))
        return
    if any(key in schema for key in _COMBINED):
        yield from wire.refused("schema-top", place=place, name=tool.name)
    for key in schema:
        if takes.top == "bare" and key not in _BARE:
            yield from wire.refused("schema-bare", place=place.replace(".", "/"), keyword=key)
    names = schema.get("properties", {})
    if takes.property_names == "ascii" and not all(map(_PROPERTY.fullmatch, names)):
        yield from wire.refused("schema-names", place=place)
    if tool.own.get("strict") is True:
        yield from _strict(tool, schema, said)
        return
    for path, node in subschemas(schema):
        for problem, values in pattern_faults(path, node, takes.patterns):
            yield from wire.refused(problem, place=place, name=tool.name, **values)


def _strict(tool: Declared, schema: JSON, said: Judged) -> Iterator[Refused]:
    """What the strict subset of the model has no place for; its limits are those of all tools together."""
    for problem, values in faults(schema, said.facts):
        if not problem.startswith("limit-"):
            yield from said.wire.refused(problem, place=tool.place, name=tool.name, **values)


def _strict_limits(said: Judged, functions: list[Declared]) -> Iterator[Refused]:
    most, strict = (
        said.facts.tools.strict_limits,
        [tool for tool in functions if tool.own.get("strict") is True],
    )
    schemas = [tool.schema for tool in strict] + ([] if said.bound is None else [said.bound])
    nodes: list[Any] = [node for schema in schemas for _, node in subschemas(schema)]
    optional = sum(len(set(node.get("properties", ())) - set(node.get("required", ()))) for node in nodes)
    unions = sum("anyOf" in node or isinstance(node.get("type"), list) for node in nodes)
    counts = {"tools": (len(strict), most.tools), "optional": (optional, most.optional)}
    for name, (length, limit) in (counts | {"unions": (unions, most.unions)}).items():
        if limit is not None and length > limit:
            yield from said.wire.refused(f"strict-{name}", length=length, most=limit)


def choices(said: Judged) -> Iterator[Refused]:
    """What is wrong with the choice among the tools, and with several calls at once."""
    facts, wire, chosen = said.facts.tools, said.wire, said.chosen
    if not said.declared:
        if chosen.said:
            yield from wire.refused("choice-alone")
        if chosen.parallel is not None:
            yield from wire.refused("parallel-alone")
    if chosen.parallel is not None and facts.parallel == "impossible":
        yield from wire.refused("parallel")
    if chosen.wrong:
        yield from wire.refused("choice", wrong=chosen.wrong)
    if chosen.some and facts.some == "omit":
        yield from wire.refused("some")
    if chosen.forces:
        yield from _forced(said)
    known = {tool.name for tool in said.declared} | {tool.kind for tool in said.declared}
    for name in chosen.names:
        if said.declared and name not in known:
            yield from wire.refused("choice-unknown", name=name)


def _forced(said: Judged) -> Iterator[Refused]:
    facts, wire, chosen = said.facts.tools, said.wire, said.chosen
    hosted = [tool.kind for tool in said.declared if tool.kind not in {"function", "custom", "namespace"}]
    if hosted and facts.beside_hosted == "auto":
        yield from wire.refused("hosted-choice", model=said.model, kind=hosted[0])
    thinks = said.thinks and facts.forced in {"effort-none", "unless-thinking"}
    if facts.forced == "never" or thinks:
        yield from wire.refused("forced", form="tool" if chosen.names else "any")
    elif chosen.names and facts.choice == "any" and not chosen.some:
        yield from wire.refused("choice-form")
