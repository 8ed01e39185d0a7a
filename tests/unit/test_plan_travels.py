"""A plan goes to other processes: small, whole, and without the rules that made it."""

from __future__ import annotations

import copy
import pickle
import pickletools
from typing import Any

import pytest
from pydantic import BaseModel

import smartllm
from smartllm import TextRequest
from smartllm.rules import RuleSet, load_rules

RULES = load_rules()


class Person(BaseModel):
    name: str
    age: int


PLANS: dict[str, dict[str, Any]] = {
    "responses": {"model": "gpt-5.4", "reasoning_effort": "high", "top_k": 3},
    "chat": {"model": "gpt-4.1", "api_type": "chat_completions", "top_p": 0.5, "extra": {"seed": 7}},
    "claude": {"model": "us.anthropic.claude-sonnet-4-6", "top_k": 5, "system_prompt": "Be brief."},
    "converse": {"model": "us.amazon.nova-pro-v1:0", "response_format": Person},
    "two steps": {"model": "claude-sonnet-4-5", "response_format": Person, "reasoning_effort": "low"},
}
each_plan = pytest.mark.parametrize("name", PLANS)


def compiled(name: str) -> smartllm.Plan:
    return smartllm.compile(TextRequest(**({"prompt": "hi"} | PLANS[name])), rules=RULES, level="ignore")


def classes_in(pickled: bytes) -> set[str]:
    """The names that a pickle looks up."""
    strings: list[str] = []
    found: set[str] = set()
    for code, argument, _ in pickletools.genops(pickled):
        if isinstance(argument, str):
            strings.append(argument)
        if code.name == "STACK_GLOBAL":
            found.add(strings[-1])
    return found


@each_plan
def test_it_is_small_and_holds_no_rules(name: str) -> None:
    plan = compiled(name)
    pickled = pickle.dumps(plan)
    assert not classes_in(pickled) & {"RuleSet", "Layer", "Target", "Memo", "Facts"}
    assert {"Plan", "Step", "Origin"} <= classes_in(pickled)
    sent = sum(len(step.payload) for step in plan.steps)
    schema = len(plan.output.text) if plan.output else 0
    assert len(pickled) < 3000 * len(plan.steps) + 3 * sent + 3 * schema


@each_plan
@pytest.mark.parametrize("asked_before", [True, False])
def test_it_says_the_same_there(name: str, asked_before: bool) -> None:
    plan = compiled(name)
    told = (plan.explain(), plan.origins, plan.as_curl(), plan.as_json(), plan.fingerprint)
    if not asked_before:
        plan = compiled(name)
    there = pickle.loads(pickle.dumps(plan))  # noqa: S301
    assert there == plan
    assert [step.payload for step in there.steps] == [step.payload for step in plan.steps]
    assert (there.explain(), there.origins, there.as_curl(), there.as_json(), there.fingerprint) == told
    assert copy.deepcopy(plan).explain() == told[0]
    again = pickle.loads(pickle.dumps(there))  # noqa: S301
    assert again.explain() == told[0]


@each_plan
def test_what_was_worked_out_stays_behind(name: str) -> None:
    plan, fresh = compiled(name), pickle.dumps(compiled(name))
    assert plan.origins
    assert all(step.payload for step in plan.steps)
    assert len(pickle.dumps(plan.steps)) <= len(pickle.dumps(compiled(name).steps))
    assert b"payload" not in fresh


def test_the_second_step_is_filled_there_too() -> None:
    there = pickle.loads(pickle.dumps(compiled("two steps")))  # noqa: S301
    assert b"the first text" in there.steps[1].fill("the first text").payload


def test_what_stays_here_shares_the_rules() -> None:
    first, second = compiled("responses"), compiled("responses")
    assert first.steps[0].provenance is not second.steps[0].provenance
    assert isinstance(RULES, RuleSet)
    assert first.host_row is second.host_row
