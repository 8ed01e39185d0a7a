"""Progress events: which, in which order, with which fields, and that a callback can do no harm."""

from __future__ import annotations

import asyncio
import datetime as dt
import logging
import time
from collections.abc import Callable
from typing import Any

import pytest
from wires import INVOKE, RESPONSES, Wire, each_bedrock_wire, each_wire

from smartllm import errors
from smartllm.compiler.dialects.stream import Delta
from smartllm.errors import ProviderError
from smartllm.runtime.observe.progress import Progress, StreamProgress
from smartllm.testing import LoopbackServer, Reply

COMMON = {"event", "ts", "prompt", "model", "provider"}
COUNTS = {"input_tokens", "output_tokens", "reasoning_tokens", "cached_tokens"}
FIELDS = {
    "llm_started": COMMON,
    "llm_done": COMMON | COUNTS,
    "cache_hit": COMMON | COUNTS | {"cache_source", "cache_key"},
    "retry": COMMON | {"attempt", "max_retries", "error", "error_message", "max_tokens", "delay"},
    "structured_reask": COMMON | {"attempt", "of", "errors"},
    "error": COMMON | {"message"},
    "stream_progress": COMMON | {"text_tokens_so_far", "text_so_far", "elapsed_seconds"},
    "stream_thinking": COMMON | {"thinking_tokens_so_far", "thinking_text_so_far", "elapsed_seconds"},
}


class Events(list[dict[str, Any]]):
    """A callback that keeps what it is told."""

    def __call__(self, event: dict[str, Any]) -> None:
        assert set(event) == FIELDS[event["event"]]
        assert dt.datetime.fromisoformat(event["ts"]).utcoffset() == dt.timedelta()
        self.append(event)

    @property
    def names(self) -> list[str]:
        return [event["event"] for event in self]


@each_wire
async def test_a_call_and_its_cache_hit(wire: Wire, server: LoopbackServer) -> None:
    events = Events()
    request = wire.request("hi", use_cache=True, on_progress=events)
    async with wire.client(server.url) as client:
        first = await client.generate_text(request)
        await client.generate_text(request)
    assert events.names == ["llm_started", "llm_done", "cache_hit"]
    for event in events:
        assert (event["prompt"], event["model"], event["provider"]) == ("hi", wire.model, wire.provider)
    assert events[1]["input_tokens"] == events[2]["input_tokens"] == first.input_tokens > 0
    assert (events[2]["cache_source"], events[2]["cache_key"]) == ("l1", first.cache_key)


@each_wire
async def test_each_retry_is_told_of_before_it_is_made(wire: Wire, server: LoopbackServer) -> None:
    events, sent = Events(), list[int]()

    def callback(event: dict[str, Any]) -> None:
        events(event)
        if event["event"] == "retry":
            sent.append(len(server.requests))

    server.script(Reply(status=503), Reply(status=429, headers={"Retry-After": "0"}))
    async with wire.client(server.url, max_retries=3) as client:
        await client.generate_text(wire.request("hi", max_tokens=77, on_progress=callback))
    assert events.names == ["llm_started", "retry", "retry", "llm_done"]
    assert sent == [1, 2]
    assert [event["attempt"] for event in events[1:3]] == [1, 2]
    for event in events[1:3]:
        assert (event["max_retries"], event["max_tokens"]) == (3, 77)
        assert issubclass(getattr(errors, event["error"]), errors.ProviderError)
        assert event["delay"] >= 0
    assert "503" in events[1]["error_message"]


@each_wire
@pytest.mark.parametrize("streamed", [False, True], ids=["whole", "stream"])
async def test_an_error(wire: Wire, streamed: bool, server: LoopbackServer) -> None:
    events = Events()
    server.script(*[Reply(status=400, error_message="bad thing")] * 2)
    request = wire.request("hi", on_progress=events)
    async with wire.client(server.url) as client:
        with pytest.raises(ProviderError) as caught:
            await (anext(client.generate_text_stream(request)) if streamed else client.generate_text(request))
    assert events.names == ["llm_started", "error"]
    assert events[1]["message"] == str(caught.value)
    assert "bad thing" in events[1]["message"]


