"""Output: how the answer is bound to a schema."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Final, get_args

from smartllm.compiler.intent import Choice, Intent, OutputPlan, OutputWish
from smartllm.compiler.strategy import choose_strategy
from smartllm.compiler.tool_names import free_name
from smartllm.compiler.trace import Reason, Trace
from smartllm.rules.vocabulary import Facts
from smartllm.words import Verbosity

if TYPE_CHECKING:
    from smartllm.compiler.schema.types import Change

FINAL: Final = "Call this tool to give the final answer."
"""Tells the tool whose input is the answer from those of the caller."""


def output(intent: Intent, facts: Facts, trace: Trace) -> Intent:
    """Settle streaming, verbosity and the schema that the answer must match.

    Raises:
        UnsupportedError: The model can neither take a schema nor be made to call a tool here.
    """
    intent = _schema(_verbosity(intent, facts, trace), facts, trace)
    return _streaming(intent, facts, trace)


def _streaming(intent: Intent, facts: Facts, trace: Trace) -> Intent:
    tools = bool(intent.tools) or (intent.output is not None and intent.output.strategy in {"tool", "offer"})
    if not intent.stream or (facts.streaming and (facts.tools.streaming or not tools)):
        return intent
    trace.changed(
        "streaming-unavailable",
        "stream",
        asked=True,
        applied=False,
        reason=f"the model does not stream{' with tools' if facts.streaming else ''}; "
        "the whole answer comes at once",
        fact="tools.streaming" if facts.streaming else "streaming",
    )
    return intent._replace(stream=False)


def _verbosity(intent: Intent, facts: Facts, trace: Trace) -> Intent:
    asked, levels = intent.verbosity, facts.verbosity.levels
    if asked is None or asked in levels:
        return intent
    if not levels:
        trace.changed(
            "verbosity-dropped",
            "verbosity",
            asked=asked,
            applied=None,
            reason="the model has no verbosity parameter",
            fact="verbosity.levels",
            action="dropped",
        )
        return intent._replace(verbosity=None)
    ladder = get_args(Verbosity)
    nearest = min(levels, key=lambda level: abs(ladder.index(level) - ladder.index(asked)))
    trace.changed(
        "verbosity-changed",
        "verbosity",
        asked=asked,
        applied=nearest,
        reason=f"the model takes {', '.join(levels)}; the nearest is {nearest}",
        fact="verbosity.levels",
    )
    return intent._replace(verbosity=nearest)


def _schema(intent: Intent, facts: Facts, trace: Trace) -> Intent:
    plan = intent.output
    if plan is None or plan.strategy is not None:
        return intent
    strategy = choose_strategy(intent, facts)
    if strategy == "two_pass":
        return intent._replace(output=replace(plan, strategy=strategy))
    # Loaded here: requests without a schema should not pay for lowering schemas.
    from smartllm.compiler.schema.lower import lower_once  # noqa: PLC0415
    from smartllm.compiler.schema.tool_input import answer_input, form_of  # noqa: PLC0415

    if strategy == "native":
        lowered = lower_once(plan.text, facts.structured.native_subset)
        _tell(lowered.changes, "structured.native_subset", trace)
        return intent._replace(output=replace(plan, strategy=strategy, lowered=lowered))
    form = form_of(facts, strict=False)
    lowered, properties = answer_input(plan.text, form)
    own = len(lower_once(plan.text, form.subset).changes)
    _tell(lowered.changes[:own], "structured.tool_subset", trace)
    _tell(lowered.changes[own:], "tools.input", trace)
    name, told = free_name(intent, plan.name, facts), plan.description
    if intent.tools:
        if intent.tool_choice is None:
            told = f"{told} {FINAL}".lstrip()
        intent = _ours_among(intent, facts, trace)
    plan = replace(
        plan, name=name, description=told, strategy=strategy, lowered=lowered, properties=properties
    )
    return intent._replace(output=plan)


def _tell(changes: Iterable[Change], fact: str, trace: Trace) -> None:
    for change in changes:
        trace.changed(
            "schema-changed",
            "response_format",
            asked=f"{change.path} {change.keyword}",
            applied=change.action,
            reason=change.reason,
            fact=fact,
            severity="info",
        )


def _ours_among(intent: Intent, facts: Facts, trace: Trace) -> Intent:
    """The choice among the caller's tools and the one that binds the answer: any of them, or ours alone."""
    if intent.tool_choice is None:
        trace.changed(
            "tool-choice-required",
            "tool_choice",
            asked="auto",
            applied="required",
            reason="the answer itself is the call of a tool, so some tool must be called",
            fact="structured.with_tools" if facts.structured.native else "structured.native",
            severity="info",
        )
        return intent._replace(tool_choice=Choice("required"))
    if facts.tools.choice == "any":
        trace.changed(
            "tools-omitted",
            "tools",
            asked=len(intent.tools),
            applied=None,
            reason="none of them is to be called, and the one that binds the answer is forced by being alone",
            fact="tools.choice",
            severity="info",
        )
        intent = intent._replace(tools=())
    one = intent._replace(tool_choice=None)
    if facts.tools.parallel not in {"choice", "additional"}:  # OpenAI calls a named tool once anyway
        return one
    trace.reasons["parallel_tool_calls"] = Reason("derived", "response_format")
    return one._replace(parallel=False)


def output_plan(response_format: Any, wish: OutputWish) -> OutputPlan | None:
    """The wish for structured output as an intent value."""
    if response_format is None:
        return None
    # Loaded here: requests without a schema should not pay for reading schemas.
    from smartllm.compiler.schema.source import schema_name, schema_text  # noqa: PLC0415

    description = response_format.__doc__ if isinstance(response_format, type) else None
    return OutputPlan(
        name=schema_name(response_format),
        text=schema_text(response_format),
        description=(description or "").strip(),
        wish=wish,
    )
