"""Plans of requests that ask something of prompt caches, and what these tell of it."""

from __future__ import annotations

from typing import Any

from doors import api_on
from model_facts import RULES

import smartllm
from smartllm import MessageRequest, Plan, TextRequest
from smartllm.rules import Dialect
from smartllm.testing.prompt_blocks import Block
from smartllm.testing.routes import PROMPT_WIRES


def blocks_of(body: dict[str, Any], dialect: Dialect) -> list[Block]:
    """The blocks of a prompt, as the sandbox reads them."""
    return list(PROMPT_WIRES[dialect].read(body))


def plan_of(model: str, dialect: Dialect, turns: Any, **fields: Any) -> Plan:
    given = {"prompt": turns} if isinstance(turns, str) else {"messages": turns}
    kind = TextRequest if "prompt" in given else MessageRequest
    request = kind(**given, **{"api_type": api_on(dialect)} | fields)
    return smartllm.compile(request, model=model, rules=RULES, level="ignore")


def marks_of(plan: Plan) -> list[tuple[str, str]]:
    """Where marks stand, and for how long."""
    step = plan.steps[0]
    blocks = blocks_of(step.body, step.dialect)
    return [(block.place, mark.get("ttl", "")) for block in blocks for mark in block.marks]


def told(plan: Plan) -> list[tuple[str, str]]:
    caching = ("cache-", "prompt-cache-")
    return [(one.code, one.severity) for one in plan.diagnostics if one.code.startswith(caching)]


def said(plan: Plan) -> list[tuple[str, str]]:
    """As ``told``, without the note on short prompts, as all of these are."""
    return [one for one in told(plan) if one[0] != "prompt-cache-short"]
