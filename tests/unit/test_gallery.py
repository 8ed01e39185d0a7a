"""The gallery of schemas x every strategy: the parts of the body that bind the answer, a file a strategy."""

from __future__ import annotations

from typing import Any

import pytest
from gallery import GALLERY
from snapshot_files import by_case, kept, kept_files
from syrupy.assertion import SnapshotAssertion
from versions import with_todays_pydantic

import smartllm
from smartllm import TextRequest
from smartllm.errors import UnsupportedError
from smartllm.rules import load_rules

RULES = load_rules()
STRATEGIES: dict[str, tuple[str, dict[str, Any]]] = {
    "openai-native": ("gpt-5.4", {"structured_output": "native"}),
    "openai-tool": ("gpt-5.4", {"structured_output": "tool"}),
    "claude-native": ("claude-sonnet-4-5", {"structured_output": "native"}),
    "claude-tool": ("claude-sonnet-4-5", {"structured_output": "tool"}),
    "converse-native": ("claude-sonnet-4-5", {"structured_output": "native", "api_type": "converse"}),
    "converse-tool": ("claude-sonnet-4-5", {"structured_output": "tool", "api_type": "converse"}),
    "claude-two-pass": ("claude-sonnet-4-6", {"structured_output": "two_pass", "reasoning_effort": "low"}),
    "claude-two-pass-offer": ("claude-opus-5-5", {"structured_output": "two_pass"}),
}
BINDING = ("text", "response_format", "tools", "tool_choice", "output_config", "outputConfig", "toolConfig")


def bound(name: str, strategy: str) -> dict[str, Any]:
    """What binds the answer to a schema, or why nothing can."""
    model, fields = STRATEGIES[strategy]
    request = TextRequest(prompt="hi", model=model, response_format=GALLERY[name].model, **fields)
    try:
        plan = smartllm.compile(request, rules=RULES, level="ignore")
    except UnsupportedError as error:
        return {"refused": error.message.partition(" [")[0], "hint": error.hint}  # rows of facts move
    body = plan.steps[-1].body
    return {
        "steps": len(plan.steps),
        "changes": [str(item.asked) for item in plan.diagnostics if item.code == "schema-changed"],
        "body": {key: body[key] for key in BINDING if key in body},
    }


@with_todays_pydantic
@pytest.mark.parametrize("strategy", STRATEGIES)
def test_gallery(strategy: str, snapshot: SnapshotAssertion) -> None:
    data = by_case(GALLERY, lambda name: bound(name, strategy))
    assert data == kept(snapshot, f"gallery/{strategy}.json")


def test_no_stale_files() -> None:
    assert kept_files("gallery") == {f"{strategy}.json" for strategy in STRATEGIES}