@each_wire
async def test_a_stream_and_a_conversation(wire: Wire, server: LoopbackServer) -> None:
    events = Events()
    async with wire.client(server.url) as client:
        async for _ in client.send_message_stream(wire.conversation(("user", "hi"), on_progress=events)):
            pass
    assert events.names == ["llm_started", "llm_done"]
    prompt = events[0]["prompt"]
    assert [(turn["role"], turn["content"]) for turn in prompt] == [("user", "hi")]


@each_bedrock_wire
async def test_a_streamed_call_tells_how_far_it_is(wire: Wire, server: LoopbackServer) -> None:
    events, text, thinking = Events(), "word " * 1300, "hmm " * 1100
    chunks = [text[at : at + 100] for at in range(0, len(text), 100)]
    server.script(Reply(text=text, chunks=chunks, thinking=thinking))
    request = wire.request("hi", reasoning_effort="low", max_tokens=8000, on_progress=events)
    async with wire.client(server.url) as client:
        response = await client.generate_text_streamed(request)
    assert response.text == text
    assert response.metadata["thinking"] == thinking
    counted = [event["text_tokens_so_far"] for event in events if event["event"] == "stream_progress"]
    assert counted == [500, 1000, 1500]
    thought = [event for event in events if event["event"] == "stream_thinking"]
    assert thought
    assert all(thinking.startswith(event["thinking_text_so_far"]) for event in thought)
    for event in events:
        if event["event"] == "stream_progress":
            assert event["text_so_far"] == text[: event["text_tokens_so_far"] * 4]
    assert (events.names[0], events.names[-1]) == ("llm_started", "llm_done")


async def test_progress_is_told_every_ten_seconds_too(monkeypatch: pytest.MonkeyPatch) -> None:
    now, events = [100.0], Events()
    monkeypatch.setattr(time, "monotonic", lambda: now[0])
    request = RESPONSES.request("hi", on_progress=events)
    told = StreamProgress(Progress(request, model="m", provider="bedrock", max_retries=0, max_tokens=9))
    for _ in range(25):
        now[0] += 1
        await told.add(Delta("abcd"))
    assert [event["text_tokens_so_far"] for event in events] == [10, 20]
    assert [event["elapsed_seconds"] for event in events] == [10, 20]
    assert events[1]["text_so_far"] == "abcd" * 20


async def test_a_callback_may_be_a_coroutine_function(server: LoopbackServer) -> None:
    names = []

    async def callback(event: dict[str, Any]) -> None:
        await asyncio.sleep(0)
        names.append(event["event"])

    async with RESPONSES.client(server.url) as client:
        await client.generate_text(RESPONSES.request(on_progress=callback))
    assert names == ["llm_started", "llm_done"]


def raising(_: dict[str, Any]) -> None:
    raise RuntimeError("canary-0007")


async def raising_later(_: dict[str, Any]) -> None:
    await asyncio.sleep(0)
    raise KeyError("canary-0007")


def spoiling(event: dict[str, Any]) -> None:
    event.clear()


def wrong(_: dict[str, Any]) -> Any:
    return 5


@pytest.mark.parametrize("callback", [raising, raising_later, spoiling, wrong])
@pytest.mark.parametrize("wire", [RESPONSES, INVOKE], ids=lambda wire: wire.api_type)
async def test_a_callback_never_breaks_the_call(
    wire: Wire, callback: Callable[..., Any], server: LoopbackServer, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.WARNING, logger="smartllm")
    server.script(Reply(status=503), Reply(text="fine"))
    request = wire.request("hi", on_progress=callback)
    async with wire.client(server.url, max_retries=1) as client:
        assert (await client.generate_text(request)).text == "fine"
        assert [chunk.text async for chunk in client.generate_text_stream(request)][-1] == ""
    logged = [record for record in caplog.records if record.name == "smartllm"]
    assert (len(logged) > 0) == (callback in {raising, raising_later})
    assert "canary-0007" not in caplog.text
