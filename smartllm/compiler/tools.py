"""From what a caller says of tools to the values of an intent."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from smartllm.compiler.intent import Choice, ToolPlan

if TYPE_CHECKING:
    from smartllm.content import CachePoint
    from smartllm.tools import Tool


def tools_of(
    given: Sequence[Tool | CachePoint | Mapping[str, Any]] | None,
) -> tuple[ToolPlan | Mapping[str, Any], ...]:
    """The declared tools; the provider's own ones stay as they are, and cache points are no tools."""
    if not given:
        return ()
    from smartllm.content import CachePoint  # noqa: PLC0415 - whoever has tools has loaded it

    return tuple(
        [
            tool
            if isinstance(tool, Mapping)
            else ToolPlan(tool.name, tool.description, tool.schema_text, tool.strict)
            for tool in given
            if not isinstance(tool, CachePoint)
        ]
    )


def choice_of(given: str | Sequence[str] | None) -> Choice | None:
    """The choice among them; a bare word is a choice before it is a name."""
    if given is None or given == "auto":
        return None
    if given == "none":
        return Choice("none")
    if given == "required":
        return Choice("required")
    return Choice("required", (given,) if isinstance(given, str) else tuple(given))
