"""Time and cancellation: every call ends, a slow right answer is not cut, a cancelled call leaves nothing."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from contextlib import aclosing, asynccontextmanager
from typing import Any

import pytest
from fault_server import (
    Act,
    Connection,
    FaultServer,
    bytewise,
    one_block,
    pings,
    pings_midway,
    silent,
    silent_midway,
    slow_body,
    slow_head,
    stalled,
    with_pings,
)
from loop_time import loop_clock
from wires import (
    CHAT,
    CONVERSE,
    INVOKE,
    RESPONSES,
    Wire,
    each_transport,
    each_wire,
    share_service_models,
)

from smartllm import LLMClient
from smartllm.errors import ConnectionFailedError, ProviderTimeoutError
from smartllm.testing import LoopbackServer, Reply

PROMPT = "one two three four five six seven"
MODES = pytest.mark.parametrize("streamed", [False, True], ids=["whole", "stream"])


@pytest.fixture(autouse=True)
def fast_clients(monkeypatch: pytest.MonkeyPatch) -> None:
    share_service_models(monkeypatch)


async def asked(client: LLMClient, wire: Wire, streamed: bool) -> str:
    if not streamed:
        return (await client.generate_text(wire.request(PROMPT))).text
    return "".join([chunk.text async for chunk in client.generate_text_stream(wire.request(PROMPT))])


async def timeout_of(client: LLMClient, wire: Wire, streamed: bool) -> tuple[ProviderTimeoutError, float]:
    clock = time.monotonic()
    with pytest.raises(ProviderTimeoutError) as caught:
        await asked(client, wire, streamed)
    assert isinstance(caught.value, TimeoutError)
    assert f"{caught.value.kind}_timeout={caught.value.seconds:g} s" in caught.value.message
    return caught.value, time.monotonic() - clock


# T1: every call ends


ENDLESS = [silent, slow_head, slow_body]


@each_transport
async def test_every_call_ends_by_its_total_time(wire: Wire) -> None:
    async def ends(act: Act, streamed: bool) -> None:
        async with FaultServer(*[act] * 9) as server:
            limits = {"total_timeout": 0.8, "read_timeout": 60, "max_retries": 3}
            async with wire.client(server.url, **limits) as client:
                error, seconds = await timeout_of(client, wire, streamed)
            assert (error.kind, error.seconds, error.retryable, error.attempts) == ("total", 0.8, False, 1)
            assert 0.7 < seconds < 1.8
            assert server.requests <= 1
            await until(lambda: server.open == 0)

    whole = [ends(act, False) for act in (*ENDLESS, stalled)]
    streamed = [ends(act, True) for act in (*ENDLESS, silent_midway, pings, pings_midway)]
    await asyncio.gather(*whole, *streamed)


@each_transport
async def test_retries_count_towards_the_total_time(wire: Wire) -> None:
    with LoopbackServer() as server:
        server.script(*[Reply(status=503)] * 50)
        limits = {"total_timeout": 0.4, "max_retries": 40, "retry_delay": 5.0, "max_retry_delay": 5.0}
        async with wire.client(server.url, **limits) as client:
            error, seconds = await timeout_of(client, wire, False)
    assert error.kind == "total"
    assert seconds < 1.4


# T2: silence has a limit of its own, and a right answer that takes its time is never cut


@each_transport
async def test_no_connection(wire: Wire) -> None:
    # A listener whose queue is full takes no further connection.
    import socket

    with socket.socket() as full:
        full.bind(("127.0.0.1", 0))
        full.listen(0)
        address = full.getsockname()
        fillers = [socket.socket() for _ in range(4)]
        for filler in fillers:
            filler.setblocking(False)
            filler.connect_ex(address)
        url = f"http://127.0.0.1:{address[1]}"
        async with wire.client(url, connect_timeout=0.3, max_retries=1) as client:
            error, seconds = await timeout_of(client, wire, False)
        for filler in fillers:
            filler.close()
    assert (error.kind, error.seconds, error.retryable, error.attempts) == ("connect", 0.3, True, 2)
    assert seconds < 2


@each_transport
@MODES
async def test_a_silent_connection(wire: Wire, streamed: bool) -> None:
    async with FaultServer(*[silent] * 9) as server:
        limits = {"read_timeout": 0.25, "first_event_timeout": 60, "max_retries": 1}
        async with wire.client(server.url, **limits) as client:
            error, seconds = await timeout_of(client, wire, streamed)
        assert (error.kind, error.retryable, error.attempts, server.requests) == ("read", True, 2, 2)
    assert seconds < 2


@each_transport
async def test_no_first_piece(wire: Wire) -> None:
    async def ends(act: Act) -> None:
        async with FaultServer(*[act] * 9) as server:
            async with wire.client(server.url, first_event_timeout=0.3, max_retries=1) as client:
                error, seconds = await timeout_of(client, wire, True)
            assert (error.kind, error.retryable, error.attempts) == ("first_event", True, 2)
            assert server.requests >= 1  # a busy machine may need the first limit for the connection
            assert error.partial_text == ""
        assert seconds < 2

    await asyncio.gather(*(ends(act) for act in (silent, pings, slow_head)))


@each_transport
async def test_no_further_piece(wire: Wire) -> None:
    async def ends(act: Act) -> None:
        async with FaultServer(*[act] * 9) as server:
            async with wire.client(server.url, stall_timeout=0.25, max_retries=1) as client:
                error, seconds = await timeout_of(client, wire, True)
            assert (error.kind, error.attempts, server.requests) == ("stall", 1, 1)
            assert f"echo: {PROMPT}".startswith(error.partial_text)
            assert error.partial_text
        assert seconds < 1.5

    await asyncio.gather(ends(silent_midway), ends(pings_midway))


@each_wire
async def test_a_stream_ends_at_its_terminator_not_with_its_connection(wire: Wire) -> None:
    """Some servers and proxies keep the connection open (openai/openai-node#2317)."""

    async def open_behind_its_end(connection: Connection) -> None:
        await connection.head()
        await connection.send(b"".join(connection.frames))
        await asyncio.sleep(3600)

    async with FaultServer(open_behind_its_end) as server, wire.client(server.url) as client:
        async with loop_clock() as took:
            assert await asked(client, wire, True) == f"echo: {PROMPT}"
            assert took() < 1
        await until(lambda: server.open == 0)


async def test_the_total_time_is_not_the_readers(running: LoopbackServer) -> None:
    running.reset()
    running.script(Reply(stall_after=7, stall_seconds=0.9))
    async with RESPONSES.client(running.url, total_timeout=0.6) as client:
        texts: list[str] = []
        async for chunk in client.generate_text_stream(RESPONSES.request(PROMPT)):
            if not texts:
                await asyncio.sleep(0.7)
            texts.append(chunk.text)
    assert "".join(texts) == f"echo: {PROMPT}"


@pytest.mark.parametrize("wire", [CHAT, CONVERSE], ids=lambda wire: wire.api_type)
async def test_what_stalls_behind_the_end_of_the_text_is_whole(wire: Wire) -> None:
    """Counts, and the terminator, may come later or never; the answer is paid for and complete."""
    async with (
        FaultServer(stalled) as server,
        wire.client(server.url, stall_timeout=0.25) as client,
        loop_clock() as took,
    ):
        assert await asked(client, wire, True) == f"echo: {PROMPT}"
        assert took() < 1.5
    assert server.requests == 1


@each_transport
async def test_a_slow_right_answer_is_not_cut(wire: Wire) -> None:
    limits = {"stall_timeout": 0.7, "first_event_timeout": 0.7, "read_timeout": 0.7}
    with LoopbackServer() as server:
        server.script(*[Reply(stall_after=at, stall_seconds=0.35) for at in range(6)])
        async with wire.client(server.url, **limits) as client:
            found = await asyncio.gather(*(asked(client, wire, True) for _ in range(6)))
    assert found == [f"echo: {PROMPT}"] * 6


@each_transport
async def test_a_slow_reader_does_not_use_up_the_streams_time(wire: Wire) -> None:
    with LoopbackServer() as server:
        async with wire.client(server.url, stall_timeout=0.1, total_timeout=0.3) as client:
            text = ""
            async for chunk in client.generate_text_stream(wire.request(PROMPT)):
                text += chunk.text
                await asyncio.sleep(0.05)
    assert text == f"echo: {PROMPT}"


@each_transport
@pytest.mark.parametrize("act", [bytewise, one_block, with_pings], ids=["bytewise", "one-block", "pings"])
async def test_how_the_bytes_come_does_not_matter(wire: Wire, act: Act) -> None:
    async with FaultServer(act, act) as server, wire.client(server.url) as client:
        assert await asked(client, wire, True) == f"echo: {PROMPT}"
        if act is not with_pings:
            assert await asked(client, wire, False) == f"echo: {PROMPT}"


# T3, cancellation


async def until(condition: Callable[[], bool], seconds: float = 0.5) -> None:
    async with loop_clock() as took:
        while not condition():
            assert took() < seconds, "did not come true in time"
            await asyncio.sleep(0.005)


async def cancelled(task: asyncio.Task[Any]) -> None:
    async with loop_clock() as took:
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        assert took() < 0.1


@asynccontextmanager
async def narrow(wire: Wire, **settings: Any) -> AsyncIterator[tuple[LoopbackServer, LLMClient]]:
    """A client that makes one call at a time; afterwards its place must be free."""
    with LoopbackServer() as server:
        async with wire.client(server.url, max_concurrent=1, **settings) as client:
            await asked(client, wire, False)
            server.reset()
            yield server, client
            before = len(server.requests)
            async with loop_clock() as took:
                assert await asked(client, wire, False) == f"echo: {PROMPT}"
                assert took() < 1
            await asyncio.sleep(0.1)
            assert len(server.requests) == before + 1, "an attempt was made after the cancellation"


@each_transport
@MODES
async def test_cancelled_in_a_call(wire: Wire, streamed: bool) -> None:
    async with narrow(wire, max_retries=3) as (server, client):
        server.script(Reply(delay=30))
        task = asyncio.create_task(asked(client, wire, streamed))
        await until(lambda: bool(server.requests))
        await cancelled(task)
        await until(lambda: server.requests[0].disconnected)


@each_transport
@MODES
async def test_cancelled_in_backoff(wire: Wire, streamed: bool) -> None:
    events: list[Any] = []
    async with narrow(wire, max_retries=3, retry_delay=30) as (server, client):
        server.script(Reply(status=429, headers={"Retry-After": "30"}))
        request = wire.request(PROMPT, on_progress=events.append)
        call = client.generate_text(request) if not streamed else anext(client.generate_text_stream(request))
        task = asyncio.ensure_future(call)
        await until(lambda: "retry" in [event["event"] for event in events])
        await cancelled(task)
        assert len(server.requests) == 1


@each_transport
async def test_cancelled_in_the_queue(wire: Wire) -> None:
    async with narrow(wire) as (server, client):
        server.script(Reply(delay=0.3))
        first = asyncio.create_task(asked(client, wire, False))
        await until(lambda: bool(server.requests))
        queued = [asyncio.create_task(asked(client, wire, number % 2 == 0)) for number in range(4)]
        await asyncio.sleep(0.02)
        for task in queued:
            await cancelled(task)
        assert await first == f"echo: {PROMPT}"
        assert len(server.requests) == 1


@each_transport
@pytest.mark.parametrize("how", ["break", "aclose", "cancel"])
async def test_a_stream_that_is_left(wire: Wire, how: str) -> None:
    async with narrow(wire, max_retries=3) as (server, client):
        server.script(Reply(stall_after=7, stall_seconds=30))
        stream = client.generate_text_stream(wire.request(PROMPT))
        assert (await anext(stream)).text
        if how == "cancel":

            async def rest() -> None:
                async for _ in stream:
                    pass

            task = asyncio.create_task(rest())
            await asyncio.sleep(0.05)
            await cancelled(task)
        elif how == "aclose":
            await stream.aclose()
        else:
            async for _ in stream:
                break
            del stream, _
        await until(lambda: server.requests[0].disconnected)


@each_transport
async def test_a_hundred_cancelled_at_once(wire: Wire) -> None:
    with LoopbackServer() as server:
        async with wire.client(server.url, max_retries=3, max_concurrent=60) as client:
            await asked(client, wire, False)
            server.reset()
            server.script(*[Reply(delay=30)] * 100)
            tasks = [asyncio.create_task(asked(client, wire, number % 2 == 0)) for number in range(100)]
            await until(lambda: len(server.requests) == 60, 5)
            async with loop_clock() as took:
                for task in tasks:
                    task.cancel()
                results = await asyncio.gather(*tasks, return_exceptions=True)
                assert took() < 0.5
            assert {type(result) for result in results} == {asyncio.CancelledError}
            await until(lambda: all(recorded.disconnected for recorded in server.requests), 2)
            assert len(server.requests) == 60
            server.reset()
            found = await asyncio.gather(*(asked(client, wire, False) for _ in range(60)))
            assert found == [f"echo: {PROMPT}"] * 60


# Leaving while calls run


@each_transport
@MODES
async def test_leaving_while_calls_run_does_not_hang(wire: Wire, streamed: bool) -> None:
    with LoopbackServer() as server:
        server.script(*[Reply(delay=20)] * 5)
        clock = time.monotonic()
        async with wire.client(server.url, max_retries=3) as client:
            tasks = [asyncio.create_task(asked(client, wire, streamed)) for _ in range(5)]
            await until(lambda: len(server.requests) == 5, 3)
        assert time.monotonic() - clock < 3.5
        for task in tasks:
            task.cancel()
        results = await asyncio.gather(*tasks, return_exceptions=True)
        assert all(isinstance(result, BaseException) for result in results)


@pytest.mark.parametrize("wire", [RESPONSES, INVOKE], ids=lambda wire: wire.api_type)
async def test_an_open_stream_ends_with_its_client(wire: Wire) -> None:
    with LoopbackServer() as server:
        server.script(Reply(stall_after=7, stall_seconds=20))
        async with wire.client(server.url) as client:
            stream = client.generate_text_stream(wire.request(PROMPT))
            first = await anext(stream)
        async with aclosing(stream):
            with pytest.raises(ConnectionFailedError, match="the client was closed") as caught:
                async for _ in stream:
                    pass
        assert caught.value.partial_text.startswith(first.text)
        await until(lambda: server.requests[0].disconnected)
