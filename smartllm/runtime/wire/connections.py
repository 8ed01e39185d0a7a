"""Kept connections that can be trusted: nothing unasked on them, probed while quiet, never another's.

Loads aiohttp; import it where a connection is made.
"""

from __future__ import annotations

import asyncio
import os
import select
import socket
from contextvars import ContextVar
from functools import partial
from typing import Any, Final

import aiohttp
from aiohttp.client_proto import ResponseHandler

from smartllm.runtime.control.ending import lets_sessions_go

# A silent connection through a NAT is dropped by it after minutes; the other side then waits for ever.
# platform.claude.com/docs/en/api/errors, "TCP socket keep-alive", 2026-11-26.
_PROBE_AFTER, _PROBE_EVERY, _PROBES = 60, 60, 5


_OPEN: Final[set[aiohttp.ClientSession]] = set()
"""Held here, so that no collector finds a session, which would complain, before it is closed."""


def watched(session: aiohttp.ClientSession) -> aiohttp.ClientSession:
    """A session that is silent at the end of the program, though nobody has closed it."""
    _OPEN.difference_update([each for each in list(_OPEN) if each.closed])
    _OPEN.add(session)
    return session


@lets_sessions_go
def _detach_all() -> None:
    for session in list(_OPEN):
        if not session.closed:
            session.detach()


class Sending:
    """One request on its way.

    Attributes:
        fresh: Only a new connection will do.
        reused: It went out on a kept connection.
    """

    __slots__ = ("fresh", "reused")

    def __init__(self) -> None:
        self.fresh = self.reused = False


SENDING: Final[ContextVar[Sending | None]] = ContextVar("smartllm_sending", default=None)
"""What a connector tells to, and hears from, whoever sends."""


class _Protocol(ResponseHandler):
    """aiohttp's, that closes itself when it hears something while nobody has asked."""

    kept = False

    def data_received(self, data: bytes) -> None:
        if self.kept and data:  # aiohttp calls with nothing to go on where it had paused
            self.force_close()
            if self.transport is not None:
                self.transport.abort()
            return
        super().data_received(data)


class Owned:
    """A connector of one process and one event loop: closed to all others, and silent when it is dropped."""

    _process: int
    _loop: asyncio.AbstractEventLoop

    @property
    def closed(self) -> bool:
        """Whether it can be used no more, here."""
        closed: bool = super().closed  # type: ignore[misc]
        return closed or self._loop.is_closed() or self._process != os.getpid()

    def __del__(self, *_: Any) -> None:
        """Say nothing, close nothing: whoever opened it does, in its own loop and process."""


def owned(session: aiohttp.ClientSession) -> aiohttp.ClientSession:
    """A session of somebody else's making, with a connector that knows its owner."""
    connector: Any = session.connector
    if connector is not None and not isinstance(connector, Owned):
        kind = type(connector)
        connector.__class__ = type(kind.__name__, (Owned, kind), {})
        connector._process = os.getpid()  # noqa: SLF001 - of the class above
        watched(session)
    return session


class Connector(Owned, aiohttp.TCPConnector):
    """aiohttp's, with connections that can be trusted.

    A kept connection on which anything came since its last answer, be it bytes or its end, is closed and not
    used: the next prompt would get what was sent for the last one (aiohttp#13656).
    """

    def __init__(self, **settings: Any) -> None:
        super().__init__(socket_factory=_probed_socket, **settings)
        self._factory: Any = partial(_Protocol, loop=self._loop)
        self._process = os.getpid()

    async def _get(self, key: Any, traces: Any) -> Any:
        sending = SENDING.get()
        if sending is not None and sending.fresh:
            return None
        kept = self._conns.get(key)
        while kept and _heard(kept[0][0]):
            kept.popleft()[0].close()
        connection: Any = await super()._get(key, traces) if kept else None
        if not kept:
            self._conns.pop(key, None)
        if connection is not None:
            connection.protocol.kept = False
            if sending is not None:
                sending.reused = True
        return connection

    def _release(self, key: Any, protocol: Any, *, should_close: bool = False) -> None:
        protocol.kept = True
        super()._release(key, protocol, should_close=should_close)


def _heard(protocol: Any) -> bool:
    """Whether something came on a quiet connection: read already, or still in the kernel."""
    transport = protocol.transport
    if transport is None or transport.is_closing() or protocol.should_close:
        return True
    found = transport.get_extra_info("socket")
    return found is None or found.fileno() < 0 or _readable(found.fileno())


def _readable(descriptor: int) -> bool:
    if not hasattr(select, "poll"):  # Windows
        return bool(select.select([descriptor], [], [], 0)[0])
    poll = select.poll()
    poll.register(descriptor, select.POLLIN)
    return bool(poll.poll(0))


def _probed_socket(address: tuple[Any, ...]) -> socket.socket:
    family, kind, protocol, *_ = address
    made = socket.socket(family=family, type=kind, proto=protocol)
    try:
        made.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
        for name, value in (
            ("TCP_KEEPIDLE", _PROBE_AFTER),
            ("TCP_KEEPALIVE", _PROBE_AFTER),  # macOS' name for the same
            ("TCP_KEEPINTVL", _PROBE_EVERY),
            ("TCP_KEEPCNT", _PROBES),
        ):
            option = getattr(socket, name, None)
            if option is not None:
                made.setsockopt(socket.IPPROTO_TCP, option, value)
    except OSError:
        made.close()
        raise
    return made
