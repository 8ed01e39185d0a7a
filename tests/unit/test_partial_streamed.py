"""The structure of a streamed answer while it comes, on four wires."""

from __future__ import annotations

import copy
import json
import pickle
from dataclasses import replace
from typing import Any, NamedTuple

import pytest
from pydantic import BaseModel, ValidationInfo, field_validator
from wires import CHAT, CONVERSE, INVOKE, RESPONSES, Wire, each_wire

from smartllm import LLMClient, TextRequest, Tool, tool
from smartllm import compile as compile_request
from smartllm.compiler.dialects.stream import Delta
from smartllm.content import ToolCallDelta
from smartllm.errors import ProviderError
from smartllm.response import StreamChunk
from smartllm.runtime.chunks import _Seen
from smartllm.runtime.structure import partial
from smartllm.structure_errors import StructureError
from smartllm.testing import LoopbackServer, Reply


class Line(BaseModel):
    name: str
    count: int | None = None


class Size(NamedTuple):
    width: int
    height: int


class Order(BaseModel):
    title: str
    lines: list[Line]
    notes: dict[str, str] = {}
    size: Size | None = None


ORDER = Order(
    title="Für das Büro",
    lines=[Line(name="Papier", count=3), Line(name="Stifte")],
    notes={"to": "Ada", "from": "Bob"},
    size=Size(2, 3),
)
PLAIN = ORDER.model_dump(mode="json")


def on_the_wire(wire: Wire, data: dict[str, Any]) -> dict[str, Any]:
    """What a model writes there for an order."""
    if wire.provider == "bedrock":
        return data
    written = copy.deepcopy(data)
    written["notes"] = [{"key": key, "value": value} for key, value in data["notes"].items()]
    written["size"] = {"item_0": 2, "item_1": 3}
    return written


def in_pieces(data: Any, size: int = 5) -> list[str]:
    text = json.dumps(data, ensure_ascii=False)
    return [text[at : at + size] for at in range(0, len(text), size)]


async def streamed(client: LLMClient, request: TextRequest[Any]) -> list[StreamChunk[Any]]:
    return [chunk async for chunk in client.generate_text_stream(request)]


async def chunks_of(
    wire: Wire, server: LoopbackServer, kind: Any, reply: Reply, **fields: Any
) -> list[StreamChunk[Any]]:
    server.script(reply)
    async with wire.client(server.url) as client:
        return await streamed(client, wire.request("?", response_format=kind, **fields))


def replied(written: dict[str, Any]) -> Reply:
    return Reply(structured=written, chunks=in_pieces(written))


@each_wire
@pytest.mark.parametrize("strategy", ["auto", "tool"])
async def test_the_object_grows(wire: Wire, server: LoopbackServer, strategy: str) -> None:
    """Each state is an object of the class; what is there stays, and the last is the data."""
    data = PLAIN if strategy == "tool" else on_the_wire(wire, PLAIN)
    chunks = await chunks_of(wire, server, Order, replied(data), structured_output=strategy)
    seen = [chunk.partial for chunk in chunks if chunk.partial is not None]
    assert len(seen) > 5
    assert all(type(one) is Order for one in seen)
    assert seen[-1] == ORDER == chunks[-1].structured_data
    assert seen[-1] is chunks[-1].structured_data
    titles = [one.title for one in seen if one.title]
    assert all(ORDER.title.startswith(title) for title in titles)
    assert titles == sorted(titles, key=len)
    counts = [len(one.lines or ()) for one in seen]
    assert counts == sorted(counts)
    assert set(counts) == {0, 1, 2}
    # What has not come is the default, or None.
    assert (seen[0].notes, seen[0].size, seen[0].lines) == ({}, None, None)
    assert any(one.notes and set(one.notes) == {"to"} for one in seen)


@each_wire
async def test_plain_data_grows_for_a_schema(wire: Wire, server: LoopbackServer) -> None:
    schema = Order.model_json_schema()
    chunks = await chunks_of(wire, server, schema, replied(on_the_wire(wire, PLAIN)))
    seen = [chunk.partial for chunk in chunks if chunk.partial is not None]
    assert seen[-1] == PLAIN
    assert any(set(one) == {"title"} for one in seen)
    assert all(isinstance(one["notes"], dict) for one in seen if one.get("notes"))


