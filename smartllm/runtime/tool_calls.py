"""One call of a tool: checked, run in the event loop or in a thread, and told to the caller's hook."""

from __future__ import annotations

import asyncio
import contextvars
import functools
import inspect
import json
from collections.abc import Callable, Collection, Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import Any, Final, NamedTuple

from pydantic_core import PydanticSerializationError, to_json

from smartllm.content import Part, ToolCall, ToolResult
from smartllm.request import Message
from smartllm.runtime.observe.tool_span import span_of_call
from smartllm.runtime.secrets import hidden
from smartllm.tools import Tool
from smartllm.tools.checks import shown, text_of_error
from smartllm.tools.errors import ToolArgumentsError, ToolError
from smartllm.tools.fields import name_of
from smartllm.tools.run import CallEvent, OnCall
from smartllm.unicode import unicode_text

_LONGEST: Final = 2000
"""Characters of an exception's text that a model is told."""


class Outcome(NamedTuple):
    """What a function gave back, or raised."""

    value: Any = None
    exception: BaseException | None = None


class CallRunner:
    """Runs the calls of one run.

    Args:
        tools: The declared tools.
        on_call: The caller's hook, or None.
        max_parallel: How many functions run at once.
        secrets: Tells what no text for the model may show, as far as it is known by then.
        content: Spans hold arguments and texts of exceptions.
    """

    def __init__(
        self,
        tools: Iterable[Tool | Mapping[str, Any]],
        on_call: OnCall | None,
        max_parallel: int,
        secrets: Callable[[], Collection[str]] = tuple,
        *,
        content: bool = False,
    ) -> None:
        self._tools = {name: tool for tool in tools if (name := name_of(tool)) is not None}
        self._on_call, self._secrets, self._content = on_call, secrets, content
        self._free = asyncio.Semaphore(max_parallel)
        self._hook = asyncio.Lock()
        self._threads = Threads(max_parallel)

    def runs(self, call: ToolCall) -> bool:
        """Whether a call is answered here even if the hook says nothing."""
        tool = self._tools.get(call.name)
        return tool is None or (isinstance(tool, Tool) and tool.function is not None)

    async def answered(self, call: ToolCall, number: int) -> ToolResult | None:
        """The result of a call; None where the caller is to answer it.

        Args:
            call: What the model asks for.
            number: Of the round.

        Raises:
            ToolError: The function, or the hook, gave back what cannot be told to a model.
            Exception: What the hook raised.
        """
        tool = self._tools.get(call.name)
        event = CallEvent(call, tool if isinstance(tool, Tool) else None, number)
        async with self._free:
            given = await self._asked(event)
            if given is None and not self.runs(call):
                return None
            clock = asyncio.get_running_loop().time
            began = clock()
            outcome = Outcome(given) if given is not None else await self._outcome(call, event.tool)
            if outcome.exception is None:
                result = result_of(call, outcome.value)
            else:
                result = self._failed(call, outcome.exception)
            told = replace(event, result=result, exception=outcome.exception, elapsed_seconds=clock() - began)
            other = await self._asked(told)
            return result if other is None else result_of(call, other)

    def close(self) -> None:
        """Let threads that are at rest end; a function that runs in one ends by itself."""
        self._threads.close()

    async def _asked(self, event: CallEvent) -> Any:
        """What the hook says; it is never told of two calls at once, so that it may ask a person."""
        if self._on_call is None:
            return None
        async with self._hook:
            outcome = await self._threads.outcome(self._on_call, event)
        if isinstance(outcome.exception, Exception):
            raise outcome.exception
        if outcome.exception is not None:  # else it would end the event loop, or look like a cancellation
            raise ToolError(f"on_call raised {type(outcome.exception).__name__}") from outcome.exception
        return outcome.value

    async def _outcome(self, call: ToolCall, tool: Tool | None) -> Outcome:
        if tool is None:
            known = ", ".join(self._tools) or "none"
            return Outcome(exception=ToolError(f"there is no tool {call.name!r}; tools are: {known}"))
        assert tool.function is not None
        with span_of_call(call, tool, content=self._content) as ended:
            outcome = await self._threads.outcome(tool.call, call.arguments, kind=tool.function)
            ended(outcome.value, outcome.exception)
        return outcome

    def _failed(self, call: ToolCall, error: BaseException) -> ToolResult:
        """What the model is told of an exception: enough to try something else."""
        text = hidden(unicode_text(_told(error)), self._secrets())
        return ToolResult(call.id, text if len(text) <= _LONGEST else f"{text[:_LONGEST]}…", error=True)


