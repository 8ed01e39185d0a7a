"""What a caller should know about a model's life before depending on it."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from typing import Final

from smartllm.diagnostics import Diagnostic, Severity
from smartllm.rules.target import Target

NOTICE: Final = dt.timedelta(days=90)
"""How long before a shutdown a compilation says so."""


def lifecycle_notes(target: Target, today: dt.date | None) -> Iterator[Diagnostic]:
    """A note when the model is gone, is about to go, or is legacy.

    Args:
        target: The compilation's target.
        today: Day to judge announced ends by; None judges none.

    Yields:
        At most one diagnostic.
    """
    if target.resolution.how not in {"exact", "alias"}:
        return  # the dates are those of another model
    facts = target.facts.lifecycle
    end = facts.shutdown
    instead = f"; move to {facts.successor}" if facts.successor else ""
    if facts.state == "retired" or (end is not None and today is not None and end <= today):
        when = f" since {end.isoformat()}" if end else ""
        yield _note(target, "lifecycle-ended", f"the model has been shut down{when}{instead}")
    elif end is not None and today is not None and end - today <= NOTICE:
        days = (end - today).days
        yield _note(
            target, "lifecycle-ending", f"the model shuts down on {end.isoformat()}, in {days} days{instead}"
        )
    elif facts.state == "legacy":
        when = f" and shuts down on {end.isoformat()}" if end else ""
        yield _note(target, "lifecycle-legacy", f"the model is legacy{when}{instead}")


def _note(target: Target, code: str, reason: str) -> Diagnostic:
    facts = target.facts.lifecycle
    path = "lifecycle.shutdown" if facts.shutdown else "lifecycle.state"
    severity: Severity = "info" if code == "lifecycle-legacy" else "warning"
    model = target.resolution.asked
    return Diagnostic(code, severity, "model", "noted", model, model, reason, target.origin(path))
