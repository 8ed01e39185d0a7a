"""Output: how the answer is bound to a schema."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, get_args

from smartllm.compiler.intent import Intent, OutputPlan, OutputStrategy, OutputWish
from smartllm.compiler.json_mode import is_json_mode
from smartllm.compiler.passes.json_object import has_word, json_object
from smartllm.compiler.prompts import fields_prompt, offer_prompt
from smartllm.compiler.strategy import choose_strategy, native_refusal
from smartllm.compiler.trace import Change, Reason, Trace
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
    if plan.json_object and has_word(intent, plan, facts):
        return json_object(intent, plan, facts, trace)
    strategy = choose_strategy(intent, facts)
    if strategy != "native" and plan.wish == "auto":
        _tell_refusal(plan, strategy, facts, trace)
    if strategy == "two_pass":
        return _told_of_fields(intent, replace(plan, strategy=strategy), facts, trace)
    plan = replace(plan, json_object=False) if plan.json_object else plan
    # Loaded here: requests without a schema should not pay for lowering schemas.
    from smartllm.compiler.passes.answer_schema import answer_tool, native  # noqa: PLC0415

    if strategy == "native":
        return native(intent, plan, facts, trace)
    intent = answer_tool(intent, replace(plan, strategy=strategy), facts, trace)
    return _offered(intent, trace) if strategy == "offer" and plan.wish != "extract" else intent


def _tell_refusal(plan: OutputPlan, strategy: OutputStrategy, facts: Facts, trace: Trace) -> None:
    """Say why it is not the native schema that the rules prefer."""
    structured = facts.structured
    if not structured.native or structured.prefer != "native":
        return
    if refused := native_refusal(plan, facts):
        reason, fact = refused
        trace.changed(
            "native-refused",
            "response_format",
            asked="native",
            applied=strategy,
            reason=f"the native schema cannot say it: {reason}",
            fact=fact,
            severity="info",
            whole=False,
        )


def _offered(intent: Intent, trace: Trace) -> Intent:
    """The intent with a sentence that asks for the call of the tool that cannot be forced."""
    assert intent.output is not None
    sentence = offer_prompt(tool=intent.output.name)
    trace.changed(
        "tool-offered",
        "response_format",
        asked="forced",
        applied="offered",
        reason="no tool can be forced here: the end of the system text, which is the same in each turn, asks "
        "for the call; a second call is made only if the answer does not give the structure",
        fact="tools.forced",
        severity="info",
        whole=False,
    )
    return _with_prompt(intent, intent.output, sentence, trace)


def _told_of_fields(intent: Intent, plan: OutputPlan, facts: Facts, trace: Trace) -> Intent:
    """The intent of a first step that knows what the second will look for.

    Not where calls of tools would have to take the reasoning along: its signature holds only behind a system
    text that is the same in turns that are bound to no schema.
    """
    if facts.carry.prefix and (intent.tools or any(turn.reasoning for turn in intent.turns)):
        return intent._replace(output=plan)
    text = fields_prompt(plan.text)
    if text:
        reason = (
            "a second call puts the answer into the structure; the end of the system text names its fields"
        )
        told, origin = f"{len(text)} characters", Reason("derived", "response_format")
        trace.changes.append(
            Change("fields-told", "info", "response_format", "added", None, told, reason, origin)
        )
    return _with_prompt(intent, plan, text, trace)


def _with_prompt(intent: Intent, plan: OutputPlan, text: str, trace: Trace) -> Intent:
    if text and intent.system is None:
        trace.reasons["system_prompt"] = Reason("derived", "response_format")
    return intent._replace(output=replace(plan, prompt=text))


def output_plan(response_format: Any, wish: OutputWish) -> OutputPlan | None:
    """The wish for structured output as an intent value."""
    if response_format is None:
        return None
    # Loaded here: requests without a schema should not pay for reading schemas.
    from smartllm.compiler.formats import format_of  # noqa: PLC0415

    found = format_of(response_format)
    return OutputPlan(
        name=found.name,
        text=found.text,
        description=found.description,
        wish=wish,
        json_object=is_json_mode(response_format),
    )
