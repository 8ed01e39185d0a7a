"""Schemas as older drafts and OpenAPI write them mean what they meant; what is none is refused by place."""

from __future__ import annotations

import re
from typing import Any

import pytest
from jsonschema import Draft202012Validator
from legal_schemas import STRICT, SUBSETS, faults

from smartllm.compiler.schema.lower import lower, plain
from smartllm.compiler.schema.types import Subset
from smartllm.errors import UnsupportedError
from smartllm.runtime.structure.checked import checked

each_subset = pytest.mark.parametrize("subset", SUBSETS)
INT, TEXT, NULL = {"type": "integer"}, {"type": "string"}, {"type": "null"}


def under(inner: Any, **more: Any) -> dict[str, Any]:
    return {"type": "object", "properties": {"x": inner}, "required": ["x"], **more}


# The schema of a property as it was written, and as draft 2020-12 writes it.
OLDER: dict[str, tuple[Any, Any]] = {
    "a list under items": (
        {"type": "array", "items": [TEXT, INT]},
        {"type": "array", "prefixItems": [TEXT, INT]},
    ),
    "and nothing after it": (
        {"type": "array", "items": [TEXT], "additionalItems": False},
        {"type": "array", "prefixItems": [TEXT], "items": False},
    ),
    "an empty list": ({"type": "array", "items": []}, {"type": "array"}),
    "additionalItems alone": (
        {"type": "array", "items": INT, "additionalItems": False},
        {"type": "array", "items": INT},
    ),
    "exclusiveMinimum as a switch": (
        {"type": "integer", "minimum": 3, "exclusiveMinimum": True, "maximum": 9, "exclusiveMaximum": False},
        {"type": "integer", "maximum": 9, "exclusiveMinimum": 3},
    ),
    "a switch without a bound": ({"type": "integer", "exclusiveMaximum": True}, INT),
    "dependencies": (
        {"type": "object", "dependencies": {"a": ["b", "b"], "c": "d", "e": {"minProperties": 3}}},
        {
            "type": "object",
            "dependentRequired": {"a": ["b"], "c": ["d"]},
            "dependentSchemas": {"e": {"minProperties": 3}},
        },
    ),
    "nullable": ({"type": "string", "nullable": True}, {"type": ["string", "null"]}),
    "nullable false": ({"type": "string", "nullable": False}, TEXT),
    "nullable among types": ({"type": ["string", "null"], "nullable": True}, {"type": ["string", "null"]}),
    "nullable beside values": (
        {"type": "string", "enum": ["a"], "nullable": True},
        {"type": ["string", "null"], "enum": ["a", None]},
    ),
    "nullable beside values with null": (
        {"type": "string", "enum": ["a", None], "nullable": True},
        {"type": ["string", "null"], "enum": ["a", None]},
    ),
    "nullable beside a value": (
        {"type": "string", "const": "a", "nullable": True},
        {"type": ["string", "null"], "enum": ["a", None]},
    ),
    "nullable beside values alone": (
        {"enum": ["a"], "nullable": True, "title": "T"},
        {"title": "T", "anyOf": [{"enum": ["a"]}, NULL]},
    ),
    "nullable beside a union": (
        {"oneOf": [TEXT, INT], "nullable": True},
        {"anyOf": [{"oneOf": [TEXT, INT]}, NULL]},
    ),
    "nullable where anything fits": ({"nullable": True}, {}),
    "example": ({"type": "string", "example": "a"}, {"type": "string", "examples": ["a"]}),
    "required twice": (
        {"type": "object", "properties": {"a": TEXT}, "required": ["a", "a"]},
        {"type": "object", "properties": {"a": TEXT}, "required": ["a"]},
    ),
    "required of itself": (
        {
            "type": "object",
            "properties": {"a": TEXT | {"required": True}, "b": TEXT | {"required": False}},
            "required": ["a"],
        },
        {"type": "object", "properties": {"a": TEXT, "b": TEXT}, "required": ["a"]},
    ),
    "a type twice": ({"type": ["string", "string", "null"]}, {"type": ["string", "null"]}),
    "any type": ({"type": "any", "title": "T"}, {"title": "T"}),
    "keywords that hold null": (
        {"type": "string", "enum": None, "format": None, "items": None, "description": None},
        TEXT,
    ),
    "notes of another type": (
        {"type": "string", "title": 5, "examples": "a", "deprecated": "soon"},
        TEXT,
    ),
    "nullable beside a union of one type": (
        {"type": ["string", "integer"], "anyOf": [TEXT, INT], "nullable": True},
        {"anyOf": [{"type": ["string", "integer"], "anyOf": [TEXT, INT]}, {"type": "null"}]},
    ),
    "nullable null": ({"type": "null", "nullable": True}, {"type": "null"}),
    "nullable and null": ({"type": ["string", "null"], "nullable": True}, {"type": ["string", "null"]}),
    "a name under $id": ({"$id": "#here", "type": "string"}, {"$anchor": "here", "type": "string"}),
    "no name under $id": ({"$id": "#", "type": "string"}, TEXT),
}


