"""What callers get of an answer beside its text: parts, calls, the wire's JSON, why it ended, the call's id."""

from __future__ import annotations

import asyncio
import copy
import dataclasses
import json
import pickle
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path
from random import Random
from typing import Any, Final

import pytest
from part_events import Said, claude_events, claude_whole, converse_events, converse_whole
from part_events_openai import chat_events, chat_whole, responses_events, responses_whole
from pydantic import BaseModel
from wires import CHAT, CLAUDE, CONVERSE, INVOKE, RESPONSES, Wire, each_wire

from smartllm import LLMClient, StreamChunk, TextRequest, TextResponse
from smartllm.content import Other, Part, Reasoning, Text, ToolCall, ToolCallDelta
from smartllm.runtime.transport import Answer
from smartllm.testing import FakeTransport, Reply

WRITTEN: Final[dict[str, tuple[Callable[..., Any], Callable[..., Iterator[Any]], str]]] = {
    "responses": (responses_whole, responses_events, "completed"),
    "chat_completions": (chat_whole, chat_events, "stop"),
    "invoke": (claude_whole, claude_events, "end_turn"),
    "converse": (converse_whole, converse_events, "end_turn"),
}
CALLS = (Said("thought", "hm"), Said("text", "Pa"), Said("call", arguments={"a": [1]}), Said("new", "x"))
ASKED: dict[str, Any] = {"prompt": "hi", "temperature": 0}


class Person(BaseModel):
    name: str


class Scripted(FakeTransport):
    """Answers with one whole answer of parts, whole or as a stream."""

    def __init__(self, wire: Wire, *said: Said, delay: float = 0.0) -> None:
        super().__init__()
        write, self._cut, reason = WRITTEN[wire.api_type]
        self.reply, self._delay = write(said, reason), delay

    async def send(self, step: Any) -> Answer:
        self.sent.append(step)
        await asyncio.sleep(self._delay)
        return Answer(json.loads(json.dumps(self.reply)), f"call-{len(self.sent)}")

    async def stream(self, step: Any) -> Any:
        self.sent.append(step)
        return Events([*self._cut(self.reply, Random(5))], f"call-{len(self.sent)}")


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


async def chunks_of(wire: Wire, transport: FakeTransport, **fields: Any) -> list[StreamChunk]:
    async with client_of(wire, transport) as client:
        return [chunk async for chunk in client.generate_text_stream(wire.request(**ASKED, **fields))]


def mutable(value: Any) -> Iterator[int]:
    """Identity of everything in a value that can be changed."""
    if isinstance(value, (dict, list)):
        yield id(value)
    if dataclasses.is_dataclass(value):
        value = [getattr(value, one.name) for one in dataclasses.fields(value)]
    for item in (
        value.values() if isinstance(value, dict) else value if isinstance(value, (list, tuple)) else ()
    ):
        yield from mutable(item)


def call_of(parts: tuple[Part, ...]) -> ToolCall:
    return next(part for part in parts if isinstance(part, ToolCall))


@each_wire
async def test_an_answer_of_parts(wire: Wire) -> None:
    transport = Scripted(wire, *CALLS)
    async with client_of(wire, transport) as client:
        response = await client.generate_text(wire.request(**ASKED))
    assert response.text == "Pa"
    assert {type(part) for part in response.parts} == {Reasoning, Text, ToolCall, Other}
    assert response.parts is response.parts
    assert response.tool_calls == (call_of(response.parts),)
    assert response.tool_calls[0].arguments == {"a": [1]}
    assert (response.finish_reason, response.refusal, response.request_id) == ("tool_calls", None, "call-1")
    assert response.raw == transport.reply
    assert response.raws == (response.raw,)
    assert response.stop_reason == WRITTEN[wire.api_type][2]


