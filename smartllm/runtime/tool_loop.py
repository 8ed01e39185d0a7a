"""Rounds of asking a model and running the tools that it calls, up to an answer without calls."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from typing import TYPE_CHECKING, Any, Final, Generic, TypeVar, cast

from smartllm.content import CachePoint, ToolCall, ToolResult
from smartllm.errors import ProviderTimeoutError, SmartLLMError, TruncatedError
from smartllm.request import BaseRequest, Message, MessageRequest, TextRequest
from smartllm.response import TextResponse
from smartllm.runtime.containers import in_container, kept_container
from smartllm.runtime.control.deadline import Deadline
from smartllm.runtime.media import with_files
from smartllm.runtime.observe.progress import Progress
from smartllm.runtime.tool_calls import CallRunner
from smartllm.tools import Tool
from smartllm.tools.checks import shown
from smartllm.tools.errors import ToolError, ToolRoundsError, ToolTimeoutError
from smartllm.tools.fields import Tools, choices_of, without_points
from smartllm.tools.run import ToolRun

T = TypeVar("T")

_WITHHELD: Final = frozenset({"content_filter", "refusal", "error"})
"""Ends of answers whose calls nobody runs."""

if TYPE_CHECKING:  # a class of its own for each T is slow to make
    Request = TextRequest[T] | MessageRequest[T]


class ToolLoop(Generic[T]):
    """One run.

    Args:
        ask: Makes a call by a deadline.
        progress: Tells the request's callback of it.
        runner: Runs the calls.
        deadline: The end of all rounds.
        max_rounds: How many answers there may be.
    """

    def __init__(
        self,
        ask: Callable[..., Awaitable[TextResponse[T]]],
        progress: Progress,
        runner: CallRunner,
        deadline: Deadline,
        max_rounds: int,
    ) -> None:
        self._ask, self._progress = ask, progress
        self._runner, self._deadline, self._most = runner, deadline, max_rounds
        self._messages: list[Message] = []
        self._responses: list[TextResponse[T]] = []
        self._results: list[ToolResult | None] | None = None
        self._asking = False

    async def run(self, request: Request[T]) -> ToolRun[T]:
        """Ask until an answer calls nothing that can be run.

        Raises:
            ToolRoundsError: That took more than ``max_rounds``.
            ToolTimeoutError: A tool was not done by the deadline.
            TruncatedError: An answer was cut off in a call.
        """
        self._messages = turns_of(request)
        try:
            while True:
                self._asking = True
                response = await self._ask(request, deadline=self._deadline.again())
                self._asking = False
                self._responses.append(response)
                self._results = [None] * len(response.tool_calls)
                if self._is_paused(response):
                    self._messages.append(response.as_message())
                elif await self._ended(request, response):
                    return self._so_far()
                else:
                    results: list[Any] = self._results  # each call has one by now
                    self._messages += [response.as_message(), Message("user", results)]
                self._results = None
                request = await with_files(following(request, self._messages, response))
                self._messages = list(request.messages)
        except Exception as error:
            if isinstance(error, SmartLLMError) and self._responses and error.run is None:
                error.run = self._so_far()
            if not self._asking:  # else the call has told of it
                await self._progress.failed(error)
            raise
        finally:
            self._runner.close()

    def _is_paused(self, response: TextResponse[T]) -> bool:
        """Whether the provider paused in the midst of its own tools, and is to go on."""
        if len(self._responses) == self._most or response.tool_calls or not _ends_in_a_block(response):
            return False
        return any(note.code == "answer-paused" for note in response.diagnostics)

    async def _ended(self, request: Request[T], response: TextResponse[T]) -> bool:
        """Run what an answer calls; whether that leaves nothing to ask the model."""
        calls = response.tool_calls
        if not calls or response.finish_reason in _WITHHELD or request.tool_choice == "none":
            return True
        _check_whole(response)
        if len(self._responses) < self._most:
            return None in await self._run(calls)
        if any(map(self._runner.runs, calls)):
            raise ToolRoundsError(
                f"the model still calls tools after max_rounds={self._most} answers",
                hint="raise max_rounds, or go on from error.run: answer its calls in a next turn",
            )
        return True

    async def _run(self, calls: Sequence[ToolCall]) -> list[ToolResult | None]:
        """What calls give back, in their order; None for those that are the caller's to answer."""
        number, clock = len(self._responses), asyncio.get_running_loop().time
        began = clock()
        named = [{"id": call.id, "name": call.name} for call in calls]
        await self._progress.emit("tools_started", round=number, calls=named)
        tasks = [asyncio.create_task(self._runner.answered(call, number)) for call in calls]
        try:
            async with self._deadline.scope():
                await asyncio.wait(tasks, return_when=asyncio.FIRST_EXCEPTION)
        except ProviderTimeoutError as error:
            late = [call.name for call, task in zip(calls, tasks, strict=True) if not task.done()]
            raise _late(late, error.seconds) from None
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
            failed = [task for task in tasks if task.cancelled() or task.exception() is not None]
            self._results = [None if task in failed else task.result() for task in tasks]
        for task in sorted(failed, key=asyncio.Task.cancelled):  # its own error before those of its end
            task.result()
        told = [
            one | {"error": None if result is None else result.error}
            for one, result in zip(named, self._results, strict=True)
        ]
        seconds = clock() - began
        await self._progress.emit("tools_done", round=number, calls=told, elapsed_seconds=seconds)
        return self._results

    def _so_far(self) -> ToolRun[T]:
        """The run as it stands."""
        response, messages = self._responses[-1], list(self._messages)
        known, calls = self._results, response.tool_calls
        if known is None:  # the model was asked again, and did not answer
            return ToolRun(response, messages, tuple(self._responses))
        with suppress(ValueError):  # an answer that says nothing is no turn
            messages.append(response.as_message())
        left = tuple(call for call, result in zip(calls, known, strict=True) if result is None)
        done = tuple(result for result in known if result is not None)
        return ToolRun(response, messages, tuple(self._responses), left, done)


