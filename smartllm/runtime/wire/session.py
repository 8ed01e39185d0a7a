"""aiohttp's session as we use it; loads aiohttp."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator
from functools import lru_cache
from ssl import SSLContext
from typing import Final

import aiohttp
from yarl import URL

from smartllm import __version__
from smartllm.compiler.headers import merged
from smartllm.compiler.payload import Payload
from smartllm.runtime.control.deadline import Timeouts
from smartllm.runtime.transport import WireRequest
from smartllm.runtime.wire.connections import SENDING, Connector, Sending, watched
from smartllm.runtime.wire.way import Way

_NAME: Final = {"User-Agent": f"smartllm/{__version__}"}
# What the openai SDK's HTTP library takes for the whole head of a response.
_HEAD: Final = 64 * 1024
_HEADERS: Final = 1024
# What servers send to a quiet connection that they end, without having read a request.
_UNASKED: Final = frozenset({400, 408})


class Session:
    """Connections of one process and one event loop to one place.

    Args:
        session: aiohttp's.
        way: Where to, and how.
    """

    def __init__(self, session: aiohttp.ClientSession, way: Way) -> None:
        self.session, self._proxy = session, way.proxy
        self._plain, self._buffered = _limits(way.timeouts), _limits(way.timeouts.buffered)

    @classmethod
    async def open(cls, way: Way) -> Session:
        """A session for a way to a host."""
        secure: SSLContext | bool = True
        if way.certificates is not None and way.address.startswith("https"):
            # Certificates are read from the disk, which takes milliseconds.
            secure = await asyncio.to_thread(way.certificates.context)
        session = aiohttp.ClientSession(
            connector=Connector(limit=way.pool, ssl=secure),
            timeout=_limits(way.timeouts),
            cookie_jar=aiohttp.DummyCookieJar(),
            max_line_size=_HEAD,
            max_field_size=_HEAD,
            max_headers=_HEADERS,
        )
        return cls(watched(session), way)

    async def aclose(self) -> None:
        """Close all connections."""
        await self.session.close()

    async def send(self, request: WireRequest) -> aiohttp.ClientResponse:
        """The response, its body not read yet; once more on a new connection where a kept one had ended."""
        sending = Sending()
        token = SENDING.set(sending)
        try:
            try:
                response = await self._send(request)
            except (aiohttp.ServerDisconnectedError, aiohttp.ClientOSError) as error:
                begun = isinstance(error, aiohttp.ServerDisconnectedError) and not isinstance(
                    error.message, str
                )
                if not sending.reused or begun:
                    raise
            else:
                if not (sending.reused and _unasked(response)):
                    return response
                response.close()
            sending.fresh = True
            return await self._send(request)
        finally:
            SENDING.reset(token)

    async def _send(self, request: WireRequest) -> aiohttp.ClientResponse:
        return await self.session.request(
            request.method,
            _url(request.url),
            data=_data(request.content) or None,
            headers={**merged(_NAME, request.headers), **_length(request.content)},
            proxy=self._proxy,
            timeout=self._buffered if request.buffered else self._plain,
            allow_redirects=False,
        )


def _data(content: bytes | Payload) -> bytes | AsyncIterator[bytes]:
    return content if isinstance(content, bytes) else _parts(content)


async def _parts(content: Payload) -> AsyncGenerator[bytes]:
    """The parts of a body with media; others have their turn between them."""
    for part in content:
        yield part
        await asyncio.sleep(0)


def _length(content: bytes | Payload) -> dict[str, str]:
    """The header by which a body in parts goes out as one, since AWS takes no other; aiohttp counts bytes."""
    return {} if isinstance(content, bytes) else {"Content-Length": str(len(content))}


def _limits(timeouts: Timeouts) -> aiohttp.ClientTimeout:
    return aiohttp.ClientTimeout(total=None, sock_connect=timeouts.connect, sock_read=timeouts.read)


def _unasked(response: aiohttp.ClientResponse) -> bool:
    """Whether a server only ends a quiet connection: a refusal without a word, and no more."""
    if response.status not in _UNASKED:
        return False
    last = response.headers.get("Connection", "").lower() == "close"
    return last and response.headers.get("Content-Length") == "0"


@lru_cache(maxsize=256)
def _url(text: str) -> URL:
    return URL(text, encoded=True)
