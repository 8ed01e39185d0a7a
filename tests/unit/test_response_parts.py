"""What callers get of an answer beside its text: parts, calls, the wire's JSON, why it ended, an id."""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import replace
from typing import Any

import pytest
from part_events import Said
from part_transport import CALLS, WRITTEN, Scripted, call_of, client_of
from pydantic import BaseModel
from wires import CHAT, CONVERSE, INVOKE, RESPONSES, Wire, each_wire

from smartllm import Message, StreamChunk, TextRequest, TextResponse
from smartllm.compiler.dialects.stream import DONE
from smartllm.content import Other, Reasoning, Text, ToolCall, ToolCallDelta
from smartllm.cost import Billing
from smartllm.testing import FakeTransport, Reply

ASKED: dict[str, Any] = {"prompt": "hi", "temperature": 0}


class Person(BaseModel):
    name: str


async def chunks_of(wire: Wire, transport: FakeTransport, **fields: Any) -> list[StreamChunk]:
    async with client_of(wire, transport) as client:
        return [chunk async for chunk in client.generate_text_stream(wire.request(**ASKED, **fields))]


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
    counts = Counter(part.kind for part in response.parts if isinstance(part, Other))
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
async def test_reasoning_that_cannot_by_itself_names_neither(wire: Wire) -> None:
    async with client_of(wire, Scripted(wire, *CALLS)) as client:
        response = await client.generate_text(wire.request(**ASKED))
    (part,) = [part for part in response.parts if isinstance(part, Reasoning)]
    assert (part.model, part.dialect, part.text) == ("", "", "hm")
    # Responses has it back with all that the answer says, or not at all.
    assert (response.reasoning and response.reasoning.blocks) == (
        response.raw["output"] if wire is RESPONSES else None
    )


async def test_refusals() -> None:
    for wire in (RESPONSES, CHAT):
        async with client_of(wire, Scripted(wire, Said("refusal", "No."))) as client:
            response = await client.generate_text(wire.request(**ASKED))
        assert (response.refusal, response.finish_reason, response.text) == ("No.", "refusal", "")
        assert response.metadata["refusal"] == "No."
        assert response.as_message() == Message("assistant", "No.")


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

    async def test_all_that_one_event_says_is_shown(self) -> None:
        def call(place: int) -> dict[str, Any]:
            return {"index": place, "id": f"c{place}", "function": {"name": "look", "arguments": "{}"}}

        said = {"reasoning": "hm", "content": "Pa", "tool_calls": [call(0), call(1)]}
        transport = Scripted(CHAT)
        transport.events = [{"choices": [{"delta": said, "finish_reason": "tool_calls"}]}, DONE]
        assert [chunk.part for chunk in await chunks_of(CHAT, transport)] == [
            Reasoning(text="hm"),
            Text("Pa"),
            ToolCallDelta(0, "c0", "look", "{}"),
            ToolCallDelta(1, "c1", "look", "{}"),
            None,
        ]

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
        assert {chunk.call for chunk in chunks} == {None}
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
        assert response.request_id == "loopback-000002"
        assert [raw["content"][-1]["type"] for raw in response.raws] == ["text", "tool_use"]
        assert response.raw == response.raws[1]


def test_a_response_without_prices_or_a_model_has_no_cost() -> None:
    response = TextResponse("hi", "m", "stop", input_tokens=1)
    assert response.cost is None
    assert replace(response, requested_model="gpt-5.4").cost is None
    assert replace(response, billing=Billing("openai")).cost is None


async def test_what_is_given_out_stays_the_same() -> None:
    async with client_of(RESPONSES, FakeTransport(Reply(text="hi"))) as client:
        response = await client.generate_text(TextRequest(prompt="x", model="gpt-5.4", use_cache=False))
    assert response.raws is response.raws
    assert response.raw is response.raws[0]
    assert response.parts is response.parts
