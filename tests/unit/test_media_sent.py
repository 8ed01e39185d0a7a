"""Bytes on their way: sent in parts, signed, sent again, and never long in the way of the event loop."""

from __future__ import annotations

import asyncio
import base64
import hashlib
import json
import logging
import os
import threading
import time
from collections.abc import Awaitable, Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from wires import RESPONSES, Wire, each_wire

import smartllm
from smartllm import Message, MessageRequest, tool
from smartllm.compiler import Plan
from smartllm.compiler.payload import Payload
from smartllm.content import Image, ToolResult
from smartllm.errors import ProviderError, UnsupportedError
from smartllm.media import CHUNK, Encoded
from smartllm.media_files import read_file
from smartllm.runtime.media import hashed
from smartllm.runtime.wire.session import _parts
from smartllm.testing import LoopbackServer, Reply

PNG = b"\x89PNG\r\n\x1a\n" + os.urandom(3_000_000)


def with_media(plan: Plan, *media: Encoded) -> Plan:
    """A plan whose body holds media, wherever the wire has it."""
    step = plan.steps[0]
    content = [{"text": "ü"}, *({"data": leaf} for leaf in media)]
    return replace(plan, steps=(replace(step, sealed={**step.sealed, "media": content}),))


@each_wire
async def test_a_body_with_media_goes_out_in_parts_as_one(wire: Wire, server: LoopbackServer) -> None:
    async with wire.client(server.url) as client:
        plan = with_media(client.compile(wire.request()), Encoded(PNG, "image/png", "data:image/png;base64,"))
        step = plan.steps[0]
        for _ in range(2):  # on a new connection and on a kept one
            await client._calls.send(step)
    for request in server.requests:
        assert request.body == step.payload
        assert json.loads(request.body) == step.body
        assert request.headers["content-length"] == str(len(step.payload))
        assert "transfer-encoding" not in request.headers
        if wire.provider == "bedrock":
            assert request.headers["x-amz-content-sha256"] == hashlib.sha256(step.payload).hexdigest()


@each_wire
async def test_a_retry_sends_all_of_it_again(wire: Wire, server: LoopbackServer) -> None:
    server.script(Reply(status=503), Reply(text="yes"))
    async with wire.client(server.url, max_retries=1) as client:
        plan = with_media(client.compile(wire.request()), Encoded(PNG, "image/png"))
        answer = await client._executor.fetch(
            plan, client._progress(wire.request(), plan), client._executor.deadline(plan)
        )
    assert answer.answers[0].text == "yes"
    assert [request.body for request in server.requests] == [plan.steps[0].payload] * 2


CONTENTS = (base64.b64encode(PNG[:3000]).decode()[:60], base64.b64encode(PNG[:3000]).decode()[2000:2040])


def repeats(said: object) -> bool:
    """Whether something that is shown holds the picture, or much of it."""
    text = said if isinstance(said, str) else repr(said)
    return any(part in text for part in CONTENTS) or repr(PNG[8:40])[2:-1] in text or len(text) > 20_000


