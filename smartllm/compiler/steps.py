"""From an intent to the steps of a plan; the second step puts the first one's text into a structure."""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from smartllm.compiler.body import Body, Path
from smartllm.compiler.dialects import DIALECT_CODE
from smartllm.compiler.intent import Intent, Turn
from smartllm.compiler.passes import PASSES
from smartllm.compiler.plan import Step
from smartllm.compiler.prompts import ANSWER, extraction_prompt
from smartllm.compiler.report import Because, Report
from smartllm.diagnostics import Diagnostic
from smartllm.rules import Target

WIRE_FIELDS: Final = (
    "temperature",
    "max_tokens",
    "top_p",
    "top_k",
    "system_prompt",
    "stream",
    "reasoning_effort",
    "budget_tokens",
    "verbosity",
)
"""Request fields that may stand in a body, beside the texts."""


def passed(intent: Intent, target: Target, report: Report) -> Intent:
    """The intent after all passes: legal for the target."""
    for run in PASSES:
        intent = run(intent, target.facts, report)
    return intent


def step_of(intent: Intent, target: Target, report: Report) -> Step:
    """The call that a legal intent means, with the caller's ``extra`` in its body."""
    code = DIALECT_CODE[target.dialect]
    body = code.encode(intent, target.facts, report)
    if intent.extra:
        body.merge_extra(intent.extra)
        merged = Because("extra", "extra")
        report.diagnostics.append(
            Diagnostic(
                "extra-merged",
                "info",
                "extra",
                "added",
                sorted(intent.extra),
                sorted(intent.extra),
                "merged into the body verbatim, after all rules",
                report.origin(merged),
            )
        )
    output = None if intent.output is None or intent.output.strategy == "two_pass" else intent.output
    operation = code.stream_operation if intent.stream else code.operation
    return Step(target.dialect, operation, intent.model, body.data, body, report, output)


def second_step(first: Intent, target: Target) -> Step:
    """Put the first step's text into the structure: no thinking where it can be off, no caller's wishes."""
    assert first.output is not None
    report = Report(target)
    output = replace(first.output, wish="extract", strategy=None)
    wishes = first._replace(
        stream=False,
        system=None,
        temperature=0,
        top_p=None,
        top_k=None,
        verbosity=None,
        effort="none",
        thinking=None,
        output=output,
        explicit=frozenset(),
        extra={},
    )
    for name in WIRE_FIELDS:
        report.because[name] = Because("derived", "second step")
    turn = report.because["messages"] = Because("derived", "second step")
    intent = passed(wishes._replace(turns=_extraction_turn(None)), target, report)
    if intent.output is not None and intent.output.strategy == "offer":
        intent = intent._replace(turns=_extraction_turn(output.name))
    step = step_of(intent, target, report)
    return replace(step, holes=_holes(step.built, turn))


def _extraction_turn(tool: str | None) -> tuple[Turn, ...]:
    return (Turn("user", (extraction_prompt(tool=tool),)),)


def _holes(body: Body, turn: Because) -> tuple[Path, ...]:
    """Where the first step's text goes: in what is there because of the turn, and nowhere else."""
    return tuple(
        path
        for path, value, why in body.reasons()
        if why is turn and isinstance(value, str) and ANSWER in value
    )
