"""A transport whose answers are made of parts."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Callable, Iterator
from random import Random
from typing import Any, Final

from part_events import Said, claude_events, claude_whole, converse_events, converse_whole
from part_events_openai import chat_events, chat_whole, responses_events, responses_whole
from wires import Wire

from smartllm import LLMClient
from smartllm.content import Part, ToolCall
from smartllm.runtime.transport import Answer
from smartllm.testing import FakeTransport

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
    """Answers with one whole answer of parts, whole or as a stream."""

    def __init__(self, wire: Wire, *said: Said, delay: float = 0.0) -> None:
        super().__init__()
        write, self._cut, reason = WRITTEN[wire.api_type]
        self.reply, self._delay = write(said, reason), delay
        self.events: list[Any] = []

    async def send(self, step: Any) -> Answer:
        self.sent.append(step)
        await asyncio.sleep(self._delay)
        return Answer(json.loads(json.dumps(self.reply)), f"call-{len(self.sent)}")

    async def stream(self, step: Any) -> Any:
        self.sent.append(step)
        random = Random(5)  # noqa: S311 - where a stream is cut
        return Events(self.events or [*self._cut(self.reply, random)], f"call-{len(self.sent)}")


class Events:
    """The events of a stream, one after the other."""

    def __init__(self, events: list[Any], request_id: str) -> None:
        self._events, self.request_id = events, request_id

    async def __aiter__(self) -> AsyncIterator[list[Any]]:
        for event in self._events:
            yield [event]

    async def aclose(self) -> None:
        """Nothing is open."""


def client_of(wire: Wire, transport: FakeTransport, **fields: Any) -> LLMClient:
    return LLMClient(provider=wire.provider, transport=transport, **fields)


def call_of(parts: tuple[Part, ...]) -> ToolCall:
    """The first call of an answer."""
    return next(part for part in parts if isinstance(part, ToolCall))
