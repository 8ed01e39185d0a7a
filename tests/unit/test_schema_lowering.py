"""Schemas lowered for each target: legal there, told in full, and answers turned back without loss."""

from __future__ import annotations

import copy
import functools
import json
import re
import subprocess
import sys
from decimal import Decimal
from typing import Any

import pytest
from gallery import GALLERY, Case
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from jsonschema import Draft202012Validator
from legal_schemas import STRICT, SUBSETS, faults
from pydantic import BaseModel

from smartllm.compiler.schema.answers.restore import restore
from smartllm.compiler.schema.lower import lower
from smartllm.compiler.schema.source import schema_name, schema_of
from smartllm.compiler.schema.types import Lowered, Subset
from smartllm.errors import UnsupportedError

NULL = {"type": "null"}
each_case = pytest.mark.parametrize("name", GALLERY)
each_subset = pytest.mark.parametrize("subset", SUBSETS)
each_strict = pytest.mark.parametrize("subset", STRICT)

# --- an encoder that knows the forms, so that instances can be said in the lowered schema -------------------


class Encoder:
    def __init__(self, root: dict[str, Any], subset: Subset) -> None:
        self.root, self.subset, self.whole = root, subset, Draft202012Validator(root)

    def target(self, node: Any) -> Any:
        while "$ref" in node:
            node = self.root["$defs"][node["$ref"].removeprefix("#/$defs/")]
        return node

    def free(self, node: Any) -> bool:
        node = self.target(node)
        arms = [arm for arm in node.get("anyOf", node.get("oneOf", [])) if arm != NULL]
        if arms:
            told = [self.target(arm) for arm in arms]
            lists = any(arm.get("type") == "array" for arm in told)
            mappings = any("additionalProperties" in arm and "properties" not in arm for arm in told)
            return len(arms) > 1 and (any(map(self.free, arms)) or (lists and mappings))
        if node.get("type") == "object" and not node.get("properties"):
            says = {"properties", "patternProperties"} & set(node)
            return node.get("additionalProperties", not says) is True
        return not {"type", "enum", "const", "anyOf", "oneOf"} & set(node)

    def __call__(self, data: Any, node: Any) -> Any:
        node = self.target(node)
        if self.free(node):
            return json.dumps(data)
        for arm in node.get("anyOf", node.get("oneOf", [])):
            if self.whole.evolve(schema=arm).is_valid(data):
                return self(data, arm)
        if isinstance(data, dict):
            return self.object(data, node)
        if isinstance(data, list) and "prefixItems" in node:
            return {
                f"item_{n}": self(*both) for n, both in enumerate(zip(data, node["prefixItems"], strict=True))
            }
        if isinstance(data, list):
            return [self(item, node["items"]) for item in data]
        return data

    def object(self, data: dict[str, Any], node: Any) -> Any:
        properties = node.get("properties", {})
        if not properties and ("additionalProperties" in node or "patternProperties" in node):
            values = node.get("additionalProperties") or next(iter(node["patternProperties"].values()))
            return [{"key": key, "value": self(value, values)} for key, value in data.items()]
        missing = [name for name in properties if name not in data] if self.subset == "openai-strict" else []
        return {name: self(value, properties[name]) for name, value in data.items()} | dict.fromkeys(missing)


def constants(schema: dict[str, Any]) -> dict[str, Any]:
    """Properties at the top that are always said, because their default is their only value."""
    given = schema.get("properties", {})
    return {name: inner["const"] for name, inner in given.items() if "const" in inner and "default" in inner}


@functools.cache
def text_of(model: type[BaseModel]) -> str:
    return json.dumps(schema_of(model))


def round_trip(instance: BaseModel, subset: Subset, lowered: Lowered) -> None:
    original = json.loads(text_of(type(instance)))
    for unset in (False, True):
        dumped = instance.model_dump(mode="json", by_alias=True, exclude_unset=unset)
        if isinstance(dumped, dict):
            dumped = constants(original) | dumped
        answer = Encoder(original, subset)(dumped, original) if subset in STRICT else dumped
        answer = {"value": answer} if lowered.wrapped else answer
        Draft202012Validator(lowered.schema).validate(answer)
        before = copy.deepcopy(answer)
        restored = restore(answer, lowered)
        assert answer == before
        assert type(instance).model_validate(restored) == instance
        assert unset or restored == dumped


