"""One question at the shell: its call, the text as it comes, and what stands when it ends too early."""

from __future__ import annotations

import asyncio
import signal
import threading
from collections.abc import Coroutine, Iterator
from contextlib import aclosing, contextmanager
from typing import TYPE_CHECKING, Any, NamedTuple, Self, TypeVar

import click

from smartllm.cli.calls.answers import print_calls, print_notes
from smartllm.cli.calls.call_notes import CallNotes
from smartllm.cli.terminal import echo
from smartllm.request import MessageRequest
from smartllm.response import TextResponse

if TYPE_CHECKING:
    from smartllm.cli.requests.request_input import Request
    from smartllm.runtime.client import LLMClient


R = TypeVar("R")


class Manner(NamedTuple):
    """How a command tells an answer.

    Attributes:
        level: What of diagnostics is printed.
        quiet: Nothing but the answer is.
    """

    level: str
    quiet: bool

    @classmethod
    def of(cls, level: str, *, quiet: bool) -> Self:
        """As the options say."""
        return cls("ignore" if quiet and level == "warn" else level, quiet)


class Asking:
    """A question that is being answered.

    Args:
        request: What is asked.
        model: Whose answer is awaited.
        manner: How it is told.

    Attributes:
        request: What is asked.
        said: Text that was printed so far.
    """

    def __init__(self, request: Request, model: str, manner: Manner) -> None:
        self._notes = CallNotes(model, quiet=manner.quiet)
        self._asked = request.model_copy(update={"on_progress": self._notes})
        self._manner = manner
        self.request = request
        self.said: list[str] = []

    async def whole(self, client: LLMClient) -> TextResponse[Any]:
        """Await the whole answer, and print nothing of it."""
        with self._awaited():
            if isinstance(self._asked, MessageRequest):
                return await client.send_message(self._asked)
            return await client.generate_text(self._asked)

    async def streamed(self, client: LLMClient) -> TextResponse[Any]:
        """Print the answer as it comes."""
        if isinstance(self._asked, MessageRequest):
            chunks = client.send_message_stream(self._asked)
        else:
            chunks = client.generate_text_stream(self._asked)
        response: TextResponse[Any] | None = None
        with self._awaited():
            async with aclosing(chunks):
                async for chunk in chunks:
                    if chunk.text and chunk.metadata.get("type") != "thinking":
                        self._notes.line.end()
                        self.said.append(chunk.text)
                        echo(chunk.text, nl=False)
                    response = chunk.response or response
        assert response is not None  # the last chunk's
        if self.said or not (response.tool_calls or response.refusal):
            click.echo()
        if "tries" in response.metadata:  # what was printed did not fit
            echo(response.text)
        print_calls(response)
        print_notes(response, self._manner.level)
        return response

    def end_line(self) -> None:
        """End the line of a text that broke off, so that what is told of it has its own."""
        if self.said and not self.said[-1].endswith("\n"):
            click.echo()

    @contextmanager
    def _awaited(self) -> Iterator[None]:
        self._notes.line.begin()
        try:
            yield
        finally:
            self._notes.line.end()


class _StoppedError(Exception):
    """Ctrl-C came."""


def answered(runner: asyncio.Runner, answer: Coroutine[Any, Any, R]) -> R:
    """Await an answer up to Ctrl-C.

    asyncio's own way may miss a Ctrl-C that comes just before the loop begins to wait: nothing wakes it then.

    Raises:
        KeyboardInterrupt: Ctrl-C came; everything that was under way is cancelled.
    """
    try:
        return runner.run(_until_stopped(answer))
    except _StoppedError:
        raise KeyboardInterrupt from None


async def _until_stopped(answer: Coroutine[Any, Any, R]) -> R:
    loop, task = asyncio.get_running_loop(), asyncio.current_task()
    stopped: list[bool] = []

    def stop() -> None:
        stopped.append(True)
        assert task is not None
        task.cancel()

    hears = threading.current_thread() is threading.main_thread()
    hears = hears and signal.getsignal(signal.SIGINT) not in {signal.SIG_IGN, signal.SIG_DFL, None}
    if hears:
        try:
            loop.add_signal_handler(signal.SIGINT, stop)
        except NotImplementedError:  # Windows
            hears = False
    try:
        return await answer
    except asyncio.CancelledError:
        if stopped:
            raise _StoppedError from None
        raise
    finally:
        if hears:
            loop.remove_signal_handler(signal.SIGINT)
