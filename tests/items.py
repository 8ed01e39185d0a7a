"""Output items of OpenAI's Responses, answers made of them, and the plans of what follows."""

from __future__ import annotations

import json
from typing import Any

from model_facts import RULES
from part_transport import client_of
from wires import RESPONSES

import smartllm
from smartllm import Message, MessageRequest, Plan, TextResponse, Tool, ToolResult
from smartllm.testing import FakeTransport, Reply

JSON = dict[str, Any]
MODEL = "gpt-5.4"
WEATHER = Tool(
    "weather",
    parameters={
        "type": "object",
        "properties": {"city": {"type": "string"}, "unit": {"enum": ["C", "F"]}, "days": {"type": "array"}},
        "required": ["city"],
    },
    strict=True,
)
ASKED, LAST = Message("user", "q"), Message("user", "and?")
TOLD = Message("user", [ToolResult("call_1", "21")])


def thought(number: int = 1, cipher: str | None = "gAAA", **more: Any) -> JSON:
    item = {"id": f"rs_{number}", "type": "reasoning", "summary": [], **more}
    return item if cipher is None else item | {"encrypted_content": cipher}


def said(text: str, phase: str | None = None, number: int = 1) -> JSON:
    part = {"type": "output_text", "text": text, "annotations": [], "logprobs": []}
    item = {"id": f"msg_{number}", "type": "message", "status": "completed", "role": "assistant"}
    return item | ({"phase": phase} if phase else {}) | {"content": [part]}


def called(arguments: Any = None, number: int = 1, name: str = "weather") -> JSON:
    given = arguments if isinstance(arguments, str) else json.dumps(arguments or {"city": "Rome"})
    item = {"id": f"fc_{number}", "type": "function_call", "status": "completed", "name": name}
    return item | {"call_id": f"call_{number}", "arguments": given}


def searched() -> JSON:
    action = {"type": "search", "query": "x"}
    return {"id": "ws_1", "type": "web_search_call", "status": "completed", "action": action}


def reply(*output: JSON, **more: Any) -> JSON:
    return {"id": "resp_1", "model": MODEL, "status": "completed", "output": [*output], "usage": {}, **more}


async def answer(*output: JSON, model: str = MODEL, **more: Any) -> TextResponse[Any]:
    transport = FakeTransport(Reply(raw=json.dumps(reply(*output, **more)).encode()))
    async with client_of(RESPONSES, transport) as client:
        return await client.generate_text(RESPONSES.request("q", model=model, tools=[WEATHER]))


def plan(*turns: Message, model: str = MODEL, **fields: Any) -> Plan:
    request = MessageRequest(messages=[ASKED, *turns], **({"tools": [WEATHER]} | fields))
    return smartllm.compile(request, model=model, rules=RULES, level="ignore")


def sent(compiled: Plan) -> list[JSON]:
    """The items between the first turn and the last one."""
    found: list[JSON] = compiled.body["input"][1:-1]
    return found


def told(compiled: Plan) -> list[str]:
    return [item.code for item in compiled.diagnostics if item.path == "messages"]


def dropped(compiled: Plan) -> list[tuple[str, str]]:
    return [
        (item.origin.name, item.reason) for item in compiled.diagnostics if item.code == "reasoning-dropped"
    ]
