"""Time: one deadline a call for everything that waits, and the end of all waits when a client is closed."""

from __future__ import annotations

import asyncio
import copy
import datetime as dt
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from types import TracebackType
from typing import Final, Self, TypeVar

from smartllm.compiler import Plan
from smartllm.compiler.dialects.decoding import Decoded
from smartllm.errors import ConnectionFailedError, ProviderError, ProviderTimeoutError
from smartllm.runtime.structure.tries import Try

E = TypeVar("E", bound=ProviderError)

_NEVER: Final = float("inf")
_BUFFERED: Final = 4


@dataclass(frozen=True, slots=True)
class Timeouts:
    """A client's time limits, in seconds.

    Attributes:
        connect: Until a connection stands.
        read: Longest silence of a connection.
        first_event: From sending to the first delta of a streamed answer.
        stall: Between two deltas; pings and comments are none.
        total: For a whole call, without the time that the reader of a stream takes.
    """

    connect: float
    read: float
    first_event: float
    stall: float
    total: float

    @property
    def buffered(self) -> Timeouts:
        """The limits of a stream in which a call comes only when all of it is written."""
        # 368 s were measured for 52k tokens: a model's longest output takes a quarter of an hour.
        return replace(self, read=_BUFFERED * self.read, stall=_BUFFERED * self.stall)


@dataclass(slots=True)
class Record:
    """What an error of a call tells of it.

    Attributes:
        attempts: How often something was sent.
        said: Gives the text that a stream has brought so far.
        answers: The answers of steps that are done.
        tries: Earlier answers that did not fit, in order.
        plan: The plan to which they are answers; None for the one of the request.
        began: When the call began.
    """

    attempts: int = 0
    said: Callable[[], str] = str
    answers: list[Decoded] = field(default_factory=list)
    tries: tuple[Try, ...] = ()
    plan: Plan | None = None
    began: dt.datetime = field(default_factory=lambda: dt.datetime.now(dt.UTC))

    def last_try(self) -> Decoded:
        """The last of the tries, which is one no longer: nothing came after it."""
        *earlier, last = self.tries
        self.tries = tuple(earlier)
        return last.answer


class OpenWaits:
    """The waits of one event loop, so that closing a client can end them at once."""

    def __init__(self) -> None:
        self.closed = False
        self._scopes: set[asyncio.Timeout] = set()

    def add(self, scope: asyncio.Timeout) -> None:
        """A wait begins."""
        self._scopes.add(scope)

    def discard(self, scope: asyncio.Timeout) -> None:
        """A wait is over."""
        self._scopes.discard(scope)

    def end(self) -> None:
        """End every wait; whoever waits gets an error."""
        self.closed = True
        now = asyncio.get_running_loop().time()
        for scope in self._scopes:
            if not scope.expired():
                scope.reschedule(now)


class Deadline:
    """The end of one call.

    Args:
        seconds: From now on.
        model: For errors.
        waits: Where its waits are registered.
        record: What its errors tell.
    """

    __slots__ = ("_end", "_left", "_waits", "model", "record", "seconds")

    def __init__(self, seconds: float, model: str, waits: OpenWaits, record: Record | None = None) -> None:
        self.seconds, self.model = seconds, model
        self.record = Record() if record is None else record
        self._waits = waits
        self._end = asyncio.get_running_loop().time() + seconds
        self._left: float | None = None

    def again(self, model: str | None = None) -> Deadline:
        """The same end for another call, which has a record of its own, and perhaps another model."""
        other = copy.copy(self)
        other.model = model or self.model
        other.record = Record()
        return other

    def count_waits_only(self) -> None:
        """From now on time passes in scopes alone: the reader of a stream takes time of their own."""
        self._left = self._end - asyncio.get_running_loop().time()

    def end(self, now: float) -> float:
        """When it is over, on the loop's clock, if the call waits from ``now`` on."""
        return self._end if self._left is None else now + self._left

    def waited(self, seconds: float) -> None:
        """A scope has ended."""
        if self._left is not None:
            self._left -= seconds

    def scope(self) -> Within:
        """Whatever is awaited inside ends with the call.

        Raises:
            ProviderTimeoutError: (from the scope) the time is over.
            ConnectionFailedError: (from the scope) the client was closed.
        """
        return Within(self, self._waits, "total", self.seconds, _NEVER)

    def within(self, seconds: float, kind: str, limit: float) -> Within:
        """As ``scope``, with a shorter limit where the call has longer.

        Args:
            seconds: From now on.
            kind: Name of the limit, for the error.
            limit: The setting's value, for the error.
        """
        return Within(self, self._waits, kind, limit, seconds)


class Within:
    """A part of a call that must end in time; made by ``Deadline``."""

    __slots__ = ("_began", "_deadline", "_kind", "_limit", "_scope", "_seconds", "_waits")

    def __init__(self, deadline: Deadline, waits: OpenWaits, kind: str, limit: float, seconds: float) -> None:
        self._deadline, self._waits = deadline, waits
        self._kind, self._limit, self._seconds = kind, limit, seconds

    async def __aenter__(self) -> Self:
        if self._waits.closed:
            raise self._closed()
        now = self._began = asyncio.get_running_loop().time()
        end = self._deadline.end(now)
        if now + self._seconds < end:
            end = now + self._seconds
        else:
            self._kind, self._limit = "total", self._deadline.seconds
        self._scope = asyncio.Timeout(None if end == _NEVER else end)
        await self._scope.__aenter__()
        self._waits.add(self._scope)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._waits.discard(self._scope)
        self._deadline.waited(asyncio.get_running_loop().time() - self._began)
        try:
            await self._scope.__aexit__(kind, error, trace)
        except TimeoutError:
            raise (self._closed() if self._waits.closed else self._late()) from None

    def _late(self) -> ProviderTimeoutError:
        error = ProviderTimeoutError(
            self._kind, self._limit, model=self._deadline.model, retryable=self._kind != "total"
        )
        return self._told(error)

    def _closed(self) -> ConnectionFailedError:
        error = ConnectionFailedError(
            "the client was closed while the call was under way",
            model=self._deadline.model,
            hint="close a client when its calls have ended",
        )
        return self._told(error)

    def _told(self, error: E) -> E:
        record = self._deadline.record
        error.attempts, error.partial_text = record.attempts, record.said()
        return error
