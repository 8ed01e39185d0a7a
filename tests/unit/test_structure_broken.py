"""Streams that break inside a structure: their errors have what came of it."""

from __future__ import annotations

import json
from typing import Any

import pytest
from pydantic import BaseModel
from wires import RESPONSES, Wire, each_wire

from smartllm.errors import ProviderError, ProviderTimeoutError
from smartllm.testing import LoopbackServer, Reply


class Order(BaseModel):
    """What was bought."""

    items: list[str]


ITEMS = [f"thing number {number}" for number in range(40)]
WHOLE: dict[str, Any] = {"items": ITEMS}


def weigh(item: str) -> str:
    """The weight of a thing."""
    return item


async def broken(wire: Wire, server: LoopbackServer, reply: Reply, **fields: Any) -> ProviderError:
    """The error of a stream that breaks after some pieces of the structure."""
    server.script(reply)
    request = wire.request("?", response_format=Order, **fields)
    async with wire.client(server.url, stall_timeout=0.1) as client:
        with pytest.raises(ProviderError) as caught:
            async for _ in client.generate_text_stream(request):
                pass
    return caught.value


def begun(text: str) -> bool:
    """Whether a text is the beginning of the structure, and some of it."""
    whole = json.dumps(WHOLE)
    return len(text) > len('{"items": ["') and whole.replace(" ", "").startswith(text.replace(" ", ""))


BY_TOOL: dict[str, Any] = {"structured_output": "tool"}


@each_wire
class TestByATool:
    async def test_the_json_so_far_is_kept(self, wire: Wire, server: LoopbackServer) -> None:
        error = await broken(wire, server, Reply(text="", structured=WHOLE, cut_after=14), **BY_TOOL)
        assert begun(error.partial_text)

    async def test_where_time_ends_too(self, wire: Wire, server: LoopbackServer) -> None:
        reply = Reply(text="", structured=WHOLE, stall_after=14, stall_seconds=5)
        error = await broken(wire, server, reply, **BY_TOOL)
        assert isinstance(error, ProviderTimeoutError)
        assert begun(error.partial_text)


@each_wire
async def test_without_a_tool_it_is_the_text(wire: Wire, server: LoopbackServer) -> None:
    reply = Reply(text=json.dumps(WHOLE), cut_after=14)
    error = await broken(wire, server, reply, structured_output="native")
    assert begun(error.partial_text)


async def test_calls_of_the_callers_tools_are_no_structure(server: LoopbackServer) -> None:
    call = {"id": "call_1", "name": "weigh", "arguments": {"item": "a" * 200}}
    reply = Reply(text="Let me see. ", tool_calls=[call], cut_after=12)
    for way in ("tool", "native"):
        error = await broken(RESPONSES, server, reply, structured_output=way, tools=[weigh])
        assert error.partial_text == "Let me see. "