@each_wire
async def test_nothing_but_the_wire_holds_the_bytes(
    wire: Wire,
    server: LoopbackServer,
    clean_environment: Path,
    caplog: pytest.LogCaptureFixture,
    spans: InMemorySpanExporter,
) -> None:
    caplog.set_level(logging.DEBUG)
    file = clean_environment / "cat.png"
    file.write_bytes(PNG)
    events: list[dict[str, Any]] = []
    request = wire.request(
        prompt=["What?", Image(path=file), Image(data=PNG)], use_cache=True, on_progress=events.append
    )
    echo = f"no: {base64.b64encode(PNG).decode()}"
    server.script(Reply(status=503, error_message=echo), Reply(text="A cat."))
    settings = {"max_retries": 1, "trace_content": True, "cache_dir": clean_environment / "cache"}
    async with wire.client(server.url, **settings) as client:
        response = await client.generate_text(request)
    assert [len(one.body) for one in server.requests] == [len(client.compile(request).steps[0].payload)] * 2
    assert server.requests[1].body.count(base64.b64encode(PNG)) == 2
    entries = [path.read_text() for path in (clean_environment / "cache").rglob("*.json")]
    assert len(entries) == 1
    assert [event["event"] for event in events] == ["llm_started", "retry", "llm_done"]
    told = [part for part in events[0]["prompt"] if isinstance(part, dict)]
    assert told == [{"type": "image", "path": str(file)}, {"type": "image", "data": f"{len(PNG)} bytes"}]
    assert response.metadata["prompt"] == events[0]["prompt"]
    assert "characters of base64>" in events[1]["error_message"]
    shown = [*entries, events, response.metadata, repr(request), repr(response), caplog.text]
    shown += [dict(span.attributes or {}) for span in spans.get_finished_spans()]
    assert not [one for one in shown if repeats(one)]


async def test_a_conversation_tells_of_bytes_by_their_number(server: LoopbackServer) -> None:
    events: list[dict[str, Any]] = []
    messages = [Message("user", ["What?", Image(data=PNG)])]
    async with RESPONSES.client(server.url) as client:
        response = await client.send_message(
            MessageRequest(messages=messages, model=RESPONSES.model, on_progress=events.append)
        )
    content = ["What?", {"type": "image", "data": f"{len(PNG)} bytes"}]
    assert events[0]["prompt"] == response.metadata["messages"] == [{"role": "user", "content": content}]


@each_wire
async def test_equal_bytes_are_one_entry_of_the_cache(
    wire: Wire, server: LoopbackServer, clean_environment: Path
) -> None:
    for name in ("one.png", "two.png"):
        (clean_environment / name).write_bytes(PNG)
    (clean_environment / "other.png").write_bytes(PNG + b"\0")
    async with wire.client(server.url) as client:
        sources = []
        for part in (
            Image(path=clean_environment / "one.png"),
            Image(path=clean_environment / "two.png"),
            Image(data=PNG),
            Image(path=clean_environment / "other.png"),
        ):
            asked = wire.request(prompt=["What?", part], use_cache=True)
            sources.append((await client.generate_text(asked)).cache_source)
    assert sources == ["miss", "l1", "l1", "miss"]
    assert len(server.requests) == 2


@each_wire
async def test_errors_repeat_no_bytes_whatever_the_provider_says(wire: Wire, server: LoopbackServer) -> None:
    text = base64.b64encode(PNG).decode()
    bodies: list[dict[str, Any]] = [
        {"error_message": f"messages.0: invalid image data:image/png;base64,{text}"},
        {"error_body": {"error": {"message": "bad", "param": text, "metadata": {"image": text}}}},
        {"error_body": {"message": "bad", "request": {"image": text}}},
        {"raw": f"<html>{text}".encode(), "content_type": "text/html"},
    ]
    async with wire.client(server.url) as client:
        for body in bodies:
            server.script(Reply(status=400, **body))
            with pytest.raises(ProviderError) as caught:
                await client.generate_text(wire.request(prompt=["What?", Image(data=PNG)]))
            assert not repeats(str(caught.value))
            assert text[:120] not in str(caught.value) + repr(vars(caught.value))
            assert caught.value.status == 400


