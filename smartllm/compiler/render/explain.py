"""A plan explained to a person: every leaf of every body, and every change, with the fact behind it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, Final

from smartllm.json_values import path_text
from smartllm.media import Encoded
from smartllm.said import spoken

if TYPE_CHECKING:
    from smartllm.compiler.plan import Plan, Step

_VALUE_WIDTH: Final = 44


def explain(plan: Plan) -> str:
    """The explanation as plain text."""
    return "\n".join(_lines(plan)) + "\n"


def _lines(plan: Plan) -> Iterator[str]:
    resolution = plan.resolution
    yield f"model        {plan.model}"
    found = f"{resolution.how}: {resolution.model or resolution.key}, profile {resolution.profile}"
    yield f"resolution   {found}" + (f" ({resolution.note})" if resolution.note else "")
    yield f"fingerprint  {plan.fingerprint}"
    if plan.batch:
        yield f"batch        {plan.batch.endpoint}, at {plan.billing.factor:g} x the price online"
    for index, step in enumerate(plan.steps, start=1):
        yield ""
        yield f"step {index}       {step.dialect} · {step.operation}{_when(plan, index)}"
        yield from _leaves(step)
    yield ""
    if not plan.diagnostics:
        yield "diagnostics  none"
        return
    yield "diagnostics"
    for item in plan.diagnostics:
        applied = "not sent" if item.action == "dropped" and item.applied is None else _value(item.applied)
        yield f"  {item.severity} {item.code}  {item.path}: {_value(item.asked)} → {applied}"
        yield f"    {spoken(item.reason)}"
        yield f"    {item.origin}"


def _when(plan: Plan, index: int) -> str:
    """When a further step is made, unless it always is."""
    first = plan.steps[0]
    if index == 1:
        return ""
    if first.output is not None:
        return " · if step 1 does not give the structure"
    return " · if step 1 calls no tool" if first.tools else ""


def _leaves(step: Step) -> Iterator[str]:
    rows = [(path_text(path), _value(value), str(origin)) for path, value, origin in step.leaves()]
    rows += [(f"header {name}", _value(value), str(origin)) for name, value, origin in step.header_leaves()]
    first = max(len(row[0]) for row in rows)
    second = max(len(row[1]) for row in rows)
    for path, value, origin in rows:
        yield f"  {path:<{first}}  {value:<{second}}  {origin}"


def _value(value: Any) -> str:
    if isinstance(value, Encoded):
        return str(value)
    text = json.dumps(value, ensure_ascii=False)
    return text if len(text) <= _VALUE_WIDTH else text[: _VALUE_WIDTH - 1] + "…"
