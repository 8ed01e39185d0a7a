"""O1: a connection that the server closed costs no attempt; a silent one is kept alive by probes."""

from __future__ import annotations

import os
import socket
import time
from contextlib import suppress
from pathlib import Path

import pytest
from raw_server import Act, Call, HangUp, RawServer, answered
from wires import Wire, each_transport, share_service_models

from smartllm.errors import ConnectionFailedError, ProviderError
from smartllm.testing import Reply

LONGEST_IDLE = 75


@pytest.fixture(autouse=True)
def fast_clients(monkeypatch: pytest.MonkeyPatch) -> None:
    share_service_models(monkeypatch)


def said_and_closed(call: Call) -> None:
    """Say that the connection ends, and end it."""
    call.send(call.answer(close=True))
    raise HangUp


def closed_after(call: Call) -> None:
    """End the connection without a word."""
    call.send(call.answer())
    raise HangUp


def closed_a_moment_after(call: Call) -> None:
    """End it while the next request is perhaps on its way."""
    call.send(call.answer())
    call.pause(0.002)
    raise HangUp


def closed_when_used_again(call: Call) -> None:
    """Read the second request on a connection, and hang up."""
    if call.nth > 1:
        raise HangUp
    call.send(call.answer())


def reset_when_used_again(call: Call) -> None:
    """The same with RST."""
    if call.nth > 1:
        call.reset()
    call.send(call.answer())


CLOSING: dict[str, Act] = {
    "said": said_and_closed,
    "unsaid": closed_after,
    "a-moment-after": closed_a_moment_after,
    "when-used-again": closed_when_used_again,
    "reset-when-used-again": reset_when_used_again,
}


@pytest.mark.parametrize("how", CLOSING)
@each_transport
async def test_a_closed_connection_costs_no_attempt(wire: Wire, how: str) -> None:
    with RawServer(CLOSING[how]) as server:
        async with wire.client(server.url, max_retries=0) as client:
            for number in range(25):
                request = wire.request(f"{number}")
                assert (await client.generate_text(request)).text == f"echo: {number}"
                chunks = [chunk.text async for chunk in client.generate_text_stream(request)]
                assert "".join(chunks) == f"echo: {number}"
    assert server.connections == 50
    # Once more at the most, for each connection that was tried again.
    assert len(server.calls) <= 100


@each_transport
async def test_a_fresh_connection_that_breaks_is_an_attempt(wire: Wire) -> None:
    def closed(call: Call) -> None:
        raise HangUp

    with RawServer(closed) as server:
        async with wire.client(server.url, max_retries=1) as client:
            with pytest.raises(ConnectionFailedError) as caught:
                await client.generate_text(wire.request())
    assert (len(server.calls), caught.value.attempts) == (2, 2)


@each_transport
async def test_what_came_while_the_loop_was_busy_is_nobodys_answer(wire: Wire) -> None:
    """It waits in the kernel when the connection is used again: no reader has seen it yet."""

    def talkative(call: Call) -> None:
        call.send(call.answer())
        if call.nth == 1 and not call.pause(0.01):
            call.send(call.answer(Reply(text="UNASKED")))

    with RawServer(talkative) as server:
        async with wire.client(server.url, max_retries=0) as client:
            assert (await client.generate_text(wire.request("one"))).text == "echo: one"
            time.sleep(0.1)  # noqa: ASYNC251 - the loop is busy
            assert (await client.generate_text(wire.request("two"))).text == "echo: two"
    assert server.connections == 2


@each_transport
@pytest.mark.parametrize("status", ["400 Bad Request", "408 Request Timeout"])
async def test_a_word_with_which_a_quiet_connection_is_ended_is_no_answer(wire: Wire, status: str) -> None:
    """nginx, openresty and others send it at a moment of their own, which may be that of the next request."""

    def ended(call: Call) -> None:
        if call.nth > 1:
            call.status(status, b"", head="Connection: close\r\n")
            raise HangUp
        call.send(call.answer())

    with RawServer(ended) as server:
        async with wire.client(server.url, max_retries=0) as client:
            for number in range(3):
                assert (await client.generate_text(wire.request(f"{number}"))).text == f"echo: {number}"
    assert server.connections == 3

    def refused(call: Call) -> None:
        call.status(status, b"", head="Connection: close\r\n")
        raise HangUp

    with RawServer(refused) as server:
        async with wire.client(server.url, max_retries=0) as client:
            with pytest.raises(ProviderError) as caught:
                await client.generate_text(wire.request())
    assert (caught.value.status, len(server.calls)) == (int(status[:3]), 1), "on a new one it is an answer"


@each_transport
async def test_a_reused_connection_that_breaks_in_the_answer_is_an_attempt(wire: Wire) -> None:
    def broken(call: Call) -> None:
        if call.nth > 1:
            call.send(call.answer()[:30])
            raise HangUp
        call.send(call.answer())

    with RawServer(broken) as server:
        async with wire.client(server.url, max_retries=0) as client:
            await client.generate_text(wire.request())
            with pytest.raises(ConnectionFailedError) as caught:
                await client.generate_text(wire.request())
    assert (len(server.calls), caught.value.attempts) == (2, 1)


def our_sockets_to(port: int, option: tuple[int, int]) -> list[int]:
    """An option of each socket of this process that is connected to a port."""
    found = []
    for name in os.listdir("/proc/self/fd"):  # noqa: PTH208 - descriptors, not files
        with suppress(OSError):
            if not str(Path(f"/proc/self/fd/{name}").readlink()).startswith("socket:"):
                continue
        with suppress(OSError), socket.socket(fileno=os.dup(int(name))) as sock:
            if sock.family == socket.AF_INET and sock.getpeername()[1] == port:
                found.append(sock.getsockopt(*option))
    return found


@pytest.mark.skipif(not Path("/proc/self/fd").is_dir(), reason="a system without a list of descriptors")
@each_transport
async def test_probes_keep_a_silent_connection(wire: Wire) -> None:
    with RawServer(answered) as server:
        async with wire.client(server.url) as client:
            await client.generate_text(wire.request())
            switches = our_sockets_to(server.port, (socket.SOL_SOCKET, socket.SO_KEEPALIVE))
            idle = our_sockets_to(server.port, (socket.IPPROTO_TCP, socket.TCP_KEEPIDLE))
    assert switches
    assert all(switches)
    assert max(idle) <= LONGEST_IDLE
