"""From a plan to what the provider answered: limits, retries, deadlines, whole answers and streams."""

from __future__ import annotations

import asyncio
import datetime as dt
import time
from collections import OrderedDict
from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import Any, Final, TypeVar

from smartllm.compiler import Plan, Quota, Step
from smartllm.compiler.dialects.decoding import Decoded
from smartllm.compiler.dialects.stream import Delta
from smartllm.errors import ProviderError
from smartllm.runtime.answer import CallRecord, Fetched, Found, decode_answer
from smartllm.runtime.control.concurrency import Limiter
from smartllm.runtime.control.deadline import Deadline, OpenWaits, Record
from smartllm.runtime.control.owner import PerOwner
from smartllm.runtime.control.retry import RetryBudget, RetryPolicy, is_throttled, with_retries
from smartllm.runtime.control.single_flight import SingleFlight
from smartllm.runtime.exchange import HostCalls
from smartllm.runtime.observe.progress import Progress, StreamProgress
from smartllm.runtime.secrets import hide_secrets
from smartllm.runtime.stream import LiveStream, assembled
from smartllm.runtime.structured import asks_for_calls, check_whole
from smartllm.runtime.wire.way import timeouts_of
from smartllm.settings import Settings

R = TypeVar("R")

_LIMITERS: Final = 256


class Shared:
    """What the calls of one client in one event loop share.

    Attributes:
        flights: Equal calls under way.
        waits: Whatever waits.
        budget: What pays for retries.
    """

    def __init__(self, capacity: float | None) -> None:
        self.flights: SingleFlight[Found, CallRecord] = SingleFlight()
        self.waits = OpenWaits()
        self.budget = RetryBudget(capacity)
        self._limiters: OrderedDict[tuple[str, Quota], Limiter] = OrderedDict()

    def limiter(self, plan: Plan, most: int | None) -> Limiter:
        """The limits of a plan's model; those of models that rest are forgotten once there are many."""
        key = (plan.resolution.key, plan.quota)
        known = self._limiters.get(key)
        if known is None:
            quota = plan.quota
            known = self._limiters[key] = Limiter(
                most or quota.concurrency,
                requests_per_minute=quota.requests_per_minute,
                tokens_per_minute=quota.tokens_per_minute,
            )
            for idle in [name for name, limiter in self._limiters.items() if not limiter.in_flight]:
                if len(self._limiters) <= _LIMITERS:
                    break
                if idle != key:
                    del self._limiters[idle]
        self._limiters.move_to_end(key)
        return known


class Executor:
    """Makes the calls of plans; holds what all calls of a client share.

    Args:
        settings: Retries, limits and timeouts.
        calls: Makes them.
    """

    def __init__(self, settings: Settings, calls: HostCalls) -> None:
        config = settings.config
        self._calls = calls
        self.timeouts = timeouts_of(settings)
        self._policy = RetryPolicy(
            config.max_retries, config.retry_delay, config.max_retry_delay, config.max_retry_after
        )
        self._max_concurrent = config.max_concurrent
        self._owned: PerOwner[Shared] = PerOwner(lambda: Shared(config.retry_budget))

    @property
    def shared(self) -> Shared:
        """What the calls in the running loop share."""
        return self._owned.get()

    def deadline(self, plan: Plan) -> Deadline:
        """The end of a call that begins now."""
        return Deadline(self.timeouts.total, plan.model, self.shared.waits)

    def endless(self, plan: Plan, record: Record) -> Deadline:
        """For a call that others wait for, each with a deadline of their own."""
        return Deadline(float("inf"), plan.model, self.shared.waits, record)

    async def fetch(self, plan: Plan, progress: Progress, deadline: Deadline) -> Fetched:
        """Make the calls of a plan; the caller awaits it in the deadline's scope.

        Raises:
            ProviderError: A call failed after all retries.
        """
        started, clock = dt.datetime.now(dt.UTC), time.perf_counter()
        first = await self.call(plan, plan.steps[0], progress, deadline)
        answers = [first]
        if len(plan.steps) > 1:
            check_whole(plan, plan.steps[0], first)
        if len(plan.steps) > 1 and not asks_for_calls(plan.steps[0], first):
            answers.append(await self.call(plan, plan.steps[1].fill(first.text), progress, deadline))
        return Fetched(answers, started, time.perf_counter() - clock)

    async def call(self, plan: Plan, step: Step, progress: Progress, deadline: Deadline) -> Decoded:
        """Make one call; a streamed answer is put together."""

        async def attempt() -> Decoded:
            deadline.record.attempts += 1
            if not step.streamed:
                return decode_answer(step, await self._calls.send(step))
            counted = StreamProgress(progress)
            return await assembled(self._calls, step, self.timeouts, deadline, counted.add)

        return await self._retried(lambda: self._limited(plan, step, attempt), progress)

    async def open(
        self, plan: Plan, step: Step, progress: Progress, deadline: Deadline
    ) -> tuple[LiveStream, Delta | None]:
        """Stream one call up to its first delta; what fails before that is retried.

        Returns:
            The stream, whose place among the calls in flight ``LiveStream.aclose`` gives back, and the delta;
            None when the answer has no text.
        """
        limiter = self._limiter(plan)

        async def attempt() -> tuple[LiveStream, Delta | None]:
            await limiter.acquire(step.tokens)
            deadline.record.attempts += 1
            live = None
            try:
                live = await LiveStream.open(self._calls, step, self.timeouts, deadline)
                delta = await live.next()
                if delta is None:
                    live.decoded()
            except BaseException as error:
                self._met(limiter, error)
                if live is not None:
                    await live.aclose()
                limiter.release()
                raise
            limiter.succeeded()
            live.on_close = limiter.release
            return live, delta

        async with deadline.scope():
            return await self._retried(attempt, progress)

    async def listed(self, provider: str) -> list[dict[str, Any]]:
        """The models that the account can call, sorted by id."""
        deadline = Deadline(self.timeouts.total, provider, self.shared.waits)

        async def attempt() -> list[dict[str, Any]]:
            deadline.record.attempts += 1
            try:
                return await self._calls.models()
            except ProviderError as error:
                hide_secrets(error, self._calls.secrets)
                raise

        async with deadline.scope():
            found = await with_retries(attempt, self._policy, self.shared.budget)
        return sorted(found, key=lambda model: str(model.get("id")))

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
        limiter = self._limiter(plan)
        async with limiter.permit(step.tokens):
            try:
                result = await call()
            except ProviderError as error:
                self._met(limiter, error)
                raise
            limiter.succeeded()
            return result

    def _met(self, limiter: Limiter, error: BaseException) -> None:
        """What each failed attempt leads to, before anybody hears of it."""
        if isinstance(error, ProviderError):
            hide_secrets(error, self._calls.secrets)
            if is_throttled(error):
                limiter.throttled()

    async def _retried(self, call: Callable[[], Awaitable[R]], progress: Progress) -> R:
        return await with_retries(call, self._policy, self.shared.budget, on_retry=progress.retry)

    def _limiter(self, plan: Plan) -> Limiter:
        return self.shared.limiter(plan, self._max_concurrent)
