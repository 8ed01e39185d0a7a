"""The JSON Schema of a tool's input, lowered to what a model reads there."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any, Final

from smartllm.compiler.schema.forms import sentence
from smartllm.compiler.schema.graph import Graph, components
from smartllm.compiler.schema.keywords import CONSTRAINTS, definition_name, pointer, references
from smartllm.compiler.schema.lower import left_out, lower_once
from smartllm.compiler.schema.property_names import renamed, under_value
from smartllm.compiler.schema.takes import BINDING, Form, native_of
from smartllm.compiler.schema.tool_patterns import with_patterns
from smartllm.compiler.schema.types import Change, Lowered, refuse, wrap
from smartllm.errors import UnsupportedError
from smartllm.rules.memo import Memo

_BARE: Final = ("type", "properties", "required")
_INPUTS: Final = Memo(results=256, characters=256 * 1024)
_OPEN: Final = Memo(results=64, characters=64 * 1024)
_MOST: Final = 100_000


def answer_input(text: str, form: Form) -> tuple[Lowered, Mapping[str, str]]:
    """As ``tool_input``, for the tool whose input is the answer.

    A definition that holds itself stays a reference where the wire takes one, whether the model follows it or
    not: its answer is checked. An object of any properties is a text where only properties can be said: a
    tool that has none is called with nothing.
    """
    try:
        lowered, names = tool_input(text, form)
    except UnsupportedError:
        if form.bare:
            raise
        return tool_input(text, form._replace(inlined=False))
    if form.bare and not lowered.wrapped and _is_open(text, form):
        lowered = _OPEN.of(_written, text, form)
    return lowered, names


def tool_input(text: str, form: Form) -> tuple[Lowered, Mapping[str, str]]:
    """Lower the schema of a tool's input, once for equal ones: nobody changes the result, which is shared.

    Args:
        text: The caller's schema, as JSON.
        form: What the target takes.

    Returns:
        The schema as sent, and the caller's names of properties by those that were changed.

    Raises:
        UnsupportedError: It cannot be said in this form; names the place and the way out.
    """
    return _INPUTS.of(_made, text, form)


def _made(text: str, form: Form) -> tuple[Lowered, Mapping[str, str]]:
    lowered = _lowered(text, form)
    changes = list(lowered.changes)
    schema = dict(lowered.schema)
    codecs = lowered.codecs
    if "properties" not in schema:
        # OpenAI answers with a 400 (evalstate/fast-agent#143, spring-projects/spring-ai#4776).
        schema["properties"] = {}
        changes.append(Change("", "properties", "added", "an object without properties is refused"))
    if form.inlined and ("$defs" in schema or references(schema)):
        schema = _inlined(schema, changes)
        codecs = left_out(schema)
    found = Lowered(schema, tuple(changes), lowered.wrapped, codecs)
    if form.bare:
        found = _bare(found)
    return renamed(found, binding=form.subset in BINDING) if form.ascii_names else (found, {})


def _is_open(text: str, form: Form) -> bool:
    root = lower_once(text, form.subset).schema
    others = root.get("additionalProperties", "properties" not in root)
    return not root.get("properties") and others in (True, {})


def _written(text: str, form: Form) -> Lowered:
    """An open object as JSON text under ``value``."""
    asked = lower_once(text, form.subset)
    told = sentence(asked.schema.get("description"), "A JSON object, written as JSON text.")
    reason = "a tool without properties is called with nothing; the object is JSON text under 'value'"
    changes = (*asked.changes, Change("", "type", "rewritten", reason))
    value = {"type": "string", "description": told}
    return Lowered(wrap(value), changes, wrapped=True, codecs={pointer("properties", "value"): "json"})


def _bare(lowered: Lowered) -> Lowered:
    """The schema with few keywords at its top level: it moves down as a whole where others say what fits."""
    schema, changes = dict(lowered.schema), list(lowered.changes)
    open_to = schema.get("additionalProperties", True)
    kept = {*_BARE, "$defs"} | ({"additionalProperties"} if open_to is False else set())
    refused = [key for key in schema if key not in kept]
    said = CONSTRAINTS.intersection(refused)
    if said - {"additionalProperties"} or (said and open_to not in (True, {})):
        return under_value(lowered, f"{', '.join(refused)}: not taken at the top; all stands under 'value'")
    for keyword in refused:
        changes.append(Change("", keyword, "removed", f"{keyword} is not taken at the top"))
        del schema[keyword]
    return replace(lowered, schema=schema, changes=tuple(changes))


def _lowered(text: str, form: Form) -> Lowered:
    """The schema in the form's subset; where it does not bind, its patterns are looked at here."""
    if form.subset in BINDING:
        return native_of(text, form.subset, form.patterns, form.limits)
    lowered = lower_once(text, form.subset)
    if form.patterns == "any":
        return lowered
    changes: list[Change] = []
    schema = with_patterns(lowered.schema, form.patterns, changes)
    return replace(lowered, schema=schema, changes=(*lowered.changes, *changes)) if changes else lowered


def _inlined(root: dict[str, Any], changes: list[Change]) -> dict[str, Any]:
    """The schema with each definition in the places that refer to it."""
    graph = Graph(root)
    if cycle := graph.cycle():
        way = " -> ".join(name or "#" for name in cycle)
        raise refuse(
            "/$defs",
            f"a definition that holds itself ({way}) cannot be inlined",
            "say it without recursion: a fixed depth, or JSON text",
        )

    ready: dict[str, tuple[Any, int]] = {}

    def put(node: Any) -> tuple[Any, int]:
        """A part with what it refers to in it, and how many values it then has."""
        if isinstance(node, list):
            items = [put(item) for item in node]
            return [item for item, _ in items], 1 + sum(size for _, size in items)
        if not isinstance(node, dict):
            return node, 1
        inner = {key: put(value) for key, value in node.items() if key != "$ref"}
        beside = {key: value for key, (value, _) in inner.items()}
        size = 1 + sum(size for _, size in inner.values())
        reference = node.get("$ref")
        if not isinstance(reference, str):
            return beside, size
        target, more = ready[definition_name(reference)]
        return ({**target, **beside} if isinstance(target, dict) else target), size + more

    for group in components([""], graph.needs):
        for name in group:
            ready[name] = put(graph.at(name))
            if ready[name][1] > _MOST:
                raise refuse(
                    "/$defs", f"over {_MOST} values where definitions are inlined", "refer to fewer of them"
                )
    changes.append(Change("/$defs", "$defs", "inlined", "the model does not follow a $ref"))
    found: dict[str, Any] = ready[""][0]
    return found
