"""Progress events: dicts for a request's callback, which may never break the call."""

from __future__ import annotations

import datetime as dt
import inspect
import time
from typing import Any, Final

from smartllm.compiler.dialects.stream import Delta
from smartllm.content import described
from smartllm.errors import ProviderError
from smartllm.log import announce, logger
from smartllm.request import MessageRequest, TextRequest
from smartllm.response import TextResponse
from smartllm.runtime.observe.telemetry import UNTOLD, CallSpan
from smartllm.runtime.structure.paid import paid_with

_EVERY_TOKENS: Final = 500
_EVERY_SECONDS: Final = 10.0
_CHARACTERS_A_TOKEN: Final = 4


class Progress:
    """Tells one request's callback what happens.

    Args:
        request: Whose callback, prompt and limits these are.
        model: Model id.
        provider: Provider's name.
        max_retries: Retries that the client makes.
        max_tokens: Output tokens that were asked for; None leaves them to the model.

    Attributes:
        span: What telemetry is told of the same call.
    """

    def __init__(
        self,
        request: TextRequest[Any] | MessageRequest[Any],
        *,
        model: str,
        provider: str,
        max_retries: int,
        max_tokens: int | None,
    ) -> None:
        self._callback = request.on_progress
        self._request = request
        self._model, self._provider = model, provider
        self._max_retries, self._max_tokens = max_retries, max_tokens
        self.span: CallSpan = UNTOLD

    async def started(self) -> None:
        """The call begins."""
        await self.emit("llm_started")

    async def done(self, response: TextResponse[Any]) -> None:
        """The answer is there."""
        await self.emit("llm_done", **_counts(response))

    async def cache_hit(self, response: TextResponse[Any]) -> None:
        """The answer comes from the cache."""
        found = {"cache_source": response.cache_source, "cache_key": response.cache_key}
        await self.emit("cache_hit", **found, **_counts(response))

    async def retry(self, error: ProviderError, attempt: int, delay: float) -> None:
        """A failed call will be made again."""
        await self.emit(
            "retry",
            attempt=attempt,
            max_retries=self._max_retries,
            error=type(error).__name__,
            error_message=str(error),
            max_tokens=self._max_tokens,
            delay=delay,
        )

    async def reask(self, attempt: int, most: int, errors: list[dict[str, str]]) -> None:
        """The model is asked again, since its answer does not fit."""
        await self.emit("structured_reask", attempt=attempt, of=most, errors=errors)

    async def failed(self, error: Exception) -> None:
        """The call failed for good; what was answered and paid for all the same is counted."""
        paid = paid_with(error)
        await self.emit("error", message=str(error), **({} if paid is None else _counts(paid)))

    async def emit(self, event: str, **fields: Any) -> None:
        """Send an event; trouble in the callback is logged."""
        if self._callback is None:
            return
        request = self._request
        if isinstance(request, TextRequest):
            prompt = described(request.prompt)
        else:
            prompt = [
                {"role": message.role, "content": described(message.content)} for message in request.messages
            ]
        told: Any = {
            "event": event,
            "ts": dt.datetime.now(dt.UTC).isoformat(),
            "prompt": prompt,
            "model": self._model,
            "provider": self._provider,
            **fields,
        }
        try:
            result = self._callback(told)
            if inspect.isawaitable(result):
                await result
        except Exception as error:  # noqa: BLE001 - a paid answer is worth more than the caller's callback
            kind = type(error).__name__
            if announce.first("on_progress", getattr(self._callback, "__qualname__", ""), kind, event):
                # Without the traceback: its lines may hold the prompt.
                logger.warning("on_progress raised %s on %r; calls go on", kind, event)


class StreamProgress:
    """Counts the text of a stream and tells of it every 500 estimated tokens or 10 seconds."""

    def __init__(self, progress: Progress) -> None:
        self._progress = progress
        self._started = self._told_at = time.monotonic()
        self._told = {True: 0, False: 0}
        self._length = {True: 0, False: 0}
        self._parts: dict[bool, list[str]] = {True: [], False: []}

    async def add(self, piece: Delta) -> None:
        """Take new text."""
        kind = piece.thinking
        self._parts[kind].append(piece.text)
        self._length[kind] += len(piece.text)
        now, tokens = time.monotonic(), self._length[kind] // _CHARACTERS_A_TOKEN
        if tokens - self._told[kind] < _EVERY_TOKENS and now - self._told_at < _EVERY_SECONDS:
            return
        self._told[kind], self._told_at = tokens, now
        # Joined parts replace what they were made of, so that each character is copied a bounded time.
        self._parts[kind] = ["".join(self._parts[kind])]
        name, prefix = ("stream_thinking", "thinking_") if kind else ("stream_progress", "")
        fields = {
            f"{prefix or 'text_'}tokens_so_far": tokens,
            f"{prefix}text_so_far": self._parts[kind][0],
            "elapsed_seconds": now - self._started,
        }
        await self._progress.emit(name, **fields)


def _counts(response: TextResponse[Any]) -> dict[str, int]:
    counts = {
        "input_tokens": response.input_tokens,
        "output_tokens": response.output_tokens,
        "reasoning_tokens": response.reasoning_tokens,
        "cached_tokens": response.cached_tokens,
    }
    if response.cache_write_tokens:
        counts["cache_write_tokens"] = response.cache_write_tokens
    return counts