@pytest.mark.parametrize("what", OLDER)
def test_it_is_put_as_the_newest_draft_puts_it(what: str) -> None:
    asked, expected = OLDER[what]
    assert plain(under(asked))["properties"]["x"] == expected
    for subset in SUBSETS:
        lowered = lower(under(asked), subset)
        assert Draft202012Validator.check_schema(lowered.schema) is None
        assert faults(lowered.schema, subset) == []
        assert any(change.path.startswith("/properties/x") for change in lowered.changes)
        assert lowered.schema == lower(under(expected), subset).schema
        if subset not in STRICT:
            assert lowered.schema["properties"]["x"] == expected


REFERENCES: dict[str, tuple[Any, Any]] = {
    "below an address of its own": (
        under({"$id": "http://a/b", "properties": {"p": {"$ref": "#/$defs/q"}}, "$defs": {"q": TEXT}}),
        {"p": 1},
    ),
    "to an address": (under({"$ref": "http://a/b"}, **{"$defs": {"q": {"$id": "http://a/b", **TEXT}}}), 1),
    "to one beside it": (
        under({"$ref": "q.json"}, **{"$id": "http://h/root.json", "$defs": {"q": {"$id": "q.json", **TEXT}}}),
        1,
    ),
    "to a name below an address": (
        under(
            {"$ref": "http://a/b#n"},
            **{"$defs": {"q": {"$id": "http://a/b", "not": {"$anchor": "n", **TEXT}}}},
        ),
        1,
    ),
    "to a name as older drafts write it": (
        under({"$ref": "#n"}, definitions={"q": {"$id": "#n", **TEXT}}),
        1,
    ),
    "a dynamic one": (under({"$dynamicRef": "#n"}, **{"$defs": {"q": {"$dynamicAnchor": "n", **TEXT}}}), 1),
    "a recursive one": (under({"anyOf": [{"$recursiveRef": "#"}, TEXT]}), {"x": 1}),
    "to the root by its address": (under({"anyOf": [{"$ref": "urn:r"}, TEXT]}, **{"$id": "urn:r"}), {"x": 1}),
    "to true, below an address": (
        under({"allOf": [{"$ref": "#/$defs/t"}, TEXT]}, **{"$id": "urn:r", "$defs": {"t": True}}),
        1,
    ),
    "to true where none should be": (
        under({"allOf": [{"$ref": "#/also/t"}, {"$ref": "#/also/t"}, TEXT]}, also={"t": True}),
        1,
    ),
    "twice to one place": (
        under({"allOf": [{"$ref": "#/also/t"}, {"$ref": "#/also/t"}]}, also={"t": {"allOf": [TEXT]}}),
        1,
    ),
    "from one place to another, where none should be": (
        under(
            {"$ref": "#/also/t"},
            also={"t": {"type": "object", "properties": {"p": {"$ref": "#/also/u"}}}, "u": TEXT},
        ),
        {"p": 1},
    ),
    "past an address that is none": (under({"$id": "http://[", **TEXT}, **{"$id": "http://h/r"}), 1),
    "to nothing, below an address that is none": (under(TEXT, **{"$id": "http://["}), 1),
    "a name with a percent sign": (
        under({"$ref": "#/definitions/a%25b"}, definitions={"a%b": TEXT}, **{"$defs": {"ab": INT}}),
        1,
    ),
}


