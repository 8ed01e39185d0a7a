"""What callers get of calls: in their own words, whole and streamed, from the cache and from joined calls."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import Any

import pytest
from part_events import Said
from part_transport import Scripted, client_of
from wires import CHAT, CONVERSE, INVOKE, RESPONSES, Wire, each_wire

from smartllm import StreamChunk, TextResponse, Tool
from smartllm.content import Text, ToolCall, ToolCallDelta

NOVA = replace(CONVERSE, model="us.amazon.nova-pro-v1:0")
LLAMA = replace(CONVERSE, model="us.meta.llama3-3-70b-instruct-v1:0")
NUMBER = {"type": "integer"}


def place(name: str = "find-place", **properties: Any) -> Tool:
    return Tool(name, "", {"type": "object", "properties": {"größe": NUMBER, **properties}})


def call(arguments: Any, name: str = "find-place") -> Said:
    return Said("call", arguments=arguments, name=name)


ASKED: dict[str, Any] = {"prompt": "hi", "temperature": 0, "tools": [place()], "use_cache": True}


async def answer(wire: Wire, *said: Said, **fields: Any) -> TextResponse[Any]:
    async with client_of(wire, Scripted(wire, *said)) as client:
        return await client.generate_text(wire.request(**{**ASKED, "use_cache": False, **fields}))


async def streamed(wire: Wire, *said: Said, **fields: Any) -> list[StreamChunk]:
    async with client_of(wire, Scripted(wire, *said)) as client:
        request = wire.request(**{**ASKED, "use_cache": False, **fields})
        return [chunk async for chunk in client.generate_text_stream(request)]


def arguments(response: TextResponse[Any] | None) -> list[Any]:
    assert response is not None
    return [(made.name, made.arguments) for made in response.tool_calls]


def joined(chunks: list[StreamChunk]) -> dict[int, tuple[str, str]]:
    """The names and the joined texts of streamed calls."""
    found: dict[int, tuple[str, str]] = {}
    for piece in [chunk.call for chunk in chunks if chunk.call is not None]:
        found[piece.index] = (piece.name, found.get(piece.index, ("", ""))[1] + piece.arguments)
    return found


@each_wire
async def test_text_is_read_as_what_the_schema_wants_and_that_is_told(wire: Wire) -> None:
    name = "gr__e" if wire.provider == "bedrock" else "größe"
    for response in (
        await answer(wire, call({name: "12"})),
        (await streamed(wire, call({name: "12"})))[-1].response,
    ):
        assert arguments(response) == [("find-place", {"größe": 12})]
        assert response is not None
        (note,) = [note for note in response.diagnostics if note.code == "call-arguments-read"]
        assert (note.severity, note.asked) == ("info", [f"find-place /{name}"])
        assert name in str(response.raw)
        assert "12" in str(response.raw)


async def test_deltas_have_the_callers_names_and_the_wires_stay_in_raw() -> None:
    chunks = await streamed(NOVA, Said("text", "Hm"), call({"größe": 12}, "find_place"))
    assert joined(chunks) == {0: ("find-place", '{"größe": 12}')}
    response = chunks[-1].response
    assert response is not None
    assert arguments(response) == [("find-place", {"größe": 12})]
    assert "find_place" in str(response.raw)
    assert "find-place" not in str(response.raw)


async def test_a_call_with_other_properties_on_the_wire_is_streamed_in_two_pieces() -> None:
    chunks = await streamed(INVOKE, call({"gr__e": 12}), call({"x": 1}, "other"))
    assert joined(chunks) == {0: ("find-place", '{"größe": 12}'), 1: ("other", '{"x": 1}')}
    pieces = [chunk.call for chunk in chunks if chunk.call is not None and chunk.call.index == 0]
    assert [piece.arguments for piece in pieces] == ["", '{"größe": 12}']


async def test_callers_that_join_and_those_that_find_it_kept_have_names_of_their_own() -> None:
    """Two tools may be one on the wire, and so are the answers of these requests."""
    transport = Scripted(NOVA, call({"größe": 1, "x": None}, "find_place"), delay=0.05)
    requests = [NOVA.request(**{**ASKED, "tools": [place(name)]}) for name in ("find-place", "find_place")]
    async with client_of(NOVA, transport) as client:
        plans = [client.compile(request) for request in requests]
        assert plans[0].fingerprint == plans[1].fingerprint
        fresh = await asyncio.gather(*map(client.generate_text, requests))
        kept = [await client.generate_text(request) for request in requests]
    assert len(transport.sent) == 1
    assert [response.cache_source for response in kept] == ["l1", "l1"]
    for response, name in zip([*fresh, *kept], ["find-place", "find_place"] * 2, strict=True):
        assert arguments(response) == [(name, {"größe": 1, "x": None})]
    assert fresh[0].tool_calls[0].arguments is not fresh[1].tool_calls[0].arguments


@each_wire
async def test_nulls_for_what_is_left_out_are_left_out(wire: Wire) -> None:
    tools = [Tool("look", "", {"type": "object", "properties": {"a": NUMBER, "b": {"type": "string"}}})]
    response = await answer(wire, call({"a": None, "b": "x"}, "look"), tools=tools)
    assert arguments(response) == [("look", {"b": "x"})]


@each_wire
async def test_a_call_that_nobody_can_make_is_kept(wire: Wire) -> None:
    assert arguments(await answer(wire, call({"x": None}, "other"))) == [("other", {"x": None})]
    response = await answer(wire, call({"x": None}, "other"), tools=None)
    assert arguments(response) == [("other", {"x": None})]
    assert response.finish_reason == "tool_calls"


@pytest.mark.parametrize("wire", [RESPONSES, CHAT], ids=lambda wire: wire.api_type)
async def test_a_call_of_a_custom_tool_says_so_and_its_text_is_never_read(wire: Wire) -> None:
    tools = [{"type": "custom", "name": "look"}]
    if wire is CHAT:
        tools = [{"type": "custom", "custom": {"name": "look"}}]  # type: ignore[dict-item]
    asked: dict[str, Any] = {"tools": tools, "model": "gpt-5", "temperature": 1}
    for response in (
        await answer(wire, call('{"a": null}'), **asked),
        (await streamed(wire, call('{"a": null}'), **asked))[-1].response,
    ):
        assert response is not None
        (made,) = response.tool_calls
        assert (made.arguments, made.custom) == ('{"a": null}', True)


async def test_a_call_that_was_cut_is_told() -> None:
    transport = Scripted(INVOKE, call({}))
    transport.reply["stop_reason"] = "max_tokens"
    async with client_of(INVOKE, transport) as client:
        response = await client.generate_text(INVOKE.request(**ASKED))
        assert response.tool_calls == (ToolCall("t0", "find-place", {}, unfinished=True),)
        (note,) = [note for note in response.diagnostics if note.code == "call-unfinished"]
        assert (note.severity, note.asked, response.finish_reason) == ("warning", "find-place", "length")
        # It is asked for again, for what is cut is not kept.
        await client.generate_text(INVOKE.request(**ASKED))
    assert len(transport.sent) == 2


async def test_answers_with_nothing_but_calls_are_kept() -> None:
    for wire in (RESPONSES, CHAT, INVOKE, CONVERSE):
        transport = Scripted(wire, call({}), call({}, "other"))
        async with client_of(wire, transport) as client:
            request = wire.request(
                **{**ASKED, "model": "gpt-4.1" if wire.provider == "openai" else wire.model}
            )
            first, second = [await client.generate_text(request) for _ in range(2)]
        assert len(transport.sent) == 1
        assert (first.parts, first.text, first.finish_reason) == (second.parts, "", "tool_calls")
        assert arguments(second) == [("find-place", {}), ("other", {})]


async def test_what_a_model_that_does_not_stream_calls_answers_comes_as_a_stream() -> None:
    said = Said("text", "Hm"), call({"größe": "12"}), call({}, "other")
    chunks = await streamed(LLAMA, *said)
    assert [chunk.part for chunk in chunks] == [
        Text("Hm"),
        ToolCallDelta(0, "t1", "find-place", '{"größe": 12}'),
        ToolCallDelta(1, "t2", "other", "{}"),
        None,
    ]
    response = chunks[-1].response
    assert response is not None
    assert "streaming-unavailable" in {note.code for note in response.diagnostics}
    assert [chunk.part for chunk in await streamed(LLAMA, *said[1:])] == [
        ToolCallDelta(0, "t0", "find-place", '{"größe": 12}'),
        ToolCallDelta(1, "t1", "other", "{}"),
        None,
    ]


async def test_its_reasoning_is_streamed_too() -> None:
    chunks = await streamed(LLAMA, Said("thought", "hm"), call({}))
    assert [(chunk.text, chunk.metadata.get("type")) for chunk in chunks[:2]] == [
        ("hm", "thinking"),
        ("", None),
    ]
