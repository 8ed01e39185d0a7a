"""Values that models write as text: read as what the schema wants, and only where it takes no text."""

from __future__ import annotations

import copy
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from smartllm.compiler.schema.answers.lenient import lenient, repaired
from smartllm.compiler.schema.lower import lower

TEXTS = {"type": "array", "items": {"type": "string"}}
NODE: dict[str, Any] = {
    "type": "object",
    "properties": {
        "value": {"type": "integer"},
        "next": {"anyOf": [{"$ref": "#/$defs/node"}, {"type": "null"}]},
    },
}


def read(value: Any, schema: Any, **root: Any) -> Any:
    """What becomes of a value under the property ``x``."""
    found, places = lenient({"x": value}, {"type": "object", "properties": {"x": schema}, **root})
    assert bool(places) == (found != {"x": value})
    return found["x"]


@pytest.mark.parametrize(
    ("schema", "text", "value"),
    [
        ({"type": "integer"}, "12", 12),
        ({"type": "integer"}, "-3.0", -3.0),
        ({"type": "number"}, "1.5", 1.5),
        ({"type": "number"}, " 2 ", 2),
        ({"type": "boolean"}, "true", True),
        ({"type": "null"}, "null", None),
        ({"type": ["integer", "null"]}, "null", None),
        (TEXTS, '["a", "b"]', ["a", "b"]),
        (TEXTS, '"[\\"a\\"]"', ["a"]),  # written twice
        ({"type": "object"}, '{"a": 1}', {"a": 1}),
        ({"enum": [1, 2]}, "1", 1),
        ({"const": 7}, "7", 7),
        ({"anyOf": [{"type": "integer"}, {"type": "null"}]}, "4", 4),
        ({"oneOf": [TEXTS, {"type": "null"}]}, "[]", []),
        ({"allOf": [{"type": "number"}, {"minimum": 0}]}, "4", 4),
        ({"type": "number", "enum": [1, 2]}, "2", 2),
    ],
)
def test_text_is_read_where_the_schema_takes_none(schema: Any, text: str, value: Any) -> None:
    found = read(text, schema)
    assert (found, type(found)) == (value, type(value))


@pytest.mark.parametrize(
    ("schema", "text"),
    [
        ({"type": "string"}, "12"),
        ({"type": "string"}, "[1]"),
        ({}, "[1]"),
        (True, "[1]"),
        ({"type": ["string", "array"]}, "[1]"),
        ({"anyOf": [{"type": "string"}, {"type": "integer"}]}, "12"),
        ({"anyOf": [{"minimum": 3}, {"type": "integer"}]}, "12"),
        ({"enum": ["1", 2]}, "1"),
        # it holds nothing that would fit
        ({"type": "integer"}, "1.5"),
        ({"type": "integer"}, "twelve"),
        ({"type": "integer"}, "1e999"),
        ({"type": "number"}, "1e999"),
        ({"type": "number"}, "NaN"),
        ({"type": "number"}, "true"),
        (TEXTS, '{"a": 1}'),
        (TEXTS, '["a"'),
        (TEXTS, ""),
        (TEXTS, "[" * 100_000),
        ({"type": "object"}, '"a"'),
        ({"type": "object", "enum": [1]}, "1"),
    ],
)
def test_all_other_text_stays(schema: Any, text: str) -> None:
    assert read(text, schema) == text


def test_it_goes_into_lists_objects_and_what_was_text_itself() -> None:
    inner = {"type": "object", "properties": {"n": {"type": "integer"}}, "additionalProperties": TEXTS}
    schema = {"type": "array", "prefixItems": [{"type": "integer"}], "items": inner}
    assert read(["1", {"n": "2", "m": '["a"]'}], schema) == [1, {"n": 2, "m": ["a"]}]
    assert read('["1", "{\\"n\\": \\"2\\"}"]', schema) == [1, {"n": 2}]


def test_it_says_what_was_text() -> None:
    schema = {"type": "object", "properties": {"a/b": {"items": {"type": "integer"}}, "c": TEXTS}}
    assert lenient({"a/b": [1, "2"], "c": "[]"}, schema) == ({"a/b": [1, 2], "c": []}, ("/a~1b/1", "/c"))


