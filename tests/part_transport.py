"""A transport whose answers are made of parts."""

from __future__ import annotations

import asyncio
import json
from base64 import b64encode
from collections.abc import Callable, Iterator
from random import Random
from typing import Any, Final
from urllib.parse import urlsplit

from part_events import Said, claude_events, claude_whole, converse_events, converse_whole
from part_events_openai import chat_events, chat_whole, responses_events, responses_whole
from wires import Wire

from smartllm import LLMClient
from smartllm.compiler.dialects.stream import DONE
from smartllm.content import Part, ToolCall
from smartllm.runtime.transport import WireRequest, WireResponse
from smartllm.testing import FakeTransport
from smartllm.testing.eventstream import event_frame
from smartllm.testing.fake import Sent
from smartllm.testing.routes import Route, find_route

WRITTEN: Final[dict[str, tuple[Callable[..., Any], Callable[..., Iterator[Any]], str]]] = {
    "responses": (responses_whole, responses_events, "completed"),
    "chat_completions": (chat_whole, chat_events, "stop"),
    "invoke": (claude_whole, claude_events, "end_turn"),
    "converse": (converse_whole, converse_events, "end_turn"),
}
CALLS = (
    Said("thought", "hm"),
    Said("text", "Pa", ("x",)),
    Said("call", arguments={"a": [1]}),
    Said("new", "x"),
)


class Scripted(FakeTransport):
    """Answers with one whole answer of parts, whole or as a stream, in the bytes of its wire."""

    def __init__(self, wire: Wire, *said: Said, delay: float = 0.0) -> None:
        super().__init__()
        write, self._cut, reason = WRITTEN[wire.api_type]
        self.reply, self._delay = write(said, reason), delay
        self.events: list[Any] = []

    async def send(self, request: WireRequest) -> WireResponse:
        route = find_route(request.method, urlsplit(request.url).path, base="", host=request.host)
        sent = Sent(request, route)
        self.sent.append(sent)
        await asyncio.sleep(self._delay)
        assert route.host is not None
        headers = {route.host.id_header: f"call-{len(self.sent)}"}
        if not sent.streamed:
            return WireResponse(200, headers, json.dumps(self.reply).encode())
        events = self.events or [*self._cut(self.reply, Random(5))]  # noqa: S311 - where a stream is cut
        return WireResponse(200, headers, b"".join(_framed(event, route) for event in events))


def _framed(event: Any, route: Route) -> bytes:
    """An event as its host frames it."""
    assert route.host is not None
    if route.host.framing == "sse":
        return b"data: " + (b"[DONE]" if event is DONE else json.dumps(event).encode()) + b"\n\n"
    if route.dialect == "bedrock_converse":
        ((kind, content),) = event.items()
        return event_frame(kind, content)
    return event_frame("chunk", {"bytes": b64encode(json.dumps(event).encode()).decode()})


def client_of(wire: Wire, transport: FakeTransport, **fields: Any) -> LLMClient:
    return LLMClient(provider=wire.provider, transport=transport, **fields)


def call_of(parts: tuple[Part, ...]) -> ToolCall:
    """The first call of an answer."""
    return next(part for part in parts if isinstance(part, ToolCall))
