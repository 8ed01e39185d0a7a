"""A server below HTTP libraries: right answers on all four wires, delivered in ways that only sockets can."""

from __future__ import annotations

import asyncio
import json
import socket
import struct
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from types import TracebackType
from typing import Self

from smartllm.testing.answer import compose
from smartllm.testing.eventstream import event_frame
from smartllm.testing.host_words import headers_for
from smartllm.testing.reply import Reply
from smartllm.testing.routes import find_route

PING_SECONDS = 0.02


@dataclass(slots=True)
class Connection:
    """One request, and what its right answer would be.

    Attributes:
        writer: The socket.
        headers: The right answer's headers.
        frames: The right answer: its events, or one whole body.
        ping: What keeps a stream of this wire alive without saying anything.
    """

    writer: asyncio.StreamWriter
    headers: dict[str, str]
    frames: list[bytes]
    ping: bytes

    async def send(self, data: bytes) -> None:
        """Write bytes and wait until they are gone."""
        self.writer.write(data)
        await self.writer.drain()

    async def head(self, length: int | None = None, status: str = "200 OK") -> None:
        """Send status and headers; without a length the end of the connection ends the body."""
        lines = [f"HTTP/1.1 {status}", *(f"{name}: {value}" for name, value in self.headers.items())]
        lines += ["Connection: close"] if length is None else [f"Content-Length: {length}"]
        await self.send("\r\n".join([*lines, "", ""]).encode())

    def reset(self) -> None:
        """End the connection with RST instead of FIN."""
        sock = self.writer.get_extra_info("socket")
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.writer.transport.abort()


Act = Callable[[Connection], Awaitable[None]]


class FaultServer:
    """Answers each request by the next act, or rightly when none is left.

    Attributes:
        requests: How many came.
        open: Connections that the client has not closed.
    """

    def __init__(self, *acts: Act) -> None:
        self._acts = list(acts)
        self.requests = 0
        self.open = 0
        self._tasks: set[asyncio.Task[None]] = set()

    @property
    def url(self) -> str:
        """The server's address."""
        return f"http://127.0.0.1:{self._server.sockets[0].getsockname()[1]}"

    async def __aenter__(self) -> Self:
        self._server = await asyncio.start_server(self._accept, "127.0.0.1", 0)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._server.close()
        # More than once: a connection that was being accepted gets its task only now.
        for _ in range(3):
            for task in self._tasks:
                task.cancel()
            await asyncio.gather(*self._tasks, return_exceptions=True)
            await asyncio.sleep(0.01)
        await self._server.wait_closed()

    def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.get_running_loop().create_task(self._serve(reader, writer))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        # Here and not in the task alone: one that is cancelled before its first step runs none of its code.
        task.add_done_callback(lambda _: writer.close())

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.open += 1
        try:
            connection = await _received(reader, writer)
            self.requests += 1
            act = self._acts.pop(0) if self._acts else whole
            acting = asyncio.ensure_future(act(connection))
            gone = asyncio.ensure_future(reader.read())
            try:
                await asyncio.wait({acting, gone}, return_when=asyncio.FIRST_COMPLETED)
            finally:
                gone.cancel()
                acting.cancel()
                await asyncio.gather(acting, gone, return_exceptions=True)
        except (ConnectionError, asyncio.IncompleteReadError):
            pass
        finally:
            self.open -= 1