@each_wire
async def test_what_is_not_read_is_noted_once_with_its_kinds(wire: Wire) -> None:
    said = (Said("text", "Pa"), Said("new", "x"), Said("new", "y"), Said("own", "z"))
    async with client_of(wire, Scripted(wire, *said)) as client:
        response = await client.generate_text(wire.request(**ASKED))
    (note,) = [item for item in response.diagnostics if item.code == "parts-unread"]
    assert (note.severity, note.action, note.origin.kind) == ("info", "noted", "derived")
    counts = {
        kind: [part.kind for part in response.parts if isinstance(part, Other)].count(kind)
        for kind in note.asked
    }
    assert note.asked == counts
    assert sum(counts.values()) == 3
    for kind, number in counts.items():
        assert f"{number} {kind}" in note.reason


@each_wire
async def test_an_answer_that_is_read_whole_gives_no_note(wire: Wire) -> None:
    async with client_of(wire, Scripted(wire, Said("text", "Pa"), *CALLS[:3])) as client:
        response = await client.generate_text(wire.request(**ASKED))
    assert [item.code for item in response.diagnostics if item.code == "parts-unread"] == []


@pytest.mark.parametrize("wire", [INVOKE, CONVERSE], ids=lambda wire: wire.api_type)
async def test_reasoning_that_can_be_sent_back_knows_its_model_and_wire(wire: Wire) -> None:
    async with client_of(wire, Scripted(wire, *CALLS)) as client:
        response = await client.generate_text(wire.request(**ASKED))
    (part,) = [part for part in response.parts if isinstance(part, Reasoning)]
    assert response.reasoning is not None
    assert (part.model, part.dialect) == (response.reasoning.model, response.reasoning.dialect)
    assert part.model == wire.model
    assert (part.blocks, part.text) == (response.reasoning.blocks, "hm")


@pytest.mark.parametrize("wire", [RESPONSES, CHAT], ids=lambda wire: wire.api_type)
async def test_reasoning_that_cannot_names_neither(wire: Wire) -> None:
    async with client_of(wire, Scripted(wire, *CALLS)) as client:
        response = await client.generate_text(wire.request(**ASKED))
    (part,) = [part for part in response.parts if isinstance(part, Reasoning)]
    assert (part.model, part.dialect, part.text, response.reasoning) == ("", "", "hm", None)


async def test_refusals() -> None:
    for wire in (RESPONSES, CHAT):
        async with client_of(wire, Scripted(wire, Said("refusal", "No."))) as client:
            response = await client.generate_text(wire.request(**ASKED))
        assert (response.refusal, response.finish_reason, response.text) == ("No.", "refusal", "")
        assert response.metadata["refusal"] == "No."