# --- the gallery against every subset -----------------------------------------------------------------------


def lowered_or_refused(case: Case, subset: Subset) -> Lowered | None:
    schema = schema_of(case.model)
    before = copy.deepcopy(schema)
    lowered = None
    if subset in case.refused:
        with pytest.raises(UnsupportedError, match=re.escape(case.refused[subset])) as caught:
            lower(schema, subset)
        assert caught.value.field == "response_format"
        assert 'structured_output="tool"' in caught.value.hint
    else:
        lowered = lower(schema, subset)
    assert schema == before
    return lowered


def test_the_gallery_is_large() -> None:
    assert len(GALLERY) >= 25
    assert all(case.examples for case in GALLERY.values())


@each_case
@each_subset
def test_lowered_schemas_are_legal_and_answers_come_back(name: str, subset: Subset) -> None:
    case = GALLERY[name]
    lowered = lowered_or_refused(case, subset)
    if lowered is None:
        return
    Draft202012Validator.check_schema(lowered.schema)
    assert faults(lowered.schema, subset) == []
    assert lowered == lower(schema_of(case.model), subset)
    json.dumps(lowered.schema)
    for example in case.examples:
        round_trip(example, subset, lowered)


@each_case
@each_subset
def test_lowering_twice_changes_nothing_more(name: str, subset: Subset) -> None:
    lowered = lowered_or_refused(GALLERY[name], subset)
    if lowered is not None:
        again = lower(lowered.schema, subset)
        assert (again.changes, again.schema, again.wrapped) == ((), lowered.schema, False)


@each_case
def test_tools_lose_nothing(name: str) -> None:
    original = schema_of(GALLERY[name].model)
    lowered = lower(original, "claude-tool")
    inner = lowered.schema["properties"]["value"] if lowered.wrapped else lowered.schema
    whole = original if "$ref" not in original else original | original["$defs"][original["$ref"][8:]]
    if said := [*constants(whole)]:
        whole = whole | {"required": [*whole.get("required", []), *said]}
    assert {k: v for k, v in inner.items() if k != "$defs"} == {
        k: v for k, v in whole.items() if k not in {"$defs", "$ref"}
    }
    assert lowered.schema.get("$defs") == original.get("$defs")


# --- any instance -------------------------------------------------------------------------------------------

ANY_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=5,
)
BY_FORMAT: dict[str, st.SearchStrategy[str]] = {
    "date-time": st.datetimes().map(lambda at: at.isoformat() + "Z"),
    "date": st.dates().map(str),
    "time": st.times().map(lambda clock: clock.replace(microsecond=0).isoformat()),
    "duration": st.integers(0, 10**6).map(lambda seconds: f"PT{seconds}S"),
    "uuid": st.uuids().map(str),
    "binary": st.text(alphabet="abcé"),
    "email": st.just("a@b.de"),
    "uri": st.just("https://b.de"),
}


@functools.cache
def by_reference(name: str, definitions: str) -> st.SearchStrategy[Any]:
    root = {"$defs": json.loads(definitions)}
    return st.deferred(lambda: values(root["$defs"][name], root))


def values(node: Any, root: dict[str, Any]) -> st.SearchStrategy[Any]:
    if "$ref" in node:
        return by_reference(node["$ref"][8:], json.dumps(root["$defs"]))
    if "anyOf" in node or "oneOf" in node:
        arms = sorted(node.get("anyOf", node.get("oneOf")), key=lambda arm: "$ref" in arm)
        return st.one_of([values(arm, root) for arm in arms])
    if "const" in node or "enum" in node:
        return st.sampled_from(node.get("enum", [node.get("const")]))
    if node.get("type") == "object":
        return objects(node, root)
    return arrays(node, root) if node.get("type") == "array" else scalars(node)


def arrays(node: Any, root: dict[str, Any]) -> st.SearchStrategy[Any]:
    if "prefixItems" in node:
        return st.tuples(*(values(item, root) for item in node["prefixItems"])).map(list)
    least = node.get("minItems", 0)
    unique = json.dumps if node.get("uniqueItems") else None
    return st.lists(values(node["items"], root), min_size=least, max_size=least + 2, unique_by=unique)


