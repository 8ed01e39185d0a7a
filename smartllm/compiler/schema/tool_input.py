"""The JSON Schema of a tool's input, lowered to what a model reads there."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, Final, NamedTuple

from smartllm.compiler.schema.keywords import definition_name, pointer, references
from smartllm.compiler.schema.lower import left_out, lower_once
from smartllm.compiler.schema.types import Change, Lowered, Subset, refuse
from smartllm.compiler.schema.view import View
from smartllm.errors import UnsupportedError
from smartllm.rules.memo import Memo
from smartllm.rules.vocabulary import Facts

_BARE: Final = ("type", "properties", "required")
_INPUTS: Final = Memo(results=256, characters=256 * 1024)
_NAME: Final = re.compile(r"[A-Za-z0-9_.-]{1,64}", re.ASCII)
_NOT_IN_NAME: Final = re.compile(r"[^A-Za-z0-9_.-]", re.ASCII)
_LONGEST: Final = 64


class Form(NamedTuple):
    """What the schema may hold.

    Attributes:
        subset: The subset that it is lowered to first.
        bare: Only type, properties and required stand at its top level, and that it is closed.
        inlined: No ``$defs``.
        ascii_names: Names of properties at its top level are 1 to 64 letters, digits, ``_``, ``.`` and ``-``.
    """

    subset: Subset
    bare: bool
    inlined: bool
    ascii_names: bool


def form_of(facts: Facts, *, strict: bool) -> Form:
    """The form that a target takes."""
    takes, structured = facts.tools.input, facts.structured
    return Form(
        subset=structured.native_subset if strict else structured.tool_subset,
        bare=takes.top == "bare",
        inlined=takes.definitions == "inlined",
        ascii_names=takes.property_names == "ascii",
    )


def answer_input(text: str, form: Form) -> tuple[Lowered, Mapping[str, str]]:
    """As ``tool_input``, for the tool whose input is the answer.

    A definition that holds itself stays a reference where the wire takes one, whether the model follows it or
    not: its answer is checked.
    """
    try:
        return tool_input(text, form)
    except UnsupportedError:
        if form.bare:
            raise
        return tool_input(text, form._replace(inlined=False))


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
    lowered = lower_once(text, form.subset)
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
    if form.bare:
        closed = schema.get("additionalProperties") is False
        kept = (*_BARE, "$defs", "additionalProperties") if closed else (*_BARE, "$defs")
        for keyword in [key for key in schema if key not in kept]:
            changes.append(Change("", keyword, "removed", f"{keyword} is not taken at the top"))
            del schema[keyword]
    names = _renamed(schema, changes) if form.ascii_names else {}
    if names:
        moved = {pointer("properties", name): pointer("properties", wire) for wire, name in names.items()}
        codecs = {_moved(path, moved): codec for path, codec in codecs.items()}
    return Lowered(schema, tuple(changes), lowered.wrapped, codecs), names


def _inlined(root: dict[str, Any], changes: list[Change]) -> dict[str, Any]:
    """The schema with each definition in the places that refer to it."""
    view = View(root, lambda *_: None)
    if cycle := view.cycle():
        way = " -> ".join(name or "#" for name in cycle)
        raise refuse(
            "/$defs",
            f"a definition that holds itself ({way}) cannot be inlined",
            "say it without recursion: a fixed depth, or JSON text",
        )

    def put(node: Any) -> Any:
        if isinstance(node, list):
            return [put(item) for item in node]
        if not isinstance(node, dict):
            return node
        reference = node.get("$ref")
        if isinstance(reference, str):
            target = put(root["$defs"][definition_name(reference)])
            beside = {key: put(value) for key, value in node.items() if key != "$ref"}
            return {**target, **beside} if isinstance(target, dict) else target
        return {key: put(value) for key, value in node.items()}

    changes.append(Change("/$defs", "$defs", "inlined", "the model does not follow a $ref"))
    found: dict[str, Any] = put(view.body)
    return found


def _moved(path: str, moved: Mapping[str, str]) -> str:
    for before, after in moved.items():
        if path == before or path.startswith(f"{before}/"):
            return after + path[len(before) :]
    return path


def _renamed(schema: dict[str, Any], changes: list[Change]) -> dict[str, str]:
    """Rename properties at the top level of a schema in place; gives the caller's names by the new ones."""
    properties = schema.get("properties", {})
    wrong = [name for name in properties if not _NAME.fullmatch(name)]
    if not wrong:
        return {}
    new: dict[str, str] = {}
    for name in wrong:
        stem = _NOT_IN_NAME.sub("_", name)[:_LONGEST] or "_"
        likely, count = stem, 1
        while likely in properties or likely in new.values():
            count += 1
            likely = f"{stem[: _LONGEST - 1 - len(str(count))]}_{count}"
        new[name] = likely
        changes.append(Change(pointer("properties", name), "properties", "rewritten", f"it goes as {likely}"))
    schema["properties"] = {new.get(name, name): inner for name, inner in properties.items()}
    if "required" in schema:
        schema["required"] = [new.get(name, name) for name in schema["required"]]
    return {wire: name for name, wire in new.items()}