class TestStreams:
    @each_wire
    async def test_pieces_are_parts_and_the_last_chunk_has_the_answer(self, wire: Wire) -> None:
        *chunks, last = await chunks_of(wire, Scripted(wire, *CALLS))
        async with client_of(wire, Scripted(wire, *CALLS)) as client:
            whole = await client.generate_text(wire.request(**ASKED))
        assert last.response is not None
        assert last.response.parts == whole.parts
        assert (last.part, last.response.finish_reason) == (None, "tool_calls")
        assert (last.response.cache_source, last.response.request_id) == ("miss", "call-1")
        parts = [chunk.part for chunk in chunks]
        assert "".join(part.text for part in parts if isinstance(part, Text)) == "Pa"
        assert "".join(part.text for part in parts if isinstance(part, Reasoning)) == "hm"
        calls = [part for part in parts if isinstance(part, ToolCallDelta)]
        assert json.loads("".join(part.arguments for part in calls)) == {"a": [1]}
        assert {(part.index, part.id, part.name) for part in calls} == {
            (0, whole.tool_calls[0].id, whole.tool_calls[0].name)
        }
        for chunk in chunks:
            assert (chunk.text == "") == isinstance(chunk.part, ToolCallDelta)
            assert (chunk.metadata == {"type": "thinking"}) == isinstance(chunk.part, Reasoning)
            assert chunk.response is None

    @each_wire
    async def test_an_answer_of_calls_alone(self, wire: Wire) -> None:
        chunks = await chunks_of(
            wire, Scripted(wire, Said("call", arguments={}), Said("call", arguments={"a": 1}))
        )
        assert {chunk.part.index for chunk in chunks[:-1] if isinstance(chunk.part, ToolCallDelta)} == {0, 1}
        assert chunks[-1].response is not None
        assert [call.arguments for call in chunks[-1].response.tool_calls] == [{}, {"a": 1}]

    @pytest.mark.parametrize("wire", [CHAT, INVOKE], ids=lambda wire: wire.api_type)
    async def test_the_tool_that_binds_the_answer_is_not_shown(self, wire: Wire) -> None:
        fake = FakeTransport(Reply(structured={"name": "J"}))
        chunks = await chunks_of(wire, fake, response_format=Person, structured_output="tool")
        assert [chunk.call for chunk in chunks] == [None]
        last = chunks[-1]
        assert last.response is not None
        assert last.structured_data == last.response.structured_data == Person(name="J")
        assert last.response.tool_calls == ()
        assert call_of(last.response.parts).arguments == {"name": "J"}

    async def test_calls_of_other_tools_are_shown_beside_it(self) -> None:
        transport = Scripted(INVOKE, Said("call", arguments={"a": 1}), Said("call", arguments={"name": "J"}))
        transport.reply["content"][1]["name"] = "Person"
        *chunks, last = await chunks_of(INVOKE, transport, response_format=Person, structured_output="tool")
        assert {chunk.part.name for chunk in chunks if isinstance(chunk.part, ToolCallDelta)} == {"look"}
        assert last.response is not None
        assert [call.name for call in last.response.tool_calls] == ["look"]
        assert last.structured_data == Person(name="J")

    async def test_a_model_that_does_not_stream_tells_its_calls_too(self) -> None:
        model = "o1-pro"
        transport = Scripted(RESPONSES, Said("text", "Pa"), Said("call", arguments={"a": 1}))
        async with client_of(RESPONSES, transport) as client:
            request = TextRequest(prompt="hi", model=model)
            assert not client.compile(request.model_copy(update={"stream": True})).steps[0].streamed
            chunks = [chunk async for chunk in client.generate_text_stream(request)]
        assert [chunk.part for chunk in chunks] == [
            Text("Pa"),
            ToolCallDelta(0, "c1", "look", '{"a": 1}'),
            None,
        ]


class TestStructured:
    @pytest.mark.parametrize("wire", [CHAT, INVOKE, CONVERSE, RESPONSES], ids=lambda wire: wire.api_type)
    async def test_a_call_of_another_tool_beside_a_text_is_no_data(self, wire: Wire) -> None:
        transport = Scripted(wire, Said("text", '{"name": "J"}'), Said("call", arguments={"name": "K"}))
        async with client_of(wire, transport) as client:
            request = wire.request(**ASKED, response_format=Person, structured_output="tool")
            response = await client.generate_text(request)
        assert response.structured_data == Person(name="J")
        assert len(response.tool_calls) == 1

    async def test_a_renamed_tool_is_ours(self) -> None:
        async with client_of(CHAT, Scripted(CHAT, Said("call", arguments={"name": "J"}))) as client:
            request = CHAT.request(**ASKED, response_format=Person, structured_output="tool")
            response = await client.generate_text(request)
        assert (response.structured_data, response.tool_calls) == (Person(name="J"), ())

    async def test_two_steps(self) -> None:
        fake = FakeTransport(Reply(text="J", thinking="hm"), Reply(structured={"name": "J"}))
        async with client_of(INVOKE, fake) as client:
            request = INVOKE.request(
                response_format=Person, structured_output="two_pass", reasoning_effort="low", max_tokens=5000
            )
            response = await client.generate_text(request)
        assert [type(part) for part in response.parts] == [Reasoning, Text]
        assert response.tool_calls == ()
        assert response.request_id == "fake-2"
        assert [raw["content"][-1]["type"] for raw in response.raws] == ["text", "tool_use"]
        assert response.raw == response.raws[1]


