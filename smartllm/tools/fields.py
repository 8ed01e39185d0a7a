"""What a request says of tools, checked in plain words."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Annotated, Any, Final

from pydantic import PlainSerializer, PlainValidator, SerializationInfo, ValidationInfo
from pydantic_core import PydanticCustomError

from smartllm.content import CachePoint
from smartllm.tools.checks import shown
from smartllm.tools.declared import Tool
from smartllm.tools.errors import ToolError

if TYPE_CHECKING:
    from pydantic import BaseModel

WORDS: Final = ("auto", "none", "required")
"""The choices that name no tool."""


def name_of(tool: Tool | Mapping[str, Any]) -> str | None:
    """The name by which a model calls a declared tool; None for a provider's own tool that has none."""
    if isinstance(tool, Tool):
        return tool.name
    for place in (tool, tool.get("function"), tool.get("toolSpec"), tool.get("custom")):
        if isinstance(place, Mapping) and isinstance(name := place.get("name"), str):
            return name
    return None


def without_points(tools: Iterable[Tool | CachePoint | dict[str, Any]]) -> list[Tool | dict[str, Any]]:
    """The tools among what a request lists."""
    return [tool for tool in tools if not isinstance(tool, CachePoint)]


def choices_of(tools: Iterable[Tool | Mapping[str, Any]]) -> list[str]:
    """The names that a choice may give: of the tools, or the type of a provider's own that has none."""
    found = [name_of(tool) or (tool.get("type") if isinstance(tool, Mapping) else None) for tool in tools]
    return list(dict.fromkeys(name for name in found if isinstance(name, str)))


def _tools(given: Any, info: ValidationInfo) -> list[Tool | CachePoint | dict[str, Any]] | None:
    choice = info.data.get("tool_choice")  # where the request is there, and is changed
    if given is None:
        if choice is not None:
            _check_choice(choice, ())
        return None
    if isinstance(given, (str, bytes, Mapping)) or not isinstance(given, Sequence):
        raise _error("tools", f"{shown(given)} is no list of tools; allowed: [a_function, Tool(...), ...]")
    listed = [_listed(item, f"tools[{index}]") for index, item in enumerate(given)]
    tools = without_points(listed)
    if listed and isinstance(listed[0], CachePoint):
        raise _error(
            "tools[0]", "a CachePoint stands behind the tools that are to be kept; there is none before"
        )
    names = Counter(name for name in map(name_of, tools) if name is not None)
    if twice := [name for name, count in names.items() if count > 1]:
        raise _error(
            "tools",
            f"{', '.join(map(repr, twice))} is the name of several; allowed: each name once; rename one with "
            "@tool(name=...) or Tool(name, ...)",
        )
    if choice is not None:
        _check_choice(choice, tools)
    return listed


def _listed(given: Any, place: str) -> Tool | CachePoint | dict[str, Any]:
    if isinstance(given, CachePoint):
        return given
    if isinstance(given, Mapping) and given.get("type") == "cache_point":
        return _point(given, place)
    return _tool(given, place)


def _point(given: Mapping[str, Any], place: str) -> CachePoint:
    """The cache point that JSON spells."""
    try:
        return CachePoint(**{name: value for name, value in given.items() if name != "type"})
    except (TypeError, ValueError):
        raise _error(
            place, f"{shown(dict(given))} is no cache point; its one field is ttl: 5m or 1h"
        ) from None


def _tool(given: Any, place: str) -> Tool | dict[str, Any]:
    try:
        made: Tool | dict[str, Any] = Tool.from_(given)
    except ToolError as error:
        raise _error(place, f"{error.message}; {error.hint}" if error.hint else error.message) from None
    return made


def _choice(given: Any, info: ValidationInfo) -> str | list[str] | None:
    if given is None:
        return None
    if isinstance(given, (list, tuple)):
        given = list(given)
    if "tools" in info.data:  # else they are wrong themselves
        _check_choice(given, without_points(info.data["tools"] or ()))
    choice: str | list[str] = given
    return choice


def _check_choice(choice: Any, tools: Sequence[Tool | Mapping[str, Any]]) -> None:
    known = choices_of(tools)
    allowed = ", ".join((*WORDS, *known)) + ", or a list of the names"
    if not tools:
        raise _error("tool_choice", f"{shown(choice)} chooses among no tools; declare them in tools=[...]")
    if not (isinstance(choice, str) or (isinstance(choice, list) and choice)):
        raise _error("tool_choice", f"{shown(choice)} is no choice; allowed: {allowed}")
    if choice in WORDS:
        return
    names = [choice] if isinstance(choice, str) else choice
    for name in names:
        if name not in known:
            raise _error("tool_choice", f"{shown(name)} is no tool of this request; allowed: {allowed}")
        if names.count(name) > 1:
            raise _error("tool_choice", f"{shown(name)} is named twice; allowed: each name once")


def _written(tools: Sequence[Tool | CachePoint | dict[str, Any]] | None, info: SerializationInfo) -> Any:
    """Tools as JSON that reads as the same declarations; their functions and models stay in Python."""
    if tools is None or not info.mode_is_json():
        return tools
    return [_json(tool) for tool in tools]


def _json(tool: Tool | CachePoint | dict[str, Any]) -> dict[str, Any]:
    if isinstance(tool, CachePoint):
        return {"type": tool.type, "ttl": tool.ttl}
    if not isinstance(tool, Tool):
        return tool
    return {
        "name": tool.name,
        "description": tool.description,
        "parameters": json.loads(tool.schema_text),
        "strict": tool.strict,
    }


def _error(place: str, says: str) -> PydanticCustomError:
    return PydanticCustomError("tools", "{place}: {says}", {"place": place, "says": says})


if TYPE_CHECKING:
    Tools = Sequence[Tool | CachePoint | Callable[..., Any] | type[BaseModel] | dict[str, Any]] | None
    ToolChoice = str | list[str] | None
else:  # pydantic need not build what it has no use for
    Tools = Annotated[Any, PlainValidator(_tools), PlainSerializer(_written)]
    """Declarations of tools; a request holds ``Tool`` values, dicts of a provider, and cache points."""

    ToolChoice = Annotated[Any, PlainValidator(_choice)]
    """One of ``WORDS``, the name of a tool, or names; a list always holds names."""
