"""AWS event streams: frames with checksums, from which the events of a streamed answer are read."""

from __future__ import annotations

import base64
import json
from collections.abc import AsyncIterator, Mapping
from typing import Any

from smartllm.errors import ProviderError, ProviderTimeoutError, StreamError
from smartllm.runtime.bedrock_errors import from_frame


class BedrockEvents:
    """The events of one answer; the frames are decoded by botocore's own buffer.

    botocore's typed event stream is not used: it loses the codes of exceptions that an operation does not
    model and ends without a word when a frame is cut (bedrock_runtime facts §4).

    Args:
        raw: aiohttp's response.
        model: Model id, for errors.
        region: AWS region, for hints.
        read_timeout: Longest silence of the connection in seconds, for errors.
        request_id: AWS's id of the call.
    """

    def __init__(
        self, raw: Any, *, model: str, region: str, read_timeout: float, request_id: str | None
    ) -> None:
        self.request_id = request_id
        self._raw, self._model, self._region = raw, model, region
        self._read_timeout = read_timeout

    def __aiter__(self) -> AsyncIterator[Mapping[str, Any]]:
        return self._events()

    async def aclose(self) -> None:
        """Close the connection; a stream that is left open would keep its place in the pool."""
        self._raw.close()

    async def _events(self) -> AsyncIterator[Mapping[str, Any]]:
        from aiohttp import ClientError  # noqa: PLC0415 - comes with aiobotocore
        from botocore.eventstream import EventStreamBuffer, ParserError  # noqa: PLC0415 - same

        buffer, left = EventStreamBuffer(), 0
        try:
            async for data in self._raw.content.iter_any():
                left += len(data)
                buffer.add_data(data)
                for frame in buffer:
                    left -= frame.prelude.total_length
                    event = self._event(frame)
                    if event is not None:
                        yield event
        except ProviderError:
            raise
        except ParserError as error:
            raise self._broken(f"a frame of the stream is damaged ({type(error).__name__})") from None
        except TimeoutError:
            raise self._too_slow() from None
        except (ClientError, OSError, RuntimeError) as error:  # RuntimeError: the client was closed meanwhile
            raise self._broken(f"the connection broke ({type(error).__name__})") from None
        if left:
            raise self._broken("the stream was cut inside a frame")

    def _event(self, frame: Any) -> Mapping[str, Any] | None:
        kind = frame.headers.get(":message-type")
        if kind == "event":
            name, content = str(frame.headers.get(":event-type")), self._content(frame.payload)
            if name != "chunk":
                return {name: content}
            return self._content(base64.b64decode(content.get("bytes") or b""))
        if kind == "error":
            details = {"message": frame.headers.get(":error-message")}
            raise from_frame(
                str(frame.headers.get(":error-code") or ""), details, self._model, region=self._region
            )
        if kind == "exception":
            code = str(frame.headers.get(":exception-type") or "")
            raise from_frame(code, self._content(frame.payload), self._model, region=self._region)
        return None

    def _content(self, payload: bytes) -> dict[str, Any]:
        try:
            content = json.loads(payload or b"{}")
        except (ValueError, RecursionError):
            content = None
        if isinstance(content, dict):
            return content
        raise self._broken(f"an event of the stream is not a JSON object: {payload[:200]!r}")

    def _too_slow(self) -> ProviderTimeoutError:
        return ProviderTimeoutError("read", self._read_timeout, model=self._model, retryable=True)

    def _broken(self, message: str) -> StreamError:
        return StreamError(message, model=self._model, request_id=self.request_id, retryable=True)
