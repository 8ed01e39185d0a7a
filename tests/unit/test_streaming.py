"""Streams as callers meet them: chunks, thinking, the last chunk, and streamed calls put together."""

from __future__ import annotations

import asyncio
import time
from pathlib import Path
from typing import Any

import pytest
from pydantic import BaseModel, ValidationError
from wires import (
    CHAT,
    CONVERSE,
    INVOKE,
    RESPONSES,
    WIRES,
    Wire,
    each_bedrock_wire,
    each_wire,
)

from smartllm import LLMClient, StreamChunk, TextRequest
from smartllm.errors import ProviderError, RefusalError, StreamError, TruncatedError
from smartllm.testing import FakeTransport, LoopbackServer, Reply

STOPS = {
    "responses": "completed",
    "chat_completions": "stop",
    "invoke": "end_turn",
    "converse": "end_turn",
}
ODD = ["h", "éß", "漢", "字🎈", "\u2028", "\n\n", "data: x\r\n", "", "e\u0301"]


class Person(BaseModel):
    name: str
    age: int


async def chunks_of(client: LLMClient, request: Any) -> list[StreamChunk]:
    if isinstance(request, TextRequest):
        return [chunk async for chunk in client.generate_text_stream(request)]
    return [chunk async for chunk in client.send_message_stream(request)]


@each_wire
async def test_chunks_and_a_last_one_with_the_figures(wire: Wire, server: LoopbackServer) -> None:
    server.script(Reply(chunks=ODD, text="".join(ODD), cached_tokens=3))
    async with wire.client(server.url) as client:
        chunks = await chunks_of(client, wire.request("hi", stream=True))
        whole = await client.generate_text(wire.request("hi"))
    assert [chunk.text for chunk in chunks] == [*filter(None, ODD), ""]
    assert {chunk.model for chunk in chunks} == {whole.model}
    for chunk in chunks[:-1]:
        assert (chunk.metadata, chunk.stop_reason, chunk.usage) == ({}, None, None)
    last = chunks[-1]
    assert last.stop_reason == STOPS[wire.api_type]
    assert last.usage is not None
    assert last.usage.input_tokens > 0
    assert last.usage.output_tokens > 0
    assert last.usage.cached_tokens == 3


@each_wire
async def test_thinking_is_marked(wire: Wire, server: LoopbackServer) -> None:
    server.script(Reply(text="the answer", thinking="let me see"))
    async with wire.client(server.url) as client:
        chunks = await chunks_of(client, wire.request("hi", reasoning_effort="low", max_tokens=4000))
    thinking = [chunk.text for chunk in chunks if chunk.metadata.get("type") == "thinking"]
    if wire is not CHAT:  # Chat Completions shows none
        assert "".join(thinking) == "let me see"
    assert "".join(chunk.text for chunk in chunks if not chunk.metadata) == "the answer"
    assert chunks[-1].usage is not None
    assert (chunks[-1].usage.reasoning_tokens > 0) == (wire is not CONVERSE)  # which does not count them


@each_wire
async def test_conversations_stream_too(wire: Wire, server: LoopbackServer) -> None:
    turns = (("user", "my name is Ada"), ("assistant", "hello"), ("user", "what is it?"))
    async with wire.client(server.url) as client:
        chunks = await chunks_of(client, wire.conversation(*turns))
    assert "".join(chunk.text for chunk in chunks) == "echo: what is it?"


@each_wire
async def test_streams_are_never_cached(wire: Wire, server: LoopbackServer, clean_environment: Path) -> None:
    async with wire.client(server.url) as client:
        for _ in range(2):
            await chunks_of(client, wire.request("hi", use_cache=True, temperature=0))
    assert len(server.requests) == 2
    assert not list(clean_environment.rglob("*.json"))  # noqa: ASYNC240 - nothing else runs here


@each_wire
async def test_structured_data_comes_with_the_last_chunk(wire: Wire, server: LoopbackServer) -> None:
    server.script(Reply(structured={"name": "John", "age": 30}))
    async with wire.client(server.url) as client:
        chunks = await chunks_of(client, wire.request("John, 30", response_format=Person))
    assert chunks[-1].structured_data == Person(name="John", age=30)
    assert all(chunk.structured_data is None for chunk in chunks[:-1])


