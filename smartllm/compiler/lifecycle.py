"""What a caller should know about a model's life before depending on it."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from typing import Final

from smartllm.diagnostics import Diagnostic, Severity
from smartllm.rules.hosts import host_row
from smartllm.rules.life import state_on
from smartllm.rules.target import Target

NOTICE: Final = dt.timedelta(days=90)
"""How long before a shutdown a compilation says so."""


def lifecycle_notes(target: Target, today: dt.date | None) -> Iterator[Diagnostic]:
    """A note when the model is gone from the target's host, is about to go, or is legacy there.

    Args:
        target: The compilation's target.
        today: Day to judge announced ends by; None judges none.

    Yields:
        At most one diagnostic.
    """
    if target.resolution.how not in {"exact", "alias"}:
        return  # the dates are those of another model
    facts, where = target.facts.lifecycle, host_row(target.host, target.rules).title or target.host
    state, end = state_on(facts, today), facts.shutdown
    instead = f"; move to {facts.successor}" if facts.successor else ""
    if state == "retired":
        gone = f"shut the model down on {end}" if end else "has shut the model down"
        yield _note(target, "lifecycle-ended", f"{where} {gone}{instead}")
    elif end is not None and today is not None and end - today <= NOTICE:
        days = (end - today).days
        reason = f"{where} shuts the model down on {end}, in {days} days{instead}"
        yield _note(target, "lifecycle-ending", reason)
    elif state == "legacy":
        since = f" since {facts.legacy}" if facts.legacy else ""
        until = f" and promises it until {facts.not_before}" if facts.not_before else ""
        when = f" and shuts it down on {end}" if end else until
        yield _note(target, "lifecycle-legacy", f"{where} calls the model legacy{since}{when}{instead}")


def _note(target: Target, code: str, reason: str) -> Diagnostic:
    facts = target.facts.lifecycle
    told = next((name for name in ("shutdown", "legacy") if getattr(facts, name)), "state")
    severity: Severity = "info" if code == "lifecycle-legacy" else "warning"
    model, origin = target.resolution.asked, target.origin(f"lifecycle.{told}")
    return Diagnostic(code, severity, "model", "noted", model, model, reason, origin)
