"""The door that takes most of a wish, where a provider has several and the caller leaves the choice."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Final

from smartllm.compiler.plan import Plan
from smartllm.compiler.target import Choice, api_word, other_choice
from smartllm.diagnostics import Diagnostic
from smartllm.errors import UnsupportedError

_UNMET: Final = frozenset({"dropped", "changed", "ignored"})


def best(first: Choice, compiled: Callable[[Choice], Plan]) -> Plan:
    """The plan for the first door, or for another that takes what it refuses or loses.

    Args:
        first: The door that is preferred.
        compiled: Makes the plan for a door.

    Raises:
        UnsupportedError: No door takes it; the first one's words.
    """
    refused: UnsupportedError | None = None
    plan: Plan | None = None
    try:
        plan = compiled(first)
    except UnsupportedError as error:
        if not first.others:
            raise
        refused = error
    if not first.others or (plan is not None and not _lost(plan)):
        assert plan is not None
        return plan
    found: Plan | None = plan
    for host, dialect in first.others:
        try:
            other = compiled(other_choice(first, host, dialect))
        except UnsupportedError:
            continue
        if found is None or _cost(other) < _cost(found):
            found = other
    if found is None:
        assert refused is not None
        raise refused
    return found if found is plan else _told(found, first, refused, plan)


def _cost(plan: Plan) -> tuple[int, bool]:
    """What a door does to a wish: how much of it is lost, then whether the id is another one there."""
    return len(_lost(plan)), any(one.code == "model-id-door" for one in plan.diagnostics)


def _lost(plan: Plan) -> list[Diagnostic]:
    """What of the caller's wish was not met."""
    return [one for one in plan.diagnostics if one.severity == "warning" and one.action in _UNMET]


def _told(plan: Plan, first: Choice, refused: UnsupportedError | None, lost: Plan | None) -> Plan:
    """A plan that says why it takes another door."""
    target = first.target
    here = api_word(target.host, target.dialect, target.rules)
    there = api_word(plan.host, plan.steps[0].dialect, target.rules)
    kept = {(one.code, one.path) for one in plan.diagnostics}
    missed = [] if lost is None else [one for one in _lost(lost) if (one.code, one.path) not in kept]
    why = refused.message if refused is not None else "; ".join(f"{one.path}: {one.reason}" for one in missed)
    title = target.host_row.title or target.host
    note = Diagnostic(
        "door-chosen",
        "info",
        "api_type",
        "noted",
        f"{target.host} {here}",
        f"{plan.host} {there}",
        f"{here} on {title} does not take all that is asked for ({why})",
        target.origin("endpoints"),
    )
    return replace(plan, diagnostics=(note, *plan.diagnostics))
