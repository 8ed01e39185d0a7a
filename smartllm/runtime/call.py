"""From a plan to what the provider answered: limits, retries, timeouts, whole answers and streams."""

from __future__ import annotations

import asyncio
import datetime as dt
import time
from collections.abc import Awaitable, Callable
from typing import Any, Final, TypeVar

from smartllm.compiler import Plan, Step
from smartllm.compiler.dialects import Decoded
from smartllm.compiler.dialects.stream import Delta
from smartllm.config import LLMConfig
from smartllm.errors import ProviderError, ProviderTimeoutError
from smartllm.runtime.answer import Fetched, decode_answer
from smartllm.runtime.control.concurrency import Limiter
from smartllm.runtime.control.retry import RetryBudget, RetryPolicy, is_throttled, with_retries
from smartllm.runtime.observe.progress import Progress, StreamProgress
from smartllm.runtime.stream import LiveStream, Patience, assembled
from smartllm.runtime.structured import check_whole
from smartllm.runtime.transport import Transport, hide_secrets

R = TypeVar("R")

_BYTES_A_TOKEN: Final = 4


class Executor:
    """Makes the calls of plans; holds what all calls of a client share.

    Args:
        config: Retries, limits and timeouts.
        transport: Gives the open transport, or raises ConfigError when the client is closed.
    """

    def __init__(self, config: LLMConfig, transport: Callable[[], Transport]) -> None:
        _, read = config.resolved_timeouts()
        self._transport = transport
        self.patience = Patience(
            first_event=config.first_event_timeout or read,
            stall=config.stall_timeout or read,
            total=config.total_timeout,
        )
        self._policy = RetryPolicy(
            config.max_retries, config.retry_delay, config.max_retry_delay, config.max_retry_after
        )
        self._budget = RetryBudget(config.retry_budget)
        self._max_concurrent = config.max_concurrent
        self._limiters: dict[str, Limiter] = {}

    async def fetch(self, plan: Plan, progress: Progress) -> Fetched:
        """Make the calls of a plan, within the total timeout.

        Raises:
            ProviderError: A call failed after all retries.
        """
        started, clock = dt.datetime.now(dt.UTC), time.perf_counter()
        async with _Total(self.patience.total, plan.model):
            first = await self.call(plan, plan.steps[0], progress)
            answers = [first]
            if len(plan.steps) > 1:
                check_whole(plan.steps[0], first)
                answers.append(await self.call(plan, plan.steps[1].fill(first.text), progress))
        return Fetched(answers, started, time.perf_counter() - clock)

    async def call(self, plan: Plan, step: Step, progress: Progress) -> Decoded:
        """Make one call; a streamed answer is put together."""

        async def attempt() -> Decoded:
            if not step.streamed:
                return decode_answer(step, await self._transport().send(step))
            counted = StreamProgress(progress)
            return await assembled(self._transport(), step, self.patience, counted.add)

        return await self._retried(lambda: self._limited(plan, step, attempt), progress)

    async def open(self, plan: Plan, step: Step, progress: Progress) -> tuple[LiveStream, Delta | None]:
        """Stream one call up to its first piece; what fails before that is retried.

        Returns:
            The stream, whose place among the calls in flight ``LiveStream.aclose`` gives back, and the piece;
            None when the answer has no text.
        """
        limiter = self._limiter(plan)

        async def attempt() -> tuple[LiveStream, Delta | None]:
            await limiter.acquire(_tokens(step))
            live = None
            try:
                live = await LiveStream.open(self._transport(), step, self.patience)
                piece = await live.next()
                if piece is None:
                    live.decoded()
            except BaseException as error:
                self._met(limiter, error)
                if live is not None:
                    await live.aclose()
                limiter.release()
                raise
            limiter.succeeded()
            live.on_close = limiter.release
            return live, piece

        async with _Total(self.patience.total, plan.model):
            return await self._retried(attempt, progress)

    async def listed(self, provider: str) -> list[dict[str, Any]]:
        """The models that the account can call, sorted by id."""

        async def attempt() -> list[dict[str, Any]]:
            try:
                return await self._transport().models()
            except ProviderError as error:
                hide_secrets(error, self._transport().secrets)
                raise

        async with _Total(self.patience.total, provider):
            found = await with_retries(attempt, self._policy, self._budget)
        return sorted(found, key=lambda model: str(model.get("id")))

    async def _limited(self, plan: Plan, step: Step, call: Callable[[], Awaitable[R]]) -> R:
        limiter = self._limiter(plan)
        async with limiter.permit(_tokens(step)):
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
            hide_secrets(error, self._transport().secrets)
            if is_throttled(error):
                limiter.throttled()

    async def _retried(self, call: Callable[[], Awaitable[R]], progress: Progress) -> R:
        return await with_retries(call, self._policy, self._budget, on_retry=progress.retry)

    def _limiter(self, plan: Plan) -> Limiter:
        key = plan.resolution.key
        if key not in self._limiters:
            quota = plan.quota
            self._limiters[key] = Limiter(
                self._max_concurrent or quota.concurrency,
                requests_per_minute=quota.requests_per_minute,
                tokens_per_minute=quota.tokens_per_minute,
            )
        return self._limiters[key]


class _Total:
    """A time limit that raises our error."""

    def __init__(self, seconds: float, model: str) -> None:
        self._seconds, self._model = seconds, model
        self._scope = asyncio.timeout(seconds)

    async def __aenter__(self) -> None:
        await self._scope.__aenter__()

    async def __aexit__(self, *error: object) -> None:
        try:
            await self._scope.__aexit__(*error)  # type: ignore[arg-type]
        except TimeoutError:
            raise ProviderTimeoutError("total", self._seconds, model=self._model, retryable=False) from None


def _tokens(step: Step) -> int:
    """Tokens that a provider reserves when it admits a call: the input and the output limit."""
    limits = ("max_tokens", "max_completion_tokens", "max_output_tokens")
    output = next((step.body[name] for name in limits if isinstance(step.body.get(name), int)), None)
    if output is None:
        output = step.body.get("inferenceConfig", {}).get("maxTokens", 0)
    return len(step.payload) // _BYTES_A_TOKEN + int(output)