@pytest.mark.parametrize("kind", REFERENCES)
@each_subset
def test_references_are_found(kind: str, subset: Subset) -> None:
    schema, wrong = REFERENCES[kind]
    if subset == "claude-native" and ("root" in kind or "recursive" in kind):
        with pytest.raises(UnsupportedError, match="no recursion"):
            lower(schema, subset)
        return
    lowered = lower(schema, subset).schema
    right = {"p": "a"} if "of its own" in kind or "to another" in kind else "a"
    assert Draft202012Validator(lowered).is_valid({"x": right})
    assert not Draft202012Validator(lowered).is_valid({"x": wrong})
    assert "$id" not in lowered["properties"]["x"]


def test_what_becomes_of_references_and_addresses_is_told() -> None:
    inner = {"allOf": [{"$dynamicRef": "#n"}, {"$id": "http://a/b", "$anchor": "m"}]}
    schema = under(inner, **{"$id": "http://h/r", "$defs": {"q": {"$dynamicAnchor": "n", **TEXT}}})
    told = {(change.path, change.keyword, change.action) for change in lower(schema, "tool").changes}
    assert {
        ("/properties/x/allOf/0", "$dynamicRef", "rewritten"),
        ("/properties/x/allOf/1", "$id", "removed"),
    } <= told
    assert plain(schema)["$id"] == "http://h/r", "that of the whole stays"


@pytest.mark.parametrize(
    ("schema", "text"),
    [
        (
            under({"$dynamicRef": "#n"}, **{"$defs": {n: {"$dynamicAnchor": "n", **TEXT} for n in "ab"}}),
            "$dynamicRef may point to several places (at /properties/x)",
        ),
        (
            under({"$recursiveRef": "#"}, **{"$defs": {"a": {"$recursiveAnchor": True}}}),
            "$recursiveRef may point to several places (at /properties/x)",
        ),
        (under({"$ref": "#", "$dynamicRef": "#n"}), "$dynamicRef (at /properties/x)"),
        (under({"$ref": "#/definitions/a"}, definitions={"a": {"type": 5}}), "at definitions/a/type: 5"),
        (under({"$ref": "#/title"}, title="T"), "points to nothing (at /properties/x)"),
        (under({"$ref": "#/examples/0"}, examples=[{"type": 5}]), "at $defs/0/type: 5 is not one of"),
    ],
)
def test_references_that_decide_nothing_are_refused(schema: Any, text: str) -> None:
    with pytest.raises(UnsupportedError, match=re.escape(text)):
        lower(schema, "tool")


