"""Data against JSON Schemas of callers: the verdict of jsonschema, in time that no answer stretches."""

from __future__ import annotations

import json
import time
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from how_many import examples
from hypothesis import given, settings
from hypothesis import strategies as st
from jsonschema import Draft7Validator, Draft202012Validator

from smartllm.runtime.structure import reading
from smartllm.runtime.structure.checked import Checker, Verdict, checked

FITS = Verdict()
NODE: dict[str, Any] = {
    "$ref": "#/$defs/node",
    "$defs": {
        "node": {
            "anyOf": [
                {"type": "object", "properties": {"down": {"$ref": "#/$defs/node"}, "a": {"const": 1}}},
                {"type": "object", "properties": {"down": {"$ref": "#/$defs/node"}, "a": {"const": 2}}},
                {"type": "integer"},
            ]
        }
    },
}


def nested(depth: int, last: Any) -> Any:
    value = last
    for _ in range(depth):
        value = {"a": 2, "down": value}
    return value


class TestBlame:
    def test_the_place_and_what_is_wrong_there(self) -> None:
        schema = {"properties": {"a": {"items": {"type": "integer", "minimum": 0}}}}
        assert checked({"a": [1, -1]}, schema) == Verdict("a/1", "-1 is less than the minimum of 0")
        assert checked("x", {"type": "object"}) == Verdict("the root", "'x' is not of type 'object'")
        assert checked({"a": [1]}, schema) == FITS
        assert len(checked("x" * 1000, {"type": "object"}).problem) == 200

    @pytest.mark.parametrize("keyword", ["anyOf", "oneOf"])
    def test_in_a_union_the_arm_that_comes_nearest(self, keyword: str) -> None:
        arms = [
            {"type": "integer"},
            {"properties": {"k": {"const": "a"}, "n": {"minimum": 0}}, "required": ["k"], "type": "object"},
            {"required": ["m"], "type": "object"},
        ]
        schema = {"properties": {"x": {keyword: arms}}}
        assert checked({"x": {"k": "a", "n": -1}}, schema) == Verdict(
            "x/n", "-1 is less than the minimum of 0"
        )
        assert checked({"x": "s"}, schema).place == "x"
        assert checked({"x": {"k": "a", "n": 1}}, schema) == FITS

    def test_arms_that_say_nothing(self) -> None:
        assert checked(1, {"anyOf": [False]}).place == "the root"
        assert checked(1, {"oneOf": [True, True]}) == Verdict(
            "the root", "it fits more than one of the schemas of which it may fit one"
        )

    def test_unions_in_unions(self) -> None:
        found = checked(nested(3, {"a": 2, "down": "s"}), NODE)
        assert found.place.startswith("down")


class TestTime:
    def test_unions_that_hold_themselves_take_no_longer_for_each_level(self) -> None:
        before = time.thread_time()
        assert checked(nested(60, 5), NODE) == FITS
        assert checked(nested(60, "wrong"), NODE).problem
        assert time.thread_time() - before < 2

    def test_unions_that_are_written_out(self) -> None:
        schema: dict[str, Any] = {"type": "integer"}
        for _ in range(14):
            schema = {"anyOf": [{"properties": {"down": schema, "a": {"const": tag}}} for tag in (1, 2)]}
        before = time.thread_time()
        assert checked(nested(14, 5), schema) == FITS
        assert time.thread_time() - before < 2

    def test_too_deep_data_is_an_error(self) -> None:
        with pytest.raises(RecursionError):
            checked(nested(5000, 5), NODE)


class TestPatterns:
    def test_they_are_searched_as_providers_do(self) -> None:
        schema = {"type": "string", "pattern": r"^\p{L}+$"}
        assert checked("Jörg", schema) == FITS
        assert checked("J1", schema) == Verdict("the root", r"'J1' does not match '^\\p{L}+$'")
        assert checked(5, {"pattern": "a"}) == FITS

    def test_one_that_may_take_long_is_left_out_and_told(self) -> None:
        schema = {"properties": {"a": {"pattern": r"^(?!x)(a+)+$"}, "b": {"type": "integer"}}}
        told = (r"the pattern '^(?!x)(a+)+$'",)
        assert checked({"a": "a" * 50 + "b", "b": 1}, schema) == Verdict(unchecked=told)
        assert checked({"a": "a" * 50 + "b", "b": "x"}, schema) == Verdict(
            "b", "'x' is not of type 'integer'", told
        )

    def test_names_are_searched_alike(self) -> None:
        schema = {
            "properties": {"n": True},
            "patternProperties": {r"^\p{Lu}": {"type": "integer"}, r"^(?!x)(a+)+$": {"type": "null"}},
            "additionalProperties": False,
        }
        assert checked({"Ä": 1, "n": 2}, schema).problem == ""
        assert checked({"Ä": "s"}, schema).place == "Ä"
        assert (
            "Additional properties"
            in checked({"ä": 1}, {**schema, "patternProperties": {"^[A-Z]": True}}).problem
        )
        found = checked({"aaab": 1}, schema)
        assert found == Verdict(unchecked=(r"the pattern '^(?!x)(a+)+$'",))
        assert checked([1], schema) == FITS

    def test_others_that_nobody_looked_at_beside_patterns_are_left_out(self) -> None:
        schema: dict[str, Any] = {"patternProperties": {"a": True}, "unevaluatedProperties": False}
        assert checked({"b": 1}, schema).unchecked == ("unevaluatedProperties beside patternProperties",)
        assert checked({"b": 1}, {"unevaluatedProperties": False}).problem


