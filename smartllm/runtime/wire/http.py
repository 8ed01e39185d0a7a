"""One HTTP transport for every host: aiohttp's sessions, one for each process and event loop."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import suppress
from dataclasses import replace
from typing import TYPE_CHECKING

from smartllm.errors import ConfigError, ConnectionFailedError
from smartllm.runtime.control.owner import PerOwner, close_now, closing_with_its_loop
from smartllm.runtime.transport import WireRequest, WireResponse
from smartllm.runtime.wire.causes import NO_ANSWER
from smartllm.runtime.wire.way import Way, Ways

if TYPE_CHECKING:
    from aiohttp import ClientResponse

    from smartllm.runtime.wire.session import Session


class HttpTransport:
    """Sends requests over HTTP.

    Args:
        ways: How hosts are reached.
    """

    def __init__(self, ways: Ways) -> None:
        self._ways = ways
        self._pools: PerOwner[_Pool] = PerOwner(_Pool)
        self._closed = False

    async def send(self, request: WireRequest) -> WireResponse:
        """The response to a request, its body not read yet.

        A kept connection that the server had closed, or ends with a word of its own, costs no attempt: the
        request is sent once more, on a new one.

        Raises:
            ConnectionFailedError: No response came.
            ProviderTimeoutError: None came in time.
            ConfigError: The client is closed.
        """
        pool = self._pools.get()
        if self._closed:
            raise ConfigError("this client is closed; make a new one")
        way = self._ways.to(request.url)
        told = replace(way, timeouts=way.timeouts.buffered) if request.buffered else way
        try:
            session = pool.sessions.get(way.address) or await pool.open(way)
            response = await session.send(request)
        except Exception as error:
            ours = told.failed(error, request.model)
            if ours is None:
                raise
            raise ours from None
        return HttpResponse(response, told, request.model)

    async def aclose(self) -> None:
        """Close this loop's connections, and have the other loops close theirs."""
        self._closed = True
        for loop, theirs in self._pools.others():
            with suppress(RuntimeError):  # it has just ended
                loop.call_soon_threadsafe(theirs.close_soon)
        pool = self._pools.drop()
        if pool is not None:
            await pool.aclose()


class HttpResponse(WireResponse):
    """A response of aiohttp's, whose errors are ours."""

    def __init__(self, response: ClientResponse, way: Way, model: str) -> None:
        self.status, self.headers = response.status, response.headers
        self._response, self._way, self._model = response, way, model

    async def __aiter__(self) -> AsyncIterator[bytes]:
        try:
            async for part in self._response.content.iter_any():
                yield part
        except RuntimeError as error:
            raise ConnectionFailedError(
                f"{NO_ANSWER}the client was closed meanwhile ({type(error).__name__})",
                model=self._model,
                retryable=True,
            ) from None
        except Exception as error:
            ours = self._way.failed(error, self._model)
            if ours is None:
                raise
            raise ours from None

    async def aclose(self) -> None:
        """Close the connection; one that was read to its end is kept for the next call."""
        self._response.close()


class _Pool:
    """The connections of one loop, by the address of the way that they take."""

    def __init__(self) -> None:
        self.sessions: dict[str, Session] = {}
        self._keepers: list[AsyncGenerator[None]] = []
        self._lock = asyncio.Lock()
        self._closing: asyncio.Task[None] | None = None

    async def open(self, way: Way) -> Session:
        """The session of a way, made on first use."""
        from smartllm.runtime.wire.session import Session  # noqa: PLC0415 - loads aiohttp

        async with self._lock:
            session = self.sessions.get(way.address)
            if session is None:
                session = await Session.open(way)
                self._keepers.append(await closing_with_its_loop(session.aclose))
                self.sessions[way.address] = session
            return session

    def close_soon(self) -> None:
        """Close it from outside the loop's tasks."""
        self._closing = asyncio.ensure_future(self.aclose())

    async def aclose(self) -> None:
        """Close all connections."""
        async with self._lock:
            self.sessions = {}
            for keeper in self._keepers:
                await close_now(keeper)
