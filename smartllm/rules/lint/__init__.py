"""Checks of rules files: one small function each, with a stable code. ``smartllm lint`` runs them."""

from __future__ import annotations

import datetime as dt

from smartllm.rules.lint import (  # noqa: F401 - importing registers their checks
    evidence,
    facts,
    files,
    ids,
    life,
    rows,
    servers,
    table,
)
from smartllm.rules.lint.check import CHECKS as _CHECKS
from smartllm.rules.lint.check import Check, Context, Finding
from smartllm.rules.load import RuleSet, missing_keys
from smartllm.rules.shape import shape_errors

CHECKS = dict(sorted(_CHECKS.items()))
"""Every check by its code."""

__all__ = ["CHECKS", "Check", "Finding", "lint"]


def lint(rules: RuleSet, *, today: dt.date, notes: bool = False) -> list[Finding]:
    """Run every check.

    Args:
        rules: The rules to check, overlays included.
        today: Day by which evidence and lifecycle dates are judged.
        notes: Give what is nothing wrong yet, too.

    Returns:
        Findings by file, line and code. When the shape of a file is wrong, only that is reported.
    """
    wrong = [
        Finding(layer.name, layer.line(path), "R001", message)
        for layer in rules.layers
        for path, message in shape_errors(layer.data, overlay=layer.overlay)
    ]
    if not wrong:  # else rows may be no tables
        wrong = [Finding(*rules.place(path), "R001", message) for path, message in missing_keys(rules.data)]
    if not wrong:
        context = Context(rules, today)
        found = (finding for check in CHECKS.values() for finding in check.run(context))
        wrong = [finding for finding in found if notes or not finding.note]
    return sorted(set(wrong), key=lambda item: (item.file, item.line, item.code, item.message))
