"""Calls in streams: written as they come where a beta of the provider does that, and waited for elsewhere."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

import smartllm
from smartllm import Plan, TextRequest, Tool
from smartllm.rules import RuleSet, load_rules
from smartllm.words import ApiType

RULES = load_rules()
CLAUDE, BETA = "claude-opus-4-5", "fine-grained-tool-streaming-2025-05-14"
LOOK = Tool("look", "", {"type": "object", "properties": {"at": {"type": "string"}}})
BASH: dict[str, Any] = {"type": "bash_20250124", "name": "bash"}
EXTRA = "additionalModelRequestFields"
each_api = pytest.mark.parametrize("api_type", ["invoke", "converse"])


def plan_of(model: str = CLAUDE, rules: RuleSet = RULES, **fields: Any) -> Plan:
    request = TextRequest(**{"prompt": "hi", "tools": [LOOK], "stream": True, **fields})
    return smartllm.compile(request, model=model, rules=rules, level="ignore")


def betas(plan: Plan) -> Any:
    return plan.body.get("anthropic_beta") or plan.body.get(EXTRA, {}).get("anthropic_beta")


@each_api
def test_the_beta_is_asked_for_where_calls_are_streamed_and_nowhere_else(api_type: ApiType) -> None:
    plan = plan_of(api_type=api_type)
    assert betas(plan) == [BETA]
    place = f"{EXTRA}.anthropic_beta[0]" if api_type == "converse" else "anthropic_beta[0]"
    assert plan.steps[0].origins[place].name == "tools.unbuffered_by"
    assert not plan.steps[0].buffered
    for other in (
        plan_of(api_type=api_type, stream=False),
        plan_of(api_type=api_type, tools=None),
        plan_of("nova-pro"),
        plan_of("gpt-5.4"),
    ):
        assert betas(other) is None
        assert not other.steps[0].buffered


@each_api
def test_it_says_only_how_the_answer_comes(api_type: ApiType) -> None:
    plain = plan_of(api_type=api_type, stream=False)
    assert plan_of(api_type=api_type).fingerprint == plain.fingerprint
    # What is said beside it counts, and the caller's own betas too.
    other = {EXTRA: {"a": 1}} if api_type == "converse" else {"a": 1}
    told = [plan_of(api_type=api_type, stream=stream, extra=other) for stream in (False, True)]
    assert betas(told[1]) == [BETA]
    assert told[0].fingerprint == told[1].fingerprint != plain.fingerprint
    own = {EXTRA: {"anthropic_beta": [BETA]}} if api_type == "converse" else {"anthropic_beta": [BETA]}
    assert plan_of(api_type=api_type, extra=own).fingerprint != plain.fingerprint


@each_api
def test_the_callers_own_betas_stand_alone(api_type: ApiType) -> None:
    def asked(*names: str) -> Plan:
        own: dict[str, Any] = {"anthropic_beta": [*names]}
        return plan_of(api_type=api_type, extra={EXTRA: own} if api_type == "converse" else own)

    assert betas(asked("other")) == ["other"]
    assert asked("other").steps[0].buffered
    assert not asked("other", BETA).steps[0].buffered


def test_beside_the_providers_own_tools_calls_are_waited_for() -> None:
    plan = plan_of(tools=[LOOK, BASH])
    assert betas(plan) is None
    assert plan.steps[0].buffered


@each_api
def test_where_there_is_no_beta_calls_are_waited_for(api_type: ApiType, tmp_path: Path) -> None:
    overlay = tmp_path / "rules.toml"
    overlay.write_text('[profile."claude-4.5".tools]\nunbuffered_by = ""\n')
    rules = load_rules((overlay,))
    plan = plan_of(api_type=api_type, rules=rules)
    assert betas(plan) is None
    assert plan.steps[0].buffered
    assert not plan_of(api_type=api_type, rules=rules, stream=False).steps[0].buffered


@each_api
def test_a_structured_answer_that_is_a_call_is_waited_for_and_its_body_stays(api_type: ApiType) -> None:
    asked: dict[str, Any] = {"tools": None, "response_format": {"type": "object", "properties": {}}}
    plans = [plan_of(api_type=api_type, structured_output=how, **asked) for how in ("tool", "native")]
    assert [plan.steps[0].buffered for plan in plans] == [True, False]
    assert [betas(plan) for plan in plans] == [None, None]


def test_a_model_that_does_not_stream_calls_answers_at_once() -> None:
    plan = plan_of("llama3-3-70b-instruct")
    assert [note.code for note in plan.diagnostics if note.path == "stream"] == ["streaming-unavailable"]
    assert not plan.steps[0].streamed
