"""Output: how the answer is bound to a schema."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, get_args

from smartllm.compiler.intent import Intent, OutputPlan, OutputWish
from smartllm.compiler.strategy import choose_strategy
from smartllm.compiler.trace import Trace
from smartllm.rules.vocabulary import Facts
from smartllm.words import Verbosity


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
    from smartllm.compiler.passes.answer_schema import answer_tool, native  # noqa: PLC0415

    if strategy == "native":
        return native(intent, plan, facts, trace)
    return answer_tool(intent, replace(plan, strategy=strategy), facts, trace)


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
