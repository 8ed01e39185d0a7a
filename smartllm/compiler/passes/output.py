"""Output: how the answer is bound to a schema."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from smartllm.compiler.intent import Intent, OutputPlan, OutputStrategy
from smartllm.compiler.passes.thinking import is_thinking
from smartllm.compiler.report import Report
from smartllm.errors import UnsupportedError
from smartllm.rules.schema import Facts


def output(intent: Intent, facts: Facts, report: Report) -> Intent:
    """Choose the strategy for structured output and lower the schema to the subset that it takes.

    Raises:
        UnsupportedError: The model can neither take a schema nor be made to call a tool here.
    """
    plan = intent.output
    if plan is None or plan.strategy is not None:
        return intent
    from smartllm.compiler.schema_lowering import lower  # noqa: PLC0415 - see output_plan

    strategy = _strategy(intent, facts, report)
    subset = facts.structured.native_subset if strategy == "native" else facts.structured.tool_subset
    lowered = lower(plan.schema, subset)
    for change in lowered.changes:
        report.changed(
            "schema-changed",
            "response_format",
            asked=f"{change.path} {change.keyword}",
            applied=change.action,
            reason=change.reason,
            fact=f"structured.{'native' if strategy == 'native' else 'tool'}_subset",
            severity="info",
        )
    return replace(intent, output=replace(plan, strategy=strategy, lowered=lowered))


def _strategy(intent: Intent, facts: Facts, report: Report) -> OutputStrategy:
    if facts.structured.native and facts.structured.prefer == "native":
        return "native"
    thinking = is_thinking(intent, facts)
    forced = facts.tools.forced
    if forced == "always" or (forced in {"unless-thinking", "effort-none"} and not thinking):
        return "tool"
    raise UnsupportedError(
        f"response_format: {report.target.resolution.asked} cannot be made to call a tool while it thinks "
        f"[{report.target.origin('tools.forced')}]",
        field="response_format",
        hint="leave out reasoning_effort and budget_tokens; two-step plans are not built yet",
    )


def output_plan(response_format: Any) -> OutputPlan | None:
    """The wish for structured output as an intent value."""
    if response_format is None:
        return None
    # Loaded here: requests without a schema should not pay for reading schemas.
    from smartllm.compiler.schema_lowering import schema_name, schema_of  # noqa: PLC0415

    description = response_format.__doc__ if isinstance(response_format, type) else None
    return OutputPlan(
        name=schema_name(response_format),
        schema=schema_of(response_format),
        description=(description or "").strip(),
    )
