"""O4: one deadline a call: no wait of any kind ends later; the error says attempts and the text so far."""

from __future__ import annotations

import asyncio
import re
import socket
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager, suppress
from pathlib import Path
from typing import Any

import pytest
from dynamo_table import DynamoTable
from loop_time import loop_clock
from pydantic import BaseModel
from raw_server import Act, Call, HangUp, RawServer, dripping, silent
from wires import (
    INVOKE,
    RESPONSES,
    Wire,
    each_bedrock_wire,
    each_transport,
    each_wire,
    share_service_models,
)

from smartllm import LLMClient
from smartllm.errors import ProviderTimeoutError
from smartllm.sync import LLMClient as SyncClient

TOTAL = 0.4
# What a busy machine and closing may add.
MORE = 1.0
# On a machine that stands still for a moment, what a test needs may not come about in time: it is given more.
PATIENCE = (TOTAL, 5 * TOTAL, 25 * TOTAL)


class Person(BaseModel):
    name: str


@pytest.fixture(autouse=True)
def fast_clients(monkeypatch: pytest.MonkeyPatch) -> None:
    share_service_models(monkeypatch)


@asynccontextmanager
async def asking(wire: Wire, act: Act, **settings: Any) -> AsyncIterator[tuple[LLMClient, RawServer]]:
    """A client whose every other limit is far away, and its server."""
    settings = {"total_timeout": TOTAL, "max_retries": 50, "retry_budget": None, **settings}
    with RawServer(act) as server:
        async with wire.client(server.url, **settings) as client:
            yield client, server


async def ended(call: Awaitable[Any], limit: float = TOTAL + MORE) -> Any:
    """The result of a call; one that hangs ends here."""
    task = asyncio.ensure_future(call)
    done, _ = await asyncio.wait({task}, timeout=limit)
    if not done:
        task.cancel()
        pytest.fail(f"no end within {limit:g} s")
    return await task


async def late(call: Awaitable[Any], total: float = TOTAL) -> ProviderTimeoutError:
    """The error of a call that must end with its deadline."""
    clock = time.monotonic()
    with pytest.raises(ProviderTimeoutError) as caught:
        await ended(call, total + MORE)
    assert total - 0.05 < time.monotonic() - clock < total + MORE
    assert (caught.value.kind, caught.value.retryable) == ("total", False)
    return caught.value


async def read(client: LLMClient, request: Any, into: list[str]) -> None:
    """Read a stream."""
    async for piece in client.generate_text_stream(request):
        into += [piece.text]


@each_transport
async def test_a_server_that_never_answers(wire: Wire) -> None:
    async with asking(wire, silent) as (client, server):
        calls = [client.generate_text(wire.request()), read(client, wire.request(), [])]
        if wire.provider == "bedrock":
            calls.append(client.generate_text_streamed(wire.request()))
        errors = await asyncio.gather(*map(late, calls))
        assert [error.attempts for error in errors] == [1] * len(calls)
        assert len(server.calls) == len(calls)


@pytest.mark.parametrize("streamed", [False, True], ids=["whole", "streamed"])
@each_transport
async def test_attempts_are_counted(wire: Wire, streamed: bool) -> None:
    def failing(call: Call) -> None:
        if call.pause(0.05):
            raise HangUp
        call.status("503 Service Unavailable")

    for total in PATIENCE:
        async with asking(wire, failing, retry_delay=0.01, total_timeout=total) as (client, server):
            request = wire.request()
            error = await late(
                read(client, request, []) if streamed else client.generate_text(request), total
            )
            heard = len(server.calls)
        assert heard <= error.attempts <= heard + 1  # the deadline may cut the last
        if heard > 2:
            break
    assert heard > 2
    assert re.search(rf"\b{error.attempts}\b", str(error))


@each_wire
async def test_a_stream_that_drips_after_failed_attempts(wire: Wire) -> None:
    def late_drip(call: Call) -> None:
        if call.number == 1:
            if call.pause(total * 0.6):
                raise HangUp
            return call.status("503 Service Unavailable")
        return dripping(call, 0.03)

    for total in PATIENCE:
        pieces: list[str] = []
        async with asking(wire, late_drip, retry_delay=0, total_timeout=total) as (client, _):
            error = await late(read(client, wire.request(), pieces), total)
        assert error.partial_text == "".join(pieces)
        if pieces:
            break
    assert pieces
    assert error.attempts == 2


@each_bedrock_wire
async def test_a_streamed_call_put_together_keeps_its_text(wire: Wire) -> None:
    for total in PATIENCE:
        async with asking(wire, lambda call: dripping(call, 0.03), total_timeout=total) as (client, _):
            error = await late(client.generate_text_streamed(wire.request()), total)
        if "word1" in error.partial_text:
            break
    assert error.partial_text.startswith("word0 word1")


@pytest.mark.parametrize("streamed", [False, True], ids=["whole", "streamed"])
@each_bedrock_wire
async def test_the_second_step(wire: Wire, streamed: bool) -> None:
    def first_only(call: Call) -> None:
        if call.number > 1:
            silent(call)
        if call.pause(total / 2):
            raise HangUp
        call.send(call.answer())

    for total in PATIENCE:
        async with asking(wire, first_only, total_timeout=total) as (client, server):
            request = wire.request(response_format=Person, reasoning_effort="low")
            await late(read(client, request, []) if streamed else client.generate_text(request), total)
        if len(server.calls) > 1:
            break
    assert len(server.calls) == 2


