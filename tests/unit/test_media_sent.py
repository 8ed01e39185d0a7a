"""Bytes on their way: sent in parts, signed, sent again, and never long in the way of the event loop."""

from __future__ import annotations

import asyncio
import base64
import hashlib
import json
import os
import threading
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path

import pytest
from wires import RESPONSES, Wire, each_wire

import smartllm
from smartllm import tool
from smartllm.compiler import Plan
from smartllm.compiler.payload import Payload
from smartllm.content import Image, ToolResult
from smartllm.errors import BadRequestError, ProviderTimeoutError, UnsupportedError
from smartllm.media import CHUNK, Encoded
from smartllm.media.files import read_file
from smartllm.runtime.media import hashed
from smartllm.runtime.wire.session import _parts
from smartllm.testing import LoopbackServer, Reply

PNG = b"\x89PNG\r\n\x1a\n" + os.urandom(2_990_000)  # five of them are below what Claude takes


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
        progress, deadline = (
            client._progress(wire.request(), plan.model),
            client._executor.deadline(plan.model),
        )
        answer = await client._executor.call(plan, plan.steps[0], progress, deadline)
    assert answer.text == "yes"
    assert [request.body for request in server.requests] == [plan.steps[0].payload] * 2


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
    assert len(server.requests[-1].body) > 19_900_000
    assert len(turns) > 19_900_000 // CHUNK
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


@asynccontextmanager
async def answering(act: Callable[[asyncio.StreamWriter], Awaitable[None]]) -> AsyncIterator[str]:
    """A server that reads the head of a request and no more of it."""
    done = asyncio.Event()

    async def served(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        await act(writer)
        await done.wait()
        writer.close()

    async with await asyncio.start_server(served, "127.0.0.1") as running:
        host, port = running.sockets[0].getsockname()
        try:
            yield f"http://{host}:{port}"
        finally:
            done.set()
            await asyncio.sleep(0)


@each_wire
async def test_a_refusal_that_comes_while_parts_go_out_is_heard(wire: Wire) -> None:
    async def refuse(writer: asyncio.StreamWriter) -> None:
        body = b'{"message": "Request body too large"}'
        writer.write(
            b"HTTP/1.1 413 No\r\nConnection: close\r\nContent-Length: %d\r\n\r\n%b" % (len(body), body)
        )

    async with answering(refuse) as url, wire.client(url) as client:
        with pytest.raises(BadRequestError, match="Request body too large") as caught:
            await client.generate_text(wire.request(prompt=["What?", Image(data=PNG), Image(data=PNG)]))
        assert caught.value.status == 413


@each_wire
async def test_a_server_that_takes_no_more_is_left_by_the_deadline(wire: Wire) -> None:
    async def wait(_: asyncio.StreamWriter) -> None:
        pass

    async with answering(wait) as url, wire.client(url, total_timeout=0.5) as client:
        with pytest.raises(ProviderTimeoutError, match="total_timeout"):
            await client.generate_text(wire.request(prompt=["What?", Image(data=PNG), Image(data=PNG)]))
