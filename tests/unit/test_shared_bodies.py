"""Bodies share what was lowered and written before: the bytes stay the same, and nobody's body changes."""

from __future__ import annotations

import pickle
from typing import Any

import pytest
from bound_plans import FORCED, PERSON, RULES, WEATHER
from pydantic import BaseModel

import smartllm
from smartllm import Plan, TextRequest, Tool
from smartllm.compiler.body import wire_text, written

OWN = {"type": "web_search", "filters": {"allowed_domains": ["x.test"]}}
GREETING = Tool("greet-all", "Grüßt 🌍.", {"type": "object", "properties": {"wen": {"type": "string"}}})
WISHES: list[dict[str, Any]] = [
    {},
    {"stream": True},
    {"tool_choice": "weather", "parallel_tool_calls": False},
    {"response_format": PERSON},
    {"response_format": PERSON, "structured_output": "tool"},
    {"extra": {"tools": [], "toolConfig": {"toolChoice": {"auto": {}}}}},
    {"extra": {"other": 1}},
]


def plan(model: str, *tools: Any, **fields: Any) -> Plan:
    request = TextRequest(prompt="hi", tools=list(tools), model=model, **fields)
    return smartllm.compile(request, rules=RULES, level="ignore")


@pytest.mark.parametrize("wishes", WISHES, ids=lambda wishes: "+".join(wishes) or "tools")
@pytest.mark.parametrize(
    ("model", "api_type"),
    [("gpt-4.1", "responses"), ("gpt-4.1", "chat_completions"), (FORCED, "invoke"), ("nova-pro", "converse")],
)
def test_the_bytes_are_those_of_the_body(model: str, api_type: Any, wishes: dict[str, Any]) -> None:
    own = [OWN] if api_type == "responses" and "tool" not in wishes.values() else []
    for _ in range(2):  # the second time all of it is known
        for step in plan(model, WEATHER, GREETING, *own, api_type=api_type, **wishes).steps:
            assert step.payload.decode() == wire_text(step.sealed)
            assert step.body == step.sealed
            travelled = pickle.loads(pickle.dumps(step))  # noqa: S301 - our own
            assert travelled.payload == step.payload
            assert not travelled.texts


def test_a_known_text_stands_at_its_place_alone() -> None:
    data = {"a": {"b": [1], "c": {"d": 2}}, "ü": "ü"}
    assert bytes(written(data, {})).decode() == '{"a":{"b":[1],"c":{"d":2}},"ü":"ü"}'
    assert bytes(written(data, {("a", "b"): "KNOWN"})).decode() == '{"a":{"b":KNOWN,"c":{"d":2}},"ü":"ü"}'
    assert written(data, {("x",): "KNOWN"}) == written(data, {})


class TestABodyIsTheCallersOwn:
    def test_and_changing_it_changes_neither_what_is_sent_nor_another(self) -> None:
        first, second = plan("gpt-4.1", WEATHER), plan("gpt-4.1", WEATHER)
        before = second.steps[0].payload
        first.body["tools"][0]["parameters"]["properties"].clear()
        first.body["input"].clear()
        assert first.steps[0].payload == before
        assert second.body["tools"][0]["parameters"]["properties"]
        assert plan("gpt-4.1", WEATHER).body == second.body
        assert first.body is first.body

    def test_what_extra_merges_into_is_not_shared(self) -> None:
        class Shape(BaseModel):
            x: int

        wishes: dict[str, Any] = {"response_format": Shape, "model": "gpt-4.1"}
        extra = {"text": {"format": {"schema": {"properties": {"x": {"type": "string"}}}}}}
        merged = smartllm.compile(TextRequest(prompt="hi", extra=extra, **wishes), level="ignore").body
        plain = smartllm.compile(TextRequest(prompt="hi", **wishes), level="ignore").body
        kind = [body["text"]["format"]["schema"]["properties"]["x"]["type"] for body in (merged, plain)]
        assert kind == ["string", "integer"]

    def test_a_tool_in_the_words_of_the_wire_is_copied(self) -> None:
        own = {"type": "web_search", "filters": {"allowed_domains": ["x.test"]}}
        compiled = plan("gpt-4.1", own)
        own["filters"].clear()  # type: ignore[attr-defined]
        assert compiled.body["tools"] == [OWN]
        assert b"x.test" in compiled.steps[0].payload