@each_wire
async def test_a_wrapped_list_grows(wire: Wire, server: LoopbackServer) -> None:
    written = {"value": [{"name": "a", "count": 1}, {"name": "b", "count": None}]}
    chunks = await chunks_of(wire, server, list[Line], replied(written))
    seen = [chunk.partial for chunk in chunks if chunk.partial is not None]
    assert seen[-1] == [Line(name="a", count=1), Line(name="b")] == chunks[-1].structured_data
    assert all(isinstance(one, list) for one in seen)
    assert {len(one) for one in seen} >= {1, 2}


@each_wire
async def test_nothing_is_told_before_what_is_wrapped_comes(wire: Wire, server: LoopbackServer) -> None:
    chunks = await chunks_of(wire, server, Size | None, replied({"value": None}))
    assert {chunk.partial for chunk in chunks} == {None}


async def test_what_is_written_as_json_text_grows_too(server: LoopbackServer) -> None:
    class Free(BaseModel):
        title: str
        data: dict[str, Any]

    written = {"title": "x", "data": json.dumps({"names": ["Ada", "Bob"], "n": 1})}
    chunks = await chunks_of(RESPONSES, server, Free, replied(written))
    seen = [chunk.partial.data for chunk in chunks if chunk.partial is not None]
    assert seen[-1] == {"names": ["Ada", "Bob"], "n": 1}
    assert {"names": ["Ada"]} in seen
    assert {"names": ["Ada", "Bob"]} in seen


async def test_calls_of_the_caller_are_told_beside_it(server: LoopbackServer) -> None:
    @tool
    def look(name: str) -> str:
        """Look something up."""
        return name

    fields: dict[str, Any] = {"tools": [look], "structured_output": "tool"}
    calls: list[Any] = [{"name": "Order", "arguments": PLAIN, "id": "1"}]
    chunks = await chunks_of(INVOKE, server, Order, Reply(tool_calls=calls), **fields)
    assert [chunk for chunk in chunks if chunk.call is not None] == []
    assert chunks[-1].partial == ORDER
    calls = [{"name": "look", "arguments": {"name": "x"}, "id": "1"}]
    chunks = await chunks_of(INVOKE, server, Order, Reply(tool_calls=calls), **fields)
    assert {chunk.call.name for chunk in chunks if chunk.call is not None} == {"look"}
    assert all(chunk.partial is None for chunk in chunks)


async def test_a_tool_of_the_same_name_is_no_structure(server: LoopbackServer) -> None:
    """Beside a schema of the provider's own each call is the caller's."""
    calls = [{"name": "Order", "arguments": {"name": "x"}, "id": "1"}]
    schema = {"type": "object", "properties": {"name": {"type": "string"}}}
    mine = Tool("Order", "Order it.", schema)
    chunks = await chunks_of(RESPONSES, server, Order, Reply(tool_calls=calls), tools=[mine])
    assert {chunk.call.name for chunk in chunks if chunk.call is not None} == {"Order"}
    assert {chunk.partial for chunk in chunks} == {None}


async def test_a_call_without_a_name_yet_is_not_told() -> None:
    request = TextRequest(prompt="?", response_format=Order, structured_output="tool", stream=True)
    seen = _Seen(compile_request(request, model=CHAT.model), request)
    assert seen.chunk(Delta("", call=ToolCallDelta(0, "1", "", '{"title"'))) is None
    told = seen.chunk(Delta("", call=ToolCallDelta(0, "1", "Order", '{"title": "x')))
    assert told is not None
    assert told.partial == Order.model_construct(title="x", lines=None, notes={}, size=None)


def test_a_call_in_place_of_a_text_is_not_told() -> None:
    request = TextRequest(prompt="?", response_format=Order, structured_output="native", stream=True)
    seen = _Seen(compile_request(request, model=CHAT.model), request)
    told = seen.chunk(Delta("", call=ToolCallDelta(0, "1", "Order", '{"title": "x')))
    assert told is not None
    assert told.call is None
    assert told.partial == Order.model_construct(title="x", lines=None, notes={}, size=None)


async def test_thoughts_are_no_structure(server: LoopbackServer) -> None:
    written = on_the_wire(RESPONSES, PLAIN)
    reply = Reply(structured=written, chunks=in_pieces(written), thinking='{"title": "no')
    chunks = await chunks_of(RESPONSES, server, Order, reply, reasoning_effort="low")
    assert any(chunk.metadata for chunk in chunks)
    assert "no" not in {chunk.partial.title for chunk in chunks if chunk.partial is not None}


