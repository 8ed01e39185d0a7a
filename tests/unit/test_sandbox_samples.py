"""Values that the sandbox makes up fit the schemas that they are asked for."""

from __future__ import annotations

import json
from typing import Any

import jsonschema
import pytest
from gallery import GALLERY

from smartllm.testing.sample import sample

SCHEMAS = {name: case.model.model_json_schema() for name, case in GALLERY.items()}


@pytest.mark.parametrize(
    "name", [name for name, schema in SCHEMAS.items() if '"pattern"' not in json.dumps(schema)]
)
def test_a_value_for_each_model_of_the_gallery(name: str) -> None:
    schema = SCHEMAS[name]
    if "$ref" in schema or schema.get("type") == "object":
        jsonschema.Draft202012Validator(schema).validate(sample(schema))
    else:
        assert isinstance(sample(schema), dict)


@pytest.mark.parametrize(
    "schema",
    [
        {"exclusiveMinimum": 3, "type": "integer"},
        {"exclusiveMaximum": 0, "type": "number"},
        {"maximum": -2, "multipleOf": 5, "type": "integer"},
        {"minimum": 0.5, "multipleOf": 0.25, "type": "number"},
        {"type": "array", "items": {"enum": ["a", "b"]}, "minItems": 2, "uniqueItems": True},
        {"type": "array", "items": {"type": "integer"}, "minItems": 3, "uniqueItems": True},
        {"type": "array", "contains": {"const": 4}},
        {"type": "array", "prefixItems": [{"const": 1}, {"type": "string"}], "minItems": 2},
        {
            "type": "object",
            "minProperties": 2,
            "properties": {"a": {"type": "null"}},
            "additionalProperties": {"type": "string"},
        },
        {"type": "string", "format": "date", "minLength": 3},
        {"type": "string", "format": "uuid"},
        {
            "allOf": [
                {"type": "object", "required": ["a"]},
                {"properties": {"a": {"type": "integer"}}, "required": ["b"]},
            ],
            "properties": {"b": {"type": "boolean"}},
        },
        {"$ref": "#/$defs/n", "description": "beside"},
        {"type": ["string", "null"], "minLength": 2},
        True,
    ],
)
def test_a_value_for_each_keyword(schema: Any) -> None:
    whole = {
        "type": "object",
        "properties": {"v": schema},
        "required": ["v"],
        "$defs": {"n": {"type": "integer", "minimum": 7}},
    }
    value = sample(whole)
    assert set(value) == {"v"}
    jsonschema.Draft202012Validator(whole).validate(value)


def test_a_value_of_a_recursive_schema_comes_to_an_end() -> None:
    node = {
        "type": "object",
        "properties": {
            "next": {
                "anyOf": [
                    {
                        "type": "object",
                        "properties": {"next": {"$ref": "#/$defs/node"}},
                        "required": ["next"],
                    },
                    {"type": "null"},
                ]
            }
        },
        "required": ["next"],
    }
    whole = {"$defs": {"node": node}, **node}
    jsonschema.Draft202012Validator(whole).validate(sample(whole))
