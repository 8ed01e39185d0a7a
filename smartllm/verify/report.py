"""A report as JSON-ready data, and in words."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

from smartllm.verify.estimate import Estimate
from smartllm.verify.plan import ProbePlan
from smartllm.verify.question import Question, Seen
from smartllm.verify.run import Report, Result

COLUMNS: Final = ("fact", "table", "seen", "verdict")
_TOLD: Final = {"answer": "taken", "words": "refused, by name", "comparison": "refused, by comparison"}


def plan_data(plan: ProbePlan, estimate: Estimate) -> dict[str, Any]:
    """What will be asked, as JSON-ready data."""
    target = plan.bodies.target
    return {
        "model": plan.bodies.model,
        "host": target.host,
        "dialect": target.dialect,
        "resolution": target.resolution.as_dict(),
        "estimate": estimate.as_dict(),
        "asked": dict(plan.why),
        "unasked": [{"fact": fact.path, "table": fact.value, "why": reason} for fact, reason in plan.unasked],
    }


def report_data(report: Report, estimate: Estimate) -> dict[str, Any]:
    """What was seen, as JSON-ready data."""
    usage = report.usage
    made = {
        "calls": report.calls,
        "input_tokens": usage.input_tokens,
        "output_tokens": usage.output_tokens,
    }
    failed = {"failed": report.failed} if report.failed else {}
    facts = [{"why": report.plan.why[result.check.fact], **_result(result)} for result in report.results]
    return {**plan_data(report.plan, estimate), "made": made, **failed, "facts": facts}


def _result(result: Result) -> dict[str, Any]:
    return {
        "fact": result.check.fact,
        "table": result.check.value,
        "seen": result.value if result.verdict != "can't tell" else None,
        "verdict": result.verdict,
        "unasked": list(result.check.unasked),
        "origin": result.check.origin.as_dict(),
        "parts": [
            {
                "part": question.part,
                "table": question.says,
                "accepted": seen.accepted,
                "how": seen.how,
                "words": seen.words,
            }
            for question, seen in _asked(result)
        ],
    }


def _asked(result: Result) -> Iterator[tuple[Question, Seen]]:
    for question in result.check.questions:
        if question.part in result.seen:
            yield question, result.seen[question.part]


def told(result: Result) -> Iterator[str]:
    """What people should know of a result beside its row: where the table is wrong, and what was not told."""
    if result.check.unasked:
        yield f"{result.check.fact}: not asked: {', '.join(result.check.unasked)}"
    for question, seen in _asked(result):
        name = f"{result.check.fact}{f' ({question.part})' if question.part else ''}"
        by_table = "taken" if question.says else "refused"
        if seen.accepted is None:
            yield f"{name}: can't tell: {seen.words}"
        elif seen.accepted is not question.says:
            words = f": {seen.words}" if seen.words else ""
            yield f"{name}: {by_table} by the table, {_TOLD[seen.how]}{words}"


def estimate_text(estimate: Estimate) -> str:
    """The estimate in a sentence."""
    cost = "" if estimate.cost is None else f", about ${_dollars(estimate.cost)}"
    text = (
        f"{estimate.calls} calls, about {estimate.input_tokens:,} tokens in and "
        f"{estimate.output_tokens:,} out{cost}"
    )
    if estimate.most_output_tokens <= estimate.output_tokens:
        return text
    most = "" if estimate.most_cost is None else f", ${_dollars(estimate.most_cost)}"
    return f"{text}; at most {estimate.most_output_tokens:,} out{most}, if no answer were brief"


def _dollars(amount: Any) -> str:
    return f"{amount:.4f}" if amount < 1 else f"{amount:.2f}"