async def test_without_a_structure_there_is_none(server: LoopbackServer) -> None:
    server.script(Reply(text='{"a": 1}'))
    async with RESPONSES.client(server.url) as client:
        assert {chunk.partial for chunk in await streamed(client, RESPONSES.request("?"))} == {None}


async def test_the_first_of_two_steps_has_none(server: LoopbackServer) -> None:
    server.script(Reply(text='{"title": "x"}'), Reply(structured=PLAIN))
    async with INVOKE.client(server.url) as client:
        request = INVOKE.request("?", response_format=Order, structured_output="two_pass")
        *chunks, last = await streamed(client, request)
    assert {chunk.partial for chunk in chunks} == {None}
    assert last.partial == ORDER


async def test_words_before_a_structure_are_no_structure(server: LoopbackServer) -> None:
    written = on_the_wire(CHAT, PLAIN)
    server.script(Reply(chunks=["```json\n", *in_pieces(written)]))
    async with CHAT.client(server.url) as client:
        *seen, last = await streamed(client, CHAT.request("?", response_format=Order))
    assert seen[0].partial is None
    assert any(chunk.partial is not None and chunk.partial.lines for chunk in seen)
    assert last.partial == ORDER


async def test_validators_of_fields_are_asked_and_those_of_the_whole_are_not(server: LoopbackServer) -> None:
    told: list[Any] = []

    class Checked(BaseModel):
        word: str
        other: str = ""

        @field_validator("word")
        @classmethod
        def _upper(cls, word: str, info: ValidationInfo) -> str:
            told.append(info.context)
            return word.upper()

        def model_post_init(self, context: Any, /) -> None:
            told.append(self.other + "!")

    written = {"word": "abcdefgh", "other": "x"}
    fields: dict[str, Any] = {"validation_context": "context"}
    reply = Reply(structured=written, chunks=in_pieces(written, 3))
    chunks = await chunks_of(RESPONSES, server, Checked, reply, **fields)
    seen = [chunk.partial.word for chunk in chunks if chunk.partial is not None and chunk.partial.word]
    assert seen[0] in {"A", "AB", "ABC"}
    assert seen[-1] == "ABCDEFGH"
    assert set(told) == {"context", "x!"}
    assert told.count("x!") == 1


async def test_what_was_looked_at_stays(server: LoopbackServer) -> None:
    written = on_the_wire(RESPONSES, PLAIN)
    server.script(Reply(structured=written, chunks=in_pieces(written)))
    first: list[Any] = []
    async with RESPONSES.client(server.url) as client:
        chunks = []
        async for chunk in client.generate_text_stream(RESPONSES.request("?", response_format=Order)):
            chunks.append(chunk)
            if len(chunks) % 3 == 0:
                first.append((chunk, chunk.partial))
    assert all(chunk.partial is known for chunk, known in first)
    later = [chunk.partial.title for chunk in chunks if chunk.partial is not None and chunk.partial.title]
    assert later == sorted(later, key=len)
    again = pickle.loads(pickle.dumps(chunks[10]))  # noqa: S301 - our own
    assert again.partial == chunks[10].partial == copy.deepcopy(chunks[10]).partial
    assert again == chunks[10]


# --- at what cost ------------------------------------------------------------------------------------------


class Clock:
    """Time that passes only where somebody reads: a hundredth of a second a time."""

    def __init__(self) -> None:
        self.now, self.reads = 0.0, 0

    def monotonic(self) -> float:
        return self.now


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    found = Clock()
    read = partial._read

    def slowly(text: str) -> Any:
        found.reads += 1
        found.now += 0.01
        return read(text)

    monkeypatch.setattr(partial, "time", found)
    monkeypatch.setattr(partial, "_read", slowly)
    return found


def growing_of(kind: Any) -> partial.Growing:
    request = TextRequest(prompt="?", response_format=kind, stream=True)
    found = partial.growing(compile_request(request, model=RESPONSES.model), request)
    assert found is not None
    return found


def test_a_short_answer_is_read_at_each_piece(clock: Clock) -> None:
    growing = growing_of(list[int])
    for piece in ['{"value": [1', ", 2", ", 3", "]}"]:
        growing.text(piece)
        assert growing.so_far().value == growing.so_far().value
    assert clock.reads == 4
    assert growing.so_far().value == [1, 2, 3]


def test_a_long_answer_is_read_for_a_fifth_of_the_time(clock: Clock) -> None:
    growing = growing_of(list[int])
    growing.text('{"value": [' + "1, " * 2000)
    assert len(growing.so_far().value) == 2000
    for _ in range(100):
        clock.now += 0.002
        growing.text("1, ")
        assert len(growing.so_far().value) >= 2000
    assert 4 <= clock.reads <= 6
    assert len(growing.so_far().value) > 2000