class Watched:
    """Reads files, and remembers where."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.threads: list[int] = []

        def read(path: str) -> bytes:
            self.threads.append(threading.get_ident())
            return read_file(path)

        monkeypatch.setattr("smartllm.media.read_file", read)


@pytest.mark.parametrize("streamed", [False, True])
async def test_files_are_read_once_a_call_and_not_in_the_loop(
    streamed: bool, server: LoopbackServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    watched = Watched(monkeypatch)
    (tmp_path / "cat.png").write_bytes(PNG)
    request = RESPONSES.request(prompt=["What?", Image(path=tmp_path / "cat.png")])
    async with RESPONSES.client(server.url) as client:
        if streamed:
            assert [chunk async for chunk in client.generate_text_stream(request)]
        else:
            await client.generate_text(request)
    (thread,) = watched.threads
    assert thread != threading.get_ident()


async def test_what_tools_give_back_is_read_when_it_comes_and_kept(
    server: LoopbackServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    watched = Watched(monkeypatch)
    (tmp_path / "cat.png").write_bytes(PNG)

    def look(again: bool) -> ToolResult:
        """Look.

        Args:
            again: Once more.
        """
        if not again:
            return ToolResult("", [Image(path=tmp_path / "cat.png")])
        (tmp_path / "cat.png").unlink()  # whoever looks for it now finds nothing
        return ToolResult("", ["gone"])

    call = {"name": "look", "id": "1", "arguments": {"again": False}}
    server.script(
        Reply(tool_calls=[call]),
        Reply(tool_calls=[call | {"id": "2", "arguments": {"again": True}}]),
        Reply(text="A cat."),
    )
    async with RESPONSES.client(server.url) as client:
        run = await client.run_tools(RESPONSES.request(), [tool(look)])
    assert run.response.text == "A cat."
    assert len(watched.threads) == 1
    assert all(base64.b64encode(PNG) in request.body for request in server.requests[1:])


async def test_a_missing_file_is_refused_before_anything_is_sent(
    server: LoopbackServer, tmp_path: Path
) -> None:
    async with RESPONSES.client(server.url) as client:
        for ask in (client.generate_text, client.run_tools):
            with pytest.raises(UnsupportedError, match=r"^prompt\[1\]: the file '.*' cannot be read"):
                await ask(RESPONSES.request(prompt=["a", Image(path=tmp_path / "no.png")]))
    assert not server.requests


@each_wire
async def test_the_event_loop_has_its_turns_while_megabytes_go_out(
    wire: Wire, server: LoopbackServer
) -> None:
    pictures = [Image(data=PNG + bytes([number])) for number in range(5)]
    turns, done = [0.0], asyncio.Event()

    async def beat() -> None:
        while not done.is_set():
            before = time.thread_time()  # of this thread: what the server takes in its own does not count
            await asyncio.sleep(0)
            turns.append(time.thread_time() - before)

    async with wire.client(server.url) as client:
        await client.generate_text(wire.request())
        heart = asyncio.create_task(beat())
        await client.generate_text(wire.request(prompt=["What?", *pictures], use_cache=True))
        done.set()
        await heart
    assert len(server.requests[-1].body) > 20_000_000
    assert len(turns) > 20_000_000 // CHUNK
    assert max(turns) < 0.02


async def beats_during(act: Callable[[], Awaitable[object]]) -> int:
    """How often others have their turn meanwhile."""
    beats, done = 0, asyncio.Event()

    async def beat() -> None:
        nonlocal beats
        while not done.is_set():
            await asyncio.sleep(0)
            beats += 1

    heart = asyncio.create_task(beat())
    await asyncio.sleep(0)
    await act()
    done.set()
    await heart
    return beats


async def test_between_two_parts_others_have_their_turn_even_if_nothing_waits() -> None:
    content = Payload([Encoded(bytes(4_000_000), "x/y")])

    async def read() -> None:
        async for _ in _parts(content):
            pass

    assert await beats_during(read) >= len(list(content))


async def test_many_bytes_are_hashed_beside_the_loop_and_few_at_once() -> None:
    plan = smartllm.compile(RESPONSES.request())
    large, small = with_media(plan, Encoded(bytes(16_000_000), "x/y")), with_media(plan, Encoded(b"a", "x/y"))
    assert await beats_during(lambda: hashed(large)) > 5
    assert "fingerprint" in vars(large)
    assert await beats_during(lambda: hashed(small)) < 5
    assert "fingerprint" not in vars(small)
    assert await hashed(plan) is plan
