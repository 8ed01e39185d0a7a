"""Temperature and output limit that are left to the model: nothing is sent, but where a number must be."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Final

import pytest
from conversation import Place, places
from doors import api_on
from model_facts import MESSAGES, RULES
from vendor_shapes import problems

import smartllm
from smartllm import Plan, TextRequest
from smartllm.compiler.dialects import FIELDS
from smartllm.rules import load_rules
from smartllm.testing import LoopbackServer
from smartllm.testing.check import refusal

ALL: Final = list(places())
OPEN: Final[dict[str, Any]] = {"temperature": None, "max_tokens": None}


def plan(model: str, **fields: Any) -> Plan:
    request: TextRequest[Any] = TextRequest(prompt="hi", **OPEN, **fields)
    return smartllm.compile(request, model=model, rules=RULES, level="ignore")


def added(compiled: Plan) -> list[tuple[Any, Any, str, str]]:
    told = [item for item in compiled.diagnostics if item.code == "max-tokens-added"]
    return [(item.asked, item.applied, item.severity, item.origin.name) for item in told]


@pytest.mark.parametrize("place", ALL, ids=str)
def test_every_model_takes_it(place: Place) -> None:
    fields = FIELDS[place.dialect]
    request: TextRequest[Any] = TextRequest(prompt="hi", api_type=api_on(place.dialect, place.host), **OPEN)
    compiled = smartllm.compile(request, model=place.model, provider=place.host, rules=RULES, level="ignore")
    body = compiled.body
    assert fields.found(body, "temperature", "inferenceConfig.temperature") is None
    most = place.facts.limits.max_output
    if place.dialect == MESSAGES:
        assert fields.limit(body) == most
        assert added(compiled) == [(None, most, "info", "limits.required")]
    else:
        assert (fields.limit(body), added(compiled)) == (0, [])
    assert refusal(body, compiled.model, place.dialect, host=place.host) is None
    assert problems(body, place.dialect, place.model) == []
    assert not compiled.cacheable or place.facts.thinking.default != "off"


def test_a_budget_needs_a_limit_above_it_on_every_wire() -> None:
    compiled = plan("claude-sonnet-4-6", api_type="converse", budget_tokens=2000)
    assert compiled.body["inferenceConfig"] == {"maxTokens": 64000}
    assert added(compiled) == [(None, 64000, "info", "thinking.modes")]


def test_a_model_whose_most_is_not_known_gets_the_usual(tmp_path: Path) -> None:
    path = tmp_path / "mine.toml"
    path.write_text("[profile.openai-compatible]\nlimits.required = true\n", encoding="utf-8")
    request: TextRequest[Any] = TextRequest(prompt="hi", api_type="chat_completions", **OPEN)
    compiled = smartllm.compile(
        request, model="mine", provider="openai", compatible=True, rules=load_rules(path), level="ignore"
    )
    assert compiled.body["max_tokens"] == 2048
    assert added(compiled) == [(None, 2048, "info", "limits.required")]


async def test_a_request_says_so_over_a_configuration() -> None:
    with LoopbackServer(check=True) as server:
        async with smartllm.LLMClient(
            api_key="sk-1", base_url=server.openai_base_url, temperature=1, max_tokens=99
        ) as client:
            await client.generate_text(TextRequest(prompt="hi", model="gpt-4.1", **OPEN))
            await client.generate_text(TextRequest(prompt="hi", model="gpt-4.1"))
    first, second = (request.json for request in server.requests)
    assert first.keys() == {"model", "input"}
    assert (second["temperature"], second["max_output_tokens"]) == (1, 99)


def test_json_says_it_with_null() -> None:
    request = TextRequest.model_validate_json('{"prompt": "hi", "temperature": null, "max_tokens": null}')
    assert (request.temperature, request.max_tokens) == (None, None)
