"""What a caller of the streaming methods sees: a chunk a delta, and a last one with the figures."""

from __future__ import annotations

import datetime as dt
import time
from collections.abc import AsyncGenerator, Callable
from typing import Any

from smartllm.compiler import Plan
from smartllm.compiler.dialects.decoding import Decoded
from smartllm.content import whole_call
from smartllm.request import MessageRequest, TextRequest
from smartllm.response import StreamChunk, TextResponse
from smartllm.runtime.answer import Fetched
from smartllm.runtime.call import Executor
from smartllm.runtime.control.deadline import Deadline
from smartllm.runtime.observe.progress import Progress
from smartllm.runtime.structured import asks_for_calls, check_whole


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
        yield StreamChunk(response.text, step.model)
        for index, made in enumerate(response.tool_calls):
            yield StreamChunk("", step.model, call=whole_call(index, made))
    else:
        model = step.model
        started, clock = dt.datetime.now(dt.UTC), time.perf_counter()
        live, delta = await executor.open(plan, step, progress, deadline)
        deadline.count_waits_only()
        try:
            while delta is not None:
                text, thinking, call, _ = delta
                metadata = {"type": "thinking"} if thinking else {}
                yield (
                    StreamChunk(text, model, metadata) if call is None else StreamChunk("", model, call=call)
                )
                delta = await live.next()
            answers = [live.decoded()]
        finally:
            await live.aclose()
        if len(plan.steps) > 1:
            answers += await _bound(executor, plan, answers[0], progress, deadline)
        response = Fetched(answers, started, time.perf_counter() - clock).response(request, plan)
    answered(response)
    await progress.done(response)
    yield _last(response)


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
