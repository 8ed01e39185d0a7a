"""Betas that a route wants to be asked for: named for what a body says, once, beside the caller's own."""

from __future__ import annotations

from typing import Any

import pytest
from model_ids import called

import smartllm
from smartllm import Document, LLMClient, Message, MessageRequest, ToolCall, ToolResult
from smartllm.content import Other
from smartllm.testing import FakeTransport

MODEL = "claude-sonnet-4-6"
FILES, MCP = "files-api-2025-04-14", "mcp-client-2025-11-20"
COMPUTER = {"type": "computer_20251124", "name": "computer", "display_width_px": 1, "display_height_px": 1}


def step_of(*parts: Any, provider: Any = "anthropic", model: str = MODEL, **fields: Any) -> Any:
    request = MessageRequest(messages=[Message("user", ["hi", *parts])], **fields)
    return smartllm.compile(request, model=model, provider=provider, level="ignore").steps[0]


def named(step: Any) -> list[str]:
    assert "anthropic_beta" not in step.body
    header = step.headers.get("anthropic-beta", "")
    return header.split(",") if header else []


@pytest.mark.parametrize(
    ("parts", "fields", "betas"),
    [
        ((), {}, []),
        ((Document(file_id="file_1"),), {}, [FILES]),
        ((Other({"type": "container_upload", "file_id": "f"}), Document(file_id="g")), {}, [FILES]),
        ((), {"tools": [COMPUTER]}, ["computer-use-2025-11-24"]),
        ((), {"extra": {"mcp_servers": [{"type": "url"}]}}, [MCP]),
        (
            (),
            {"extra": {"context_management": {"edits": [{"type": "compact_20260112"}]}}},
            ["compact-2026-01-12"],
        ),
        ((), {"extra": {"output_config": {"task_budget": {"total": 1}}}}, ["task-budgets-2026-03-13"]),
        ((), {"extra": {"container": {"skills": []}}}, ["skills-2025-10-02"]),
        ((), {"extra": {"container": "container_1"}}, []),
        ((), {"extra": {"context_management": None, "mcp_servers": []}}, [MCP]),
    ],
    ids=str,
)
def test_what_needs_one_names_it(parts: tuple[Any, ...], fields: dict[str, Any], betas: list[str]) -> None:
    assert named(step_of(*parts, **fields)) == betas


def test_in_a_result_too() -> None:
    turns = [
        Message("user", "q"),
        Message("assistant", [ToolCall("t1", "look", {})]),
        Message("user", [ToolResult("t1", [Document(file_id="f")])]),
    ]
    request = MessageRequest(messages=turns, tools=[smartllm.Tool("look")])
    plan = smartllm.compile(request, model=MODEL, provider="anthropic", level="ignore")
    assert named(plan.steps[0]) == [FILES]


def test_beside_the_callers_own_and_each_once() -> None:
    own = ["mine-1", MCP]
    extra = {"anthropic_beta": own, "mcp_servers": [{}]}
    step = step_of(Document(file_id="f"), extra=extra, extra_headers={"anthropic-beta": f"theirs-1,{FILES}"})
    assert named(step) == ["mine-1", MCP, FILES, "theirs-1"]
    assert own == ["mine-1", MCP]
    assert named(step_of(Document(file_id="f"), extra={"anthropic_beta": "mine-1"})) == ["mine-1"]


def test_explained_by_the_route() -> None:
    ((name, value, origin),) = step_of(Document(file_id="f")).header_leaves()
    assert (name, value, origin.kind) == ("anthropic-beta", FILES, "fact")
    assert origin.name == "host.anthropic.route.anthropic_messages.betas"
    assert origin.file.endswith("anthropic.toml")


def test_in_the_body_where_a_route_has_no_header() -> None:
    bedrock: dict[str, Any] = {"provider": "bedrock", "model": called(MODEL), "api_type": "invoke"}
    beta = "computer-use-2025-11-24"
    assert step_of(tools=[COMPUTER], **bedrock).body["anthropic_beta"] == [beta]
    own = step_of(tools=[COMPUTER], extra={"anthropic_beta": [beta, "mine-1"]}, **bedrock)
    assert own.body["anthropic_beta"] == [beta, "mine-1"]
    assert "anthropic_beta" not in step_of(**bedrock).body


async def test_on_the_wire() -> None:
    fake = FakeTransport()
    async with LLMClient(provider="anthropic", api_key="k", transport=fake) as client:
        turns = [Message("user", ["hi", Document(file_id="f")])]
        await client.send_message(MessageRequest(messages=turns, model=MODEL))
    assert fake.sent[0].headers["anthropic-beta"] == FILES
