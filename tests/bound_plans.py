"""Plans of answers that are bound to a schema beside a tool, and what tests look for in them."""

from __future__ import annotations

from typing import Any

from model_ids import called

import smartllm
from smartllm import Message, MessageRequest, Plan, TextRequest, Tool, ToolCall, ToolResult
from smartllm.rules import load_rules

RULES = load_rules()
GPT, NATIVE, FORCED, NEVER = map(
    called, ("gpt-5.4", "claude-sonnet-4-5", "claude-opus-4-8", "claude-opus-5-5")
)
NOVA, MISTRAL, ANY = map(called, ("nova-pro", "mistral-large-3-675b-instruct", "mistral-large-2402"))
CITY = {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]}
WEATHER = Tool("weather", "Weather of a city.", CITY)
PERSON = {"title": "Person", "type": "object", "properties": {"name": {"type": "string"}}}
CALL, RESULT = ToolCall("call_1", "weather", {"city": "Oslo"}), ToolResult("call_1", "4 degrees")
ASKED = [
    Message("user", "The weather in Oslo?"),
    Message("assistant", [CALL]),
    Message("user", [RESULT]),
]


def plan(
    model: str, *tools: Any, asked: list[Message] | None = None, rules: Any = RULES, **fields: Any
) -> Plan:
    """The plan of a prompt, or of a conversation."""
    given = {"tools": list(tools or [WEATHER]), "response_format": PERSON, "model": model, **fields}
    request: Any = (
        TextRequest(prompt="hi", **given) if asked is None else MessageRequest(messages=asked, **given)
    )
    return smartllm.compile(request, rules=rules, level="ignore")


def steps(compiled: Plan) -> list[str | None]:
    """How the answer of each step is bound."""
    return [step.output.strategy if step.output else None for step in compiled.steps]


def codes(compiled: Plan) -> dict[str, str]:
    """The facts behind the diagnostics, by code."""
    return {item.code: item.origin.name for item in compiled.diagnostics}