def scalars(node: Any) -> st.SearchStrategy[Any]:
    kind = node.get("type")
    if "pattern" in node:
        return st.from_regex(node["pattern"], fullmatch=True)
    if kind == "string":
        plain = st.text(min_size=node.get("minLength", 0), max_size=node.get("maxLength", 8))
        return BY_FORMAT.get(node.get("format", ""), plain)
    if "exclusiveMaximum" in node:
        return st.floats(0.1, 0.9)
    step = node.get("multipleOf", 1)
    whole = st.integers(node.get("minimum", -1000), node.get("maximum", 1000))
    return {
        "integer": whole.map(lambda n: n * step),
        "number": whole.map(lambda n: n / 4),
        "boolean": st.booleans(),
        "null": st.none(),
        None: ANY_JSON,
    }[kind]


def objects(node: Any, root: dict[str, Any]) -> st.SearchStrategy[Any]:
    properties = node.get("properties", {})
    if properties or not {"additionalProperties", "patternProperties"} & set(node):
        required = {k: values(v, root) for k, v in properties.items() if k in node.get("required", [])}
        optional = {k: values(v, root) for k, v in properties.items() if k not in required}
        return st.fixed_dictionaries(required, optional=optional)
    keys: st.SearchStrategy[str] = st.text(max_size=4)
    if "propertyNames" in node:
        keys = values({"type": "string", **node["propertyNames"]}, root)
    if "title" in node and node["title"] == "By Number":
        keys = st.integers(0, 99).map(str)
    inner = node.get("additionalProperties")
    for pattern, schema in node.get("patternProperties", {}).items():
        keys, inner = st.from_regex(pattern, fullmatch=True), schema
    if inner is True:
        inner = {}
    least = node.get("minProperties", 0)
    return st.dictionaries(keys, values(inner, root), min_size=least, max_size=least + 2)


# Too large to draw from (their examples cover them), or with texts whose rules the schema does not tell.
DRAWN = [name for name in GALLERY if name not in {"wide", "many_unions", "many_optional", "ids", "times"}]


@pytest.mark.parametrize("name", DRAWN)
def test_any_instance_comes_back(name: str) -> None:
    model = GALLERY[name].model
    schema = schema_of(model)
    ready = {subset: lower(schema, subset) for subset in SUBSETS if subset not in GALLERY[name].refused}

    @settings(max_examples=15, deadline=None, suppress_health_check=list(HealthCheck), database=None)
    @given(values(schema, schema))
    def check(data: Any) -> None:
        instance = model.model_validate(data)
        for subset, lowered in ready.items():
            round_trip(instance, subset, lowered)

    check()


# --- hand-written schemas: what becomes of each keyword -----------------------------------------------------


def under(
    inner: Any, subset: Subset = "openai-strict", *, required: bool = True, **definitions: Any
) -> Lowered:
    root = {"type": "object", "properties": {"x": inner}, "additionalProperties": False, "$defs": definitions}
    lowered = lower(root | ({"required": ["x"]} if required else {}), subset)
    if subset in STRICT:
        assert faults(lowered.schema, subset) == []
    return lowered


def x(lowered: Lowered) -> Any:
    return lowered.schema["properties"]["x"]


