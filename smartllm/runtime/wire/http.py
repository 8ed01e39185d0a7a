"""One HTTP transport for every host: aiohttp's sessions, one for each process and event loop."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING

from smartllm.errors import ConfigError, ProviderError
from smartllm.runtime.control.owner import PerOwner, closing_with_its_loop
from smartllm.runtime.wire.body import FIRST_REDIRECT, whole_body
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


Refused = Callable[[WireRequest, "ClientResponse", bytes], ProviderError]


class HttpTransport:
    """Sends requests and gives back responses.

    Args:
        way: How the host is reached.
        id_header: In which header the host gives a call's id.
    """

    def __init__(self, way: Way, id_header: str) -> None:
        self.way, self._id_header = way, id_header
        self._pools: PerOwner[_Pool] = PerOwner(lambda: _Pool(way))
        self._closed = False

    async def send(self, request: WireRequest, refused: Refused) -> ClientResponse:
        """The response to a request, its body not read yet.

        A kept connection that the server had closed, or ends with a word of its own, costs no attempt: the
        request is sent once more, on a new one.

        Args:
            request: What to send.
            refused: Makes the error for a status that tells of one. Given with each call: kept here, it would
                tie this and its owner into a ring, which only the garbage collector ends.

        Raises:
            ProviderError: No response came, or its status tells of an error.
            ConfigError: The client is closed.
        """
        pool = self._pools.get()
        if self._closed:
            raise ConfigError("this client is closed; make a new one")
        with self.way.own_errors(request.model):
            session = pool.session or await pool.open()
            response = await session.send(request)
            if response.status < FIRST_REDIRECT:
                return response
            async with response:
                content = await self.whole(response, request.model)
        raise refused(request, response, content)

    def id_of(self, response: ClientResponse) -> str | None:
        """The provider's id of the call, if it gave one."""
        return response.headers.get(self._id_header)

    async def whole(self, response: ClientResponse, model: str) -> bytes:
        """The response's body.

        Raises:
            ResponseError: It is longer than the limit.
        """
        return await whole_body(response, model, self.id_of(response))

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
