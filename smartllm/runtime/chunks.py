"""What a caller of the streaming methods sees: a chunk a delta, and a last one with the figures."""

from __future__ import annotations

import datetime as dt
import time
from collections.abc import AsyncGenerator, Callable, Iterator
from typing import Any, Final

from smartllm.compiler import Plan
from smartllm.compiler.answered_calls import AnsweredCalls
from smartllm.compiler.dialects.decoding import Decoded
from smartllm.content import whole_call
from smartllm.request import MessageRequest, TextRequest
from smartllm.response import StreamChunk, TextResponse
from smartllm.runtime.answer import Fetched
from smartllm.runtime.call import Executor
from smartllm.runtime.control.deadline import Deadline
from smartllm.runtime.observe.progress import Progress
from smartllm.runtime.structured import asks_for_calls, check_whole

_THINKING: Final = {"type": "thinking"}


async def stream_chunks(
    executor: Executor,
    plan: Plan,
    request: TextRequest[Any] | MessageRequest[Any],
    progress: Progress,
    deadline: Deadline,
    answered: Callable[[TextResponse[Any]], None],
) -> AsyncGenerator[StreamChunk]:
    """The chunks of a plan's answer; closing the generator closes the connection.

    A second step, which puts the answer into a structure, is not shown; its result is on the last chunk.

    Raises:
        ProviderError: The call failed; after the first chunk it is not made again.
    """
    step = plan.steps[0]
    if not step.streamed:
        async with deadline.scope():
            fetched = await executor.fetch(plan, progress, deadline)
        response = fetched.response(request, plan)
        for chunk in _at_once(response, step.model):
            yield chunk
    else:
        model, calls = step.model, AnsweredCalls(plan, step)
        started, clock = dt.datetime.now(dt.UTC), time.perf_counter()
        live, delta = await executor.open(plan, step, progress, deadline)
        deadline.count_waits_only()
        try:
            while delta is not None:
                text, thinking, call, _ = delta
                if call is None:
                    yield StreamChunk(text, model, _THINKING.copy() if thinking else {})
                elif (piece := calls.piece(call)) is not None:
                    yield StreamChunk("", model, call=piece)
                delta = await live.next()
            answers = [live.decoded()]
            for piece in calls.rest(calls.whole(answers[0]).answer):
                yield StreamChunk("", model, call=piece)
        finally:
            await live.aclose()
        if len(plan.steps) > 1:
            answers += await _bound(executor, plan, answers[0], progress, deadline)
        response = Fetched(answers, started, time.perf_counter() - clock).response(request, plan)
    answered(response)
    await progress.done(response)
    yield _last(response)


def _at_once(response: TextResponse[Any], model: str) -> Iterator[StreamChunk]:
    """The chunks of an answer that came in one piece."""
    if thinking := response.metadata.get("thinking"):
        yield StreamChunk(thinking, model, _THINKING.copy())
    if response.text:
        yield StreamChunk(response.text, model)
    for index, made in enumerate(response.tool_calls):
        yield StreamChunk("", model, call=whole_call(index, made))


async def _bound(
    executor: Executor, plan: Plan, first: Decoded, progress: Progress, deadline: Deadline
) -> list[Decoded]:
    """The answer to the second step, where it is made."""
    check_whole(plan, plan.steps[0], first)
    if asks_for_calls(plan.steps[0], first):
        return []
    async with deadline.scope():
        return [await executor.call(plan, plan.steps[1].fill(first.text), progress, deadline)]


def _last(response: TextResponse[Any]) -> StreamChunk:
    return StreamChunk(
        "",
        response.model,
        stop_reason=response.stop_reason,
        usage=response.usage,
        structured_data=response.structured_data,
        reasoning=response.reasoning,
        response=response,
    )