NODE = {
    "type": "object",
    "properties": {"next": {"$ref": "#/$defs/N", "description": "On"}},
    "required": ["next"],
}
CLOSED = {"required": [], "additionalProperties": False}
KEYWORDS: dict[str, tuple[Any, Any]] = {
    "default": ({"type": "integer", "default": 1}, {"type": "integer"}),
    "unknown keyword": ({"type": "integer", "x-note": 1}, {"type": "integer"}),
    "not": (
        {"type": "integer", "not": {"const": 1}},
        {"type": "integer", "description": 'Must hold: not: {"const": 1}.'},
    ),
    "words follow the description": (
        {"type": "array", "items": {"type": "null"}, "uniqueItems": True, "description": "Odd."},
        {"type": "array", "items": NULL, "description": "Odd. Must hold: uniqueItems: true."},
    ),
    "look-around": (
        {"type": "string", "pattern": "(?<!a)b"},
        {"type": "string", "description": 'Must hold: pattern: "(?<!a)b".'},
    ),
    "an escaped bracket": ({"type": "string", "pattern": r"\(?=x"}, {"type": "string", "pattern": r"\(?=x"}),
    "one type in a list": ({"type": ["string"]}, {"type": "string"}),
    "types in a list": (
        {"type": ["string", "integer", "null"], "title": "T", "minLength": 1, "minimum": 2},
        {
            "title": "T",
            "anyOf": [{"type": "string", "minLength": 1}, {"type": "integer", "minimum": 2}, NULL],
        },
    ),
    "enum without a type": ({"enum": ["a", "b"]}, {"enum": ["a", "b"], "type": "string"}),
    "const without a type": ({"const": 1.5}, {"const": 1.5, "type": "number"}),
    "enum of several types": (
        {"enum": ["a", 1, None]},
        {"anyOf": [{"enum": [v], "type": t} for v, t in (("a", "string"), (1, "integer"), (None, "null"))]},
    ),
    "numbers of both sorts": (
        {"enum": [1, 1.5], "type": ["number", "null"]},
        {"anyOf": [{"enum": [1, 1.5], "type": "number"}]},
    ),
    "a type that goes without saying": ({"minimum": 1}, {"minimum": 1, "type": "number"}),
    "oneOf": ({"oneOf": [{"type": "string"}, NULL]}, {"anyOf": [{"type": "string"}, NULL]}),
    "allOf of one": (
        {"allOf": [{"$ref": "#/$defs/S"}], "description": "D"},
        {"type": "string", "description": "D"},
    ),
    "allOf merged": (
        {
            "allOf": [
                {"type": "object", "properties": {"a": {"type": "number", "minimum": 1}}, "required": ["a"]},
                {
                    "properties": {
                        "a": {"type": "integer", "minimum": 2, "maximum": 9},
                        "b": {"$ref": "#/$defs/S"},
                    }
                },
                {"required": ["b"], "additionalProperties": False},
                True,
            ]
        },
        {
            "type": "object",
            "properties": {"a": {"type": "integer", "minimum": 2, "maximum": 9}, "b": {"$ref": "#/$defs/S"}},
            "required": ["a", "b"],
            "additionalProperties": False,
        },
    ),
    "allOf of arrays": (
        {
            "type": ["array", "null"],
            "allOf": [
                {"type": "array", "items": {"multipleOf": 4}, "maxItems": 5},
                {"items": {"multipleOf": 6, "enum": [12, 24]}, "maxItems": 3},
                {"items": {"enum": [24, 36]}},
            ],
        },
        {"type": "array", "items": {"multipleOf": 12, "enum": [24], "type": "integer"}, "maxItems": 3},
    ),
    "keywords beside anyOf": (
        {
            "type": "object",
            "properties": {"a": {"type": "string"}},
            "anyOf": [{"required": ["a"]}, {"properties": {}}, True],
        },
        {
            "anyOf": [
                {"type": "object", "properties": {"a": p}, "required": ["a"], "additionalProperties": False}
                for p in (
                    {"type": "string"},
                    {"anyOf": [{"type": "string"}, NULL]},
                )
            ]
        },
    ),
    "a reference alone": ({"$ref": "#/$defs/S"}, {"$ref": "#/$defs/S"}),
    "a reference beside a constraint": (
        {"$ref": "#/$defs/S", "maxLength": 3},
        {"type": "string", "maxLength": 3},
    ),
    "a reference to anything": (
        {"$ref": "#/$defs/A", "title": "T"},
        {"title": "T", "type": "string", "description": "Any JSON value, written as JSON text."},
    ),
    "a recursive reference beside words": (
        {"$ref": "#/$defs/N", "description": "First"},
        {"anyOf": [{"$ref": "#/$defs/N"}], "description": "First"},
    ),
    "required without a schema": (
        {"type": "object", "required": ["a"]},
        {
            "type": "object",
            "properties": {"a": {"type": "string", "description": "Any JSON value, written as JSON text."}},
            "required": ["a"],
            "additionalProperties": False,
        },
    ),
    "a closed object without properties": (
        {"type": "object", "additionalProperties": False},
        {"type": "object", "properties": {}, **CLOSED},
    ),
    "an open object": (
        {"type": "object"},
        {"type": "string", "description": "A JSON object, written as JSON text."},
    ),
    "anything but": (
        {"not": {"type": "string"}},
        {
            "type": "string",
            "description": 'Any JSON value, written as JSON text. Must hold: not: {"type": "string"}.',
        },
    ),
    "an arm that nothing fits": (
        {"anyOf": [NULL, {"type": "string"}, False, NULL]},
        {"anyOf": [NULL, {"type": "string"}]},
    ),
    "a property that nothing fits": (
        {"type": "object", "properties": {"a": False}},
        {"type": "object", "properties": {}, **CLOSED},
    ),
    "objects among the values": (
        {"enum": [{"a": 1}, "b"], "title": "T"},
        {
            "title": "T",
            "type": "string",
            "enum": ['{"a": 1}', '"b"'],
            "description": "A text or an object, written as JSON text.",
        },
    ),
    "an array as the value": (
        {"const": [1, "é"], "type": "array"},
        {"type": "string", "enum": ['[1, "é"]'], "description": "An array, written as JSON text."},
    ),
    "a tuple that goes on": (
        {"prefixItems": [NULL], "items": {"type": "integer"}, "maxItems": 3},
        {
            "type": "string",
            "description": 'An array, written as JSON text. Must hold: prefixItems: [{"type": "null"}]; '
            'items: {"type": "integer"}; maxItems: 3.',
        },
    ),
    "text or anything named": (
        {"type": ["string", "object", "null"]},
        {"type": "string", "description": "A text, an object or null, written as JSON text."},
    ),
    "numbers of either sort, or anything named": (
        {"anyOf": [{"type": "number"}, {"type": "object"}]},
        {"type": "string", "description": "A number or an object, written as JSON text."},
    ),
    "keywords of other types": (
        {"type": "string", "properties": {"a": True}, "items": True, "enum": ["a", 1]},
        {"type": "string", "enum": ["a"]},
    ),
    "keywords of two types": (
        {"minLength": 1, "items": {"type": "string"}},
        {
            "type": "string",
            "description": "Any JSON value, written as JSON text. "
            'Must hold: minLength: 1; items: {"type": "string"}.',
        },
    ),
    "arms that are the same in the subset": (
        {"anyOf": [{"type": "array", "default": []}, {"type": "null"}, {"items": True}]},
        {
            "anyOf": [
                {
                    "type": "array",
                    "items": {"type": "string", "description": "Any JSON value, written as JSON text."},
                },
                NULL,
            ]
        },
    ),
    "an object that is a value, under another type": (
        {"enum": [{"a": 1}, "b"], "type": "string"},
        {"enum": ["b"], "type": "string"},
    ),
    "a value that is listed too": (
        {"enum": ["a", "b"], "const": "b"},
        {"enum": ["b"], "type": "string"},
    ),
    "more than types in what is written as text": (
        {"anyOf": [{"type": "string"}, {"type": "object", "minProperties": 1}]},
        {
            "type": "string",
            "description": "A text or an object, written as JSON text. Must hold: anyOf: "
            '[{"type": "string"}, {"type": "object", "minProperties": 1}].',
        },
    ),
    "names of keys by reference": (
        {"additionalProperties": {"type": "null"}, "propertyNames": {"$ref": "#/$defs/S"}},
        {
            "type": "array",
            "description": "Key and value pairs; each key once.",
            "items": {
                "type": "object",
                "properties": {"key": {"type": "string"}, "value": NULL},
                "required": ["key", "value"],
                "additionalProperties": False,
            },
        },
    ),
    "required by a schema for all": (
        {"type": "object", "required": ["a"], "additionalProperties": {"type": "integer"}},
        {
            "type": "object",
            "properties": {"a": {"type": "integer"}},
            "required": ["a"],
            "additionalProperties": False,
        },
    ),
    "an array of anything": (
        {"type": "array"},
        {
            "type": "array",
            "items": {"type": "string", "description": "Any JSON value, written as JSON text."},
        },
    ),
}