@each_transport
async def test_followers_of_a_call_that_hangs(wire: Wire) -> None:
    async with asking(wire, silent) as (client, server):
        leader = asyncio.create_task(late(client.generate_text(wire.request(use_cache=True))))
        await asyncio.sleep(TOTAL / 2)
        clock = time.monotonic()
        with pytest.raises(ProviderTimeoutError) as caught:
            await ended(client.generate_text(wire.request(use_cache=True)))
        assert time.monotonic() - clock < TOTAL + MORE
        assert caught.value.kind == "total"
        assert caught.value is not (await leader)
        assert len(server.calls) <= 2


@each_transport
async def test_a_place_in_the_limiter(wire: Wire) -> None:
    for total in PATIENCE:
        async with asking(wire, silent, max_concurrent=1, total_timeout=total) as (client, server):
            first = asyncio.create_task(late(client.generate_text(wire.request("first")), total))
            await asyncio.sleep(total / 2)
            waiting = asyncio.create_task(client.generate_text(wire.request("second")))
            await first
            with pytest.raises(ProviderTimeoutError) as caught:
                await ended(waiting, total + MORE)
            assert caught.value.kind == "total"
            await asyncio.sleep(0.05)  # the server's thread may have its turn after the client's deadline
        if len(server.calls) > 1:
            break
    assert len(server.calls) == 2


@each_transport
async def test_a_place_that_gets_free_too_late(wire: Wire) -> None:
    for total in PATIENCE:
        async with asking(wire, silent, max_concurrent=1, total_timeout=total) as (client, server):
            clock = time.monotonic()
            first = asyncio.create_task(late(client.generate_text(wire.request("first")), total))
            await asyncio.sleep(0.05)
            streams = [late(read(client, wire.request(f"{n}"), []), total) for n in range(3)]
            others = asyncio.gather(*streams)
            await asyncio.sleep(0.05)
            held = time.monotonic() - clock < total
            # All deadlines pass while the loop is held: the place gets free for those who can use it no more.
            time.sleep(total)  # noqa: ASYNC251 - the loop is to be held
            attempts = [error.attempts for error in await others]
            await first
        if held:
            break
    assert held
    assert attempts == [0, 0, 0]
    assert len(server.calls) <= 1


@contextmanager
def full_backlog() -> Iterator[str]:
    """An address that takes no more connections and refuses none."""
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        listening.listen(0)
        waiting = []
        for _ in range(4):
            sock = socket.socket()
            sock.setblocking(False)
            sock.connect_ex(listening.getsockname())
            waiting.append(sock)
        time.sleep(0.02)
        try:
            yield f"http://127.0.0.1:{listening.getsockname()[1]}"
        finally:
            for sock in waiting:
                sock.close()


@each_transport
async def test_a_connection_that_does_not_come_about(wire: Wire) -> None:
    with full_backlog() as url:
        async with wire.client(url, total_timeout=TOTAL, connect_timeout=20, max_retries=5) as client:
            calls = (client.generate_text(wire.request()), read(client, wire.request(), []))
            errors = await asyncio.gather(*map(late, calls))
            assert [error.attempts for error in errors] == [1, 1]


@pytest.mark.parametrize("wire", [RESPONSES, INVOKE], ids=lambda wire: wire.api_type)
async def test_the_list_of_models(wire: Wire) -> None:
    async with asking(wire, silent) as (client, _):
        await late(client.list_available_models())


@pytest.mark.parametrize("state", ["missing", "silent"])
async def test_a_table_does_not_hold_a_paid_answer(state: str, tmp_path: Path) -> None:
    with DynamoTable(state) as table:
        settings = {**table.settings(), "total_timeout": 10, "cache_dir": tmp_path}
        async with asking(RESPONSES, lambda call: call.send(call.answer()), **settings) as (client, _):
            clock = time.monotonic()
            response = await ended(client.generate_text(RESPONSES.request("hi", use_cache=True)), 4)
            assert (response.text, response.cache_source) == ("echo: hi", "miss")
            # Reading and writing may each take the half second that a table is given, and a client is made.
            assert time.monotonic() - clock < 2
        assert time.monotonic() - clock < 3


async def test_a_silent_table_ends_with_the_call(tmp_path: Path) -> None:
    def first_only(call: Call) -> None:
        if call.number > 1:
            silent(call)
        call.send(call.answer())

    with DynamoTable() as table:
        settings = {**table.settings(), "total_timeout": 0.3, "cache_dir": tmp_path}
        async with asking(RESPONSES, first_only, **settings) as (client, _):
            with suppress(ProviderTimeoutError):  # it may take longer than this on a busy machine
                await client.generate_text(RESPONSES.request("opens the table's client", use_cache=True))
            table.state = "silent"
            async with loop_clock() as took:
                with pytest.raises(ProviderTimeoutError):
                    await ended(client.generate_text(RESPONSES.request("hi", use_cache=True)))
                # The table may take half a second by itself.
                assert took() < 0.6


@pytest.mark.parametrize("wire", [RESPONSES, INVOKE], ids=lambda wire: wire.api_type)
def test_synchronous_calls(wire: Wire) -> None:
    with RawServer(silent) as server:
        asynchronous = wire.client(server.url, total_timeout=TOTAL)
        with SyncClient(asynchronous.config) as client:
            works: tuple[Callable[[], Any], ...] = (
                lambda: client.generate_text(wire.request()),
                lambda: list(client.generate_text_stream(wire.request())),
            )
            for work in works:
                clock = time.monotonic()
                with pytest.raises(ProviderTimeoutError):
                    work()
                assert time.monotonic() - clock < TOTAL + MORE
