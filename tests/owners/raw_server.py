"""A server below HTTP libraries, in threads: right answers on all four wires, and whatever else a test sends.

It lives outside every event loop, so clients in several loops, threads and processes can ask it.
"""

from __future__ import annotations

import json
import select
import socket
import struct
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Self

from smartllm.testing.answer import Answer, compose
from smartllm.testing.host_words import headers_for
from smartllm.testing.listed_models import listing_body
from smartllm.testing.reply import Reply
from smartllm.testing.routes import Route, find_route

HOST = "127.0.0.1"


class HangUp(Exception):  # noqa: N818 - not an error
    """The act is over, and the connection with it."""


@dataclass(slots=True)
class Call:
    """One request.

    Attributes:
        sock: Its connection.
        number: Its number at this server, from 1.
        nth: Its number on its connection, from 1.
        route: The wire.
        body: The JSON that was asked with.
        streamed: Whether a stream was asked for.
        arrived: When, on the monotonic clock.
        noted: What an earlier act wrote down on this connection.
    """

    sock: socket.socket
    number: int
    nth: int
    route: Route
    body: dict[str, object]
    streamed: bool
    arrived: float
    noted: dict[str, float] = field(default_factory=dict)

    @property
    def prompt(self) -> str:
        """The last text of the user."""
        return self._composed(Reply()).text.removeprefix("echo: ")

    def answer(self, reply: Reply | None = None, *, close: bool = False) -> bytes:
        """The right answer, whole or as a chunked stream; it echoes the prompt if no reply says otherwise."""
        reply = reply or Reply()
        head = dict(headers_for(self.route, reply, self.number, streamed=self.streamed))
        if close:
            head["Connection"] = "close"
        if self.streamed:
            return self.head(close) + b"".join(map(chunk, self.frames(reply))) + b"0\r\n\r\n"
        if self.route.wire is None:
            return http(head, json.dumps(listing_body(self.route, ("one",))).encode())
        return http(head, json.dumps(self.route.wire.whole(self._composed(reply))).encode())

    def head(self, close: bool = False) -> bytes:
        """Status and headers of a chunked stream."""
        names = {**headers_for(self.route, Reply(), self.number, streamed=True)}
        if close:
            names["Connection"] = "close"
        lines = [f"{name}: {value}" for name, value in names.items()]
        return "\r\n".join(["HTTP/1.1 200 OK", *lines, "Transfer-Encoding: chunked", "", ""]).encode()

    def frames(self, reply: Reply | None = None) -> list[bytes]:
        """The events of a streamed answer."""
        assert self.route.wire is not None
        return self.route.wire.frames(self._composed(reply or Reply()))

    def send(self, data: bytes) -> None:
        """Write bytes."""
        self.sock.sendall(data)

    def status(self, status: str, body: bytes = b'{"message": "no"}', head: str = "") -> None:
        """Answer with a status."""
        self.send(
            f"HTTP/1.1 {status}\r\nContent-Type: application/json\r\n{head}"
            f"Content-Length: {len(body)}\r\n\r\n".encode()
            + body
        )

    def pause(self, seconds: float) -> bool:
        """Wait; True at once when the client says more or hangs up."""
        watch = select.poll()
        watch.register(self.sock, select.POLLIN)
        return bool(watch.poll(seconds * 1000))

    def reset(self) -> None:
        """End the connection with RST."""
        self.sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        raise HangUp

    def _composed(self, reply: Reply) -> Answer:
        assert self.route.wire is not None
        return compose(self.route.wire.read(self.body, self.route.model), reply, self.number)


Act = Callable[[Call], None]


def answered(call: Call) -> None:
    """The right answer; the connection stays open."""
    call.send(call.answer())


def silent(call: Call) -> None:
    """Nothing, until the client hangs up."""
    call.pause(30)
    raise HangUp


