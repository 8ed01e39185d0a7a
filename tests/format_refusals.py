"""Bodies that the sandbox refuses: one for each problem with a schema that binds, by wire."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any, Final

from tool_refusals import Body, Wrong, chat, claude, function, nested, responses, spec
from tool_refusals_converse import converse
from tool_refusals_converse import spec as converse_spec

GPT, SONNET, NO_JSON = "gpt-5.4", "claude-sonnet-4-6", "gpt-4"


def closed(**properties: Any) -> Body:
    return {
        "type": "object",
        "properties": properties,
        "required": list(properties),
        "additionalProperties": False,
    }


def with_pattern(pattern: str) -> Body:
    return closed(a={"type": "string", "pattern": pattern})


def nested_objects(depth: int) -> Body:
    schema = closed()
    for _ in range(depth - 1):
        schema = closed(a=schema)
    return schema


LARGE: Final = ["x" * 60 + str(number) for number in range(251)]
LIMITED: Final[dict[str, Body]] = {
    "limit-levels": nested_objects(11),
    "limit-properties": closed(**{f"p{number}": {"type": "null"} for number in range(5001)}),
    "limit-enum_values": closed(a={"enum": list(range(1001))}),
    "limit-characters": closed(a={"const": "x" * 120_000}),
    "limit-large_enum_characters": closed(a={"enum": LARGE}),
}
BINDING: Final[dict[str, Body]] = {
    "strict-open": {"type": "object", "properties": {}},
    "strict-required": {**closed(a={"type": "string"}), "required": []},
    "strict-keyword": closed(a={"type": "array", "uniqueItems": True}),
    "strict-format": closed(a={"type": "string", "format": "uri"}),
    "strict-items": closed(a={"type": "array"}),
    "strict-ref": {
        **closed(a={"$ref": "#/$defs/A", "description": "x"}),
        "$defs": {"A": {"type": "string"}},
    },
    "pattern": with_pattern(r"\p"),
    "pattern-around": with_pattern("(?!x)"),
    **LIMITED,
}
STRICT: Final = ("strict-format", "strict-items", "strict-ref")
RECURSIVE: Final = closed(a={"anyOf": [{"$ref": "#"}, {"type": "null"}]})
GRAMMAR: Final[dict[str, Body]] = {
    "strict-open": BINDING["strict-open"],
    "strict-keyword": closed(a={"type": "number", "minimum": 0}),
    "strict-recursion": RECURSIVE,
    "strict-format": closed(a={"type": "string", "format": "regex"}),
    "pattern": with_pattern(r"\bx\b"),
    "pattern-around": with_pattern("(?=x)"),
}


def _each(model: str, schemas: dict[str, Body], said: Callable[[Body], Body]) -> dict[str, Wrong]:
    return {f"format-{problem}": Wrong(model, said(schema)) for problem, schema in schemas.items()}


def _on_responses(schema: Body) -> Body:
    return responses(text={"format": {"type": "json_schema", "name": "a", "schema": schema, "strict": True}})


def _on_chat(schema: Body) -> Body:
    named = {"name": "a", "schema": schema, "strict": True}
    return chat(response_format={"type": "json_schema", "json_schema": named})


def _on_invoke(schema: Body) -> Body:
    return claude(output_config={"format": {"type": "json_schema", "schema": schema}})


def _on_converse(schema: Body) -> Body:
    structure = {"jsonSchema": {"schema": json.dumps(schema)}}
    form = {"type": "json_schema", "structure": structure}
    return {**converse(), "outputConfig": {"textFormat": form}}


JSON_MODE: Final = {"type": "json_object"}
PLAIN: Final = {"city": {"type": "string", "pattern": r"\p"}}
AROUND: Final = {"city": {"type": "string", "pattern": "(?<=x)y"}}

RESPONSES: Final = _each(GPT, BINDING, _on_responses) | {
    **{
        problem: Wrong(GPT, responses(tools=[function(strict=True, parameters=BINDING[problem])]))
        for problem in STRICT
    },
    "pattern": Wrong(GPT, responses(tools=[function(parameters={"type": "object", "properties": PLAIN})])),
    "pattern-around": Wrong(
        GPT, responses(tools=[function(parameters={"type": "object", "properties": AROUND})])
    ),
    "json-mode": Wrong(NO_JSON, responses(text={"format": JSON_MODE})),
    "json-word": Wrong(GPT, responses(text={"format": JSON_MODE}, instructions="JSON")),
}
CHAT: Final = _each(GPT, BINDING, _on_chat) | {
    **{
        problem: Wrong("gpt-4.1", chat(tools=[nested(strict=True, parameters=BINDING[problem])]))
        for problem in STRICT
    },
    "pattern": Wrong("gpt-4.1", chat(tools=[nested(parameters={"type": "object", "properties": PLAIN})])),
    "pattern-around": Wrong(
        "gpt-4.1", chat(tools=[nested(parameters={"type": "object", "properties": AROUND})])
    ),
    "json-mode": Wrong(NO_JSON, chat(response_format=JSON_MODE)),
    "json-word": Wrong(GPT, chat(response_format=JSON_MODE)),
}
CLAUDE: Final = _each(SONNET, GRAMMAR, _on_invoke) | {
    problem: Wrong(SONNET, claude(tools=[spec(strict=True, input_schema=GRAMMAR[problem])]))
    for problem in ("pattern", "pattern-around", "strict-recursion", "strict-format")
}
CONVERSE: Final = _each(SONNET, GRAMMAR, _on_converse) | {
    problem: Wrong(SONNET, converse(tools=[converse_spec(GRAMMAR[problem], strict=True)]))
    for problem in ("pattern", "pattern-around", "strict-recursion", "strict-format")
}
