"""What holds of all passes: a second run over what they have settled changes nothing."""

from __future__ import annotations

from typing import Any

from smartllm.compiler import Plan
from smartllm.compiler.passes import PASSES
from smartllm.compiler.planned import intent_of
from smartllm.compiler.trace import Trace
from smartllm.diagnostics import CODES
from smartllm.rules import RuleSet, Target, target_for


def target_of(plan: Plan, rules: RuleSet) -> Target:
    """Where the first step of a plan goes: not always the door that a request is first tried at."""
    return target_for(plan.resolution, plan.host, plan.steps[0].dialect, rules)


def settled(request: Any, target: Target) -> Trace:
    """The trace of a request's passes, after they were seen to settle."""
    intent, trace = intent_of(request, target, {})
    for run in PASSES:
        intent = run(intent, target.facts, trace)
    again, count = intent, len(trace.changes)
    for run in PASSES:
        again = run(again, target.facts, trace)
    assert again == intent
    assert len(trace.changes) == count
    assert {change.code for change in trace.changes} <= set(CODES)
    return trace
