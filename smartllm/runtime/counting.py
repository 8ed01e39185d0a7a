"""Counting the input tokens of a request: the plan of its call, sent to the endpoint that counts."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from smartllm.compiler.counting import Counting, counted_in, counting_of
from smartllm.errors import DiagnosticError, ProviderError
from smartllm.runtime.control.retry import is_throttled
from smartllm.said import Named, said
from smartllm.structure_errors import FormatUnsupportedError
from smartllm.token_count import TokenCount

if TYPE_CHECKING:
    from smartllm.compiler import Plan
    from smartllm.diagnostics import Level
    from smartllm.rules import RuleSet
    from smartllm.runtime.asked import Asked
    from smartllm.runtime.call import Executor
    from smartllm.runtime.control.deadline import Deadline
    from smartllm.runtime.exchange import HostCalls
    from smartllm.runtime.observe.progress import Progress
    from smartllm.runtime.replies import Answer

_NO_SUCH_PATH: Final = frozenset({404, 405, 501})


class TokenCounter:
    """Counts the input tokens of requests for one client.

    Args:
        calls: Makes the calls.
        executor: Its retries, limits and knowledge of formats.
        rules: The rules by which its plans are made.
        level: What is done about what is not counted.
        elsewhere: Another server than the provider's own is called.
    """

    def __init__(
        self, calls: HostCalls, executor: Executor, rules: RuleSet, *, level: Level, elsewhere: bool
    ) -> None:
        self._calls, self._executor, self._rules = calls, executor, rules
        self._level, self._elsewhere = level, elsewhere

    async def count(self, asked: Asked, progress: Progress, deadline: Deadline) -> TokenCount:
        """Count the input tokens of the first call that a request takes.

        Args:
            asked: What is asked for.
            progress: Is told of retries.
            deadline: The end of the call.

        Raises:
            UnsupportedError: The host does not count them.
            DiagnosticError: A part of the input is not counted, and the level is ``raise``.
            ProviderError: The call failed after all retries.
        """
        formats = self._executor.formats
        plan = await formats.plan(asked)
        counting = self._counting(plan)
        async with deadline.scope():
            try:
                answer = await self._sent(plan, counting, progress, deadline)
            except FormatUnsupportedError as error:
                plan = await formats.other_plan(asked, plan, plan.steps[0], error, progress)
                counting = self._counting(plan)
                answer = await self._sent(plan, counting, progress, deadline)
        return _told(plan, counting, answer)

    def _counting(self, plan: Plan) -> Counting:
        counting = counting_of(plan, self._rules)
        lost = [item for item in counting.diagnostics if item.severity == "warning"]
        if self._level == "raise" and (changes := [item for item in lost if item.action != "noted"]):
            raise DiagnosticError(changes)
        return counting

    async def _sent(self, plan: Plan, counting: Counting, progress: Progress, deadline: Deadline) -> Answer:
        limiter, step = self._executor.limiter(plan, counts=True), counting.step

        async def call() -> Answer:
            async with limiter.permit():
                try:
                    answer = await self._calls.send(step)
                except ProviderError as error:
                    if is_throttled(error):
                        limiter.throttled()
                    raise
                limiter.succeeded()
                return answer

        try:
            return await self._executor.aside.make(call, deadline, secrets=step.secrets, told=progress.retry)
        except ProviderError as error:
            if self._elsewhere and error.status in _NO_SUCH_PATH:
                error.hint = said(
                    "many servers that speak a provider's API count no tokens; {} names this one",
                    Named("base_url"),
                )
            raise


def _told(plan: Plan, counting: Counting, answer: Answer) -> TokenCount:
    body: dict[str, Any] = answer.body
    return TokenCount(
        input_tokens=counted_in(body, counting, answer.request_id),
        model=counting.step.model,
        provider=plan.host,
        context_window=counting.window,
        diagnostics=(*plan.diagnostics, *counting.diagnostics),
        request_id=answer.request_id,
        raw=body,
    )