class TestSchemas:
    def test_the_draft_that_it_names(self) -> None:
        schema: dict[str, Any] = {
            "items": [{"type": "integer"}],
            "$schema": "http://json-schema.org/draft-07/schema#",
        }
        assert checked(["s"], schema).place == "0"
        schema = {
            "minimum": 1,
            "exclusiveMinimum": True,
            "$schema": "http://json-schema.org/draft-04/schema#",
        }
        assert checked(1, schema).problem

    @pytest.mark.parametrize(
        "schema",
        [
            {"$ref": "https://example.com/x.json"},
            {"$ref": "#/$defs/gone"},
            {"items": [1]},
            {"$id": "a:b:/c", "$ref": "d#e"},
        ],
    )
    def test_one_that_cannot_be_applied_is_told(self, schema: dict[str, Any]) -> None:
        (told,) = checked([1], schema).unchecked
        assert told.startswith("the schema, which cannot be applied (")


class TestItemsThatDiffer:
    UNIQUE: dict[str, Any] = {"uniqueItems": True}  # noqa: RUF012

    @pytest.mark.parametrize(
        "items",
        [
            [1, True, 0, False, "1", None, [], {}, "", [1], [True], {"a": 1}, {"a": True}, {"b": 1}],
            [1, 1.0],
            [{"a": 1, "b": [2]}, {"b": [2.0], "a": 1}],
            [["a"], ["a"]],
            [None, None],
        ],
        ids=str,
    )
    def test_are_those_of_jsonschema(self, items: list[Any]) -> None:
        fits = Draft202012Validator(self.UNIQUE).is_valid(items)
        assert checked(items, self.UNIQUE) == (
            FITS if fits else Verdict("the root", "it holds an item twice")
        )
        assert checked(items, {"uniqueItems": False}) == FITS

    def test_many_objects_take_no_time(self) -> None:
        began = time.process_time()
        assert checked([{"a": [number]} for number in range(4_000)], self.UNIQUE) == FITS
        assert time.process_time() - began < 5  # in pairs it took 14 s


kinds = st.sampled_from(["integer", "string", "object", "array", "null"])
schemas = st.recursive(
    st.just(True)
    | kinds.map(lambda kind: {"type": kind})
    | st.sampled_from([{"minimum": 1}, {"pattern": "^a"}]),
    lambda inner: (
        st.dictionaries(st.sampled_from("ab"), inner, max_size=2).map(lambda named: {"properties": named})
        | st.lists(inner, min_size=1, max_size=3).map(lambda arms: {"anyOf": arms})
        | st.lists(inner, min_size=1, max_size=3).map(lambda arms: {"oneOf": arms})
        | st.lists(inner, min_size=1, max_size=3).map(lambda arms: {"allOf": arms})
        | inner.map(lambda items: {"items": items})
        | inner.map(lambda others: {"patternProperties": {"^a": others}, "additionalProperties": False})
        | inner.map(lambda schema: {"not": schema})
        | st.just({"$ref": "#/$defs/d"})
    ),
    max_leaves=8,
)
values = st.recursive(
    st.none() | st.integers(0, 2) | st.sampled_from(["a", "ba"]),
    lambda inner: (
        st.lists(inner, max_size=2) | st.dictionaries(st.sampled_from(["a", "ab", "b"]), inner, max_size=2)
    ),
    max_leaves=6,
)


@settings(max_examples=examples(80), deadline=None)
@given(schemas, schemas, values)
def test_the_verdict_is_that_of_jsonschema(schema: Any, definition: Any, value: Any) -> None:
    root = {"allOf": [schema], "$defs": {"d": {"items": definition}}}
    for draft in (Draft202012Validator, Draft7Validator):
        named = {"$schema": draft.META_SCHEMA["$schema"], **root}
        found = checked(value, named)
        assert (not found.problem) is draft(named).is_valid(value)
        assert not found.unchecked


def test_one_checker_serves_answers_at_the_same_time() -> None:
    checker = Checker(NODE)
    given = [nested(20, last) for last in (1, "no", 2, {"a": 3})] * 8
    with ThreadPoolExecutor(4) as threads:
        found = list(threads.map(checker.verdict, given))
    assert found == [checked(value, NODE) for value in given]
    assert [bool(one.problem) for one in found[:4]] == [False, True, False, True]


def test_a_schema_is_made_ready_once_for_all_answers() -> None:
    text = json.dumps({"type": "object", "title": "made ready once"})
    assert reading.checker_of(text) is reading.checker_of(text)
