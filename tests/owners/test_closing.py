"""K8: closing a client ends at once what it has under way: open streams, and whoever waits behind them."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Awaitable
from typing import Any

import pytest
from raw_server import Call, HangUp, RawServer, answered, dripping, silent
from wires import Wire, each_transport, share_service_models

from smartllm import LLMClient
from smartllm.errors import SmartLLMError
from smartllm.sync import LLMClient as SyncClient

AT_ONCE = 0.5
LATER = 1.5
SETTINGS: dict[str, Any] = {"max_concurrent": 1, "total_timeout": 60, "max_retries": 3}


@pytest.fixture(autouse=True)
def fast_clients(monkeypatch: pytest.MonkeyPatch) -> None:
    share_service_models(monkeypatch)


def said_then_silent(call: Call) -> None:
    """The beginning of a stream, and no more."""
    call.send(call.answer()[: len(call.answer()) * 3 // 4])
    silent(call)


async def read(client: LLMClient, request: Any) -> str:
    """Read a stream to its end."""
    return "".join([piece.text async for piece in client.generate_text_stream(request)])


async def ended(*calls: Awaitable[Any]) -> list[Any]:
    """What the calls come to; those that go on are told so."""
    tasks = [asyncio.ensure_future(call) for call in calls]
    done, _ = await asyncio.wait(tasks, timeout=LATER)
    ends = [task.exception() or task.result() if task in done else "goes on" for task in tasks]
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
    return ends


def acts() -> dict[str, Any]:
    """How a server keeps a call busy."""
    return {"dripping": dripping, "said-then-silent": said_then_silent, "silent": silent}


@pytest.mark.parametrize("act", acts())
@each_transport
async def test_streams_and_who_waits_behind_them_end(wire: Wire, act: str) -> None:
    with RawServer(acts()[act]) as server:
        client = wire.client(server.url, **SETTINGS)
        calls = [
            asyncio.ensure_future(call)
            for call in (
                read(client, wire.request("first")),
                read(client, wire.request("waiting stream")),
                client.generate_text(wire.request("waiting")),
                client.generate_text(wire.request("joined", use_cache=True)),
                client.generate_text(wire.request("joined", use_cache=True)),
            )
        ]
        await asyncio.to_thread(server.wait_for, 1)
        clock = time.monotonic()
        await asyncio.wait_for(client.aclose(), LATER)
        closed = time.monotonic() - clock
        ends = await ended(*calls)
        assert time.monotonic() - clock < AT_ONCE
        assert closed < AT_ONCE
        assert [isinstance(end, SmartLLMError) for end in ends] == [True] * len(calls), ends
        assert "closed" in str(ends[0])
        assert await asyncio.to_thread(server.left_open, 2) == 0
        assert len(server.calls) == 1


@each_transport
async def test_a_call_and_a_retry_end(wire: Wire) -> None:
    def busy(call: Call) -> None:
        if "retried" not in call.prompt:
            silent(call)
        call.status("503 Service Unavailable", head="Retry-After: 30\r\n")

    with RawServer(busy) as server:
        client = wire.client(server.url, **{**SETTINGS, "max_concurrent": 5})
        prompts = ("hangs", "is retried")
        calls = [asyncio.ensure_future(client.generate_text(wire.request(prompt))) for prompt in prompts]
        await asyncio.to_thread(server.wait_for, 2)
        clock = time.monotonic()
        await asyncio.wait_for(client.aclose(), LATER)
        ends = await ended(*calls)
        assert time.monotonic() - clock < AT_ONCE
        assert [isinstance(end, SmartLLMError) for end in ends] == [True, True], ends


@each_transport
async def test_leaving_the_block_ends_streams(wire: Wire) -> None:
    with RawServer(dripping) as server:
        async with wire.client(server.url, **SETTINGS) as client:
            task = asyncio.ensure_future(read(client, wire.request()))
            await asyncio.to_thread(server.wait_for, 1)
            clock = time.monotonic()
        [end] = await ended(task)
        assert time.monotonic() - clock < AT_ONCE
        assert isinstance(end, SmartLLMError)


@each_transport
async def test_a_stream_that_nobody_reads_at_the_moment_does_not_hold_the_close(wire: Wire) -> None:
    with RawServer(dripping) as server:
        client = wire.client(server.url, **SETTINGS)
        stream = client.generate_text_stream(wire.request())
        assert (await anext(stream)).text
        clock = time.monotonic()
        await asyncio.wait_for(client.aclose(), LATER)
        assert time.monotonic() - clock < AT_ONCE
        with pytest.raises(SmartLLMError, match="closed"):
            async for _ in stream:
                pass
        assert time.monotonic() - clock < AT_ONCE


@each_transport
def test_a_thread_that_reads_when_another_closes(wire: Wire) -> None:
    ends: list[Any] = []

    def work(client: SyncClient) -> None:
        try:
            ends.append([piece.text for piece in client.generate_text_stream(wire.request())])
        except BaseException as error:  # noqa: BLE001 - for the test's own thread
            ends.append(error)

    def act(call: Call) -> None:
        if call.streamed:
            dripping(call)
            raise HangUp
        answered(call)

    with RawServer(act) as server:
        client = SyncClient(wire.client(server.url, **{**SETTINGS, "max_concurrent": 2}).config)
        threads = [threading.Thread(target=work, args=(client,), daemon=True) for _ in range(3)]
        for thread in threads:
            thread.start()
        server.wait_for(2)
        clock = time.monotonic()
        client.close()
        for thread in threads:
            thread.join(LATER)
        assert time.monotonic() - clock < AT_ONCE
        assert [isinstance(end, SmartLLMError) for end in ends] == [True] * 3, ends