async def _received(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> Connection:
    head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
    lengths = [line.partition(":")[2] for line in head if line.lower().startswith("content-length:")]
    body = json.loads(await reader.readexactly(int(lengths[0])))
    method, path, _ = head[0].split(" ")
    route = find_route(method, path)
    assert route.wire is not None
    answer = compose(route.wire.read(body, route.model), Reply(), 1)
    streamed = route.streamed or bool(route.provider == "openai" and body.get("stream"))
    headers = headers_for(route, Reply(), 1, streamed=streamed)
    frames = route.wire.frames(answer) if streamed else [json.dumps(route.wire.whole(answer)).encode()]
    ping = b": ping\n\n"
    if route.provider == "bedrock":
        ping = event_frame("chunk", {"bytes": "eyJ0eXBlIjoicGluZyJ9"}) if "invoke" in path else b""
        ping = ping or event_frame("somethingNew", {"p": "abc"})
    return Connection(writer, headers, frames, ping)


async def whole(connection: Connection) -> None:
    """The right answer."""
    body = b"".join(connection.frames)
    await connection.head(len(body))
    await connection.send(body)


async def closed(connection: Connection) -> None:
    """Not a byte."""


async def reset(connection: Connection) -> None:
    """Not a byte, and RST."""
    connection.reset()


async def cut(connection: Connection) -> None:
    """Half of the promised body."""
    body = b"".join(connection.frames)
    await connection.head(len(body))
    await connection.send(body[: len(body) // 2])


async def reset_midway(connection: Connection) -> None:
    """Half of the promised body, and RST."""
    await cut(connection)
    await asyncio.sleep(0.02)
    connection.reset()


async def cut_chunked(connection: Connection) -> None:
    """A chunked body without its last chunk."""
    connection.headers["Transfer-Encoding"] = "chunked"
    body = b"".join(connection.frames)[:-9]
    await connection.head()
    await connection.send(f"{len(body):x}\r\n".encode() + body + b"\r\n")


async def not_http(connection: Connection) -> None:
    """Another protocol."""
    await connection.send(b"SSH-2.0-OpenSSH_9.6\r\n")


async def bad_length(connection: Connection) -> None:
    """A length that is no number."""
    await connection.send(b"HTTP/1.1 200 OK\r\nContent-Length: many\r\n\r\n{}")


async def silent(connection: Connection) -> None:
    """Nothing, for ever."""
    await asyncio.sleep(3600)


async def slow_head(connection: Connection) -> None:
    """A header that never ends, byte by byte."""
    await connection.send(b"HTTP/1.1 200 OK\r\nX-Long: ")
    while True:
        await connection.send(b"x")
        await asyncio.sleep(PING_SECONDS)


async def slow_body(connection: Connection) -> None:
    """The right answer, a byte at a time, with very long pauses."""
    body = b"".join(connection.frames)
    await connection.head(len(body))
    for byte in body:
        await connection.send(bytes([byte]))
        await asyncio.sleep(PING_SECONDS)


async def stalled(connection: Connection) -> None:
    """Nearly all of the right answer, then nothing, for ever."""
    body = b"".join(connection.frames)
    await connection.head(len(body))
    await connection.send(body[:-20])
    await asyncio.sleep(3600)


async def silent_midway(connection: Connection) -> None:
    """Half of the events, then nothing, for ever."""
    await connection.head()
    await connection.send(b"".join(connection.frames[: len(connection.frames) // 2]))
    await asyncio.sleep(3600)


async def pings(connection: Connection) -> None:
    """Keep-alives, for ever."""
    await connection.head()
    while True:
        await connection.send(connection.ping)
        await asyncio.sleep(PING_SECONDS)


async def pings_midway(connection: Connection) -> None:
    """Half of the events, then keep-alives, for ever."""
    await connection.head()
    await connection.send(b"".join(connection.frames[: len(connection.frames) // 2]))
    while True:
        await connection.send(connection.ping)
        await asyncio.sleep(PING_SECONDS)


async def bytewise(connection: Connection) -> None:
    """The right answer, each byte on its own."""
    await connection.head()
    for byte in b"".join(connection.frames):
        await connection.send(bytes([byte]))
        await asyncio.sleep(0)


async def one_block(connection: Connection) -> None:
    """The right answer in one write, headers included."""
    body = b"".join(connection.frames)
    await connection.send(
        b"HTTP/1.1 200 OK\r\n"
        + "".join(f"{name}: {value}\r\n" for name, value in connection.headers.items()).encode()
        + f"Content-Length: {len(body)}\r\nConnection: close\r\n\r\n".encode()
        + body
    )


async def with_pings(connection: Connection) -> None:
    """The right answer with a keep-alive before each event."""
    await connection.head()
    for frame in connection.frames:
        await connection.send(connection.ping + frame)
