"""References within a schema, wherever they point: the same answers fit, definitions stand under $defs."""

from __future__ import annotations

import copy
import re
from typing import Any

import pytest
from jsonschema import Draft202012Validator

import smartllm
from smartllm import TextRequest, Tool
from smartllm.compiler.schema.answers.restore import restore
from smartllm.compiler.schema.lower import lower
from smartllm.errors import UnsupportedError

PLACE = {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]}
BOTH = {"a": {"city": "Oslo"}, "b": {"city": "Rome"}}
FITS: list[Any] = [BOTH, {"a": {"city": "Oslo"}}]
FITS_NOT: list[Any] = [
    {"a": {"city": 1}},
    {"a": {}},
    {"a": {"city": "Oslo"}, "b": {}},
    {"a": {"city": "Oslo"}, "b": 5},
]


def two(reference: str, first: Any = None, more: Any = None, **rest: Any) -> dict[str, Any]:
    second = {"$ref": reference}
    named = {"a": first or second, "b": second, **(more or {})}
    return {"type": "object", "properties": named, "required": ["a"], **rest}


SCHEMAS = {
    "definitions": two("#/definitions/Place", definitions={"Place": PLACE}),
    "through definitions": two(
        "#/definitions/A/B", definitions={"A": {"B": {"$ref": "#/definitions/C"}}, "C": PLACE}
    ),
    "another property": two("#/properties/a", PLACE),
    "an item of a list": two("#/properties/c/anyOf/1", more={"c": {"anyOf": [{"type": "null"}, PLACE]}}),
    "an anchor": two("#here", PLACE | {"$anchor": "here"}),
    "its own address": two(
        "https://x.test/s#/$defs/Place", **{"$id": "https://x.test/s", "$defs": {"Place": PLACE}}
    ),
    "components": two("#/components/schemas/Pl%C3%A4ce", components={"schemas": {"Pläce": PLACE}}),
    "a taken name": two(
        "#/definitions/Place", definitions={"Place": PLACE}, **{"$defs": {"Place": {"type": "null"}}}
    ),
    "a name of marks": two("#/definitions/~1~0", definitions={"/~": PLACE}),
}


@pytest.mark.parametrize("subset", ["tool", "openai-strict", "claude-native"])
@pytest.mark.parametrize("kind", SCHEMAS)
def test_the_same_answers_fit(kind: str, subset: Any) -> None:
    schema = copy.deepcopy(SCHEMAS[kind])
    lowered = lower(schema, subset)
    assert schema == SCHEMAS[kind], "it is the caller's"
    references = re.findall(r"'\$ref': '([^']*)'", str(lowered.schema))
    assert references
    assert all(re.fullmatch(r"#/\$defs/[A-Za-z0-9_.-]+", reference) for reference in references)
    assert not {"definitions", "components"} & set(lowered.schema)
    assert any(change.keyword == "$ref" and "$defs" in change.reason for change in lowered.changes)
    theirs, ours = Draft202012Validator(SCHEMAS[kind]), Draft202012Validator(lowered.schema)
    for answer in FITS:
        assert theirs.is_valid(answer)
        assert ours.is_valid(answer) or subset == "openai-strict"
        assert restore(answer, lowered) == answer
    for answer in FITS_NOT:
        assert not theirs.is_valid(answer)
        assert not ours.is_valid(answer)


def test_a_place_that_holds_itself() -> None:
    node = {
        "type": "object",
        "properties": {"kids": {"type": "array", "items": {"$ref": "#/properties/top"}}},
    }
    sent = lower({"type": "object", "properties": {"top": node}}, "tool").schema
    deep: dict[str, Any] = {"top": {"kids": [{"kids": [{"kids": []}]}]}}
    assert Draft202012Validator(sent).is_valid(deep)
    assert not Draft202012Validator(sent).is_valid({"top": {"kids": [{"kids": [5]}]}})


