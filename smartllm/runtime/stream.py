"""A streamed answer under way: events in, deltas out, with limits on how long each may take."""

from __future__ import annotations

import asyncio
import os
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from typing import Any, Final, TypeVar

from smartllm.compiler import Step
from smartllm.compiler.dialects.decoding import Decoded
from smartllm.compiler.dialects.readers import stream_reader
from smartllm.compiler.dialects.stream import Delta, StreamReader
from smartllm.errors import ProviderError, ProviderTimeoutError, SmartLLMError, StreamError
from smartllm.hosts.format_refusals import read_again
from smartllm.runtime.control.deadline import Deadline, Timeouts
from smartllm.runtime.exchange import HostCalls
from smartllm.runtime.observe.wire_call import WireCall
from smartllm.runtime.replies import EventSource
from smartllm.runtime.secrets import hide_secrets
from smartllm.runtime.structure.structured import OwnInput

E = TypeVar("E", bound=ProviderError)

# Events that are buffered come without a wait; twenty streams at full speed must leave the loop its turns.
_TURN: Final = 0.0003
# After the end of the text: for the counts that some servers send behind it, and others never do.
_GRACE: Final = 2.0
# After the terminator: for the end of the body, without which the connection cannot be kept.
_DRAIN: Final = 0.1


class LiveStream:
    """One streamed answer; not for two readers at once.

    Args:
        source: The events.
        reader: Reads them.
        step: What is answered.
        timeouts: Longest waits.
        deadline: The call's end.
        spent: Seconds until the answer began.
        secrets: What no error may repeat, of the host.

    Attributes:
        on_close: Called once when the stream is closed.
        wire: Is told how the call ended by whoever reads the stream piece by piece.
    """

    def __init__(
        self,
        source: EventSource,
        reader: StreamReader,
        step: Step,
        timeouts: Timeouts,
        deadline: Deadline,
        *,
        spent: float,
        secrets: tuple[str, ...],
    ) -> None:
        self._source, self._reader, self._timeouts = source, reader, timeouts
        self._deadline, self._secrets = deadline, (*secrets, *step.secrets)
        self._own = OwnInput(step)
        self._rest: Delta | None = None
        self._batches = aiter(source)
        self._batch: Iterator[Mapping[str, Any]] = iter(())
        self._begun = self._given = False
        self._quiet = spent
        self._turn = time.monotonic()
        self._process = os.getpid()
        self.on_close: Callable[[], None] | None = None
        self.wire = WireCall(None, step, {}, own=False, content=False)
        deadline.record.said = self._said

    @classmethod
    async def open(cls, calls: HostCalls, step: Step, timeouts: Timeouts, deadline: Deadline) -> LiveStream:
        """Send a step and wait until its answer begins.

        Raises:
            ProviderError: The call failed.
        """
        timeouts = timeouts.buffered if step.buffered else timeouts
        clock, limit = time.monotonic(), timeouts.first_event
        async with deadline.within(limit, "first_event", limit):
            source = await calls.stream(step)
        reader = stream_reader(step.dialect, step.model)
        spent = time.monotonic() - clock
        return cls(source, reader, step, timeouts, deadline, spent=spent, secrets=calls.secrets)

    async def next(self) -> Delta | None:
        """The next delta that has text or a piece of a call; None at the end.

        Raises:
            ProviderError: The stream broke, stalled or reported an error; carries the text so far.
            SmartLLMError: The stream belongs to a parent process.
        """
        now = time.monotonic()
        if now - self._turn > _TURN:
            await asyncio.sleep(0)
            self._turn = time.monotonic()
        try:
            while True:
                delta = self._rest or self._read()
                if delta is None:
                    batch = None if self._reader.over else await self._within_limits()
                    if batch is None:
                        return None
                    self._batch = iter(batch)
                    continue
                text, _, call, self._rest = delta
                if call is not None:
                    self._own.take(call)
                if text or call is not None:
                    self._given = True
                    return delta
        except ProviderError as error:
            # Before anybody has seen anything of it the call may be made in another way.
            told = error if self._given else read_again(error, self._reader.failure)
            raise self._completed(told) from None
        except (AttributeError, LookupError, TypeError, ValueError, RecursionError):
            raise self._unreadable("an event of the stream cannot be read") from None

    def decoded(self) -> Decoded:
        """The whole answer, after the last delta.

        Raises:
            StreamError: The stream ended before its terminator.
            ResponseError: What came is not an answer.
        """
        try:
            return self._reader.decoded(self._source.request_id)
        except ProviderError as error:
            raise self._completed(error) from None
        except (AttributeError, LookupError, TypeError, ValueError, RecursionError):
            raise self._unreadable("the stream does not add up to an answer") from None

    async def aclose(self) -> None:
        """Close the connection, also in the middle of the answer; one that has ended is kept."""
        try:
            if self._process == os.getpid():
                if self._reader.over:
                    await self._drain()
                await self._source.aclose()
        finally:
            if self.on_close is not None:
                self.on_close()
                self.on_close = None

    async def _drain(self) -> None:
        with suppress(TimeoutError, ProviderError, RuntimeError):
            async with asyncio.timeout(_DRAIN):
                while await anext(self._batches, None) is not None:
                    pass

    def _read(self) -> Delta | None:
        """The next delta of what has come, with or without text."""
        for event in self._batch:
            delta = self._reader.feed(event)
            if delta is not None:
                self._begun, self._quiet = True, 0.0
                return delta
        return None

    async def _within_limits(self) -> Any:
        """The next batch; None at the end."""
        if self._process != os.getpid():
            raise SmartLLMError(
                "this stream was begun in a parent process, which reads it", hint="make the call in the child"
            )
        ended = self._reader.ended
        kind = "stall" if self._begun else "first_event"
        limit = getattr(self._timeouts, kind)
        # Only the time spent waiting counts: whoever reads the stream may take their own.
        left = min(_GRACE, limit) if ended else limit - self._quiet
        clock = time.monotonic()
        try:
            async with self._deadline.within(max(left, 0), kind, limit):
                return await anext(self._batches, None)
        except ProviderTimeoutError:
            if ended:
                return None
            raise
        finally:
            self._quiet += time.monotonic() - clock

    def _said(self) -> str:
        """What came of the structure where a call holds it, else of the text."""
        return self._own.text or self._reader.text

    def _unreadable(self, message: str) -> StreamError:
        # Not retried: what no reader foresaw comes again.
        return self._completed(self._reader.broken(message))

    def _completed(self, error: E) -> E:
        """The error with what only the stream knows."""
        error.request_id = error.request_id or self._source.request_id
        error.partial_text = self._said() or error.partial_text
        hide_secrets(error, self._secrets)
        return error


async def assembled(
    calls: HostCalls,
    step: Step,
    timeouts: Timeouts,
    deadline: Deadline,
    on_delta: Callable[[Delta], Any] | None = None,
) -> Decoded:
    """Stream a step and give back its whole answer.

    Args:
        calls: Where to send it.
        step: What to send.
        timeouts: Longest waits.
        deadline: The call's end.
        on_delta: Awaited with each delta.

    Raises:
        ProviderError: The call failed, or the answer broke off.
    """
    live = await LiveStream.open(calls, step, timeouts, deadline)
    try:
        while (delta := await live.next()) is not None:
            if on_delta is not None and delta.text:
                await on_delta(delta)
        return live.decoded()
    finally:
        await live.aclose()
