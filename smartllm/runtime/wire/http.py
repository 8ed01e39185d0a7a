"""One HTTP transport for every host: aiohttp's sessions, one for each process and event loop."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING

from smartllm.errors import ConfigError
from smartllm.runtime.control.owner import PerOwner, closing_with_its_loop
from smartllm.runtime.wire.way import Way

if TYPE_CHECKING:
    from aiohttp import ClientResponse

    from smartllm.runtime.wire.session import Session


@dataclass(frozen=True, slots=True)
class WireRequest:
    """What goes over the wire.

    Attributes:
        method: HTTP method.
        url: Whole and percent-encoded.
        headers: Without what HTTP itself needs.
        body: The bytes.
        model: Model id, for errors.
    """

    method: str
    url: str
    headers: Mapping[str, str]
    body: bytes
    model: str


class HttpTransport:
    """Sends requests and gives back responses.

    Args:
        way: How the host is reached.
    """

    def __init__(self, way: Way) -> None:
        self.way = way
        self._pools: PerOwner[_Pool] = PerOwner(lambda: _Pool(way))
        self._closed = False

    async def send(self, request: WireRequest) -> ClientResponse:
        """The response to a request, its body not read yet.

        A kept connection that the server had closed, or ends with a word of its own, costs no attempt: the
        request is sent once more, on a new one.

        Raises:
            ProviderError: No response came.
            ConfigError: The client is closed.
        """
        pool = self._pools.get()
        if self._closed:
            raise ConfigError("this client is closed; make a new one")
        with self.way.own_errors(request.model):
            session = pool.session or await pool.open()
            return await session.send(request)

    async def aclose(self) -> None:
        """Close this loop's connections, and have the other loops close theirs."""
        self._closed = True
        for loop, theirs in self._pools.others():
            with suppress(RuntimeError):  # it has just ended
                loop.call_soon_threadsafe(theirs.close_soon)
        pool = self._pools.drop()
        if pool is not None:
            await pool.aclose()


class _Pool:
    """The connections of one loop."""

    def __init__(self, way: Way) -> None:
        self._way = way
        self.session: Session | None = None
        self._keeper: AsyncGenerator[None] | None = None
        self._lock = asyncio.Lock()
        self._closing: asyncio.Task[None] | None = None

    async def open(self) -> Session:
        """The session, made on first use."""
        from smartllm.runtime.wire.session import Session  # noqa: PLC0415 - loads aiohttp

        async with self._lock:
            if self.session is None:
                session = await Session.open(self._way)
                self._keeper = await closing_with_its_loop(session.aclose)
                self.session = session
            return self.session

    def close_soon(self) -> None:
        """Close it from outside the loop's tasks."""
        self._closing = asyncio.ensure_future(self.aclose())

    async def aclose(self) -> None:
        """Close all connections."""
        async with self._lock:
            self.session = None
            if self._keeper is not None:
                await self._keeper.aclose()