@pytest.mark.parametrize("wire", [INVOKE, CONVERSE], ids=lambda wire: wire.api_type)
async def test_thinking_and_structure_take_a_second_call_that_is_not_shown(
    wire: Wire, server: LoopbackServer
) -> None:
    server.script(Reply(text="John is 30.", thinking="hm"), Reply(structured={"name": "John", "age": 30}))
    fields = {"reasoning_effort": "low", "max_tokens": 4000, "structured_output": "two_pass"}
    async with wire.client(server.url) as client:
        chunks = await chunks_of(client, wire.request("John, 30", response_format=Person, **fields))
    assert "".join(chunk.text for chunk in chunks if not chunk.metadata) == "John is 30."
    assert chunks[-1].structured_data == Person(name="John", age=30)
    assert [recorded.path.rpartition("/")[2] for recorded in server.requests] == [
        {"invoke": "invoke-with-response-stream", "converse": "converse-stream"}[wire.api_type],
        wire.api_type,
    ]


@each_wire
@pytest.mark.parametrize(
    ("fields", "kind"),
    [
        ({"structured": {"name": 5}}, ValidationError),
        ({"stop_reason": "cut"}, TruncatedError),
        ({"refusal": "I will not"}, RefusalError),
    ],
    ids=["invalid", "truncated", "refused"],
)
async def test_structured_data_is_an_instance_or_an_error(
    wire: Wire, fields: dict[str, Any], kind: type[Exception], server: LoopbackServer
) -> None:
    cut = {"responses": "max_output_tokens", "chat_completions": "length"}.get(wire.api_type, "max_tokens")
    if "stop_reason" in fields:
        fields = {"stop_reason": cut, "structured": {"name": "J", "age": 1}}
    server.script(Reply(**fields))
    async with wire.client(server.url) as client:
        with pytest.raises(kind):
            await chunks_of(client, wire.request("John, 30", response_format=Person))


async def test_an_event_that_is_lost_takes_no_text_along_unseen(server: LoopbackServer) -> None:
    async with RESPONSES.client(server.url) as client:
        await chunks_of(client, RESPONSES.request("one two three"))
        frames, broken = server.requests[0].frames_sent, 0
        for position in range(1, frames):  # the first one says nothing
            server.script(Reply(lose_at=position))
            try:
                chunks = await chunks_of(client, RESPONSES.request("one two three"))
            except StreamError:
                broken += 1
            else:
                assert "".join(chunk.text for chunk in chunks) == "echo: one two three"
        # The words, and the end; events that repeat or announce may be missing.
        assert broken == len(["echo: ", "one ", "two ", "three", "completed"])


@each_wire
async def test_nothing_is_tried_again_after_the_first_chunk(wire: Wire, server: LoopbackServer) -> None:
    async with wire.client(server.url, max_retries=3) as client:
        await chunks_of(client, wire.request("one two three four"))
        frames = server.requests[0].frames_sent
        server.reset()
        server.script(Reply(cut_after=frames - 4))
        texts: list[str] = []

        async def read() -> None:
            async for chunk in client.generate_text_stream(wire.request("one two three four")):
                texts.append(chunk.text)  # noqa: PERF401 - the text before the error counts

        with pytest.raises(StreamError) as caught:
            await read()
        assert "".join(texts) == caught.value.partial_text != ""
        assert len(server.requests) == 1


async def test_twenty_streams_at_once_are_not_mixed_up(server: LoopbackServer) -> None:
    async with RESPONSES.client(server.url) as one, INVOKE.client(server.url) as two:

        async def text(client: LLMClient, wire: Wire, prompt: str) -> str:
            return "".join([chunk.text for chunk in await chunks_of(client, wire.request(prompt))])

        clients = {"openai": one, "bedrock": two}
        asked = [(WIRES[number % 4], f"prompt {number} " * 20) for number in range(20)]
        found = await asyncio.gather(*(text(clients[wire.provider], wire, prompt) for wire, prompt in asked))
    assert found == [f"echo: {prompt}" for _, prompt in asked]


# Streamed calls put together


@each_bedrock_wire
async def test_a_streamed_call_is_like_a_whole_one(wire: Wire, server: LoopbackServer) -> None:
    request = wire.request("tell me", max_tokens=4000, reasoning_effort="low")
    async with wire.client(server.url) as client:
        whole = await client.generate_text(request)
        streamed = await client.generate_text_streamed(request)
    for name in ("text", "model", "stop_reason", "usage", "metadata", "diagnostics", "cache_key"):
        assert getattr(streamed, name) == getattr(whole, name), name
    ways = [recorded.path.rpartition("/")[2] for recorded in server.requests]
    assert ways[0] == wire.api_type
    assert ways[1] in {"invoke-with-response-stream", "converse-stream"}


