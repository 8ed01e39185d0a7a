"""Tools: declared as the target takes them, and a choice among them that it takes too."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from smartllm.compiler.intent import Choice, Intent, ToolPlan
from smartllm.compiler.own_tools import check_own, is_function
from smartllm.compiler.passes.choice import choice
from smartllm.compiler.strategy import binds_by_tool
from smartllm.compiler.tool_names import called_in, wire_names
from smartllm.compiler.trace import Trace
from smartllm.errors import UnsupportedError
from smartllm.rules.vocabulary import Facts
from smartllm.said import Named, said

_NOTHING: Final = '{"type": "object", "properties": {}}'


def tools(intent: Intent, facts: Facts, trace: Trace) -> Intent:
    """Settle the tools, which of them are called, and how many at once.

    Raises:
        UnsupportedError: The model takes no tools here, not this one or not so many, or a schema cannot be
            said; names the fact and the way out.
    """
    if intent.names is not None:
        return intent
    if not intent.tools and not called_in(intent):
        settled = intent.output is not None and intent.output.strategy == "tool"  # the answer's own is called
        return intent if settled or intent.parallel is None else intent._replace(parallel=None)
    for tool in intent.tools:
        if not isinstance(tool, ToolPlan):
            check_own(tool, intent, facts)
    _check_accepted(intent, facts)
    intent = _declared(choice(intent, facts, trace), facts, trace)
    if facts.tools.max is not None and len(intent.tools) > facts.tools.max:
        raise UnsupportedError(
            f"tools: {len(intent.tools)} declared, but {intent.model} takes at most {facts.tools.max} here",
            field="tools",
            hint="declare fewer, such as those that this turn may need",
            fact="tools.max",
        )
    names = wire_names(intent, facts)
    if names:
        trace.changed(
            "tool-names-changed",
            "tools",
            asked=list(names),
            applied=list(names.values()),
            reason="the model does not take these names; the plan maps them back",
            fact="tools.name",
            severity="info",
            whole=False,
        )
    # Loaded here: requests without tools should not pay for lowering schemas.
    from smartllm.compiler.passes.tool_schemas import schemas  # noqa: PLC0415

    described = tuple(_described(tool, facts, trace) for tool in intent.tools)
    return intent._replace(tools=schemas(described, intent, facts, trace), names=names)


def _check_accepted(intent: Intent, facts: Facts) -> None:
    """Refuse function tools, and conversations with calls, where the model takes none."""
    if not called_in(intent) and not any(is_function(tool, intent.dialect) for tool in intent.tools):
        return
    from smartllm.compiler.passes.reasoning import is_thinking  # noqa: PLC0415 - only here

    when = facts.tools.functions
    if when == "always" or (when == "effort-none" and not is_thinking(intent, facts)):
        return
    field = "tools" if intent.tools else "messages"
    thinks = when == "effort-none"
    raise UnsupportedError(
        f"{field}: {intent.model} takes no function tools here{' while it thinks' if thinks else ''}",
        field=field,
        hint=said(
            "say {} where the model takes it, or use another {}",
            Named("reasoning_effort", "none"),
            Named("api_type"),
        )
        if thinks
        else "pick another model, or leave tools and their calls out",
        fact="tools.functions",
    )


def _declared(intent: Intent, facts: Facts, trace: Trace) -> Intent:
    """The intent with the tools that its conversation calls, where they must be declared and none is."""
    called = called_in(intent)
    if intent.tools or not called or not facts.calls.declared:
        return intent
    trace.changed(
        "tools-declared",
        "tools",
        asked=None,
        applied=list(called),
        reason="the conversation holds calls, and the model demands that tools are declared then",
        fact="calls.declared",
        action="added",
        severity="info",
    )
    stubs = tuple(ToolPlan(name, "", _NOTHING) for name in called)
    stubbed = intent._replace(tools=stubs, tool_choice=Choice("none"))
    if facts.tools.none == "omit" and not binds_by_tool(stubbed, facts):
        return stubbed._replace(tool_choice=None)
    trace.reasons["tool_choice"] = trace.reasons["tools"]
    return stubbed


def _described(
    tool: ToolPlan | Mapping[str, Any], facts: Facts, trace: Trace
) -> ToolPlan | Mapping[str, Any]:
    """The tool with a description that is not too long; blank ones are left out everywhere."""
    if not isinstance(tool, ToolPlan):
        return tool
    most = facts.tools.description_max
    text = "" if tool.description.isspace() else tool.description
    if most is not None and len(text) > most:
        trace.changed(
            "tool-description-cut",
            "tools",
            asked=f"{tool.name}: {len(text)} characters",
            applied=f"{most} characters",
            reason="the wire takes no longer description of a tool",
            fact="tools.description_max",
            whole=False,
        )
        text = text[:most]
    return tool._replace(description=text)
