"""The schema that binds an answer: as the wire's own, or as the input of a tool."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from typing import Final

from smartllm.compiler.intent import Choice, Intent, OutputPlan
from smartllm.compiler.schema.lower import lower_once
from smartllm.compiler.schema.takes import form_of, native_schema
from smartllm.compiler.schema.tool_input import answer_input
from smartllm.compiler.schema.types import Change
from smartllm.compiler.tool_names import free_name
from smartllm.compiler.trace import Reason, Trace
from smartllm.rules.vocabulary import Facts

_FINAL: Final = "Call this tool to give the final answer."
"""Tells the tool whose input is the answer from those of the caller."""


def native(intent: Intent, plan: OutputPlan, facts: Facts, trace: Trace) -> Intent:
    """The intent with the schema in the wire's own place.

    Raises:
        UnsupportedError: The schema cannot be said there.
    """
    lowered = native_schema(plan.text, facts)
    _tell(lowered.changes, "structured.native_subset", trace)
    return intent._replace(output=replace(plan, strategy="native", lowered=lowered))


def answer_tool(intent: Intent, plan: OutputPlan, facts: Facts, trace: Trace) -> Intent:
    """The intent with a tool whose input is the answer, alone or among the caller's.

    Raises:
        UnsupportedError: The schema cannot be said there.
    """
    form = form_of(facts, strict=False)
    lowered, properties = answer_input(plan.text, form)
    own = len(lower_once(plan.text, form.subset).changes)
    _tell(lowered.changes[:own], "structured.tool_subset", trace)
    _tell(lowered.changes[own:], "tools.input", trace)
    plan = replace(plan, name=free_name(intent, plan.name, facts), lowered=lowered, properties=properties)
    if form.bare and not plan.description:  # what the schema says of itself has no place in it
        plan = replace(plan, description=str(plan.schema.get("description", "")).strip())
    among = bool(intent.tools) and intent.tool_choice is None
    plan = replace(plan, description=_described(plan, _FINAL if among else "", facts, trace))
    if intent.tools:
        intent = _chosen(intent, facts, trace)
    elif plan.strategy == "tool" and plan.wish != "extract":  # a second step has its promised form
        intent = _once(intent, facts, trace)
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
            severity="warning" if change.lost else "info",
        )


def _described(plan: OutputPlan, end: str, facts: Facts, trace: Trace) -> str:
    """The description of the tool, which is not too long, with what it is for at its end."""
    text, most = plan.description, facts.tools.description_max
    whole = f"{text} {end}".strip()
    if most is None or len(whole) <= most:
        return whole
    kept = text[: most - len(end) - bool(end)]
    trace.changed(
        "tool-description-cut",
        "response_format",
        asked=f"{len(text)} characters",
        applied=f"{len(kept)} characters",
        reason="the wire takes no longer description of a tool",
        fact="tools.description_max",
        whole=False,
    )
    return f"{kept} {end}".strip()


def _chosen(intent: Intent, facts: Facts, trace: Trace) -> Intent:
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
    return _once(intent._replace(tool_choice=None), facts, trace)


def _once(intent: Intent, facts: Facts, trace: Trace) -> Intent:
    """The intent whose one tool is called once: Claude may call it several times, also if it is forced."""
    if facts.tools.parallel not in {"choice", "additional"}:  # OpenAI calls a named tool once anyway
        return intent
    trace.reasons["parallel_tool_calls"] = Reason("derived", "response_format")
    return intent._replace(parallel=False)
