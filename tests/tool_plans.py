"""Plans of requests with tools, for the tests of what becomes of these."""

from __future__ import annotations

from typing import Any

import pytest
from model_ids import called

import smartllm
from smartllm import Plan, TextRequest, Tool, UnsupportedError
from smartllm.compiler.intent import Choice, Intent, Turn
from smartllm.rules import load_rules
from smartllm.words import ApiType

RULES = load_rules()
GPT, GPT_REASONS = "gpt-4.1", "gpt-5.4"
CLAUDE, CLAUDE_NEW, NOVA = map(called, ("claude-sonnet-4-5", "claude-opus-5-5", "nova-pro"))
CITY = {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]}
CLOSED = CITY | {"additionalProperties": False}
WEATHER = Tool("weather", "Weather of a city.", CITY)
CLOCK = Tool("clock", parameters={"type": "object", "properties": {}})
EXTRA = "additionalModelRequestFields"
USUAL = ("lifecycle", "model-id", "api-type", "thinking-in-limit")
"""Diagnostics that have nothing to do with tools."""


def plan(model: str, *tools: Any, api_type: ApiType = "responses", **fields: Any) -> Plan:
    request = TextRequest(prompt="hi", tools=list(tools), api_type=api_type, **fields)
    return smartllm.compile(request, model=called(model), rules=RULES, level="ignore")


def told(compiled: Plan) -> list[tuple[str, str, str]]:
    return [
        (item.code, item.path, item.origin.name)
        for item in compiled.diagnostics
        if not item.code.startswith(USUAL)
    ]


def changes(compiled: Plan) -> list[tuple[Any, ...]]:
    """What was changed, in full: code, severity, action, before, after and why."""
    return [
        (item.code, item.severity, item.action, item.asked, item.applied, item.reason)
        for item in compiled.diagnostics
        if not item.code.startswith(USUAL)
    ]


def refused(model: str, *tools: Any, **fields: Any) -> tuple[str, str, str, str]:
    with pytest.raises(UnsupportedError) as caught:
        plan(model, *tools, **fields)
    error = caught.value
    return error.message.partition(" [")[0], error.field, error.fact, error.hint


def intent_of(*tools: Any, turns: tuple[Turn, ...] = (), choice: Choice | None = None) -> Intent:
    return Intent("m", "openai_responses", turns, None, tools=tools, tool_choice=choice)
