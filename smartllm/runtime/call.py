"""From a plan to what the provider answered: limits, retries, deadlines, whole answers and streams."""

from __future__ import annotations

import asyncio
import datetime as dt
import time
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import replace
from typing import TypeVar

from smartllm.compiler import Plan, Step
from smartllm.compiler.dialects.decoding import Decoded
from smartllm.compiler.dialects.stream import Delta
from smartllm.errors import ProviderError
from smartllm.runtime.answer import Fetched, decode_answer
from smartllm.runtime.aside import AsideCalls
from smartllm.runtime.asked import Asked, NativeFormats
from smartllm.runtime.control.concurrency import Limiter
from smartllm.runtime.control.deadline import Deadline, Record
from smartllm.runtime.control.owner import PerOwner
from smartllm.runtime.control.retry import RetryPolicy, is_throttled, with_retries
from smartllm.runtime.exchange import HostCalls
from smartllm.runtime.observe.progress import Progress, StreamProgress
from smartllm.runtime.observe.wire_call import WireCall
from smartllm.runtime.secrets import hide_secrets
from smartllm.runtime.shared import Shared
from smartllm.runtime.stream import LiveStream, assembled
from smartllm.runtime.structure.apart import is_last_apart
from smartllm.runtime.structure.structured import check_formed
from smartllm.runtime.wire.way import timeouts_of
from smartllm.settings import Settings
from smartllm.structure_errors import FormatUnsupportedError, StructureError

R = TypeVar("R")