@pytest.mark.parametrize("subset", ["tool", "openai-strict", "claude-native"])
@pytest.mark.parametrize(
    ("inner", "way"),
    [
        ({"anyOf": [{"$ref": "#/properties/next"}, {"type": "null"}]}, "next -> next"),
        ({"$ref": "#/$defs/A", "minLength": 2}, "A -> A"),
        ({"allOf": [{"$ref": "#/$defs/A"}]}, "A -> A"),
    ],
)
def test_a_schema_that_is_said_by_itself_alone_is_refused(inner: Any, way: str, subset: Any) -> None:
    union = {"anyOf": [{"$ref": "#/$defs/A"}, {"type": "string"}], "minLength": 2}
    schema = {"type": "object", "properties": {"next": inner}, "$defs": {"A": union}}
    if "next" in way:
        del schema["$defs"]
    with pytest.raises(UnsupportedError, match=re.escape(f"by itself alone ({way})")):
        lower(schema, subset)


def test_a_root_that_is_only_a_reference_is_what_it_points_to() -> None:
    lowered = lower({"$ref": "#/definitions/Place", "definitions": {"Place": PLACE}}, "tool")
    assert (lowered.schema["properties"], lowered.wrapped) == (PLACE["properties"], False)
    more = {"$ref": "#/$defs/Place", "required": ["zip"], "properties": {"zip": {"type": "integer"}}}
    both = lower(more | {"$defs": {"Place": PLACE}}, "openai-strict")
    assert sorted(both.schema["required"]) == ["city", "zip"]
    anything = {"type": "object", "properties": {"value": {}}}
    for nothing in ({"$ref": "#/$defs/T", "$defs": {"T": True}}, {}):
        lowered = lower(nothing, "tool")
        assert {key: lowered.schema[key] for key in anything} == anything


@pytest.mark.parametrize(
    "reference",
    [
        "#/definitions/No",
        "#/properties/a/9",
        "#/anyOf/7",
        "#/anyOf/x",
        "#nobody",
        "#/properties/a/type",
        "#/type/x",
    ],
)
def test_what_points_to_nothing_is_refused_by_place(reference: str) -> None:
    schema = two(reference, PLACE, anyOf=[True])
    with pytest.raises(
        UnsupportedError, match=rf"\$ref '{re.escape(reference)}' points to nothing \(at /properties/b\)"
    ):
        lower(schema, "tool")


def test_a_name_that_is_taken_keeps_its_meaning() -> None:
    both = two(
        "#/definitions/Place",
        more={"c": {"$ref": "#/$defs/Place"}},
        definitions={"Place": PLACE},
        **{"$defs": {"Place": {"type": "null"}}},
    )
    sent = Draft202012Validator(lower(both, "tool").schema)
    assert sent.is_valid({"a": {"city": "Oslo"}, "c": None})
    assert not sent.is_valid({"a": {"city": "Oslo"}, "c": {"city": "Oslo"}})
    assert not sent.is_valid({"a": None})


def test_a_long_chain_is_followed() -> None:
    chain: dict[str, Any] = {f"d{index}": {"$ref": f"#/definitions/d{index + 1}"} for index in range(150)}
    lowered = lower(two("#/definitions/d0", definitions=chain | {"d150": PLACE}), "tool")
    assert len(lowered.schema["$defs"]) == 151


def test_what_no_reference_names_stays() -> None:
    schema = {"type": "object", "properties": {}, "definitions": {"Place": PLACE}}
    assert lower(schema, "tool").schema == schema
    value = {"type": "object", "properties": {"x": {"const": {"$ref": "#/definitions/A"}}}}
    assert lower(value, "tool").schema == value


@pytest.mark.parametrize(("model", "kept"), [("gpt-4.1", True), ("nova-pro", False)])
def test_tools_are_declared_with_them(model: str, kept: Any) -> None:
    tool = Tool("travel", parameters=SCHEMAS["definitions"])
    compiled = smartllm.compile(TextRequest(prompt="hi", tools=[tool]), model=model, level="ignore")
    assert ("'$ref': '#/$defs/Place'" in str(compiled.body)) == kept
    assert "definitions" not in str(compiled.body)
    assert "tool-schema-changed" in {item.code for item in compiled.diagnostics}
