"""The event loop that synchronous clients share: one a process, in a thread of its own."""

from __future__ import annotations

import asyncio
import contextlib
import os
import threading
from collections.abc import AsyncGenerator, Coroutine, Generator
from concurrent.futures import Future
from typing import Any, Final, TypeVar

from smartllm.errors import SmartLLMError
from smartllm.runtime.control.ending import ends_calls
from smartllm.runtime.control.owner import ProcessLock, keep_untouched

R = TypeVar("R")

_END: Final = object()
_AT_EXIT: Final = 1.0
_ending = False
_leaving: Final[set[asyncio.Task[None]]] = set()


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


@ends_calls
def _close_all() -> None:
    """Close what clients that nobody closed have open, so that nothing complains at the end."""
    global _ending  # noqa: PLW0603 - of the process
    _ending = True
    background = _backgrounds.get(os.getpid())
    if background is not None and background.loop.is_running():
        future = asyncio.run_coroutine_threadsafe(_end_all(background.loop), background.loop)
        with contextlib.suppress(Exception):
            future.result(_AT_EXIT)


async def _end_all(loop: asyncio.AbstractEventLoop) -> None:
    """End the calls and streams of a loop in its own thread.

    What they hold would be collected in the main thread, where a connection may not touch its loop.
    """
    under_way = asyncio.all_tasks(loop) - {asyncio.current_task(loop)}
    for task in under_way:
        task.cancel()
    await asyncio.gather(*under_way, return_exceptions=True)
    await loop.shutdown_asyncgens()


def begin(call: Coroutine[Any, Any, R]) -> Future[R]:
    """A call that runs on the background loop.

    Raises:
        SmartLLMError: This is that loop's own thread, which would wait for itself.
    """
    background = _shared()
    if threading.current_thread() is background.thread:
        call.close()
        raise SmartLLMError(
            "smartllm.sync was called from its own event loop, which would wait for itself",
            hint="do not make calls in a progress callback; or use the asynchronous smartllm.LLMClient",
        )
    return asyncio.run_coroutine_threadsafe(call, background.loop)


def run(call: Coroutine[Any, Any, R]) -> R:
    """The result of a call that runs on the background loop; raises as ``begin``."""
    future = begin(call)
    try:
        return future.result()
    except BaseException:
        future.cancel()  # Ctrl-C here ends the call there
        raise


def iterate(chunks: AsyncGenerator[R]) -> Generator[R]:
    """What a generator of the background loop yields; it ends when nobody goes on."""
    process = os.getpid()

    async def following() -> Any:
        return await anext(chunks, _END)

    try:
        while (chunk := run(following())) is not _END:
            yield chunk
    finally:
        if process != os.getpid():
            keep_untouched(chunks)
        elif not _ending:  # the loop's thread may stand still by then
            _close(chunks)


def _close(chunks: AsyncGenerator[Any]) -> None:
    background = _shared()
    if threading.current_thread() is background.thread:
        # An iterator that nobody holds may be collected in any thread, this one too, which cannot wait.
        closing = background.loop.create_task(_closed(chunks))
        _leaving.add(closing)
        closing.add_done_callback(_leaving.discard)
    else:
        run(_closed(chunks))


async def _closed(chunks: AsyncGenerator[Any]) -> None:
    await chunks.aclose()