@pytest.mark.parametrize("keyword", KEYWORDS)
def test_keywords(keyword: str) -> None:
    asked, expected = KEYWORDS[keyword]
    lowered = under(asked, S={"type": "string"}, A=True, N=NODE)
    assert x(lowered) == expected
    touched = [change for change in lowered.changes if change.path.startswith("/properties/x")]
    assert bool(touched) == (asked != expected)
    again = lower(lowered.schema, "openai-strict")
    assert (again.changes, again.schema) == ((), lowered.schema)


def test_changes_name_place_keyword_and_action() -> None:
    lowered = under(
        {
            "type": "array",
            "items": {"type": "object", "properties": {"a/b": {"default": 1, "type": "integer"}}},
        }
    )
    told = {(change.path, change.keyword, change.action) for change in lowered.changes}
    assert told == {
        ("/properties/x/items/properties/a~1b", "default", "removed"),
        ("/properties/x/items/properties/a~1b", "required", "added"),
        ("/properties/x/items", "additionalProperties", "added"),
    }
    assert all(change.reason for change in lowered.changes)


def test_changes_say_whether_something_wished_was_lost() -> None:
    told = under(
        {
            "type": "object",
            "properties": {
                "a": {"type": "integer", "not": {"const": 1}, "default": 2},
                "b": {"type": "integer", "not": {"enum": [*range(400)]}},
                "c": {"anyOf": [{"type": "string"}, {"type": "object"}, {"$ref": "#/$defs/N"}]},
            },
            "required": ["a", "b", "c"],
            "additionalProperties": True,
            "patternProperties": {"^x": {"type": "integer"}},
            "minProperties": 2,
        },
        N=NODE,
    )
    where = "/properties/x"
    assert {(change.path, change.keyword) for change in told.changes if change.lost} == {
        (where, "additionalProperties"),  # a model that allows more
        (where, "patternProperties"),
        (f"{where}/properties/b", "not"),  # too long for a sentence
        (f"{where}/properties/c", "anyOf"),  # the definition is not sent
    }
    assert "patternProperties" not in x(told)["description"]
    assert "minProperties: 2" in x(told)["description"]