BROKEN: list[tuple[Any, str]] = [
    ({"items": 5}, "properties/x/items: 5 is not a schema: an object, true or false"),
    ({"items": [TEXT, 5]}, "properties/x/prefixItems/1: 5 is not a schema"),
    ({"properties": []}, "properties/x/properties: [] is not an object"),
    ({"properties": {"a": "text"}}, "properties/x/properties/a: 'text' is not a schema"),
    ({"anyOf": []}, "properties/x/anyOf: [] is not an array of schemas"),
    ({"anyOf": {"a": 1}}, "properties/x/anyOf: {'a': 1} is not an array of schemas"),
    ({"type": "text"}, "properties/x/type: 'text' is not one of array, boolean"),
    ({"type": []}, "properties/x/type: [] is not"),
    ({"type": [["string"]]}, "properties/x/type: [['string']] is not"),
    ({"required": "a"}, "properties/x/required: 'a' is not an array of texts"),
    ({"enum": 5}, "properties/x/enum: 5 is not an array"),
    ({"minimum": "1"}, "properties/x/minimum: '1' is not a number"),
    ({"minLength": -1}, "properties/x/minLength: -1 is not a whole number"),
    ({"maxItems": 1.5}, "properties/x/maxItems: 1.5 is not a whole number from 0 on"),
    ({"multipleOf": 0}, "properties/x/multipleOf: 0 is not a number over 0"),
    ({"uniqueItems": 1}, "properties/x/uniqueItems: 1 is not true or false"),
    ({"dependentRequired": {"a": [1]}}, "dependentRequired: {'a': [1]} is not an object of arrays of texts"),
    ({"dependencies": 5}, "properties/x/dependencies: 5 is not an object"),
    ({"pattern": 5}, "properties/x/pattern: 5 is not text"),
    ({"$ref": 5}, "properties/x/$ref: 5 is not text"),
    ({"definitions": {"a": 5}}, "properties/x/definitions/a: 5 is not a schema"),
    ({"const": "a", "not": "x" * 99}, "properties/x/not: '" + "x" * 59 + "… is not a schema"),
]


@pytest.mark.parametrize(("inner", "text"), BROKEN)
@each_subset
def test_what_is_no_schema_is_refused_by_place(inner: Any, text: str, subset: Subset) -> None:
    with pytest.raises(UnsupportedError, match=re.escape(text)) as caught:
        lower(under(inner), subset)
    assert caught.value.field == "response_format"
    assert "draft 2020-12" in caught.value.hint


def test_what_older_drafts_say_is_heard_wherever_it_stands() -> None:
    schema = under(TEXT, definitions={"a": {"type": "array", "items": [TEXT]}, "b": True})
    assert plain(schema)["definitions"]["a"] == {"type": "array", "prefixItems": [TEXT]}
    deep = under({"not": {"allOf": [{"patternProperties": {"a": {"nullable": True, "type": "string"}}}]}})
    heard = plain(deep)["properties"]["x"]["not"]["allOf"][0]["patternProperties"]["a"]
    assert heard == {"type": ["string", "null"]}
    broken = {"required": 5, "properties": {"a": {"required": True}}, "type": "object"}
    with pytest.raises(UnsupportedError, match="at required: 5"):
        plain(broken)


SEVEN = "http://json-schema.org/draft-07/schema#"
PAIR = {"type": "array", "items": [{"type": "integer"}, {"type": "string"}]}
NAMED: dict[str, Any] = {"$schema": SEVEN, "type": "object", "properties": {"pair": PAIR}}


@pytest.mark.parametrize("draft", [SEVEN, "https://json-schema.org/draft/2019-09/schema"], ids=["7", "2019"])
def test_a_schema_that_is_put_anew_names_no_older_draft(draft: str) -> None:
    found = lower({**NAMED, "$schema": draft}, "tool")
    assert "$schema" not in found.schema
    assert "$schema" in [one.keyword for one in found.changes]


@pytest.mark.parametrize(
    "schema",
    [
        {**NAMED, "properties": {}},
        {**NAMED, "$schema": "https://json-schema.org/draft/2020-12/schema"},
        {**NAMED, "$schema": "https://example.com/mine"},
    ],
    ids=["as it is", "newest", "of their own"],
)
def test_other_names_of_drafts_stay(schema: dict[str, Any]) -> None:
    found = lower(schema, "tool")
    assert found.schema["$schema"] == schema["$schema"]
    assert "$schema" not in [one.keyword for one in found.changes]


def test_answers_are_checked_by_the_draft_in_which_it_is_put() -> None:
    """A validator of the older draft would not know what the newer one says."""
    assert checked({"pair": [1, 2]}, plain(NAMED)).place == "pair/1"
    assert not checked({"pair": [1, "a"]}, plain(NAMED)).problem
