"""Server-sent events of an OpenAI stream, read below the SDK's typed objects."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator, Mapping
from typing import Any, Final

from smartllm.errors import ResponseError
from smartllm.runtime.wire.events import ResponseEvents
from smartllm.runtime.wire.http import LARGEST_ANSWER, too_large
from smartllm.runtime.wire.sse import SSEDecoder

_SHOWN: Final = 200


class OpenAIEvents(ResponseEvents):
    """The events of one answer."""

    async def _batches(self) -> AsyncIterator[Iterator[Mapping[str, Any]]]:
        decoder = SSEDecoder()
        await self._check_type()
        async for data in self._received():
            if decoder.buffered + len(data) > LARGEST_ANSWER:
                raise too_large(self._model, self._response.status, self.request_id)
            yield self._read(decoder.feed(data))
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
        async for data in self._received():
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