def test_a_root_with_listed_objects_is_wrapped() -> None:
    listed = {"type": "object", "properties": {"a": {}}, "enum": [{"a": 1}]}
    assert lower(listed, "openai-strict").wrapped


def test_a_property_that_may_not_stand_there_is_left_out_and_told() -> None:
    told = lower({"type": "object", "properties": {"a": False}}, "openai-strict")
    assert told.schema["properties"] == {}
    assert ("/properties/a", "removed") in {(change.path, change.action) for change in told.changes}


def test_places_below_rewritten_ones_are_the_callers() -> None:
    lowered = lower(
        {"additionalProperties": {"prefixItems": [{"type": "string", "default": ""}]}}, "openai-strict"
    )
    assert "/additionalProperties/prefixItems/0" in {change.path for change in lowered.changes}
    assert lowered.wrapped
    assert restore({"value": [{"key": "k", "value": {"item_0": "v"}}]}, lowered) == {"k": ["v"]}


def test_claude_native_says_what_it_cannot_take_in_words() -> None:
    numbers = {"type": "array", "items": {"type": "integer", "minimum": 1}, "minItems": 2, "maxItems": 3}
    assert x(under(numbers, "claude-native")) == {
        "type": "array",
        "items": {"type": "integer", "description": "Must hold: minimum: 1."},
        "description": "Must hold: minItems: 2; maxItems: 3.",
    }
    assert x(under({"type": "array", "items": NULL, "minItems": 1}, "claude-native"))["minItems"] == 1
    assert under({"type": "integer"}, "claude-native", required=False).schema["required"] == []


def test_an_optional_mapping_keeps_its_reading() -> None:
    lowered = under({"type": "object", "additionalProperties": {"type": "integer"}}, required=False)
    assert restore({"x": [{"key": "a", "value": 1}]}, lowered) == {"x": {"a": 1}}
    assert restore({"x": None}, lowered) == {}


def test_several_key_patterns_are_one() -> None:
    lowered = under({"patternProperties": {"^a": {"type": "integer"}, "^b": {"type": "string"}}})
    pair = x(lowered)["items"]["properties"]
    assert pair["key"]["pattern"] == "(^a)|(^b)"
    assert pair["value"] == {"anyOf": [{"type": "integer"}, {"type": "string"}]}


def test_a_nullable_definition_stays_as_it_is_where_it_is_optional() -> None:
    lowered = under({"$ref": "#/$defs/M"}, required=False, M={"anyOf": [{"type": "string"}, NULL]})
    assert x(lowered) == {"$ref": "#/$defs/M"}
    assert restore({"x": None}, lowered) == {"x": None}


def test_the_root_may_be_named_in_its_own_properties() -> None:
    schema = {"type": "object", "properties": {"up": {"$ref": "#"}, "in": {"$ref": "#", "title": "In"}}}
    lowered = lower(schema, "openai-strict")
    assert faults(lowered.schema, "openai-strict") == []
    answer = {"up": {"up": None, "in": None}, "in": None}
    assert restore(answer, lowered) == {"up": {}}
    assert restore({"up": None}, lower(schema, "tool")) == {}


