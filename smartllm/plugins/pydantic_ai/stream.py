"""A streamed answer of SmartLLM as an agent's."""

from __future__ import annotations

import json
from collections.abc import AsyncGenerator, AsyncIterator, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from pydantic_ai import messages as theirs
from pydantic_ai.models import StreamedResponse

from smartllm.content import Reasoning, Text, ToolCallDelta
from smartllm.errors import RefusalError, TruncatedError
from smartllm.plugins.pydantic_ai.answer import details_of, finish_of, parts_of, tell, unbound, usage_of
from smartllm.plugins.pydantic_ai.failures import failures
from smartllm.response import StreamChunk, TextResponse
from smartllm.structure_errors import StructureError


@dataclass
class Streamed(StreamedResponse):
    """Hands the pieces on as they come, and puts right at the end what wires write otherwise.

    Args:
        called: The model's name.
        provider: Its provider.
        bound: The answer is bound to a schema.
        chunks: The pieces behind the first one.
        first: That one.
    """

    called: str
    provider: str
    bound: bool
    chunks: AsyncGenerator[StreamChunk[Any]]
    first: StreamChunk[Any]
    _began: datetime = field(default_factory=lambda: datetime.now(UTC))
    _answered_by: str | None = None
    _text: str = ""
    _calls: dict[int, str] = field(default_factory=dict)

    async def _get_event_iterator(self) -> AsyncIterator[theirs.ModelResponseStreamEvent]:
        with failures(self.called):
            for event in self._piece(self.first):
                yield event
            try:
                async for chunk in self.chunks:
                    for event in self._piece(chunk):
                        yield event
            except (RefusalError, StructureError, TruncatedError) as error:
                if error.response is None:
                    raise
                # The agent is to see what the model wrote, and asks it again if it may.
                answer = unbound(error.response, error)
                for event in self._end(answer, answer.text):
                    yield event

    def _piece(self, chunk: StreamChunk[Any]) -> Iterator[theirs.ModelResponseStreamEvent]:
        part, manager = chunk.part, self._parts_manager
        if isinstance(part, ToolCallDelta):
            known = part.index in self._calls
            self._calls[part.index] = self._calls.get(part.index, "") + part.arguments
            yield from manager.handle_tool_call_delta_events(
                vendor_part_id=("call", part.index),
                tool_name=None if known else part.name,
                args=part.arguments,
                tool_call_id=part.id or None,
            )
        elif isinstance(part, Reasoning):
            yield from manager.handle_thinking_delta(vendor_part_id=None, content=part.text)
        elif isinstance(part, Text):
            self._text += part.text
            name = "structure" if self.bound else None
            yield from manager.handle_text_delta(vendor_part_id=name, content=part.text)
        if chunk.response is not None:
            yield from self._end(chunk.response, chunk.response.text)

    def _end(self, answer: TextResponse[Any], text: str) -> Iterator[theirs.ModelResponseStreamEvent]:
        tell(answer.diagnostics)
        manager = self._parts_manager
        if self.bound and text and text != self._text:
            yield manager.handle_part(vendor_part_id="structure", part=theirs.TextPart(text))
            self._text = text
        spoken = bool(self._text)
        for part in parts_of(answer, bound=self.bound):
            if isinstance(part, theirs.FilePart):  # pictures come whole, with the whole answer alone
                yield manager.handle_part(vendor_part_id=None, part=part)
            elif isinstance(part, theirs.TextPart) and not spoken and not self.bound:
                yield manager.handle_part(vendor_part_id=None, part=part)
                self._text += part.content
        for index, call in enumerate(answer.tool_calls):
            given = call.arguments
            written = given if isinstance(given, str) else json.dumps(given)
            if index not in self._calls or not _equal(self._calls[index], written):
                yield manager.handle_tool_call_part(
                    vendor_part_id=("call", index), tool_name=call.name, args=given, tool_call_id=call.id
                )
        self._usage = usage_of(answer)
        self._answered_by = answer.model
        self.finish_reason = finish_of(answer)
        self.provider_response_id = answer.request_id
        self.provider_details = details_of(answer, self._text)

    async def close_stream(self) -> None:
        """Close the connection."""
        await self.chunks.aclose()

    def get_stream_cancel_errors(self) -> tuple[type[BaseException], ...]:
        """None: closing ends the pieces without an error."""
        return ()

    @property
    def model_name(self) -> str:
        """The model that answers."""
        return self._answered_by or self.called

    @property
    def provider_name(self) -> str:
        """The provider."""
        return self.provider

    @property
    def provider_url(self) -> None:
        """It is told in errors alone."""
        return

    @property
    def timestamp(self) -> datetime:
        """When the answer began."""
        return self._began


def _equal(one: str, other: str) -> bool:
    try:
        return bool(json.loads(one or "{}") == json.loads(other or "{}"))
    except ValueError:
        return one == other