class Threads:
    """Runs functions: those that block in threads of one run, the others in its event loop.

    Args:
        most: How many threads there may be.
    """

    def __init__(self, most: int) -> None:
        self._most = most
        self._pool: ThreadPoolExecutor | None = None

    async def outcome(
        self, function: Callable[..., Any], argument: Any, *, kind: Callable[..., Any] | None = None
    ) -> Outcome:
        """What a function gives back or raises; of an async one, what awaiting it does.

        Args:
            function: What is called.
            argument: With this.
            kind: Tells whether it is async, where that is another function inside of it.
        """
        if inspect.iscoroutinefunction(function if kind is None else kind):
            outcome = _called(function, argument)
        else:
            loop = asyncio.get_running_loop()
            if self._pool is None:
                self._pool = ThreadPoolExecutor(self._most, thread_name_prefix="smartllm-tool")
            run = functools.partial(contextvars.copy_context().run, _called, function, argument)
            outcome = await loop.run_in_executor(self._pool, run)
        if not inspect.isawaitable(outcome.value):
            return outcome
        try:
            return Outcome(await outcome.value)
        except asyncio.CancelledError as error:
            task = asyncio.current_task()
            if task is None or task.cancelling():
                raise
            return Outcome(exception=error)  # its own doing: nobody cancels the run
        except (Exception, SystemExit) as error:  # noqa: BLE001 - the model is told
            return Outcome(exception=error)

    def close(self) -> None:
        """Let threads end."""
        if self._pool is not None:
            self._pool.shutdown(wait=False)


def result_of(call: ToolCall, value: Any) -> ToolResult:
    """What a function gave back, as a result that can be sent.

    Raises:
        ToolError: It is neither text nor JSON nor parts.
    """
    try:
        if isinstance(value, ToolResult):
            made = ToolResult(call.id, _content(value.content), value.error, parts=value.parts)
        else:
            made = ToolResult(call.id, _content(value))
        result = Message("user", [made]).content[0]
    except (ValueError, TypeError, RecursionError):
        raise ToolError(
            f"tool {call.name}: {shown(value)} cannot be told to a model; allowed: text, what JSON can say, "
            "dataclasses, pydantic models, or a list of texts and parts",
            hint="turn it into one of these inside of the function",
        ) from None
    assert isinstance(result, ToolResult)
    return result


def _content(value: Any) -> Any:
    """Text, parts, or JSON."""
    if isinstance(value, str):
        return unicode_text(value)
    if isinstance(value, Part):
        return [value]
    if isinstance(value, (list, tuple)) and any(isinstance(item, Part) for item in value):
        return list(value)
    try:
        text = to_json(value, inf_nan_mode="strings").decode()
    except PydanticSerializationError:  # halves of surrogate pairs, if that is all
        text = unicode_text(json.dumps(value, ensure_ascii=False))
    return json.loads(text)


def _called(function: Callable[..., Any], argument: Any) -> Outcome:
    # Nothing is raised across the border of a thread, which some exceptions do not survive.
    try:
        return Outcome(function(argument))
    except (Exception, SystemExit, asyncio.CancelledError) as error:  # noqa: BLE001 - the model is told
        return Outcome(exception=error)


def _told(error: BaseException) -> str:
    if isinstance(error, (ToolArgumentsError, ToolError)):
        return error.message
    text = text_of_error(error)
    kind = type(error).__name__
    return f"{kind}: {text}" if text else kind
