"""What the events of both providers' streams share: one response of aiohttp, read as it comes."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import AsyncIterator, Iterator, Mapping
from typing import TYPE_CHECKING, Any

from smartllm.errors import StreamError
from smartllm.runtime.wire.way import Way

if TYPE_CHECKING:
    from aiohttp import ClientResponse


class ResponseEvents(ABC):
    """The events of one answer, in batches: those that come in one read of the connection.

    Args:
        response: aiohttp's response, not read yet.
        model: Model id, for errors.
        way: How the host is reached, for errors.
        request_id: The provider's id of the call.
    """

    def __init__(self, response: ClientResponse, *, model: str, way: Way, request_id: str | None) -> None:
        self.request_id = request_id
        self._response, self._model, self._way = response, model, way

    def __aiter__(self) -> AsyncIterator[Iterator[Mapping[str, Any]]]:
        return self._batches()

    @abstractmethod
    def _batches(self) -> AsyncIterator[Iterator[Mapping[str, Any]]]:
        """The events as they come."""

    async def aclose(self) -> None:
        """Close the connection; one that was read to its end is kept for the next call."""
        self._response.close()

    async def _received(self) -> AsyncIterator[bytes]:
        """The bytes as they come, with our errors."""
        from aiohttp import ClientError  # noqa: PLC0415 - an extra, loaded on first use

        try:
            async for data in self._response.content.iter_any():
                yield data
        except TimeoutError:
            raise self._way.too_slow("read", self._model) from None
        except (ClientError, OSError, RuntimeError) as error:  # RuntimeError: the client was closed meanwhile
            raise self._broken(f"the connection broke ({type(error).__name__})") from None

    def _broken(self, message: str) -> StreamError:
        return StreamError(message, model=self._model, request_id=self.request_id, retryable=True)
