"""What may come where a stream was asked for: events of any type, a whole answer, unknown frames."""

from __future__ import annotations

import base64
import json
from typing import Any

import pytest
from stream_events import BEGIN, END, STOP, block, start
from wires import CHAT, CONVERSE, INVOKE, RESPONSES, Wire

from smartllm.errors import ProviderError, RateLimitError, ResponseError, StreamError
from smartllm.testing import LoopbackServer, Reply
from smartllm.testing.eventstream import encode_frame

EVENTS = b"".join(
    b"data: " + json.dumps({"choices": [choice]}).encode() + b"\n\n"
    for choice in ({"delta": {"content": "Hello"}}, {"delta": {}, "finish_reason": "stop"})
)
WHOLE = {"choices": [{"message": {"content": "Hello"}, "finish_reason": "stop"}]}
FRAMES = "application/vnd.amazon.eventstream"


async def said(wire: Wire, server: LoopbackServer, raw: bytes, kind: str) -> list[str]:
    server.script(Reply(raw=raw, content_type=kind))
    async with wire.client(server.url) as client:
        return [chunk.text async for chunk in client.generate_text_stream(wire.request("hi", stream=True))]


async def refused(wire: Wire, server: LoopbackServer, raw: bytes, kind: str) -> ProviderError:
    with pytest.raises(ProviderError) as caught:
        await said(wire, server, raw, kind)
    return caught.value


@pytest.mark.parametrize(
    "kind", ["text/event-stream", "text/plain", "application/octet-stream", "application/json"]
)
@pytest.mark.parametrize(
    "before", [b"", b": ping\n\n", b"\n\n", b"\xef\xbb\xbf", b"event: x\n", b"id: 1\n", b"\n" * 900]
)
async def test_the_first_bytes_decide_before_the_header(
    kind: str, before: bytes, server: LoopbackServer
) -> None:
    assert await said(CHAT, server, before + EVENTS, kind) == ["Hello", ""]


async def test_the_header_decides_where_the_bytes_do_not(server: LoopbackServer) -> None:
    odd = b"x-new: 1\n" + EVENTS
    assert await said(CHAT, server, odd, "text/event-stream; charset=utf-8") == ["Hello", ""]
    error = await refused(CHAT, server, odd, "text/plain")
    assert isinstance(error, ResponseError)
    assert "is not a stream but text/plain" in error.message


@pytest.mark.parametrize("kind", ["text/event-stream", "application/json"])
class TestOnePiece:
    async def test_a_whole_answer_is_read(self, kind: str, server: LoopbackServer) -> None:
        assert await said(CHAT, server, b"\n" + json.dumps(WHOLE).encode(), kind) == ["Hello", ""]

    async def test_an_error_object_is_the_typed_error(self, kind: str, server: LoopbackServer) -> None:
        error = await refused(CHAT, server, b'{"error": {"code": 429, "message": "slow"}}', kind)
        assert type(error) is RateLimitError
        assert (error.code, error.status, error.retryable) == ("429", 429, True)
        failed = b'{"status": "failed", "output": [], "error": {"code": "rate_limit_exceeded"}}'
        assert type(await refused(RESPONSES, server, failed, kind)) is RateLimitError

    @pytest.mark.parametrize(
        "raw",
        [
            b"<html>" + b"x" * 500,
            b"[]",
            b'["x"]',
            b"{",
            b'{"choices": [], "x": NaN}',
            b'{"detail": "Not Found"}',
        ],
    )
    async def test_anything_else_is_no_answer(self, kind: str, raw: bytes, server: LoopbackServer) -> None:
        error = await refused(CHAT, server, raw, kind)
        assert isinstance(error, ResponseError)
        assert raw.decode()[:20] in error.message
        assert (error.status, error.retryable) == (200, False)

    async def test_nothing_at_all(self, kind: str, server: LoopbackServer) -> None:
        error = await refused(CHAT, server, b"", kind)
        assert isinstance(error, StreamError if kind == "text/event-stream" else ResponseError)


def chunk_frame(content: Any, **headers: str) -> bytes:
    given = {":message-type": "event", ":event-type": "chunk"} | {
        f":{name.replace('_', '-')}": value for name, value in headers.items()
    }
    payload = content if isinstance(content, bytes) else json.dumps(content).encode()
    return encode_frame({name: value for name, value in given.items() if value != "missing"}, payload)


def wrapped(event: Any) -> dict[str, str]:
    return {"bytes": base64.b64encode(json.dumps(event).encode()).decode()}


SAID = [BEGIN, start(0, type="text", text=""), block(0, "text_delta", text="Hello")]


class TestFrames:
    async def test_a_stream(self, server: LoopbackServer) -> None:
        raw = b"".join(chunk_frame(wrapped(event)) for event in [*SAID, STOP, END])
        assert await said(INVOKE, server, raw, FRAMES) == ["Hello", ""]

    @pytest.mark.parametrize(
        ("frame", "message"),
        [
            (chunk_frame(wrapped(END), message_type="new"), "no known type: {':message-type': 'new'"),
            (chunk_frame(wrapped(END), message_type="missing"), "no known type: {':event-type': 'chunk'}"),
            (chunk_frame(wrapped(END), event_type="missing"), "no known type: {':message-type': 'event'}"),
            (chunk_frame(wrapped(END), event_type=""), "no known type"),
            (chunk_frame(wrapped(END), event_type="new"), "has nothing where type should be text"),
            (chunk_frame({}), "a chunk of the stream has no event: {}"),
            (chunk_frame({"bytes": None}), "has no event"),
            (chunk_frame({"bytes": ["e30="]}), "has no event"),
            (chunk_frame({"bytes": "e3 0="}), "has no event"),
            (chunk_frame({"bytes": "grüße"}), "has no event"),
            (chunk_frame({"bytes": base64.b64encode(b"[]").decode()}), "is not a JSON object: b'[]'"),
            (chunk_frame(b'{"bytes": NaN}'), "is not a JSON object"),
            (chunk_frame({"bytes": base64.b64encode(b'{"input": NaN}').decode()}), "is not a JSON object"),
            (chunk_frame(b"[]"), "is not a JSON object: b'[]'"),
        ],
    )
    async def test_frames_that_cannot_be(self, frame: bytes, message: str, server: LoopbackServer) -> None:
        raw = b"".join(chunk_frame(wrapped(event)) for event in SAID) + frame
        error = await refused(INVOKE, server, raw, FRAMES)
        assert isinstance(error, StreamError)
        assert message in error.message
        assert (error.partial_text, error.retryable) == ("Hello", True)

    async def test_unknown_events_are_passed_over(self, server: LoopbackServer) -> None:
        events: list[tuple[str, Any]] = [
            ("contentBlockDelta", {"contentBlockIndex": 0, "delta": {"text": "Hello"}}),
            ("newEvent", {"x": 1}),
            ("messageStop", {"stopReason": "end_turn"}),
        ]
        raw = b"".join(chunk_frame(content, event_type=name) for name, content in events)
        assert await said(CONVERSE, server, raw, FRAMES) == ["Hello", ""]