def test_references_are_followed_as_far_as_they_lead() -> None:
    defs = {"node": NODE, "loop": {"$ref": "#/$defs/loop"}}
    node = {"$ref": "#/$defs/node"}
    assert read('{"value": "1", "next": {"value": "2"}}', node, **{"$defs": defs}) == {
        "value": 1,
        "next": {"value": 2},
    }
    assert read("1", {"$ref": "#/$defs/loop"}, **{"$defs": defs}) == "1"
    assert read("1", {"$ref": "#/$defs/gone"}, **{"$defs": defs}) == "1"
    assert read({"x": "{}"}, {"$ref": "#"}) == {"x": {}}


def test_a_union_that_holds_itself_ends() -> None:
    twice = {"anyOf": [{"$ref": "#/$defs/twice"}, {"$ref": "#/$defs/twice"}]}
    assert read("1", {"$ref": "#/$defs/twice"}, **{"$defs": {"twice": twice}}) == "1"
    assert read({"a": "1"}, {"$ref": "#/$defs/twice"}, **{"$defs": {"twice": twice}}) == {"a": "1"}
    once = {"anyOf": [{"$ref": "#/$defs/once"}]}
    assert read({"a": "1"}, {"$ref": "#/$defs/once"}, **{"$defs": {"once": once}}) == {"a": "1"}


def test_where_two_arms_take_an_object_only_what_stands_beside_them_is_certain() -> None:
    arms = [{"type": "object", "properties": {"b": {"type": kind}}} for kind in ("integer", "string")]
    schema = {"anyOf": [*arms, TEXTS], "properties": {"a": {"type": "integer"}}}
    assert read({"a": "1", "b": "2"}, schema) == {"a": 1, "b": "2"}
    assert read(["1"], schema) == ["1"]


def test_null_says_that_a_property_is_left_out_only_where_it_takes_no_null() -> None:
    schema = {
        "type": "object",
        "properties": {"x": {"type": ["integer", "null"]}, "y": {"type": "integer"}},
    }
    lowered = lower(schema, "tool")
    assert repaired({"x": None, "y": None}, lowered).value == {"x": None}
    assert repaired({"x": "null", "y": "null"}, lowered).value == {"x": None}
    assert lenient({"x": None, "y": None}, schema)[0] == {"x": None}


def test_other_capitals_are_read_as_the_value_that_all_parts_take() -> None:
    both = {"allOf": [{"enum": ["red", "blue"]}, {"enum": ["blue", "green"]}]}
    lowered = lower({"type": "object", "properties": {"x": both}}, "tool")
    assert [repaired({"x": text}, lowered).value["x"] for text in ("BLUE", "RED", "GREEN")] == [
        "blue",
        "RED",
        "GREEN",
    ]
    assert repaired({"x": "RED"}, lowered).repairs == ()


def test_an_object_of_one_name_is_no_wrapper_where_names_are_open() -> None:
    counts = {"type": "object", "additionalProperties": {"type": "integer"}}
    lowered = lower({"type": "object", "additionalProperties": counts}, "tool")
    assert repaired({"a": {"b": "x"}}, lowered).value == {"a": {"b": "x"}}


def test_halves_of_surrogate_pairs_inside_text_are_made_unicode() -> None:
    assert read('["\\ud83d"]', TEXTS) == ["\ufffd"]


values = st.recursive(
    st.none() | st.booleans() | st.integers(-9, 9) | st.text("ab1[]", max_size=3),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from("ab"), inner, max_size=2),
    max_leaves=8,
)
kinds = st.sampled_from(["integer", "boolean", "string", "null", "array", "object"])
schemas = st.recursive(
    kinds.map(lambda kind: {"type": kind}) | st.just({}),
    lambda inner: (
        inner.map(lambda items: {"type": "array", "items": items})
        | st.dictionaries(st.sampled_from("ab"), inner, max_size=2).map(
            lambda named: {"type": "object", "properties": named}
        )
        | st.lists(inner, min_size=1, max_size=2).map(lambda arms: {"anyOf": arms})
    ),
    max_leaves=6,
)


@given(values, schemas)
def test_what_fits_stays_and_what_is_changed_fits_better(value: Any, schema: dict[str, Any]) -> None:
    given_value = copy.deepcopy(value)
    found, places = lenient(value, schema)
    assert value == given_value
    assert lenient(found, schema)[0] == found
    if Draft202012Validator(schema).is_valid(value):
        assert (found, places) == (value, ())
    twice, _ = lenient(json.dumps(found), schema)
    if not Draft202012Validator(schema).is_valid("a"):
        assert Draft202012Validator(schema).is_valid(twice) or not Draft202012Validator(schema).is_valid(
            found
        )
