"""What a sandbox's page tells, as tests read it."""

from __future__ import annotations

import json
from typing import Any, Final

from browsers import Caller

CLAUDE: Final = "us.anthropic.claude-opus-4-7"
RESPONSES: Final = "/v1/responses"
CALLS: Final = "/_smartllm/calls"


def gpt(text: Any = "hi", **fields: Any) -> dict[str, Any]:
    return {"model": "gpt-5.4", "input": text, **fields}


def told(caller: Caller, number: int = 1) -> str:
    """What the page tells of a call."""
    status, _, text = caller.get(f"{CALLS}/{number}")
    assert status == 200
    return text


def listed(caller: Caller, query: str = "") -> dict[str, Any]:
    found: dict[str, Any] = json.loads(caller.get(f"{CALLS}{query}")[2])
    return found
