"""The choice among tools, and how many calls come at once."""

from __future__ import annotations

from smartllm.compiler.intent import Choice, Intent, ToolPlan
from smartllm.compiler.own_tools import chooses_alone, own_name
from smartllm.compiler.passes.reasoning import is_thinking
from smartllm.compiler.strategy import binds_by_tool, can_force
from smartllm.compiler.tool_names import called_in
from smartllm.compiler.trace import Trace
from smartllm.rules.vocabulary import Facts


def choice(intent: Intent, facts: Facts, trace: Trace) -> Intent:
    """A choice that the target takes, over the tools that it leaves."""
    return _parallel(_chosen(intent, facts, trace), facts, trace)


def _chosen(intent: Intent, facts: Facts, trace: Trace) -> Intent:
    wish = intent.tool_choice
    if wish is None:
        return intent
    if wish.mode == "none":
        return _none(intent, facts, trace)
    if chooses_alone(intent, facts):
        reason = "beside the provider's own tools the model chooses alone"
        _relax(trace, wish, reason, "tools.beside_hosted")
        return intent._replace(tool_choice=None)
    return _forced(intent, wish, facts, trace)


def _parallel(intent: Intent, facts: Facts, trace: Trace) -> Intent:
    if intent.parallel is None:
        return intent
    hosted, place = chooses_alone(intent, facts), facts.tools.parallel
    bound = intent.output is not None and intent.output.strategy == "tool"  # then the answer's own is there
    nothing = not (intent.tools or bound) or (
        intent.tool_choice is not None and intent.tool_choice.mode == "none"
    )
    if intent.parallel or nothing:  # as if it were left out
        return intent if place == "field" and not hosted else intent._replace(parallel=None)
    if place != "impossible" and not hosted:
        return intent
    trace.changed(
        "tool-parallel-dropped",
        "parallel_tool_calls",
        asked=False,
        applied=None,
        reason="beside the provider's own tools it cannot be said"
        if hosted
        else "there is no way to say it here; several calls may come at once",
        fact="tools.beside_hosted" if hosted else "tools.parallel",
        action="dropped",
    )
    return intent._replace(parallel=None)


def _none(intent: Intent, facts: Facts, trace: Trace) -> Intent:
    if facts.tools.none != "omit" or binds_by_tool(intent, facts):
        return intent
    if called_in(intent) and facts.calls.declared:
        trace.changed(
            "tool-choice-dropped",
            "tool_choice",
            asked="none",
            applied=None,
            reason="the conversation holds calls, so tools must be declared, and the model may call them",
            fact="tools.none",
            action="dropped",
        )
        return intent._replace(tool_choice=None)
    trace.changed(
        "tools-omitted",
        "tools",
        asked=len(intent.tools),
        applied=None,
        reason="the choice is none, which is said by declaring no tools",
        fact="tools.none",
        severity="info",
    )
    return intent._replace(tools=(), tool_choice=None)


def _forced(intent: Intent, wish: Choice, facts: Facts, trace: Trace) -> Intent:
    mode = wish.mode
    if not can_force(intent, facts):
        thinks = "" if facts.tools.forced == "never" else " while the model thinks"
        reason = f"no tool can be forced here{thinks}"
        _relax(trace, wish, f"{reason}; it may call one, or answer", "tools.forced")
        mode = "auto"
    elif facts.tools.forced == "skips-thinking" and intent.thinking and is_thinking(intent, facts):
        trace.changed(
            "tool-thinking-skipped",
            "reasoning_effort",
            asked=intent.thinking.effort,
            applied=None,
            reason="a forced tool is called without thinking",
            fact="tools.forced",
            action="ignored",
        )
    if not wish.names:
        return intent._replace(tool_choice=Choice(mode) if mode == "required" else None)
    named = mode == "required" and len(wish.names) == 1 and facts.tools.choice == "named"
    if named or facts.tools.some == "choice":
        return intent._replace(tool_choice=Choice(mode, wish.names))
    return _narrowed(intent, Choice(mode), wish.names, facts, trace)


def _narrowed(intent: Intent, left: Choice, names: tuple[str, ...], facts: Facts, trace: Trace) -> Intent:
    """The intent with the chosen tools alone."""
    kept = tuple(
        tool
        for tool in intent.tools
        if (tool.name if isinstance(tool, ToolPlan) else own_name(tool)) in names
    )
    if len(kept) < len(intent.tools) and facts.carry.prefix:
        if left.mode == "required":  # else all of the wish has been relaxed
            reason = "with other tools declared in each turn the model's reasoning could not go back"
            _relax(trace, Choice(left.mode, names), f"{reason}; it calls any tool", "carry.prefix", left.mode)
        kept = intent.tools
    elif len(kept) < len(intent.tools):
        path = "tools.some" if facts.tools.choice == "named" else "tools.choice"
        trace.changed(
            "tools-narrowed",
            "tools",
            asked=len(intent.tools),
            applied=list(names),
            reason="the choice is said by declaring no other tools",
            fact=path,
            severity="info",
            whole=False,
        )
    return intent._replace(tools=kept, tool_choice=left if left.mode == "required" else None)


def _relax(trace: Trace, wish: Choice, reason: str, fact: str, applied: str = "auto") -> None:
    trace.changed(
        "tool-choice-relaxed",
        "tool_choice",
        asked=list(wish.names) or wish.mode,
        applied=applied,
        reason=reason,
        fact=fact,
    )
