"""Which facts the page of a sandbox shows behind each leaf of a body."""

from __future__ import annotations

import json
from typing import Any, Final

from sandbox_page import CLAUDE

from smartllm.testing.check import target_of
from smartllm.testing.page.leaves import leaves_of

PART: Final[dict[str, Any]] = {"type": "text", "text": "x" * 238, "cache_control": {"type": "ephemeral"}}
CALLED: Final[dict[str, Any]] = {"type": "tool_use", "input": {"file": {"type": "document", "name": "a"}}}
SCHEMA: Final[dict[str, Any]] = {
    "type": "object",
    "properties": {"image": {"type": "string", "description": "d"}},
}
LEAVES: Final[dict[str, tuple[str, ...]]] = {
    "max_tokens": ("limits.max_output", "limits.field"),
    "temperature": ("sampling", "temperature.accepted", "temperature.max"),
    "service_tier": (),  # it is a header here
    "thinking.budget_tokens": ("thinking.min_budget", "thinking.modes"),
    "tool_choice.type": ("tools.choice", "tools.forced"),
    "tool_choice.disable_parallel_tool_use": ("tools.parallel",),
    "messages[0].role": ("messages.alternate", "messages.prefill"),
    "messages[0].content[0].text": (),
    "messages[0].content[0].cache_control.type": ("caching.where", "caching.ttls"),
    "messages[0].content[1].type": ("calls.ids", "calls.declared"),
    "messages[0].content[1].input.file.type": ("calls.ids", "calls.declared"),
    "messages[0].content[1].input.file.name": ("calls.ids", "calls.declared"),
    "tools[0].name": ("tools.name", "tools.name_max"),
    "tools[0].description": ("tools.functions", "tools.description_max"),
    "tools[0].input_schema.type": ("tools.functions", "tools.input.top"),
    "tools[0].input_schema.properties.image.type": ("tools.functions", "tools.input.top"),
    "tools[0].input_schema.properties.image.description": ("tools.functions", "tools.input.top"),
    "role": (),
    "other.name": (),
}


def test_the_facts_behind_a_leaf_are_those_of_the_wire_and_never_of_the_callers_own_names() -> None:
    body = {
        "max_tokens": 5,
        "temperature": 1,
        "service_tier": "auto",
        "thinking": {"budget_tokens": 1024},
        "tool_choice": {"type": "auto", "disable_parallel_tool_use": True},
        "messages": [{"role": "user", "content": [PART, CALLED]}],
        "tools": [{"name": "f", "description": "d" * 239, "input_schema": SCHEMA}],
        "role": "x",
        "other": {"name": 2},
    }
    target = target_of(CLAUDE, "anthropic_messages")
    leaves = {leaf.path: leaf for leaf in leaves_of(body, target, "anthropic_messages")}
    assert {path: leaf.facts for path, leaf in leaves.items() if path in LEAVES} == LEAVES
    assert leaves["messages[0].content[0].text"].value == json.dumps(PART["text"]), "240 characters are whole"
    assert leaves["tools[0].description"].value.endswith("… (241 characters)")
    assert {leaf.facts for leaf in leaves_of(body, None, "anthropic_messages")} == {()}
