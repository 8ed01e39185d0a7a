"""What the events of all streams share: one response, read as it comes."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import AsyncIterator, Iterator, Mapping
from types import TracebackType
from typing import Any

from smartllm.errors import ConnectionFailedError, StreamError
from smartllm.runtime.transport import WireResponse
from smartllm.runtime.wire.causes import NO_ANSWER


class ResponseEvents(ABC):
    """The events of one answer, in batches: those that come in one read of the connection.

    Args:
        response: The response, not read yet.
        model: Model id, for errors.
        region: AWS region, for hints.
        request_id: The provider's id of the call.
    """

    def __init__(self, response: WireResponse, *, model: str, region: str, request_id: str | None) -> None:
        self.request_id = request_id
        self._response, self._model, self._region = response, model, region

    def __aiter__(self) -> AsyncIterator[Iterator[Mapping[str, Any]]]:
        return self._batches()

    @abstractmethod
    def _batches(self) -> AsyncIterator[Iterator[Mapping[str, Any]]]:
        """The events as they come; what reads the response is ``within`` it."""

    async def aclose(self) -> None:
        """Close the connection; one that was read to its end is kept for the next call."""
        await self._response.aclose()

    def broken(self, message: str, hint: str = "") -> StreamError:
        """Our error for a stream that broke."""
        return StreamError(message, model=self._model, request_id=self.request_id, retryable=True, hint=hint)


class Within:
    """A ``with`` in which a connection that breaks breaks the stream."""

    __slots__ = ("_events",)

    def __init__(self, events: ResponseEvents) -> None:
        self._events = events

    def __enter__(self) -> None:
        pass

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if isinstance(error, ConnectionFailedError):
            cause = error.message.removeprefix(NO_ANSWER)
            raise self._events.broken(f"the connection broke: {cause}", error.hint) from None