class TestOwnership:
    async def test_callers_that_joined_share_nothing(self) -> None:
        transport = Scripted(INVOKE, *CALLS, delay=0.05)
        request = TextRequest(prompt="hi", model=CLAUDE)
        async with client_of(INVOKE, transport) as client:
            first, second = await asyncio.gather(*[client.generate_text(request) for _ in range(2)])
            hit = await client.generate_text(request)
        assert len(transport.sent) == 1
        assert hit.cache_source == "l1"
        call_of(first.parts).arguments["b"] = 1  # type: ignore[index]
        first.raw["content"].clear()
        for other in (second, hit):
            assert call_of(other.parts).arguments == {"a": [1]}
            assert other.raw == transport.reply
            assert {*mutable(first.parts), *mutable(first.raws)}.isdisjoint(
                {*mutable(other.parts), *mutable(other.raws)}
            )
        assert {*mutable(second.parts)}.isdisjoint(mutable(second.raws))

    @each_wire
    async def test_a_hit_says_the_same(self, wire: Wire, tmp_path: Path) -> None:
        request = wire.request(**ASKED, use_cache=True)
        async with client_of(wire, Scripted(wire, *CALLS), cache_dir=tmp_path) as client:
            fresh = await client.generate_text(request)
        async with client_of(wire, FakeTransport(), cache_dir=tmp_path) as client:
            hit = await client.generate_text(request)
        assert hit.cache_source == "l1"
        for name in (
            "parts",
            "raw",
            "raws",
            "finish_reason",
            "refusal",
            "request_id",
            "tool_calls",
            "diagnostics",
        ):
            assert getattr(hit, name) == getattr(fresh, name), name

    @pytest.mark.parametrize("given", [None, [], ["a", "b"], [5], "a"], ids=repr)
    async def test_entries_without_usable_ids_are_read(self, given: Any, tmp_path: Path) -> None:
        request = CONVERSE.request(**ASKED, use_cache=True)
        async with client_of(CONVERSE, Scripted(CONVERSE, *CALLS), cache_dir=tmp_path) as client:
            await client.generate_text(request)
            (path,) = tmp_path.rglob("*.json")
            entry = json.loads(path.read_text())
            assert entry.pop("request_ids") == ["call-1"]
            path.write_text(json.dumps(entry if given is None else entry | {"request_ids": given}))
            hit = await client.generate_text(request)
        assert (hit.cache_source, hit.request_id) == ("l1", None)

    async def test_copies_and_pickles_keep_the_parts(self) -> None:
        async with client_of(INVOKE, Scripted(INVOKE, *CALLS)) as client:
            response = await client.generate_text(INVOKE.request(**ASKED))
        others = [
            pickle.loads(pickle.dumps(response)),  # noqa: S301 - our own
            copy.deepcopy(response),
            dataclasses.replace(response, text="x"),
        ]
        for other in others:
            assert (other.parts, other.raw) == (response.parts, response.raw)

    def test_a_response_that_a_caller_makes_has_none(self) -> None:
        response = TextResponse(text="Pa", model="m", stop_reason="stop")
        assert (response.parts, response.tool_calls, response.raw, response.raws) == ((), (), {}, ())
        assert (response.finish_reason, response.refusal, response.request_id) == (None, None, None)

    def test_arguments_that_are_nested_deeply_are_copied(self) -> None:
        deep: Any = 1
        for _ in range(5000):
            deep = [{"a": deep}]
        response = TextResponse(
            text="", model="m", stop_reason="stop", _answers=(Answered((ToolCall("", "f", {"a": deep}),)),)
        )
        assert call_of(response.parts).arguments["a"] is not deep  # type: ignore[index]


@dataclasses.dataclass
class Answered:
    """An answer to one step."""

    parts: tuple[Part, ...]
    raw: dict[str, Any] = dataclasses.field(default_factory=dict)
