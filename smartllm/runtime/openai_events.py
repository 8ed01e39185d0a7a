"""Server-sent events of an OpenAI stream, read below the SDK's typed objects."""

from __future__ import annotations

import sys
from collections.abc import AsyncIterator, Mapping
from typing import Any, Final

from smartllm.errors import ProviderError, ProviderTimeoutError, ResponseError, StreamError
from smartllm.runtime.sse import SSEDecoder

# Unpacked: a small compressed answer may stand for gigabytes. The longest real ones take a few megabytes.
LARGEST_ANSWER: Final = 64 * 1024 * 1024
_SHOWN: Final = 200


def http_library(response: Any) -> Any:
    """The HTTP library that a response is of; it belongs to the SDK, whose versions differ in it."""
    return sys.modules[type(response).__module__.partition(".")[0]]


def too_large(model: str, response: Any) -> ResponseError:
    """Our error for an answer, or an event of one, that passes the limit."""
    return ResponseError(
        f"the provider's answer is larger than {LARGEST_ANSWER >> 20} MB",
        model=model,
        status=response.status_code,
        request_id=response.headers.get("x-request-id"),
        hint="check that base_url points at the API itself",
    )


class OpenAIEvents:
    """The events of one answer.

    Args:
        response: The SDK's HTTP response, not read yet.
        model: Model id, for errors.
        read_timeout: Longest silence of the connection in seconds, for errors.
    """

    def __init__(self, response: Any, *, model: str, read_timeout: float) -> None:
        self.request_id: str | None = response.headers.get("x-request-id")
        self._response, self._model, self._read_timeout = response, model, read_timeout

    def __aiter__(self) -> AsyncIterator[Mapping[str, Any]]:
        return self._events()

    async def aclose(self) -> None:
        """Close the connection."""
        await self._response.aclose()

    async def _events(self) -> AsyncIterator[Mapping[str, Any]]:
        http, decoder = http_library(self._response), SSEDecoder()
        try:
            await self._check_type()
            async for data in self._response.aiter_bytes():
                for event in decoder.feed(data):
                    yield event
                if decoder.buffered > LARGEST_ANSWER:
                    raise too_large(self._model, self._response)
            for event in decoder.end():
                yield event
        except ProviderError:
            raise
        except http.TimeoutException:
            raise self._too_slow() from None
        except (http.HTTPError, OSError) as error:
            raise self._broken(f"the connection broke ({type(error).__name__})") from None
        except (ValueError, TypeError, RecursionError) as error:
            cause = type(error).__name__
            raise self._broken(f"an event of the stream is not a JSON object ({cause})") from None

    async def _check_type(self) -> None:
        kind = self._response.headers.get("content-type", "text/event-stream").lower()
        if "event-stream" in kind:
            return
        content = b""
        async for data in self._response.aiter_bytes():
            content += data
            if len(content) >= _SHOWN:
                break
        raise ResponseError(
            f"the provider's answer is not a stream but {kind}: {content[:_SHOWN]!r}",
            model=self._model,
            status=self._response.status_code,
            request_id=self.request_id,
            hint="check that base_url points at the API itself, and that the server can stream",
        )

    def _too_slow(self) -> ProviderTimeoutError:
        return ProviderTimeoutError("read", self._read_timeout, model=self._model, retryable=True)

    def _broken(self, message: str) -> StreamError:
        return StreamError(message, model=self._model, request_id=self.request_id, retryable=True)
