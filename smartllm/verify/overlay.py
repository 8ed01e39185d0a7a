"""What was seen, as an overlay: facts with the day on which they were measured."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Sequence
from typing import Any, Final, NamedTuple

from smartllm.rules import RuleSet, Target
from smartllm.rules.evidence import MEASURED
from smartllm.rules.layer import Layer
from smartllm.rules.lint import lint
from smartllm.rules.load import merge
from smartllm.verify.bodies import row_key
from smartllm.verify.run import Report, Result

_HOSTS_OWN: Final = ("ids", "lifecycle")
"""Groups that hold for a host, whatever the wire."""
_NAME: Final = "<measured>"


class Overlay(NamedTuple):
    """An overlay of what was seen.

    Attributes:
        text: Its text; empty where nothing was seen.
        left_out: Facts that it does not state, since the table cannot say them beside the others.
    """

    text: str
    left_out: tuple[str, ...] = ()


def overlay_of(report: Report, today: dt.date) -> Overlay:
    """The overlay that states what was seen; it has no findings.

    Args:
        report: What was seen.
        today: The day of it.
    """
    import tomli  # noqa: PLC0415 - what is written is read once

    target = report.plan.bodies.target
    stated = [result for result in report.results if result.facts]
    left_out: list[str] = []
    while stated:
        text, places = _written(report, stated, today)
        layer = Layer(_NAME, text, tomli.loads(text), "overlay")
        rules = RuleSet((*target.rules.layers, layer), merge(target.rules.data, layer.data))
        wrong = {finding.line for finding in lint(rules, today=today) if finding.file == _NAME}
        if not wrong:
            return Overlay(text, tuple(left_out))
        bad = next((places[line] for line in sorted(wrong) if line in places), stated[-1])
        left_out.append(bad.check.fact)
        stated.remove(bad)
    return Overlay("", tuple(left_out))


def _written(report: Report, stated: Sequence[Result], today: dt.date) -> tuple[str, dict[int, Result]]:
    """The text, and what stands on each line of facts."""
    target = report.plan.bodies.target
    key = row_key(target)
    lines = [
        f"# Measured by `smartllm verify` on {today.isoformat()}: what {target.host_row.title} answered for",
        f"# {report.plan.bodies.model} on {target.dialect}.",
    ]
    if target.resolution.model != key:
        lines += ["", "[model]", f"{json.dumps(key)} = {json.dumps(target.resolution.profile)}"]
    lines += ["", f"[on.{target.host}.model.{json.dumps(key)}]"]
    lines += [f"verified = {today.isoformat()}", f"source = [{json.dumps(MEASURED)}]"]
    places: dict[int, Result] = {}
    said: dict[str, Any] = {}
    for result in stated:
        for path, value in result.facts.items():
            if path in said:
                continue
            said[path] = value
            lines.append(f"{_place(path, target)} = {_value(value)}{_note(result, path)}")
            places[len(lines)] = result
    return "\n".join(lines) + "\n", places


def _place(path: str, target: Target) -> str:
    """Where a fact stands in the row: what was seen on one wire holds there."""
    own = path.partition(".")[0] in _HOSTS_OWN
    return path if own else f"wire.{target.dialect}.{path}"


def _note(result: Result, path: str) -> str:
    """The table's own value, where it is another."""
    if result.check.fact != path or result.facts[path] == result.check.value:
        return ""
    rest = result.check.unasked
    not_asked = f"; not asked: {', '.join(rest)}" if rest else ""
    return f"  # the table: {json.dumps(result.check.value)}{not_asked}"


def _value(value: Any) -> str:
    """A value as TOML."""
    if isinstance(value, (list, tuple)):
        return f"[{', '.join(map(_value, value))}]"
    return json.dumps(value)
