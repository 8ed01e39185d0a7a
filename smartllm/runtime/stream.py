"""A streamed answer under way: events in, pieces out, with limits on how long each may take."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final, TypeVar

from smartllm.compiler import Step
from smartllm.compiler.dialects import Decoded
from smartllm.compiler.dialects.readers import stream_reader
from smartllm.compiler.dialects.stream import Delta, StreamReader
from smartllm.errors import ProviderError, ProviderTimeoutError, StreamError
from smartllm.runtime.transport import EventSource, Transport, hide_secrets

E = TypeVar("E", bound=ProviderError)

# Events that are buffered come without a wait; twenty streams at full speed must leave the loop its turns.
_BREATH: Final = 0.0003


@dataclass(frozen=True, slots=True)
class Patience:
    """Longest waits for a stream, in seconds.

    Attributes:
        first_event: From sending to the first piece of the answer.
        stall: Between pieces; pings and comments are none.
        total: For the whole call, without the time that its reader takes.
    """

    first_event: float
    stall: float
    total: float


class LiveStream:
    """One streamed answer; not for two readers at once.

    Attributes:
        on_close: Called once when the stream is closed.
    """

    def __init__(
        self,
        source: EventSource,
        reader: StreamReader,
        patience: Patience,
        *,
        spent: float,
        secrets: tuple[str, ...],
    ) -> None:
        self._source, self._reader, self._patience = source, reader, patience
        self._secrets = secrets
        self._batches = aiter(source)
        self._batch: Iterator[Mapping[str, Any]] = iter(())
        self._spent = spent
        self._begun = False
        self._quiet = spent
        self._breath = time.monotonic()
        self.on_close: Callable[[], None] | None = None

    @classmethod
    async def open(cls, transport: Transport, step: Step, patience: Patience) -> LiveStream:
        """Send a step and wait until its answer begins.

        Raises:
            ProviderError: The call failed.
        """
        clock = time.monotonic()
        limit = min(patience.first_event, patience.total)
        kind = "first_event" if patience.first_event <= patience.total else "total"
        try:
            async with asyncio.timeout(limit) as scope:
                source = await transport.stream(step)
        except TimeoutError:
            if not scope.expired():
                raise
            retryable = kind != "total"
            raise ProviderTimeoutError(kind, limit, model=step.model, retryable=retryable) from None
        reader = stream_reader(step.dialect, step.model)
        return cls(source, reader, patience, spent=time.monotonic() - clock, secrets=transport.secrets)

    async def next(self) -> Delta | None:
        """The next piece that has text; None at the end.

        Raises:
            ProviderError: The stream broke, stalled or reported an error; carries the text so far.
        """
        now = time.monotonic()
        if now - self._breath > _BREATH:
            await asyncio.sleep(0)
            self._breath = time.monotonic()
        try:
            while True:
                piece = await self._next_progress()
                if piece is None or piece.text:
                    return piece
        except ProviderError as error:
            error.partial_text = self._reader.text
            raise self._completed(error) from None
        except (AttributeError, LookupError, TypeError, ValueError, RecursionError):
            raise self._broken("an event of the stream cannot be read") from None

    def decoded(self) -> Decoded:
        """The whole answer, after the last piece.

        Raises:
            StreamError: The stream ended before its terminator.
            ResponseError: What came is not an answer.
        """
        try:
            return self._reader.decoded()
        except ProviderError as error:
            raise self._completed(error) from None
        except (AttributeError, LookupError, TypeError, ValueError, RecursionError):
            raise self._broken("the stream does not add up to an answer") from None

    async def aclose(self) -> None:
        """Close the connection, also in the middle of the answer."""
        try:
            await self._source.aclose()
        finally:
            if self.on_close is not None:
                self.on_close()
                self.on_close = None

    async def _next_progress(self) -> Delta | None:
        """The next piece, with or without text."""
        while True:
            for event in self._batch:
                piece = self._reader.feed(event)
                if piece is not None:
                    self._begun, self._quiet = True, 0.0
                    return piece
            batch = await self._within_limits()
            if batch is None:
                return None
            self._batch = iter(batch)

    async def _within_limits(self) -> Any:
        """The next batch; None at the end."""
        # Only the time spent waiting counts: whoever reads the stream may take their own.
        kind = "stall" if self._begun else "first_event"
        left, total = getattr(self._patience, kind) - self._quiet, self._patience.total - self._spent
        if total < left:
            kind, left = "total", total
        clock = time.monotonic()
        try:
            async with asyncio.timeout(max(left, 0)) as scope:
                return await anext(self._batches, None)
        except TimeoutError:
            if not scope.expired():
                raise
            seconds = getattr(self._patience, kind)
            raise ProviderTimeoutError(
                kind, seconds, model=self._reader.model, retryable=kind != "total"
            ) from None
        finally:
            waited = time.monotonic() - clock
            self._spent += waited
            self._quiet += waited

    def _broken(self, message: str) -> StreamError:
        return self._completed(self._reader.broken(message, retryable=True))

    def _completed(self, error: E) -> E:
        """The error with what only the stream knows."""
        error.request_id = error.request_id or self._source.request_id
        hide_secrets(error, self._secrets)
        return error


async def assembled(
    transport: Transport,
    step: Step,
    patience: Patience,
    on_delta: Callable[[Delta], Any] | None = None,
) -> Decoded:
    """Stream a step and give back its whole answer.

    Args:
        transport: Where to send it.
        step: What to send.
        patience: Longest waits.
        on_delta: Awaited with each piece.

    Raises:
        ProviderError: The call failed, or the answer broke off.
    """
    live = await LiveStream.open(transport, step, patience)
    try:
        while (piece := await live.next()) is not None:
            if on_delta is not None:
                await on_delta(piece)
        return live.decoded()
    finally:
        await live.aclose()