def dripping(call: Call, every: float = 0.05) -> None:
    """A stream that says a word now and then and does not come to its end."""
    words = [f"word{number} " for number in range(1000)]
    frames = call.frames(Reply(text="".join(words), chunks=words))
    call.send(call.head())
    for frame in frames[: len(frames) // 2]:
        call.send(chunk(frame))
        if (b"word" in frame or call.route.provider == "bedrock") and call.pause(every):
            raise HangUp


class RawServer:
    """Does one act for each request.

    Attributes:
        act: What to do.
        calls: What came.
        connections: How many there have been.
    """

    def __init__(self, act: Act = answered) -> None:
        self.act = act
        self.calls: list[Call] = []
        self.connections = 0
        self._open: set[socket.socket] = set()
        self._threads: list[threading.Thread] = []
        self._lock = threading.Lock()
        self._listening = socket.create_server((HOST, 0), backlog=512)
        self.port: int = self._listening.getsockname()[1]
        self.url = f"http://{HOST}:{self.port}"

    def __enter__(self) -> Self:
        self._start(self._accept)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        with suppress(OSError):
            self._listening.shutdown(socket.SHUT_RDWR)
        self._listening.close()
        with self._lock:
            for sock in self._open:
                with suppress(OSError):
                    sock.shutdown(socket.SHUT_RDWR)
        for thread in self._threads:
            thread.join(2)

    @property
    def open(self) -> int:
        """Connections that are open now."""
        return len(self._open)

    def left_open(self, seconds: float) -> int:
        """How many are open after a while; none as soon as there is none."""
        deadline = time.monotonic() + seconds
        while self._open and time.monotonic() < deadline:
            time.sleep(0.01)
        return len(self._open)

    def wait_for(self, count: int, seconds: float = 5) -> None:
        """Wait until so many requests have come, and a moment more, in which they begin to be answered."""
        deadline = time.monotonic() + seconds
        while len(self.calls) < count and time.monotonic() < deadline:
            time.sleep(0.005)
        time.sleep(0.1)
        assert len(self.calls) == count, self.calls

    def _start(self, run: Callable[..., None], *given: object) -> None:
        thread = threading.Thread(target=run, args=given, daemon=True)
        self._threads.append(thread)
        thread.start()

    def _accept(self) -> None:
        with suppress(OSError):
            while True:
                sock, _ = self._listening.accept()
                sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                with self._lock:
                    self.connections += 1
                    self._open.add(sock)
                self._start(self._serve, sock)

    def _serve(self, sock: socket.socket) -> None:
        noted: dict[str, float] = {}
        with sock, suppress(OSError, HangUp), sock.makefile("rb") as file:
            nth = 0
            while line := file.readline():
                size = 0
                while (header := file.readline()).strip():
                    if header.lower().startswith(b"content-length"):
                        size = int(header.split(b":")[1])
                nth += 1
                self.act(self._received(sock, line.decode(), file.read(size), nth, noted))
        with self._lock:
            self._open.discard(sock)

    def _received(
        self, sock: socket.socket, line: str, raw: bytes, nth: int, noted: dict[str, float]
    ) -> Call:
        method, path, _ = line.split(" ")
        route = find_route(method, path)
        body = json.loads(raw) if raw else {}
        streamed = route.streamed or bool(route.provider == "openai" and body.get("stream"))
        with self._lock:
            call = Call(sock, len(self.calls) + 1, nth, route, body, streamed, time.monotonic(), noted)
            self.calls.append(call)
        return call


def http(head: dict[str, str], body: bytes) -> bytes:
    """A response of known length."""
    lines = [f"{name}: {value}" for name, value in head.items()]
    return "\r\n".join(["HTTP/1.1 200 OK", *lines, f"Content-Length: {len(body)}", "", ""]).encode() + body


def chunk(data: bytes) -> bytes:
    """One chunk of a chunked body."""
    return f"{len(data):x}\r\n".encode() + data + b"\r\n"


def files_with(folder: Path, text: str) -> list[str]:
    """Names of the files below a folder that hold a text."""
    files = (path for path in folder.rglob("*") if path.is_file())
    return [path.name for path in files if text.encode() in path.read_bytes()]
