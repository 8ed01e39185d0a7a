"""The sandbox refuses what facts refuse of roles, streams, verbosity, users, budgets and kept-off calls."""

from __future__ import annotations

from typing import Any

import pytest
from verified import WIRES, Provider, To, row, target_of

from smartllm.rules import Dialect
from smartllm.testing.check import refusal

GPT, CHAT, CLAUDE, NOVA = WIRES


def says(*roles: str) -> list[dict[str, Any]]:
    return [{"role": role, "content": "hi"} for role in roles]


def told(*roles: str) -> list[dict[str, Any]]:
    return [{"role": role, "content": [{"text": "hi"}]} for role in roles]


CASES: list[tuple[To, dict[str, Any], dict[str, Any], str]] = [
    (
        GPT,
        {"verbosity.levels": []},
        {"text": {"verbosity": "low"}},
        "Unsupported parameter: 'text.verbosity'",
    ),
    (CHAT, {"verbosity.levels": ["low"]}, {"verbosity": "high"}, "Supported values are: 'low'"),
    (CHAT, {"streaming": False}, {"stream": True}, "'stream' does not support true"),
    (CHAT, {"user.accepted": False}, {"user": "me"}, "Unsupported parameter: 'user'"),
    (CLAUDE, {"user.accepted": False}, {"metadata": {"user_id": "me"}}, "extraneous key [metadata]"),
    (
        NOVA,
        {"user.accepted": False},
        {"additionalModelRequestFields": {"metadata": {"user_id": "me"}}},
        "extraneous key [metadata]",
    ),
    (
        CHAT,
        {"messages.leading_assistant": False},
        {"messages": says("assistant", "user")},
        "must start with a user",
    ),
    (
        CLAUDE,
        {"carry.leads": True, "thinking.modes": ("budget",), "messages.prefill": True},
        {
            "messages": says("user", "assistant"),
            "thinking": {"type": "enabled", "budget_tokens": 1024},
            "max_tokens": 4000,
        },
        "but found `text`",
    ),
    (NOVA, {"messages.alternate": True}, {"messages": told("user", "user")}, "roles must alternate"),
    (CHAT, {"tools.none": "omit"}, {"tool_choice": "none"}, "Unsupported parameter: 'tool_choice'"),
    (CLAUDE, {"tools.none": "omit"}, {"tool_choice": {"type": "none"}}, "extraneous key [tool_choice]"),
    (
        NOVA,
        {"tools.none": "omit"},
        {"additionalModelRequestFields": {"tool_choice": {"type": "none"}}},
        "extraneous key [tool_choice]",
    ),
    (
        CLAUDE,
        {"thinking.min_budget": 2000},
        {"thinking": {"type": "enabled", "budget_tokens": 1999}, "max_tokens": 4000},
        "greater than or equal to 2000",
    ),
    (
        CLAUDE,
        {"tools.forced": "unless-thinking"},
        {"thinking": {"type": "adaptive"}, "tool_choice": {"type": "any"}},
        "Thinking may not be enabled",
    ),
    (CLAUDE, {"thinking.off": "impossible"}, {"thinking": {"type": "disabled"}}, '"thinking.type.disabled"'),
    (
        GPT,
        {"input.audio.sources": []},
        {
            "input": [
                {
                    "role": "user",
                    "content": [{"type": "input_audio", "input_audio": {"data": "AAAA", "format": "wav"}}],
                }
            ]
        },
        "input_audio is only supported by certain models",
    ),
]


@pytest.mark.parametrize(
    ("to", "facts", "said", "words"), CASES, ids=[f"{next(iter(case[1]))}-{case[0][1]}" for case in CASES]
)
def test_it_refuses_what_the_facts_refuse(
    to: To,
    facts: dict[str, Any],
    said: dict[str, Any],
    words: str,
    tmp_path: Any,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    provider = Provider(tmp_path, monkeypatch)
    model, dialect = to[0], target_of(to).dialect
    body = {**_body(dialect), **said}
    if "tool_choice" in str(said):
        body |= _tools(dialect)
    provider.takes(row(to, facts))
    found = refusal(body, model, dialect, streamed=bool(said.get("stream")))
    assert found is not None
    assert words in found.message


@pytest.mark.parametrize("to", WIRES, ids=[api for _, api in WIRES])
def test_what_says_nothing_of_all_that_passes(to: To) -> None:
    dialect = target_of(to).dialect
    assert refusal(_body(dialect), to[0], dialect) is None
    assert refusal(_body(dialect), to[0], dialect, streamed=True) is None


def _body(dialect: Dialect) -> dict[str, Any]:
    """A plain request."""
    if dialect == "openai_responses":
        return {"input": says("user")}
    if dialect == "bedrock_converse":
        return {"messages": told("user")}
    return {"messages": says("user"), **({"max_tokens": 9} if dialect == "anthropic_messages" else {})}


def _tools(dialect: Dialect) -> dict[str, Any]:
    schema: dict[str, Any] = {"type": "object", "properties": {}}
    if dialect == "anthropic_messages":
        return {"tools": [{"name": "look", "input_schema": schema}]}
    if dialect == "bedrock_converse":
        return {"toolConfig": {"tools": [{"toolSpec": {"name": "look", "inputSchema": {"json": schema}}}]}}
    return {"tools": [{"type": "function", "function": {"name": "look", "parameters": schema}}]}
