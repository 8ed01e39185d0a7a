"""The settings and the tools of an agent's request as fields of ours."""

from __future__ import annotations

import warnings
from typing import TYPE_CHECKING, Any, Final

from pydantic_ai.exceptions import UnsupportedSettingWarning, UserError
from pydantic_ai.settings import ModelSettings, ToolOrOutput

from smartllm.parameters import PARAMETERS
from smartllm.plugins.fields import with_defaults
from smartllm.rules import Facts
from smartllm.tools import Tool

if TYPE_CHECKING:
    from pydantic_ai.models import ModelRequestParameters
    from pydantic_ai.profiles import ModelProfile
    from pydantic_ai.tools import ToolDefinition

_SAME: Final = tuple(ModelSettings.__annotations__.keys() & PARAMETERS.keys() - {"tool_choice"})
"""Settings that have the same name as fields."""


class SmartLLMModelSettings(ModelSettings, total=False):
    """Settings of an agent, and what only SmartLLM has a word for.

    Attributes:
        smartllm_fields: Further fields of a request by their names, such as ``budget_tokens``,
            ``verbosity``, ``reasoning_summary`` and ``use_cache``; they win over the others.
    """

    smartllm_fields: dict[str, Any]


def fields_of(settings: ModelSettings, asked: ModelRequestParameters, facts: Facts | None) -> dict[str, Any]:
    """The fields that settings stand for.

    Args:
        settings: Merged ones.
        asked: What ``prepare_request`` made of the agent's wishes.
        facts: What the model takes.
    """
    given: dict[str, Any] = {name: value for name, value in settings.items() if name in _SAME}
    if asked.thinking is not None:
        given["reasoning_effort"] = _effort(asked.thinking, facts)
    if asked.cache:
        given["prompt_cache"] = _retention(asked.cache)
    if "extra_body" in settings:
        body = settings["extra_body"]
        if not isinstance(body, dict):
            raise UserError("extra_body: SmartLLM merges a dict into the body, and nothing else")
        given["extra"] = body
    if "logit_bias" in settings:
        warnings.warn(
            "SmartLLM has no word for logit_bias, which was left out; extra_body sends it verbatim",
            UnsupportedSettingWarning,
            stacklevel=2,
        )
    own = settings.get("smartllm_fields", {})
    if not isinstance(own, dict):
        raise UserError("smartllm_fields: a dict of fields of a request is needed")
    if "messages" in own:
        raise UserError("smartllm_fields: the messages are the agent's")
    return with_defaults(given | own)


def _effort(thinking: bool | str, facts: Facts | None) -> str | None:
    if isinstance(thinking, str):
        return thinking
    if not thinking:
        return "none"
    if facts is not None and facts.thinking.default != "off":
        return None  # it thinks anyhow, as hard as its provider finds right
    usual = None if facts is None else facts.effort.default
    return "medium" if usual in {None, "none"} else usual


def _retention(cache: Any) -> str:
    wished = "5m"
    if isinstance(cache, dict):
        wished = cache.get("retention", wished)
        if cache.get("messages") is False:
            warnings.warn(
                "SmartLLM marks the conversation too where it marks a prompt for caching: messages=False "
                "means nothing; a CachePoint marks a place alone",
                UnsupportedSettingWarning,
                stacklevel=3,
            )
    elif isinstance(cache, str):
        wished = cache
    return {"5m": "5m", "30m": "5m", "1h": "1h", "12h": "1h"}.get(wished, wished)


def tools_of(
    settings: ModelSettings, asked: ModelRequestParameters, profile: ModelProfile, *, thinks: bool
) -> dict[str, Any]:
    """Tools and the choice among them, as fields of a request.

    Raises:
        UserError: The choice names no tool that there is.
    """
    functions, outputs = asked.declared_function_tools, asked.output_tools
    offered = {tool.name: tool for tool in (*functions, *outputs)}
    if not offered:
        return {}
    wished = settings.get("tool_choice")
    named, must = _choice(wished, asked, list(offered))
    names = [name for name in named if name in offered]
    if named and not names:
        raise UserError(
            f"tool_choice names none of the tools: {', '.join(named)}; they are {', '.join(offered)}"
        )
    if not named:
        return {"tools": [_tool(tool) for tool in offered.values()], "tool_choice": "none"}
    demanded = wished == "required" or isinstance(wished, list)
    forced = must and (demanded or _can_force(profile, thinks=thinks))
    whole = len(names) == len(offered)
    if forced:
        choice: Any = "required" if whole else names
        return {"tools": [_tool(tool) for tool in offered.values()], "tool_choice": choice}
    # A choice that leaves the model free is made by what it is offered.
    return {"tools": [_tool(offered[name]) for name in names], "tool_choice": "auto"}


def _choice(wished: Any, asked: ModelRequestParameters, every: list[str]) -> tuple[list[str], bool]:
    """The tools that may be called, and whether one must be."""
    outputs = [tool.name for tool in asked.output_tools]
    must = not (asked.allow_text_output or asked.allow_image_output)
    if wished is None or wished == "auto":
        return every, must
    if wished in ("none", []):
        return outputs, must
    if wished == "required":
        functions = [tool.name for tool in asked.declared_function_tools]
        if not functions:
            raise UserError('tool_choice="required": there are no function tools')
        return functions, True
    if isinstance(wished, ToolOrOutput):
        return [*wished.function_tools, *outputs], must
    return list(wished), True


def _can_force(profile: ModelProfile, *, thinks: bool) -> bool:
    """Whether a call can be forced that nobody but the agent asked for, without switching thinking off."""
    if not profile.get("supports_forced_tool_choice", True):
        return False
    bound = profile.get("supports_forced_tool_choice_with_thinking", True)
    skips = profile.get("forced_tool_choice_disables_thinking", False)
    return not thinks or (bound and not skips)


def _tool(tool: ToolDefinition) -> Tool:
    return Tool(tool.name, tool.description or "", tool.parameters_json_schema, strict=tool.strict)