@each_subset
def test_roots_that_are_no_objects_are_wrapped(subset: Subset) -> None:
    schema = {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "anyOf": [{"type": "string"}, {"$ref": "#/$defs/D"}],
    }
    lowered = lower({**schema, "$defs": {"D": {"type": "integer"}}}, subset)
    assert lowered.wrapped
    assert faults(lowered.schema, subset) == []
    assert restore({"value": 5}, lowered) == 5
    assert restore([5], lowered) == [5]


def test_a_tools_root_gets_its_type_and_nothing_else() -> None:
    lowered = lower(
        {"properties": {"a": True, "b": {"allOf": [{"type": "string"}, {"type": "null"}]}}}, "tool"
    )
    assert lowered.schema["type"] == "object"
    assert [(change.keyword, change.action) for change in lowered.changes] == [("type", "added")]
    assert restore({"a": None, "b": None}, lowered) == {"a": None, "b": None}


def test_a_null_for_an_optional_property_of_a_tool_is_left_out() -> None:
    arm = {"type": "object", "properties": {"n": {"type": "integer"}, "m": {"type": ["integer", "null"]}}}
    schema = {
        "type": "object",
        "properties": {"a": {"type": "array", "items": arm}, "o": {"oneOf": [arm, NULL]}},
    }
    given = {"a": [{"n": None, "m": None}], "o": {"m": None}, "else": None}
    assert restore(given, lower(schema, "claude-tool")) == {
        "a": [{"m": None}],
        "o": {"m": None},
        "else": None,
    }


def test_answers_that_do_not_fit_stay_as_they_are() -> None:
    lowered = lower(schema_of(GALLERY["free_form"].model), "openai-strict")
    odd = {
        "anything": "not JSON",
        "settings": 5,
        "rows": "x",
        "json": "[" * 100_000,
        "either": 1,
        "new": [None],
    }
    assert restore(odd, lowered) == odd
    mapping = under({"additionalProperties": {"type": "integer"}})
    for value in ([1], [{"key": "a"}], {"a": 1}, None, "x"):
        assert restore({"x": value}, mapping) == {"x": value}
    pair = under({"prefixItems": [{"type": "integer"}]})
    assert restore({"x": {"item_1": 1}}, pair) == {"x": {"item_1": 1}}
    union = under({"anyOf": [{"type": "integer"}, NULL]})
    assert restore({"x": "odd"}, union) == {"x": "odd"}


# --- what cannot be said ------------------------------------------------------------------------------------

REFUSED: dict[str, tuple[Any, str]] = {
    "false": (False, "nothing fits"),
    "a part that is false": ({"allOf": [{"type": "string"}, False]}, "nothing fits"),
    "types apart": ({"allOf": [{"type": "string"}, {"type": "integer"}]}, "disagree about 'type'"),
    "values apart": ({"allOf": [{"enum": [1]}, {"enum": [2]}]}, "disagree about 'enum'"),
    "patterns apart": ({"pattern": "a", "allOf": [{"pattern": "b"}]}, "disagree about 'pattern'"),
    "fractions": ({"allOf": [{"multipleOf": 0.5}, {"multipleOf": 2}]}, "disagree about 'multipleOf'"),
    "two unions": ({"anyOf": [NULL], "oneOf": [NULL]}, "anyOf beside oneOf"),
    "values of other types": ({"enum": [1], "type": "string"}, "nothing fits"),
    "a value of another type": ({"const": 1, "type": "string"}, "nothing fits"),
    "values of none of the types": ({"enum": [1], "type": ["string", "null"]}, "nothing fits"),
    "a union of nothing": ({"anyOf": [False]}, "nothing fits"),
    "no items": ({"type": "array", "allOf": [{"items": False}, {"items": NULL}]}, "nothing fits"),
}


@pytest.mark.parametrize("what", REFUSED)
def test_what_cannot_be_said_is_refused(what: str) -> None:
    schema, text = REFUSED[what]
    with pytest.raises(UnsupportedError, match=re.escape(text)) as caught:
        under(schema)
    assert caught.value.field == "response_format"
    assert 'structured_output="tool"' in caught.value.hint


