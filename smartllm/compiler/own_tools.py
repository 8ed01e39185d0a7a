"""A provider's own tools, which a caller writes in the words of the wire."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, Final

from smartllm.compiler.intent import Intent, ToolPlan
from smartllm.errors import UnsupportedError
from smartllm.rules.vocabulary import Dialect, Facts
from smartllm.rules.vocabulary.wire import OWN_FUNCTION
from smartllm.said import Named, said

_DATE: Final = re.compile(r"_(\d{8}|\d{4}_\d{2}_\d{2})$")
_CALLERS: Final = ("custom", "namespace")
"""Kinds of tools that a caller makes, beside functions; a namespace is a bundle of these."""
_SHOWN: Final = 60


def is_function(tool: ToolPlan | Mapping[str, Any], dialect: Dialect) -> bool:
    """Whether a tool is a function, in our words or in the wire's."""
    return isinstance(tool, ToolPlan) or OWN_FUNCTION[dialect] in tool


def is_hosted(tool: ToolPlan | Mapping[str, Any], dialect: Dialect) -> bool:
    """Whether a tool is the provider's own: no function, no bundle of functions, and none of free text."""
    if is_function(tool, dialect):
        return False
    return kind_of(tool) not in _CALLERS  # type: ignore[arg-type]


def chooses_alone(intent: Intent, facts: Facts) -> bool:
    """Whether a tool of the provider keeps all but none from being said of the choice."""
    return facts.tools.beside_hosted == "auto" and any(
        is_hosted(tool, intent.dialect) for tool in intent.tools
    )


def kind_of(tool: Mapping[str, Any]) -> str:
    """The wire's word for the kind of a tool, without the date that some end with."""
    system = tool.get("systemTool")
    kind = system.get("name") if isinstance(system, Mapping) else tool.get("type")
    return _DATE.sub("", kind) if isinstance(kind, str) else ""


def own_name(tool: Mapping[str, Any]) -> str:
    """What a choice calls a tool in the wire's words: its name, or its type."""
    for place in (tool, *map(tool.get, ("function", "toolSpec", "custom"))):
        if isinstance(place, Mapping) and isinstance(name := place.get("name"), str):
            return name
    kind = tool.get("type")
    return kind if isinstance(kind, str) else ""


def custom_names(intent: Intent) -> set[str]:
    """Names of the tools that take free text."""
    own = (tool for tool in intent.tools if not isinstance(tool, ToolPlan))
    return {own_name(tool) for tool in own if kind_of(tool) == "custom"}


def check_own(tool: Mapping[str, Any], intent: Intent, facts: Facts) -> None:
    """Refuse a tool in the words of a wire where this wire, or this model, has none of its kind.

    Raises:
        UnsupportedError: Names the tool and the fact.
    """
    kind = kind_of(tool)
    if is_function(tool, intent.dialect) or kind in facts.tools.hosted:
        return
    if kind == "custom" and facts.tools.custom:
        return
    shown = own_name(tool) or repr(tool)[:_SHOWN]
    raise UnsupportedError(
        f"tools: {intent.model} has no tool {shown!r} here; its own are "
        f"{', '.join(facts.tools.hosted) or 'none'}",
        field="tools",
        hint=said("say a function as Tool(...), or take a model and an {} that have it", Named("api_type")),
        fact="tools.custom" if kind == "custom" else "tools.hosted",
    )
