"""Schemas of types alone: OpenAI's strict subset without bounds, lengths, formats and patterns."""

from __future__ import annotations

import json
from typing import Any

import pytest
from gallery import GALLERY
from legal_schemas import faults, inside
from test_schema_lowering import round_trip

import smartllm
from smartllm import TextRequest
from smartllm.compiler.schema.lower import lower
from smartllm.compiler.schema.source import schema_of
from smartllm.rules import load_rules, resolve, target_for
from smartllm.testing.check_schemas import faults as refused

RULES = load_rules()
LIMITED = {
    "type": "object",
    "properties": {
        "code": {"type": "string", "pattern": "^[A-Z]+$", "minLength": 2, "maxLength": 4},
        "day": {"type": "string", "format": "date"},
        "share": {"type": "number", "minimum": 0, "exclusiveMaximum": 1, "multipleOf": 0.5},
        "tags": {"type": "array", "items": {"type": "string"}, "minItems": 1, "maxItems": 3},
        "kind": {"enum": ["a", "b"]},
    },
    "required": ["code", "day", "share", "tags", "kind"],
    "additionalProperties": False,
}


@pytest.mark.parametrize("name", GALLERY)
def test_it_is_the_strict_one_with_fewer_words(name: str) -> None:
    case = GALLERY[name]
    lowered = lower(schema_of(case.model), "openai-plain")
    assert faults(lowered.schema, "openai-plain") == []
    strict = lower(schema_of(case.model), "openai-strict")
    assert [path for path, _ in inside(lowered.schema)] == [path for path, _ in inside(strict.schema)]
    assert lowered.codecs == strict.codecs
    for example in case.examples:
        round_trip(example, "openai-strict", lowered)


def test_what_is_left_out_stands_in_words_and_is_told() -> None:
    lowered = lower(LIMITED, "openai-plain")
    places = lowered.schema["properties"]
    assert places["code"] == {
        "type": "string",
        "description": 'Must hold: pattern: "^[A-Z]+$"; minLength: 2; maxLength: 4.',
    }
    assert places["day"]["description"] == 'Must hold: format: "date".'
    assert places["share"]["description"] == ("Must hold: minimum: 0; exclusiveMaximum: 1; multipleOf: 0.5.")
    assert places["tags"]["description"] == "Must hold: minItems: 1; maxItems: 3."
    assert places["kind"] == {"type": "string", "enum": ["a", "b"]}
    assert {(one.path, one.keyword) for one in lowered.changes} >= {
        ("/properties/code", "minLength"),
        ("/properties/share", "minimum"),
    }
    assert not any(one.lost for one in lowered.changes)


def test_azure_and_bedrock_get_it_and_openai_does_not() -> None:
    def sent(model: str, provider: str, *keys: str) -> Any:
        request = TextRequest(prompt="x", response_format=LIMITED)
        found: Any = smartllm.compile(request, model=model, provider=provider).steps[0].body
        for key in keys:
            found = found[key]
        return found

    plain = lower(LIMITED, "openai-plain").schema
    assert sent("gpt-5.4", "azure", "text", "format", "schema") == plain
    assert sent("google.gemma-4-31b", "bedrock", "text", "format", "schema") == plain
    assert sent("gpt-5.4", "openai", "text", "format", "schema")["properties"]["code"]["minLength"] == 2


@pytest.mark.parametrize("keyword", ["pattern", "format", "minLength", "minimum", "maxItems"])
def test_the_sandbox_refuses_the_words_there(keyword: str) -> None:
    facts = target_for(resolve("gpt-5.4", RULES), "azure", "openai_responses", RULES).facts
    node = next(one for one in LIMITED["properties"].values() if keyword in one)  # type: ignore[attr-defined]
    schema = json.loads(json.dumps(lower(LIMITED, "openai-plain").schema))
    assert not [*refused(schema, facts)]
    schema["properties"]["code"][keyword] = node[keyword]
    found = [(name, told.get("keyword")) for name, told in refused(schema, facts)]
    assert found == [("strict-keyword", keyword)]
