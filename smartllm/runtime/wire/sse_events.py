"""The events of a streamed answer that comes as server-sent events."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator, Mapping
from typing import Any, Final

from smartllm.compiler.dialects.reading import json_of
from smartllm.compiler.dialects.stream import WholeReply
from smartllm.errors import ResponseError
from smartllm.runtime.wire.body import LARGEST_ANSWER, too_large
from smartllm.runtime.wire.events import ResponseEvents, Within
from smartllm.runtime.wire.sse import SSEDecoder, looks_like_events
from smartllm.said import ADDRESS, said

_SHOWN: Final = 200
_OTHER: Final = (b"{", b"[", b"<")
"""How JSON and HTML begin."""


class SSEEvents(ResponseEvents):
    """The events of one answer."""

    async def _batches(self) -> AsyncIterator[Iterator[Mapping[str, Any]]]:
        decoder, received, start = SSEDecoder(), aiter(self._response), b""
        with Within(self):
            async for data in received:
                start += data
                if looks_like_events(start) is not None or len(start) > _SHOWN:
                    break
            if self._is_other(start):
                yield iter([await self._whole_reply(start, received)])
                return
            part: bytes | None = start
            while part is not None:
                if decoder.buffered + len(part) > LARGEST_ANSWER:
                    raise too_large(self._model, self._response.status, self.request_id)
                yield self._read(decoder.feed(part))
                part = await anext(received, None)
            yield self._read(decoder.end())

    def _read(self, events: Iterator[Mapping[str, Any]]) -> Iterator[Mapping[str, Any]]:
        """The events, or our error at the first that cannot be read."""
        try:
            yield from events
        except (ValueError, TypeError, RecursionError) as error:
            cause = type(error).__name__
            raise self.broken(f"an event of the stream is not a JSON object ({cause})") from None

    @property
    def _content_type(self) -> str:
        return str(self._response.headers.get("content-type", "text/event-stream")).lower()

    def _is_other(self, start: bytes) -> bool:
        """Whether the answer is no stream: the bytes decide, and the header only where they do not."""
        if looks_like_events(start):
            return False
        return start.lstrip().startswith(_OTHER) or "event-stream" not in self._content_type

    async def _whole_reply(self, content: bytes, received: AsyncIterator[bytes]) -> WholeReply:
        """The answer that came in one piece.

        Raises:
            ResponseError: It is no JSON object.
        """
        parts, size = [content], len(content)
        wanted = LARGEST_ANSWER if content.lstrip().startswith(b"{") else _SHOWN
        while size < wanted and (data := await anext(received, None)) is not None:
            parts.append(data)
            size += len(data)
        content = b"".join(parts)
        if size >= LARGEST_ANSWER:
            raise too_large(self._model, self._response.status, self.request_id)
        try:
            reply = json_of(content)
        except (ValueError, RecursionError):
            reply = None
        if not isinstance(reply, dict):
            raise ResponseError(
                f"the provider's answer is not a stream but {self._content_type}: {content[:_SHOWN]!r}",
                model=self._model,
                status=self._response.status,
                request_id=self.request_id,
                hint=said(
                    "check that {} points at the API itself, and that the server can stream",
                    ADDRESS,
                ),
            )
        return WholeReply(reply)
