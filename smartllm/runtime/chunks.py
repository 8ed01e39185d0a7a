"""What a caller of the streaming methods sees: a chunk a delta, and a last one with the figures."""

from __future__ import annotations

import datetime as dt
import time
from collections.abc import AsyncGenerator, Iterator
from contextlib import aclosing
from typing import Any, Final

from smartllm.compiler import Plan
from smartllm.compiler.answered_calls import AnsweredCalls
from smartllm.compiler.dialects.decoding import Decoded
from smartllm.compiler.dialects.stream import Delta
from smartllm.content import text_of, whole_call
from smartllm.errors import ProviderError
from smartllm.request import MessageRequest, TextRequest
from smartllm.response import StreamChunk, TextResponse
from smartllm.response_sources import SoFar
from smartllm.runtime.answer import Fetched
from smartllm.runtime.asked import Asked
from smartllm.runtime.call import Executor
from smartllm.runtime.control.deadline import Deadline
from smartllm.runtime.observe.progress import Progress
from smartllm.runtime.stream import LiveStream
from smartllm.runtime.structure.partial import Known, growing
from smartllm.runtime.structure.reasks import Reasks
from smartllm.runtime.structure.structured import OwnInput, check_formed

_THINKING: Final = {"type": "thinking"}


async def stream_chunks(
    executor: Executor,
    asked: Asked,
    progress: Progress,
    deadline: Deadline,
) -> AsyncGenerator[StreamChunk[Any]]:
    """The chunks of an answer; closing the generator closes the connection.

    A second step, which puts the answer into a structure, is not shown; its result is on the last chunk.

    Raises:
        ProviderError: The call failed; after the first chunk it is not made again.
    """
    request = asked.request
    started, clock = dt.datetime.now(dt.UTC), time.perf_counter()
    plan, live, delta = await executor.begun(asked, progress, deadline)
    step = plan.steps[0]
    if live is None:
        async with deadline.scope():
            fetched = await executor.fetch(asked, progress, deadline)
        response = await Reasks(executor, plan, request, progress, deadline).response(fetched)
        for chunk in _at_once(response, step.model):
            yield chunk
    else:
        deadline.record.plan = plan
        seen = _Seen(plan, request)
        deadline.count_waits_only()
        async with aclosing(seen.chunks(live, delta, executor, progress, deadline)) as chunks:
            async for chunk in chunks:
                yield chunk
        answers = seen.answers
        if len(plan.steps) > 1:
            async with deadline.scope():
                plan, answers = await executor.finished(asked, plan, answers, progress, deadline)
        elapsed = time.perf_counter() - clock
        fetched = Fetched(answers, started, elapsed, tries=deadline.record.tries, plan=plan)
        response = await Reasks(executor, plan, request, progress, deadline).response(fetched)
    response = asked.finish(response)
    progress.span.answered(response)
    await progress.done(response)
    yield _last(response)


class _Seen:
    """What of an answer under way a caller sees.

    Args:
        plan: The plan, whose first step is answered.
        request: What the caller asked for.

    Attributes:
        answers: The answer, once it is whole.
    """

    def __init__(self, plan: Plan, request: TextRequest[Any] | MessageRequest[Any]) -> None:
        self._plan, self._request = plan, request
        self._step = step = plan.steps[0]
        self._model = step.model
        self._ours = OwnInput(step).name
        self._begin()

    def _begin(self) -> None:
        self.answers: list[Decoded] = []
        self._calls = AnsweredCalls(self._plan, self._step)
        self._growing = growing(self._plan, self._request)
        self._shown = False

    async def chunks(
        self,
        live: LiveStream,
        delta: Delta | None,
        executor: Executor,
        progress: Progress,
        deadline: Deadline,
    ) -> AsyncGenerator[StreamChunk[Any]]:
        """The chunks of the answer; it is begun anew when it breaks before the caller has seen any of it.

        Args:
            live: The stream.
            delta: Its first delta.
            executor: Makes the call again.
            progress: Told of that.
            deadline: The call's end.
        """
        try:
            while not self.answers:
                try:
                    while delta is not None:
                        if (new := self.chunk(delta)) is not None:
                            yield new
                        delta = await live.next()
                    self._take(live, deadline)
                except ProviderError as error:
                    if self._is_seen:
                        raise
                    failed = error
                    await live.aclose()
                else:
                    continue
                again = (failed, live.wire)
                live, delta = await executor.open(self._plan, self._step, progress, deadline, again)
                self._begin()
            live.wire.answered(self.answers[0])
            for chunk in self.rest(self.answers[0]):
                yield chunk
        except GeneratorExit:
            live.wire.failed(None)
            raise
        except BaseException as error:
            live.wire.failed(error)
            raise
        finally:
            await live.aclose()

    def _take(self, live: LiveStream, deadline: Deadline) -> None:
        answer = live.decoded()
        live.wire.paid(answer)
        if not self._is_seen:
            check_formed(self._plan, self._step, answer, deadline.record)
        self.answers = deadline.record.answers = [answer]

    @property
    def _is_seen(self) -> bool:
        """Whether the caller has seen text, a call, or the structure, which is read when somebody looks."""
        return self._shown or (self._growing is not None and self._growing.looked_at)

    def chunk(self, delta: Delta) -> StreamChunk[Any] | None:
        """The chunk for what is new; None where it is told later."""
        text, thinking, call, _ = delta
        if call is None:
            self._shown = True
            if self._growing is not None and not thinking:
                self._growing.text(text)
            return StreamChunk(text, self._model, _THINKING.copy() if thinking else {}, _so_far=self._so_far)
        if self._ours is not None and call.name in {self._ours, ""}:  # without a name yet it may be ours
            if self._growing is None or not (call.name and call.arguments):
                return None
            self._growing.called(call.index, call.arguments)
            return StreamChunk("", self._model, _so_far=self._so_far)
        self._shown = True
        piece = self._calls.piece(call)
        return None if piece is None else StreamChunk("", self._model, call=piece, _so_far=self._so_far)

    def rest(self, answer: Decoded) -> Iterator[StreamChunk[Any]]:
        """The chunks of what was to be told later."""
        for piece in self._calls.rest(self._calls.whole(answer).answer):
            yield StreamChunk("", self._model, call=piece, _so_far=self._so_far)

    @property
    def _so_far(self) -> SoFar | None:
        return None if self._growing is None else self._growing.so_far()


def _at_once(response: TextResponse[Any], model: str) -> Iterator[StreamChunk[Any]]:
    """The chunks of an answer that came in one piece."""
    if thinking := response.metadata.get("thinking"):
        yield StreamChunk(thinking, model, _THINKING.copy())
    if said := text_of(response.parts) or response.text:
        yield StreamChunk(said, model)
    for index, made in enumerate(response.tool_calls):
        yield StreamChunk("", model, call=whole_call(index, made))


def _last(response: TextResponse[Any]) -> StreamChunk[Any]:
    return StreamChunk(
        "",
        response.model,
        stop_reason=response.stop_reason,
        usage=response.usage,
        structured_data=response.structured_data,
        reasoning=response.reasoning,
        response=response,
        _so_far=Known(response.structured_data),
    )
