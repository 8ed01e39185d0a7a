"""Events of the four wires, and readers that take them."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from itertools import groupby
from typing import Any

import pytest

from smartllm.compiler.dialects.decoding import Decoded
from smartllm.compiler.dialects.readers import stream_reader
from smartllm.compiler.dialects.stream import Delta, StreamReader
from smartllm.content import ToolCall, ToolCallDelta
from smartllm.errors import StreamError
from smartllm.rules import Dialect

Event = Mapping[str, Any]


def fed(dialect: Dialect, events: Sequence[Event]) -> tuple[StreamReader, list[Delta | None]]:
    """A reader that took the events, and what it gave for each."""
    reader = stream_reader(dialect, "m")
    return reader, [reader.feed(event) for event in events]


def decoded(dialect: Dialect, events: Sequence[Event]) -> Decoded:
    """The answer of a stream; it is the same when its raw form is read again."""
    reader, deltas = fed(dialect, events)
    answer = reader.decoded()
    said = [one for delta in deltas if delta for one in delta.all]
    assert "".join(one.text for one in said if not one.thinking) == answer.text == reader.text
    for index, pieces in groupby(sorted(filter(None, (one.call for one in said)), key=place), key=place):
        assert_call(answer.tool_calls[index], [*pieces])
    assert reader.dialect.decode(answer.raw, "m") == answer
    return answer


def place(piece: ToolCallDelta) -> int:
    return piece.index


def assert_call(call: ToolCall, pieces: list[ToolCallDelta]) -> None:
    """The pieces are the call's, and add up to it."""
    joined = "".join(piece.arguments for piece in pieces)
    assert (pieces[-1].id, pieces[-1].name) == (call.id, call.name)
    assert joined == call.arguments or json.loads(joined or "{}") == call.arguments


def arguments(answer: Decoded) -> Any:
    """What the answer's last call is made with; None without a call."""
    return answer.tool_calls[-1].arguments if answer.tool_calls else None


def broken(dialect: Dialect, events: Sequence[Event]) -> StreamError:
    """The error that a stream ends in."""
    with pytest.raises(StreamError) as caught:
        fed(dialect, events)[0].decoded()
    return caught.value


# Responses


def message(*texts: str) -> dict[str, Any]:
    return {"type": "message", "content": [{"type": "output_text", "text": text} for text in texts]}


def response(*output: Mapping[str, Any], **fields: Any) -> dict[str, Any]:
    usage = {"input_tokens": 1, "output_tokens": 2}
    return {"id": "r", "status": "completed", "output": [*output], "usage": usage, **fields}


def text_delta(text: Any, **fields: Any) -> dict[str, Any]:
    return {"type": "response.output_text.delta", "delta": text, **fields}


def text_done(text: Any, **fields: Any) -> dict[str, Any]:
    return {"type": "response.output_text.done", "text": text, **fields}


def item_done(item: Any, **fields: Any) -> dict[str, Any]:
    return {"type": "response.output_item.done", "item": item, **fields}


def completed(*output: Mapping[str, Any], **fields: Any) -> dict[str, Any]:
    return {"type": "response.completed", "response": response(*output), **fields}


# Chat


def chunk(delta: Any = None, finish: str | None = None, **fields: Any) -> dict[str, Any]:
    return {"id": "c", "model": "real", "choices": [{"delta": delta, "finish_reason": finish}], **fields}


def call(arguments: Any = None, **fields: Any) -> dict[str, Any]:
    name = fields.pop("name", None)
    return chunk({"tool_calls": [{"function": {"name": name, "arguments": arguments}, **fields}]})


# Claude

BEGIN: dict[str, Any] = {"type": "message_start", "message": {"model": "real", "usage": {"input_tokens": 5}}}
STOP: dict[str, Any] = {
    "type": "message_delta",
    "delta": {"stop_reason": "end_turn"},
    "usage": {"output_tokens": 6, "x": None},
}
END: dict[str, Any] = {"type": "message_stop"}


def start(index: Any, **content: Any) -> dict[str, Any]:
    return {"type": "content_block_start", "index": index, "content_block": content}


def block(index: Any, kind: Any, **fields: Any) -> dict[str, Any]:
    return {"type": "content_block_delta", "index": index, "delta": {"type": kind, **fields}}


def stop(index: Any) -> dict[str, Any]:
    return {"type": "content_block_stop", "index": index}


# Converse

STOPPED: dict[str, Any] = {"messageStop": {"stopReason": "end_turn"}}
METADATA: dict[str, Any] = {"metadata": {"usage": {"inputTokens": 1, "outputTokens": 2}, "p": "abc"}}


def begun(index: Any, start: Any) -> dict[str, Any]:
    return {"contentBlockStart": {"contentBlockIndex": index, "start": start}}


def delta(index: Any, **content: Any) -> dict[str, Any]:
    return {"contentBlockDelta": {"contentBlockIndex": index, "delta": content}}


def stopped(index: Any) -> dict[str, Any]:
    return {"contentBlockStop": {"contentBlockIndex": index}}
