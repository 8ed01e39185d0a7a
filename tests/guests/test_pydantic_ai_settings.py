"""What agents of pydantic-ai wish for, as fields of requests: settings, thinking, a choice among tools."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic_ai import Agent, exceptions
from pydantic_ai.models import ModelRequestParameters
from pydantic_ai.profiles import ModelProfile
from pydantic_ai.settings import ModelSettings, ToolOrOutput
from pydantic_ai.tools import ToolDefinition

from smartllm.plugins.pydantic_ai import SmartLLMModel, SmartLLMModelSettings
from smartllm.plugins.pydantic_ai.settings import tools_of
from smartllm.testing import LoopbackServer

GPT = "gpt-5.4"
CLAUDE = "us.anthropic.claude-sonnet-4-6"


async def test_settings_are_fields(guest_server: LoopbackServer) -> None:
    settings = SmartLLMModelSettings(
        max_tokens=300,
        stop_sequences=["END"],
        extra_headers={"x-team": "blue"},
        extra_body={"later": 1},
        service_tier="default",
        thinking="low",
        cache="1h",
        smartllm_fields={"budget_tokens": 2048, "reasoning_effort": None},
    )
    async with Agent(SmartLLMModel(CLAUDE, settings=settings)) as agent:
        await agent.run("hi")
    request = guest_server.requests[0]
    assert request.json["thinking"] == {"type": "enabled", "budget_tokens": 2048}
    assert (request.json["stop_sequences"], request.json["later"]) == (["END"], 1)
    assert request.headers["x-team"] == "blue"
    assert '"ttl": "1h"' in request.body.decode().replace('":"', '": "')


@pytest.mark.parametrize(
    ("thinking", "sent"),
    [("high", {"effort": "high"}), (False, {"effort": "none"}), (True, {"effort": "none"})],
    ids=["level", "off", "on"],
)
async def test_thinking_is_an_effort(
    guest_server: LoopbackServer, thinking: Any, sent: dict[str, str]
) -> None:
    async with Agent(SmartLLMModel(GPT), model_settings=ModelSettings(thinking=thinking)) as agent:
        await agent.run("hi")
    if thinking is True:
        assert guest_server.requests[0].json["reasoning"] != sent
    else:
        assert guest_server.requests[0].json["reasoning"] == sent


@pytest.mark.parametrize("setting", [{"logit_bias": {"1": 2}}, {"timeout": 3}, {"max_retries": 0}], ids=str)
async def test_what_there_is_no_word_for_is_told(guest_server: LoopbackServer, setting: Any) -> None:
    async with Agent(SmartLLMModel(GPT), model_settings=setting) as agent:
        with pytest.warns(exceptions.UnsupportedSettingWarning):
            await agent.run("hi")
    assert guest_server.requests


async def test_a_wish_that_was_not_met_is_told(guest_server: LoopbackServer) -> None:
    async with Agent(SmartLLMModel(GPT), model_settings=ModelSettings(top_k=4)) as agent:
        with pytest.warns(UserWarning, match="top_k"):
            await agent.run("hi")
    assert guest_server.requests


A, B, OUT = (ToolDefinition(name=name) for name in ("a", "b", "out"))


def chosen(
    wished: Any, *, outputs: bool = False, text: bool = True, **profile: bool
) -> tuple[list[str], Any]:
    asked = ModelRequestParameters(
        function_tools=[A, B],
        output_tools=[OUT] if outputs else [],
        allow_text_output=text,
        tool_visibility={"a": "visible", "b": "visible"},
    )
    settings = ModelSettings() if wished is None else ModelSettings(tool_choice=wished)
    fields = tools_of(settings, asked, ModelProfile(**profile), thinks=True)  # type: ignore[typeddict-item]
    return [tool.name for tool in fields["tools"]], fields["tool_choice"]


@pytest.mark.parametrize(
    ("wished", "about", "tools", "choice"),
    [
        (None, {}, ["a", "b"], "auto"),
        (None, {"outputs": True, "text": False}, ["a", "b", "out"], "required"),
        (
            None,
            {"outputs": True, "text": False, "supports_forced_tool_choice": False},
            ["a", "b", "out"],
            "auto",
        ),
        (
            None,
            {"outputs": True, "text": False, "forced_tool_choice_disables_thinking": True},
            ["a", "b", "out"],
            "auto",
        ),
        ("none", {}, ["a", "b"], "none"),
        ("none", {"outputs": True, "text": False}, ["a", "b", "out"], ["out"]),
        ("required", {}, ["a", "b"], "required"),
        ("required", {"outputs": True}, ["a", "b", "out"], ["a", "b"]),
        (["b"], {"supports_forced_tool_choice": False}, ["a", "b"], ["b"]),
        (ToolOrOutput(["a"]), {"outputs": True}, ["a", "out"], "auto"),
    ],
    ids=[
        "free",
        "output",
        "cannot",
        "thinks",
        "none",
        "none-output",
        "required",
        "functions",
        "named",
        "or-output",
    ],
)
def test_a_choice_among_tools(wished: Any, about: dict[str, bool], tools: list[str], choice: Any) -> None:
    assert chosen(wished, **about) == (tools, choice)


def test_a_choice_of_nothing_is_an_error() -> None:
    with pytest.raises(exceptions.UserError, match="nope"):
        chosen(["nope"])
