"""A plan's fingerprint: equal bytes on the wire, equal fingerprint; any other byte or schema, another one."""

from __future__ import annotations

import dataclasses
import itertools
import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import smartllm
from smartllm import Plan, TextRequest
from smartllm.errors import CompileError
from smartllm.rules import load_rules

RULES = load_rules()
TRANSPORT = {"stream", "stream_options"}


def compiled(defaults: dict[str, Any] | None = None, **fields: Any) -> Plan:
    request: TextRequest[Any] = TextRequest(**{"prompt": "hi", "model": "gpt-4.1", **fields})
    return smartllm.compile(request, rules=RULES, level="ignore", defaults=defaults)


def wire(plan: Plan) -> tuple[Any, ...]:
    """What goes to the provider, as the bytes that it is, without what says how the answer travels."""
    bodies = [
        json.dumps({key: value for key, value in step.body.items() if key not in TRANSPORT})
        for step in plan.steps
    ]
    return plan.host, plan.model, plan.steps[0].dialect, bodies, plan.output and plan.output.text


@pytest.mark.parametrize("model", ["gpt-4.1", "claude-opus-4-5"])
@pytest.mark.parametrize("api_type", ["responses", "chat_completions", "invoke", "converse"])
def test_zero_is_one_number(model: str, api_type: str) -> None:
    plans = [
        compiled(model=model, api_type=api_type),
        *(compiled(model=model, api_type=api_type, temperature=zero) for zero in (0, 0.0, -0.0)),
        *(compiled({"temperature": zero}, model=model, api_type=api_type) for zero in (0, 0.0, -0.0)),
    ]
    assert len({plan.steps[0].payload for plan in plans}) == 1
    assert len({plan.fingerprint for plan in plans}) == 1
    assert b'emperature":0' in plans[0].steps[0].payload
    assert b'emperature":0.' not in plans[0].steps[0].payload


@pytest.mark.parametrize("model", ["gpt-4.1", "claude-opus-4-5"])
def test_a_client_s_whole_number_is_a_request_s_number(model: str) -> None:
    one, other = compiled({"temperature": 1}, model=model), compiled(model=model, temperature=1)
    assert one.steps[0].payload == other.steps[0].payload
    assert one.fingerprint == other.fingerprint
    assert compiled(top_p=0).steps[0].payload == compiled(top_p=-0.0).steps[0].payload


@pytest.mark.parametrize("model", ["gpt-4.1", "claude-opus-4-7", "claude-sonnet-4-6", "gpt-4"])
@pytest.mark.parametrize("strategy", ["auto", "two_pass"])
def test_the_order_of_properties_matters(model: str, strategy: str) -> None:
    """Models write in the order of the schema: reasoning first is another question than answer first."""
    kinds = {"reasoning": {"type": "string"}, "answer": {"type": "string"}}
    plans = []
    for order in (["reasoning", "answer"], ["answer", "reasoning"]):
        schema: dict[str, Any] = {"type": "object", "properties": {name: kinds[name] for name in order}}
        schema |= {"required": sorted(kinds), "additionalProperties": False}
        plans.append(compiled(model=model, response_format=schema, structured_output=strategy))
    assert plans[0].steps[-1].payload != plans[1].steps[-1].payload
    assert plans[0].fingerprint != plans[1].fingerprint


def test_two_schemas_that_are_sent_as_one_differ() -> None:
    """What the wire cannot say, such as a default, still decides what an answer means."""
    plans = []
    for default in ({}, {"default": "x"}, {"default": "y"}):
        schema: dict[str, Any] = {"type": "object", "properties": {"a": {"type": "string", **default}}}
        schema |= {"required": ["a"], "additionalProperties": False}
        plans.append(compiled(model="gpt-5.4", response_format=schema, structured_output="native"))
    assert len({plan.steps[0].payload for plan in plans}) == 1
    assert len({plan.fingerprint for plan in plans}) == 3


def test_streams_and_whole_answers_share_one() -> None:
    for api_type in ("responses", "chat_completions", "invoke", "converse"):
        model = "gpt-4.1" if "_" in api_type or api_type == "responses" else "claude-opus-4-7"
        plain, streamed = (
            compiled(model=model, api_type=api_type, stream=stream) for stream in (False, True)
        )
        assert plain.fingerprint == streamed.fingerprint
        assert streamed.steps[0].streamed


def test_what_moves_between_parts_is_noticed() -> None:
    """No part may end where another one begins and give the same fingerprint."""
    plan = compiled(model="claude-sonnet-4-6", reasoning_effort="low", response_format={"type": "string"})
    first, second = plan.steps
    assert plan.output is not None
    others = [
        dataclasses.replace(plan, steps=(second, first)),
        dataclasses.replace(plan, steps=(first,)),
        dataclasses.replace(plan, steps=(dataclasses.replace(first, model="other"), second)),
        dataclasses.replace(plan, steps=(dataclasses.replace(first, dialect="bedrock_converse"), second)),
        dataclasses.replace(plan, steps=(first, second.fill("text"))),
    ]
    assert len({item.fingerprint for item in [plan, *others]}) == 6


schemas = [
    None,
    {"type": "object", "properties": {"a": {"type": "string"}, "b": {"type": "string"}}},
    {"type": "object", "properties": {"b": {"type": "string"}, "a": {"type": "string"}}},
    {"type": "object", "properties": {"a": {"type": "string", "default": "x"}}},
    {"type": "object", "properties": {"a": {"type": "string", "default": "y"}}},
]
texts = st.text(st.characters(codec="utf-8"), min_size=1, max_size=3)
requests = st.fixed_dictionaries(
    {
        "prompt": texts.filter(str.strip),
        "model": st.sampled_from(["gpt-4.1", "gpt-5.4", "claude-opus-4-7", "claude-sonnet-4-6"]),
    },
    optional={
        "temperature": st.sampled_from([0, 0.0, -0.0, 1, 1.0, 0.5]),
        "top_p": st.sampled_from([0, 1, 1.0]),
        "max_tokens": st.sampled_from([100, 200]),
        "system_prompt": texts,
        "reasoning_effort": st.sampled_from(["low", "high"]),
        "stream": st.booleans(),
        "api_type": st.sampled_from(["responses", "chat_completions"]),
        "response_format": st.sampled_from(schemas),
        "extra": st.sampled_from([{}, {"seed": 1}, {"seed": 1.0}, {"metadata": {"a": "", "b": ""}}]),
    },
)


@settings(deadline=None)
@given(st.lists(requests, min_size=2, max_size=6), st.data())
def test_equal_bytes_have_equal_fingerprints_and_no_others(wishes: list[dict[str, Any]], data: Any) -> None:
    # Near relatives, which chance alone would seldom draw: one field of each changed.
    for wish in list(wishes):
        other = data.draw(requests)
        name = data.draw(st.sampled_from(sorted(other)))
        wishes.append({**wish, name: other[name]})
    plans = []
    for wish in wishes:
        try:
            plans.append(compiled(**wish))
        except CompileError:
            continue
    for one, other in itertools.combinations(plans, 2):
        assert (one.fingerprint == other.fingerprint) == (wire(one) == wire(other))
