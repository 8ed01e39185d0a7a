"""The same client for synchronous code: ``from smartllm.sync import LLMClient``.

All clients of a process share one event loop in a background thread, so that calls of many threads use the
same connections, limits, cache and joining of identical calls.
"""

from __future__ import annotations

import asyncio
import atexit
import contextlib
import os
import threading
from collections.abc import AsyncGenerator, Coroutine, Iterator
from types import TracebackType
from typing import Any, Final, Self, TypeVar

from pydantic import BaseModel

from smartllm.compiler import Plan
from smartllm.config import LLMConfig
from smartllm.errors import SmartLLMError
from smartllm.request import MessageRequest, TextRequest
from smartllm.response import StreamChunk, TextResponse
from smartllm.runtime.client import LLMClient as AsyncClient
from smartllm.runtime.control.owner import ProcessLock, keep_untouched
from smartllm.tools.fields import Tools
from smartllm.tools.run import OnCall, ToolRun

R = TypeVar("R")
T = TypeVar("T", bound=BaseModel)

_END: Final = object()
_AT_EXIT: Final = 1.0
_ending = False
_leaving: Final[set[asyncio.Task[None]]] = set()


class LLMClient:
    """``smartllm.LLMClient`` without ``await``; safe to share between threads, and usable after a fork.

    Args:
        config: Settings; None makes them from the keywords and the environment.
        settings: Fields of ``LLMConfig``, when no ``config`` is given.

    Raises:
        ConfigError: As ``smartllm.LLMClient``.
        SmartLLMError: (methods) called from the background loop itself, such as in a progress callback.

    Example::

        with LLMClient(provider="openai") as client:
            print(client.generate_text(TextRequest(prompt="What is the capital of France?")).text)
    """

    def __init__(self, config: LLMConfig | None = None, **settings: Any) -> None:
        self._client = AsyncClient(config, **settings)

    @property
    def config(self) -> LLMConfig:
        """The settings in force."""
        return self._client.config

    @property
    def provider(self) -> str:
        """The provider's name."""
        return self._client.provider

    def compile(self, request: TextRequest[Any] | MessageRequest[Any]) -> Plan:
        """As ``smartllm.LLMClient.compile``."""
        return self._client.compile(request)

    def generate_text(self, request: TextRequest[T]) -> TextResponse[T]:
        """As ``smartllm.LLMClient.generate_text``."""
        return _run(self._client.generate_text(request))

    def send_message(self, request: MessageRequest[T]) -> TextResponse[T]:
        """As ``smartllm.LLMClient.send_message``."""
        return _run(self._client.send_message(request))

    def generate_text_streamed(self, request: TextRequest[T]) -> TextResponse[T]:
        """As ``smartllm.LLMClient.generate_text_streamed``."""
        return _run(self._client.generate_text_streamed(request))

    def generate_text_stream(self, request: TextRequest[Any]) -> Iterator[StreamChunk]:
        """As ``smartllm.LLMClient.generate_text_stream``; closing the iterator closes the connection."""
        return _iterate(self._client.generate_text_stream(request))

    def send_message_stream(self, request: MessageRequest[Any]) -> Iterator[StreamChunk]:
        """As ``smartllm.LLMClient.send_message_stream``; closing the iterator closes the connection."""
        return _iterate(self._client.send_message_stream(request))

    def run_tools(
        self,
        request: TextRequest[T] | MessageRequest[T],
        tools: Tools = None,
        *,
        max_rounds: int = 10,
        max_parallel: int = 8,
        on_call: OnCall | None = None,
    ) -> ToolRun[T]:
        """As ``smartllm.LLMClient.run_tools``; functions and ``on_call`` may use this client."""
        run = self._client.run_tools(
            request, tools, max_rounds=max_rounds, max_parallel=max_parallel, on_call=on_call
        )
        return _run(run)

    def list_available_models(self) -> list[dict[str, Any]]:
        """As ``smartllm.LLMClient.list_available_models``."""
        return _run(self._client.list_available_models())

    def list_available_model_ids(self) -> list[str]:
        """As ``smartllm.LLMClient.list_available_model_ids``."""
        return _run(self._client.list_available_model_ids())

    def close(self) -> None:
        """Close all connections; as ``smartllm.LLMClient.aclose``."""
        _run(self._client.aclose())

    def __reduce__(self) -> str:
        return self._client.__reduce__()

    def __enter__(self) -> Self:
        _run(self._client.__aenter__())
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


class _Background:
    """The event loop of a process and its thread."""

    def __init__(self) -> None:
        self.loop = asyncio.new_event_loop()
        self.thread = threading.Thread(target=self.loop.run_forever, name="smartllm-sync", daemon=True)
        self.thread.start()


_lock: Final = ProcessLock()
_backgrounds: Final[dict[int, _Background]] = {}
"""By process id: a forked child has its parent's object, but not the thread."""


def _shared() -> _Background:
    process = os.getpid()
    with _lock:
        known = _backgrounds.get(process)
        if known is None:
            for parent in list(_backgrounds):
                # Its loop watches sockets that the parent process uses: nothing may clean it up here.
                keep_untouched(_backgrounds.pop(parent))
            known = _backgrounds[process] = _Background()
        return known


@atexit.register
def _close_all() -> None:
    """Close what clients that nobody closed have open, so that nothing complains at the end."""
    global _ending  # noqa: PLW0603 - of the process
    _ending = True
    background = _backgrounds.get(os.getpid())
    if background is not None and background.loop.is_running():
        future = asyncio.run_coroutine_threadsafe(background.loop.shutdown_asyncgens(), background.loop)
        with contextlib.suppress(Exception):
            future.result(_AT_EXIT)


def _run(call: Coroutine[Any, Any, R]) -> R:
    """The result of a call that runs on the background loop."""
    background = _shared()
    if threading.current_thread() is background.thread:
        call.close()
        raise SmartLLMError(
            "smartllm.sync was called from its own event loop, which would wait for itself",
            hint="do not make calls in a progress callback; or use the asynchronous smartllm.LLMClient",
        )
    future = asyncio.run_coroutine_threadsafe(call, background.loop)
    try:
        return future.result()
    except BaseException:
        future.cancel()  # Ctrl-C here ends the call there
        raise


def _iterate(chunks: AsyncGenerator[StreamChunk]) -> Iterator[StreamChunk]:
    process = os.getpid()

    async def following() -> Any:
        return await anext(chunks, _END)

    try:
        while (chunk := _run(following())) is not _END:
            yield chunk
    finally:
        if process != os.getpid():
            keep_untouched(chunks)
        elif not _ending:  # the loop's thread may stand still by then
            _close(chunks)


def _close(chunks: AsyncGenerator[StreamChunk]) -> None:
    background = _shared()
    if threading.current_thread() is background.thread:
        # An iterator that nobody holds may be collected in any thread, this one too, which cannot wait.
        closing = background.loop.create_task(_closed(chunks))
        _leaving.add(closing)
        closing.add_done_callback(_leaving.discard)
    else:
        _run(_closed(chunks))


async def _closed(chunks: AsyncGenerator[StreamChunk]) -> None:
    await chunks.aclose()