def first_request(request: Request[T], tools: Tools) -> Request[T]:
    """The request of the first round, with the tools of all rounds.

    A list of names as ``tool_choice`` declares these tools alone, from the first round on: some models take
    their reasoning back only beside the tools with which they began.

    Raises:
        ToolError: There are tools in both places.
        pydantic.ValidationError: (a ``ValueError``) the tools cannot be declared.
    """
    if tools is not None and request.tools:
        raise ToolError(
            "tools stand both in the request and in run_tools(tools=...); allowed: one of the two",
            hint="put all of them into the request",
        )
    if tools is not None:
        request = request.model_copy()
        request.tools = tools
    choice = request.tool_choice
    if not isinstance(choice, list):
        return request
    chosen: list[Any] = []
    for tool in request.tools or ():
        if isinstance(tool, CachePoint):
            kept = chosen and not isinstance(chosen[-1], CachePoint)
        else:
            kept = _named(cast("Tool | dict[str, Any]", tool)) in choice
        chosen += [tool] if kept else []
    return request.model_copy(update={"tools": chosen, "tool_choice": "required"})


def check_count(name: str, value: Any) -> None:
    """A whole number from 1."""
    if not isinstance(value, int) or isinstance(value, bool) or value < 1:
        raise ToolError(f"{name}={shown(value)} is not usable; allowed: a whole number from 1")


def tools_of(request: Request[Any]) -> list[Tool | dict[str, Any]]:
    """The tools of a request, as they stand in it after validation."""
    return without_points(cast("list[Tool | CachePoint | dict[str, Any]]", request.tools or []))


def turns_of(request: Request[Any]) -> list[Message]:
    """The turns with which a request's conversation begins."""
    if isinstance(request, MessageRequest):
        return list(request.messages)
    return [Message("user", request.prompt)]


def following(request: Request[T], messages: list[Message], answer: TextResponse[T]) -> MessageRequest[T]:
    """The next round's request: the same wishes for a longer conversation.

    What forces a call holds for the first round, else there would be no end of calls. Where code of the
    provider's ran, it goes on in its container, which must be named to answer the calls that code makes
    (platform.claude.com/docs/en/agents-and-tools/tool-use/programmatic-tool-calling, 2026-11-27).
    """
    wished = {
        name: getattr(request, name)
        for name in request.model_fields_set
        if name in BaseRequest.model_fields and name != "tool_choice"
    }
    container = kept_container(answer)
    if container:
        wished["extra"] = in_container(request.extra, container)
    return MessageRequest(**wished, messages=messages)


def _ends_in_a_block(response: TextResponse[Any]) -> bool:
    """Whether an answer ends in a part of the provider's own; one that ends in words would be a prefill."""
    return bool(response.parts) and response.parts[-1].type == "other"


def _check_whole(response: TextResponse[Any]) -> None:
    """Refuse an answer that was cut off in or behind a call: nobody knows what was still to come.

    Raises:
        TruncatedError: It was.
    """
    cut = next((call for call in response.tool_calls if call.unfinished), None)
    if cut is not None:
        error = TruncatedError(
            f"the answer was cut off in a call of {cut.name} ({response.stop_reason}); no call was run",
            model=response.requested_model or response.model,
            request_id=response.request_id,
            partial_text=response.text,
            hint="increase max_tokens",
        )
        error.response = response
        raise error


def _named(tool: Tool | dict[str, Any]) -> str:
    """The name that a choice gives to a tool."""
    return next(iter(choices_of([tool])), "")


def _late(tools: Sequence[str], seconds: float) -> ToolTimeoutError:
    return ToolTimeoutError(
        f"{', '.join(tools)} not done within total_timeout={seconds:g} s, the time for all rounds",
        tools=tools,
        seconds=seconds,
        hint="raise total_timeout if tools may take longer",
    )