@each_bedrock_wire
async def test_both_methods_share_the_cache(wire: Wire, server: LoopbackServer) -> None:
    async with wire.client(server.url) as client:
        one = wire.request("one", use_cache=True)
        assert (await client.generate_text_streamed(one)).cache_source == "miss"
        assert (await client.generate_text(one)).cache_source == "l1"
        two = wire.request("two", use_cache=True)
        assert (await client.generate_text(two)).cache_source == "miss"
        assert (await client.generate_text_streamed(two)).cache_source == "l1"
    assert len(server.requests) == 2


@each_bedrock_wire
async def test_a_broken_streamed_call_restarts_from_nothing(wire: Wire, server: LoopbackServer) -> None:
    async with wire.client(server.url, max_retries=2) as client:
        server.script(Reply(text="a b c d e f", cut_after=6), Reply(text="a b c d e f", bad_crc_at=5))
        response = await client.generate_text_streamed(wire.request("hi"))
        assert response.text == "echo: hi"
        assert len(server.requests) == 3
        server.script(*[Reply(text="a b c d e f", cut_after=6)] * 3)
        with pytest.raises(StreamError) as caught:
            await client.generate_text_streamed(wire.request("hi"))
    assert caught.value.attempts == 3
    assert "a b c d e f".startswith(caught.value.partial_text)


async def test_openai_has_no_streamed_calls(server: LoopbackServer) -> None:
    for wire in (RESPONSES, CHAT):
        async with wire.client(server.url) as client:
            with pytest.raises(NotImplementedError) as caught:
                await client.generate_text_streamed("hi", model=wire.model)
        instead = "use generate_text or generate_text_stream"
        assert str(caught.value) == f"generate_text_streamed is not for OpenAI; {instead}"
    assert not server.requests


@each_bedrock_wire
async def test_streamed_calls_take_no_response_format(wire: Wire, server: LoopbackServer) -> None:
    async with wire.client(server.url) as client:
        with pytest.raises(ValueError, match="response_format") as caught:
            await client.generate_text_streamed(wire.request(response_format=Person))
    assert str(caught.value) == "generate_text_streamed takes no response_format; use generate_text instead"
    assert not server.requests


@each_wire
async def test_an_unreadable_request_fails_before_anything_is_sent(
    wire: Wire, server: LoopbackServer
) -> None:
    async with wire.client(server.url, level="raise") as client:
        with pytest.raises(ValueError, match="does not fit"):
            await chunks_of(client, wire.request(budget_tokens=5, reasoning_effort="max", top_k=5))
    assert not server.requests


@pytest.mark.slow
@each_bedrock_wire
async def test_putting_together_is_linear(wire: Wire, server: LoopbackServer) -> None:
    seconds = []
    async with wire.client(server.url) as client:
        for size in (20_000, 20_000, 80_000):
            chunks = ["word "] * size
            server.script(Reply(text="".join(chunks), chunks=chunks))
            clock = time.thread_time()
            response = await client.generate_text_streamed(wire.request(max_tokens=60_000))
            seconds.append(time.thread_time() - clock)
            assert len(response.text) == 5 * size
    assert seconds[2] / seconds[1] < 8, "four times the length, about four times the work"


async def test_an_error_is_one_of_ours_even_when_the_event_is_odd(server: LoopbackServer) -> None:
    odd = b'data: {"choices": [{"delta": 5}]}\n\ndata: [DONE]\n\n'
    server.script(Reply(raw=odd, content_type="text/event-stream"))
    async with CHAT.client(server.url) as client:
        with pytest.raises(ProviderError):
            await chunks_of(client, CHAT.request())


async def test_a_stream_that_never_waits_leaves_others_their_turns() -> None:
    turns, done = 0, False

    async def others() -> None:
        nonlocal turns
        while not done:
            await asyncio.sleep(0)
            turns += 1

    fake = FakeTransport(Reply(chunks=["word "] * 5000, text="word " * 5000))
    task = asyncio.create_task(others())
    async with LLMClient(provider="openai", transport=fake) as client:
        chunks = await chunks_of(client, RESPONSES.request())
    done = True
    await task
    assert len(chunks) == 5001
    assert turns > 20
