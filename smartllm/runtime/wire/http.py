"""One HTTP transport for every host: aiohttp's sessions, one for each process and event loop."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Any, Final

from smartllm import __version__
from smartllm.errors import ConfigError
from smartllm.runtime.control.owner import PerOwner, closing_with_its_loop
from smartllm.runtime.wire.way import Way

if TYPE_CHECKING:
    from ssl import SSLContext

    from aiohttp import ClientResponse, ClientSession
    from yarl import URL

# What the openai SDK's HTTP library takes for the whole head of a response.
_HEAD: Final = {"max_line_size": 64 * 1024, "max_field_size": 64 * 1024}
_HEADERS: Final = 1024
# What servers send to a quiet connection that they end, without having read a request.
_UNASKED: Final = frozenset({400, 408})


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
            return await _sent(session, request, self.way.proxy)

    async def aclose(self) -> None:
        """Close this loop's connections, and have the other loops close theirs."""
        self._closed = True
        for loop, theirs in self._pools.others():
            loop.call_soon_threadsafe(theirs.close_soon)
        pool = self._pools.drop()
        if pool is not None:
            await pool.aclose()


class _Pool:
    """The connections of one loop."""

    def __init__(self, way: Way) -> None:
        self._way = way
        self.session: ClientSession | None = None
        self._keeper: AsyncGenerator[None] | None = None
        self._lock = asyncio.Lock()
        self._closing: asyncio.Task[None] | None = None

    async def open(self) -> ClientSession:
        """The session, made on first use."""
        import aiohttp  # noqa: PLC0415 - an extra, loaded on first use

        from smartllm.runtime.wire.connections import Connector, watched  # noqa: PLC0415 - same

        async with self._lock:
            if self.session is None:
                way = self._way
                secure: SSLContext | bool = True
                if way.certificates is not None and way.address.startswith("https"):
                    # Certificates are read from the disk, which takes milliseconds.
                    secure = await asyncio.to_thread(way.certificates.context)
                limits: dict[str, Any] = _head_limits()
                session = aiohttp.ClientSession(
                    connector=Connector(limit=way.pool, ssl=secure),
                    timeout=aiohttp.ClientTimeout(
                        total=None, sock_connect=way.timeouts.connect, sock_read=way.timeouts.read
                    ),
                    cookie_jar=aiohttp.DummyCookieJar(),
                    headers={"User-Agent": f"smartllm/{__version__}"},
                    **limits,
                )
                self._keeper = await closing_with_its_loop(watched(session).close)
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


def _head_limits() -> dict[str, int]:
    import inspect  # noqa: PLC0415 - once a loop

    import aiohttp  # noqa: PLC0415 - an extra, loaded on first use

    known = inspect.signature(aiohttp.ClientSession.__init__).parameters
    return _HEAD | ({"max_headers": _HEADERS} if "max_headers" in known else {})


async def _sent(session: ClientSession, request: WireRequest, proxy: str | None) -> ClientResponse:
    import aiohttp  # noqa: PLC0415 - an extra, loaded on first use

    from smartllm.runtime.wire.connections import SENDING, Sending  # noqa: PLC0415 - same

    async def send() -> ClientResponse:
        return await session.request(
            request.method,
            _url(request.url),
            data=request.body or None,
            headers=request.headers,
            proxy=proxy,
            allow_redirects=False,
        )

    sending = Sending()
    token = SENDING.set(sending)
    try:
        try:
            response = await send()
        except (aiohttp.ServerDisconnectedError, aiohttp.ClientOSError) as error:
            begun = isinstance(error, aiohttp.ServerDisconnectedError) and not isinstance(error.message, str)
            if not sending.reused or begun:
                raise
        else:
            if not (sending.reused and _unasked(response)):
                return response
            response.close()
        sending.fresh = True
        return await send()
    finally:
        SENDING.reset(token)


def _unasked(response: ClientResponse) -> bool:
    """Whether a server only ends a quiet connection: a refusal without a word, and no more."""
    headers = response.headers
    last = headers.get("Connection", "").lower() == "close"
    return response.status in _UNASKED and last and headers.get("Content-Length") == "0"


@lru_cache(maxsize=256)
def _url(text: str) -> URL:
    from yarl import URL  # noqa: PLC0415 - comes with aiohttp

    return URL(text, encoded=True)