def test_who_looks_back_in_a_long_answer_sees_what_was_there_then() -> None:
    growing = growing_of(list[int])
    growing.text('{"value": [' + "1, " * 2000)
    early = growing.so_far()
    growing.text("1]}")
    assert len(growing.so_far().value) == 2001
    assert len(early.value) == 2000


@pytest.mark.parametrize("text", ["12", '"a', "null"])
def test_what_is_no_object_is_nothing_yet(text: str) -> None:
    growing = growing_of({"type": "object", "properties": {"a": {"type": "integer"}}})
    growing.text(text)
    assert growing.so_far().value is None


def test_nobody_looks_and_nothing_is_read(clock: Clock) -> None:
    growing = growing_of(list[int])
    points = []
    for piece in ['{"value": [1', ", 2", ", 3", "]}"]:
        growing.text(piece)
        points.append(growing.so_far())
    assert clock.reads == 0
    assert points[3].value == [1, 2, 3]
    assert points[1].value == [1, 2], "who looks back sees what was there then"
    assert clock.reads == 2
    assert points[1].value is points[1].value
    assert clock.reads == 2


def test_what_breaks_in_the_middle_shows_what_was_there(clock: Clock) -> None:
    growing = growing_of(list[int])
    growing.text('{"value": [1, 2')
    assert growing.so_far().value == [1, 2]
    growing.text(", nothing")
    assert growing.so_far().value == [1, 2]


def test_of_several_calls_the_first_counts(clock: Clock) -> None:
    growing = growing_of(list[int])
    growing.text('{"value": [9')
    early = growing.so_far()
    growing.called(1, '{"value": [1')
    growing.called(2, ", 5")
    growing.text(", 7")
    assert growing.so_far().value == [1]
    assert early.value == [9]


# --- a stream that breaks ----------------------------------------------------------------------------------

CALLED = Reply(structured=PLAIN)


@pytest.mark.parametrize("how", [{"cut_after": 6}, {"end_after": 6}], ids=str)
@each_wire
async def test_a_structure_that_nobody_has_looked_at_is_asked_for_again(
    wire: Wire, server: LoopbackServer, how: dict[str, Any]
) -> None:
    """No text was given: the caller gets the chunks of the next attempt, as if there had been no other."""
    events: list[dict[str, Any]] = []
    server.script(*[replace(CALLED, **how)] * 2, CALLED)
    async with wire.client(server.url, max_retries=2) as client:
        request = wire.request(
            "?", response_format=Order, structured_output="tool", on_progress=events.append
        )
        chunks = await streamed(client, request)
    assert chunks[-1].structured_data == ORDER
    assert chunks[-2].partial == ORDER
    assert len(server.requests) == 3
    assert [event["attempt"] for event in events if event["event"] == "retry"] == [1, 2]


async def test_attempts_are_counted_over_all_streams(server: LoopbackServer) -> None:
    server.script(*[replace(CALLED, cut_after=6)] * 5)
    async with INVOKE.client(server.url, max_retries=2) as client:
        with pytest.raises(ProviderError) as caught:
            await streamed(client, INVOKE.request("?", response_format=Order))
    assert len(server.requests) == 3
    assert caught.value.attempts == 3


async def test_a_structure_that_was_looked_at_is_not(server: LoopbackServer) -> None:
    server.script(*[replace(CALLED, cut_after=9)] * 2)
    async with INVOKE.client(server.url, max_retries=2) as client:
        request = INVOKE.request("?", response_format=Order)
        with pytest.raises(ProviderError):
            _ = [chunk.partial async for chunk in client.generate_text_stream(request)]
    assert len(server.requests) == 1


async def test_a_malformed_call_that_nobody_has_seen_is_asked_for_again(server: LoopbackServer) -> None:
    bad = replace(CALLED, stop_reason="malformed_tool_use")
    server.script(bad, CALLED, bad)
    async with CONVERSE.client(server.url, max_retries=1) as client:
        request = CONVERSE.request("?", response_format=Order)
        assert (await streamed(client, request))[-1].structured_data == ORDER
        assert len(server.requests) == 2
        with pytest.raises(StructureError, match="could not read what the model wrote"):
            _ = [chunk.partial async for chunk in client.generate_text_stream(request)]
    assert len(server.requests) == 3