class Executor:
    """Makes the calls of plans; holds what all calls of a client share.

    Args:
        settings: Retries, limits and timeouts.
        calls: Makes them.

    Attributes:
        formats: Which models' native schemas the host refuses.
        aside: Makes calls that no model answers.
    """

    def __init__(self, settings: Settings, calls: HostCalls) -> None:
        config = settings.config
        self._calls = calls
        self.timeouts = timeouts_of(settings)
        self._policy = RetryPolicy(
            config.max_retries, config.retry_delay, config.max_retry_delay, config.max_retry_after
        )
        self._max_concurrent, self._share = config.max_concurrent, config.quota_share
        self.formats = NativeFormats()
        self._owned: PerOwner[Shared] = PerOwner(lambda: Shared(config.retry_budget))
        self.aside = AsideCalls(calls, self._policy, self._owned.get, self.timeouts.total)

    @property
    def shared(self) -> Shared:
        """What the calls in the running loop share."""
        return self._owned.get()

    def deadline(self, model: str) -> Deadline:
        """The end of a call to a model that begins now."""
        return Deadline(self.timeouts.total, model, self.shared.waits)

    def endless(self, plan: Plan, record: Record) -> Deadline:
        """For a call that others wait for, each with a deadline of their own."""
        return Deadline(float("inf"), plan.model, self.shared.waits, record)

    async def fetch(self, asked: Asked, progress: Progress, deadline: Deadline) -> Fetched:
        """Make the calls of a plan; the caller awaits it in the deadline's scope.

        Raises:
            ProviderError: A call failed after all retries.
        """
        started, clock = dt.datetime.now(dt.UTC), time.perf_counter()
        plan, answers = await self.finished(asked, await self.formats.plan(asked), [], progress, deadline)
        other = None if plan is asked.plan else plan
        elapsed = time.perf_counter() - clock
        return Fetched(answers, started, elapsed, tries=deadline.record.tries, plan=other)

    async def finished(
        self, asked: Asked, plan: Plan, answers: list[Decoded], progress: Progress, deadline: Deadline
    ) -> tuple[Plan, list[Decoded]]:
        """Make what is left of a plan's calls.

        Args:
            asked: What is asked for.
            plan: What is being done.
            answers: What was answered.
            progress: Is told.
            deadline: The call's end; the caller awaits in its scope.

        Returns:
            The plan that was carried out, which is another one where the host refuses native schemas, and
            all answers to it.

        Raises:
            ProviderError: A call failed after all retries.
        """
        while not answers or (
            len(answers) < len(plan.steps) and not await is_last_apart(plan, answers[0], asked.request)
        ):
            deadline.record.answers, deadline.record.plan = answers, plan
            step = plan.steps[len(answers)]
            filled = step.fill(answers[0].text) if answers else step
            try:
                answers = [*answers, await self.call(plan, filled, progress, deadline)]
            except FormatUnsupportedError as error:
                plan = await self.formats.other_plan(asked, plan, step, error, progress)
        deadline.record.answers, deadline.record.plan = answers, plan
        return plan, answers

    async def call(self, plan: Plan, step: Step, progress: Progress, deadline: Deadline) -> Decoded:
        """Make one call; a streamed answer is put together.

        Returns:
            The answer; where structured data was asked for and each try is malformed, the last one.
        """
        wire = progress.span.wire(step)

        async def attempt() -> Decoded:
            deadline.record.attempts += 1
            wire.sent()
            if step.streamed:
                found = await self._assembled(step, progress, deadline, wire)
            else:
                found = decode_answer(step, await self._calls.send(step))
            wire.paid(found)
            check_formed(plan, step, found, deadline.record)
            return found

        try:
            with wire.current():
                answer = await self._retried(lambda: self._limited(plan, step, attempt), progress, wire)
        except StructureError:
            answer = deadline.record.last_try()
        except BaseException as error:
            wire.failed(error)
            raise
        wire.answered(answer)
        return answer

    async def _assembled(self, step: Step, progress: Progress, deadline: Deadline, wire: WireCall) -> Decoded:
        counted = StreamProgress(progress)

        async def told(piece: Delta) -> None:
            wire.heard()
            await counted.add(piece)

        return await assembled(self._calls, step, self.timeouts, deadline, told)

    async def begun(
        self, asked: Asked, progress: Progress, deadline: Deadline
    ) -> tuple[Plan, LiveStream | None, Delta | None]:
        """Stream the first call of a plan up to its first delta, as ``open`` does.

        Returns:
            The plan, which is another one where the host refuses native schemas; its stream, None where its
            answer comes at once; and the delta.
        """
        plan = await self.formats.plan(asked)
        step = plan.steps[0]
        try:
            return plan, *(await self.open(plan, step, progress, deadline) if step.streamed else (None, None))
        except FormatUnsupportedError as error:
            await self.formats.other_plan(asked, plan, step, error, progress)
            return await self.begun(asked, progress, deadline)

    async def open(
        self,
        plan: Plan,
        step: Step,
        progress: Progress,
        deadline: Deadline,
        failed: tuple[ProviderError, WireCall] | None = None,
    ) -> tuple[LiveStream, Delta | None]:
        """Stream one call up to its first delta; what fails before that is retried.

        So is what a stream ``failed`` with of which nobody has seen anything. The stream's ``wire`` is to be
        told how it ended.

        Returns:
            The stream, whose place among the calls in flight ``LiveStream.aclose`` gives back, and the delta;
            None when the answer has no text.
        """
        limiter = self.limiter(plan)
        wire = progress.span.wire(step) if failed is None else failed[1]
        made, ended = (0, []) if failed is None else (deadline.record.attempts, [failed[0]])

        async def attempt() -> tuple[LiveStream, Delta | None]:
            if ended:
                raise ended.pop()
            await limiter.acquire(step.tokens)
            return await self._begun(plan, step, deadline, limiter, wire)

        try:
            with wire.current():
                async with deadline.scope():
                    return await self._retried(attempt, progress, wire, made)
        except BaseException as error:
            wire.failed(error)
            raise

    async def _begun(
        self, plan: Plan, step: Step, deadline: Deadline, limiter: Limiter, wire: WireCall
    ) -> tuple[LiveStream, Delta | None]:
        """One try at a stream, which has its place among the calls in flight, up to its first delta."""
        deadline.record.attempts += 1
        wire.sent()
        live = None
        try:
            live = await LiveStream.open(self._calls, step, self.timeouts, deadline)
            delta = await live.next()
            if delta is None:
                answer = live.decoded()
                wire.paid(answer)
                check_formed(plan, step, answer, deadline.record)
                deadline.record.answers = [answer]
        except BaseException as error:
            self._met(limiter, error, step)
            if live is not None:
                await live.aclose()
            limiter.release()
            raise
        limiter.succeeded()
        live.on_close, live.wire = limiter.release, wire
        if delta is not None:
            wire.heard()
        return live, delta

    async def aclose(self) -> None:
        """End every wait, in every loop, and what this loop has under way."""
        for loop, theirs in self._owned.others():
            with suppress(RuntimeError):  # it has just ended
                loop.call_soon_threadsafe(theirs.waits.end)
        shared = self._owned.known()
        if shared is not None:
            shared.waits.end()
            await shared.flights.aclose()
            await asyncio.sleep(0)

    async def _limited(self, plan: Plan, step: Step, call: Callable[[], Awaitable[R]]) -> R:
        limiter = self.limiter(plan)
        async with limiter.permit(step.tokens):
            try:
                result = await call()
            except ProviderError as error:
                self._met(limiter, error, step)
                raise
            limiter.succeeded()
            return result

    def _met(self, limiter: Limiter, error: BaseException, step: Step) -> None:
        """What each failed attempt leads to, before anybody hears of it."""
        if isinstance(error, ProviderError):
            hide_secrets(error, (*self._calls.secrets, *step.secrets))
            if is_throttled(error):
                limiter.throttled()

    async def _retried(
        self, call: Callable[[], Awaitable[R]], progress: Progress, wire: WireCall, made: int = 0
    ) -> R:
        """Retry a call of which so many attempts are made; it first raises what the last one ended with."""
        before = max(made - 1, 0)
        policy = replace(self._policy, max_retries=max(self._policy.max_retries - before, 0))

        async def told(error: ProviderError, attempt: int, delay: float) -> None:
            wire.retried(error, before + attempt, delay)
            await progress.retry(error, before + attempt, delay)

        return await with_retries(call, policy, self.shared.budget, on_retry=told)

    def limiter(self, plan: Plan, *, counts: bool = False) -> Limiter:
        """What lets calls of a plan's model through; those that count its tokens have limits of their own."""
        return self.shared.limiter(plan, self._max_concurrent, self._share, counts=counts)