@each_subset
@pytest.mark.parametrize(
    ("schema", "text"),
    [
        ({"properties": {"a": {"$ref": "https://x.test/s"}}}, "points elsewhere (at /properties/a)"),
        ({"properties": {"a": {"$ref": "#/definitions/A"}}}, "points to nothing (at /properties/a)"),
        ({"properties": {"enum": {"$ref": "#/$defs/A"}}}, "points to nothing (at /properties/enum)"),
        ({"properties": {"a": {"$dynamicRef": "#a"}}}, "points to nothing (at /properties/a)"),
        (
            {"$ref": "#/$defs/A", "$defs": {"A": {"$ref": "#/$defs/A"}}},
            "by itself alone (A -> A) (at /$defs/A)",
        ),
    ],
)
def test_references_that_cannot_be_followed(schema: Any, text: str, subset: Subset) -> None:
    with pytest.raises(UnsupportedError, match=re.escape(text)):
        lower(schema, subset)


def test_a_reference_keeps_its_meaning_when_it_is_written_in_url_form() -> None:
    schema = {"properties": {"x": {"$ref": "#/$defs/a%20b~1c"}}, "$defs": {"a b/c": {"type": "string"}}}
    lowered = lower(schema | {"required": ["x"]}, "openai-strict")
    assert lowered.schema["$defs"] == {"a b/c": {"type": "string"}}
    assert restore({"x": "s"}, lowered) == {"x": "s"}


def test_a_cycle_is_named() -> None:
    with pytest.raises(UnsupportedError, match=re.escape("no recursion, and this one has # -> A -> #")):
        under({"$ref": "#/$defs/A"}, "claude-native", A={"type": "array", "items": {"$ref": "#"}})
    many: dict[str, Any] = {
        name: {"anyOf": [{"$ref": f"#/$defs/{other}"} for other in others]}
        for name, others in (("B", "CE"), ("C", "DC"), ("D", "B"), ("E", ""))
    }
    many["E"] = NULL
    with pytest.raises(UnsupportedError, match="B -> C -> D -> B"):
        under({"$ref": "#/$defs/B"}, "claude-native", **many)


# --- from a response format ---------------------------------------------------------------------------------


def test_the_schema_of_a_model_and_of_a_schema() -> None:
    model = GALLERY["aliases"].model
    assert schema_of(model) == model.model_json_schema()
    schema_of(model).clear()
    assert schema_of(model)["properties"]
    given = {"type": "object"}
    assert schema_of(given) == given
    assert schema_of(given) is not given


def test_a_schema_that_is_none_is_refused_by_its_path() -> None:
    with pytest.raises(UnsupportedError, match="at properties/a/type") as caught:
        schema_of({"properties": {"a": {"type": "text"}}})
    assert "draft 2020-12" in caught.value.hint
    with pytest.raises(UnsupportedError, match="at type"):
        schema_of({"type": 5})


def test_a_schema_that_is_no_json_is_refused() -> None:
    with pytest.raises(UnsupportedError, match=r"response_format.maximum: Decimal.* is no JSON value"):
        schema_of({"type": "number", "maximum": Decimal(1)})
    endless: dict[str, Any] = {"type": "object"}
    endless["properties"] = {"again": endless}
    with pytest.raises(UnsupportedError, match="more than 200 levels deep"):
        schema_of(endless)


def test_a_model_without_a_schema_is_refused() -> None:
    from collections.abc import Callable

    class Odd(BaseModel):
        run: Callable[[], None]

    class Later(BaseModel):
        missing: Undefined  # type: ignore[name-defined]  # noqa: F821

    for model in (Odd, Later):
        with pytest.raises(UnsupportedError, match=f"{model.__name__} has no JSON Schema"):
            schema_of(model)


@pytest.mark.parametrize(
    ("response_format", "name"),
    [
        (GALLERY["simple"].model, "Simple"),
        (GALLERY["generic"].model, "Box_int"),
        (GALLERY["unicode"].model, "Gr_e"),
        ({"title": "A list of things!"}, "A_list_of_things"),
        ({"title": "x" * 80}, "x" * 64),
        ({"title": "名前"}, "answer"),
        ({}, "answer"),
    ],
    ids=["simple", "generic", "unicode", "spaces", "long", "letters", "none"],
)
def test_names_on_the_wire(response_format: Any, name: str) -> None:
    assert schema_name(response_format) == name


def test_lowering_loads_no_jsonschema() -> None:
    code = (
        "import sys; from smartllm.compiler.schema.lower import lower; "
        "lower({'properties': {'a': {'type': 'null'}}}, 'openai-strict'); print('jsonschema' in sys.modules)"
    )
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert result.stdout.strip() == "False"
