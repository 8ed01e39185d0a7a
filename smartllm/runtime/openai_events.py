"""Server-sent events of an OpenAI stream, read below the SDK's typed objects."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator, Mapping
from typing import TYPE_CHECKING, Any, Final

from smartllm.errors import ProviderError, ProviderTimeoutError, ResponseError, StreamError
from smartllm.runtime.http import LARGEST_ANSWER, too_large
from smartllm.runtime.sse import SSEDecoder

if TYPE_CHECKING:
    from aiohttp import ClientResponse

_SHOWN: Final = 200


class OpenAIEvents:
    """The events of one answer.

    Args:
        response: aiohttp's response, not read yet.
        model: Model id, for errors.
        read_timeout: Longest silence of the connection in seconds, for errors.
    """

    def __init__(self, response: ClientResponse, *, model: str, read_timeout: float) -> None:
        self.request_id: str | None = response.headers.get("x-request-id")
        self._response, self._model, self._read_timeout = response, model, read_timeout

    def __aiter__(self) -> AsyncIterator[Iterator[Mapping[str, Any]]]:
        return self._batches()

    async def aclose(self) -> None:
        """Close the connection; one that was read to its end is kept for the next call."""
        self._response.close()

    async def _batches(self) -> AsyncIterator[Iterator[Mapping[str, Any]]]:
        import aiohttp  # noqa: PLC0415 - an extra, loaded on first use

        decoder = SSEDecoder()
        try:
            await self._check_type()
            async for data in self._response.content.iter_any():
                yield self._read(decoder.feed(data))
                if decoder.buffered > LARGEST_ANSWER:
                    raise too_large(self._model, self._response.status, self.request_id)
        except (aiohttp.ServerTimeoutError, TimeoutError):
            raise self._too_slow() from None
        except (aiohttp.ClientError, OSError, RuntimeError) as error:  # RuntimeError: the client was closed
            raise self._broken(f"the connection broke ({type(error).__name__})") from None
        yield self._read(decoder.end())

    def _read(self, events: Iterator[Mapping[str, Any]]) -> Iterator[Mapping[str, Any]]:
        """The events, or our error at the first that cannot be read."""
        try:
            yield from events
        except (ValueError, TypeError, RecursionError) as error:
            cause = type(error).__name__
            raise self._broken(f"an event of the stream is not a JSON object ({cause})") from None

    async def _check_type(self) -> None:
        kind = self._response.headers.get("content-type", "text/event-stream").lower()
        if "event-stream" in kind:
            return
        content = b""
        async for data in self._response.content.iter_any():
            content += data
            if len(content) >= _SHOWN:
                break
        raise ResponseError(
            f"the provider's answer is not a stream but {kind}: {content[:_SHOWN]!r}",
            model=self._model,
            status=self._response.status,
            request_id=self.request_id,
            hint="check that base_url points at the API itself, and that the server can stream",
        )

    def _too_slow(self) -> ProviderTimeoutError:
        return ProviderTimeoutError("read", self._read_timeout, model=self._model, retryable=True)

    def _broken(self, message: str) -> ProviderError:
        return StreamError(message, model=self._model, request_id=self.request_id, retryable=True)
