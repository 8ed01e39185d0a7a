"""The gallery of schemas x every strategy: the parts of the body that bind the answer, one file each."""

from __future__ import annotations

from typing import Any

import pytest
from gallery import GALLERY
from snapshot_files import ROOT, FileSnapshot
from syrupy.assertion import SnapshotAssertion
from versions import with_todays_pydantic

import smartllm
from smartllm import TextRequest
from smartllm.errors import UnsupportedError
from smartllm.rules import load_rules

RULES = load_rules(ambient=False)
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


@with_todays_pydantic
@pytest.mark.parametrize("strategy", STRATEGIES)
@pytest.mark.parametrize("name", GALLERY)
def test_gallery(name: str, strategy: str, snapshot: SnapshotAssertion) -> None:
    model, fields = STRATEGIES[strategy]
    request = TextRequest(prompt="hi", model=model, response_format=GALLERY[name].model, **fields)
    try:
        plan = smartllm.compile(request, rules=RULES, level="ignore")
    except UnsupportedError as error:
        data: Any = {"refused": error.message, "hint": error.hint}
    else:
        body = plan.steps[-1].body
        changes = [str(item.asked) for item in plan.diagnostics if item.code == "schema-changed"]
        data = {
            "steps": len(plan.steps),
            "changes": changes,
            "body": {k: body[k] for k in BINDING if k in body},
        }
    assert data == snapshot(name=f"gallery/{strategy}/{name}.json", extension_class=FileSnapshot)


def test_no_stale_files() -> None:
    kept = {path.relative_to(ROOT / "gallery").as_posix() for path in (ROOT / "gallery").rglob("*.json")}
    assert kept == {f"{strategy}/{name}.json" for strategy in STRATEGIES for name in GALLERY}
