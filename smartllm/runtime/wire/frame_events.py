"""The events of a streamed answer in the frames of an AWS event stream."""

from __future__ import annotations

import binascii
from collections.abc import AsyncIterator, Iterator, Mapping
from typing import Any

from smartllm.compiler.dialects.reading import json_of, shown
from smartllm.hosts.aws import frame_error
from smartllm.runtime.wire.event_stream import Frame, FrameDecoder, FrameError
from smartllm.runtime.wire.events import ResponseEvents, Within


class FrameEvents(ResponseEvents):
    """The events of one answer.

    botocore's typed event stream is not used: it loses the codes of exceptions that an operation does not
    model and ends without a word when a frame is cut (bedrock_runtime facts §4).
    """

    async def _batches(self) -> AsyncIterator[Iterator[Mapping[str, Any]]]:
        decoder = FrameDecoder()
        with Within(self):
            async for data in self._response:
                yield self._read(decoder.feed(data))
        if decoder.inside:
            raise self.broken("the stream was cut inside a frame")

    def _read(self, frames: Iterator[Frame]) -> Iterator[Mapping[str, Any]]:
        try:
            for frame in frames:
                yield self._event(frame)
        except FrameError as error:
            raise self.broken(f"a frame of the stream is damaged ({error})") from None

    def _event(self, frame: Frame) -> Mapping[str, Any]:
        headers = frame.headers
        kind = headers.get(":message-type")
        if kind == "event" and headers.get(":event-type"):
            name, content = headers[":event-type"], self._content(frame.payload)
            return self._chunk(content) if name == "chunk" else {name: content}
        if kind == "error":
            details = {"message": headers.get(":error-message")}
            raise frame_error(headers.get(":error-code") or "", details, self._model, region=self._region)
        if kind == "exception":
            code = headers.get(":exception-type") or ""
            raise frame_error(code, self._content(frame.payload), self._model, region=self._region)
        raise self.broken(f"a frame of the stream is of no known type: {dict(headers)}")

    def _chunk(self, content: Mapping[str, Any]) -> Mapping[str, Any]:
        """The event inside a chunk of InvokeModelWithResponseStream."""
        try:
            return self._content(binascii.a2b_base64(content["bytes"], strict_mode=True))
        except (LookupError, TypeError, ValueError):
            raise self.broken(f"a chunk of the stream has no event: {shown(content)}") from None

    def _content(self, payload: bytes) -> dict[str, Any]:
        try:
            content = json_of((payload or b"{}").decode())
        except (ValueError, RecursionError):
            content = None
        if isinstance(content, dict):
            return content
        raise self.broken(f"an event of the stream is not a JSON object: {payload[:200]!r}")
