"""``client.count_tokens``: the first call of a request's plan goes to the endpoint that counts."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any, Final, Unpack

from smartllm.compiler.counting import Counting, counted_in, counting_of
from smartllm.compiler.counting_doors import counting_door
from smartllm.errors import DiagnosticError, ProviderError
from smartllm.request import MessageRequest, TextRequest
from smartllm.request_keywords import NOT_GIVEN, Prompt, PromptFields, Turns
from smartllm.request_of import any_request
from smartllm.runtime.base import BaseClient
from smartllm.runtime.control.retry import is_throttled
from smartllm.runtime.failed import make_ready
from smartllm.structure_errors import FormatUnsupportedError
from smartllm.token_count import TokenCount

if TYPE_CHECKING:
    from smartllm.compiler import Plan
    from smartllm.diagnostics import Diagnostic
    from smartllm.runtime.asked import Asked
    from smartllm.runtime.control.deadline import Deadline
    from smartllm.runtime.observe.progress import Progress
    from smartllm.runtime.replies import Answer

_NO_SUCH_PATH: Final = frozenset({404, 405, 501})
_ELSEWHERE: Final = "this is another server than the provider's own: many that speak its API count no tokens"


class CountingClient(BaseClient):
    """What counts the tokens of requests."""

    async def count_tokens(
        self,
        request: TextRequest[Any] | MessageRequest[Any] | Prompt | Turns = NOT_GIVEN,
        **fields: Unpack[PromptFields[Any]],
    ) -> TokenCount:
        """How many input tokens a request has, counted by the provider; no model answers.

        What is counted is what ``generate_text`` or ``send_message`` would send first, tools and schemas
        too. No provider takes money for it, nothing is cached, and ``on_progress`` is told of retries and of
        a failure alone. Where the API that would answer counts no tokens and the caller names none, another
        one of the provider counts, and a diagnostic says so.

        Args:
            request: A prompt, a conversation (a list in which a message stands), or a request.
            fields: Fields of a request, beside a prompt or a conversation.

        Raises:
            UnsupportedError: The provider counts no tokens for this model or API; the hint names what does.
            CompileError: As ``generate_text``; a ``DiagnosticError`` also where ``level="raise"`` and a part
                of the input is not counted.
            ProviderError: The call failed after all retries; a ``ResponseError`` where it told no number.
            pydantic.ValidationError: (a ``ValueError``) a field cannot be used.
        """
        self._check_open()
        wished = any_request("client.count_tokens", request, fields)
        wished = wished.model_copy(update={"stream": False}) if wished.stream else wished
        asked, notes = await self._at_a_door(wished)
        plan = asked.plan
        progress, deadline = self._progress(wished, plan.model), self._executor.deadline(plan.model)
        try:
            async with deadline.scope():
                plan, counting, answer = await self._count(asked, progress, deadline)
            number = counted_in(answer.body, counting, answer.request_id)
        except Exception as error:
            make_ready(error, deadline, plan, wished, self._calls.secrets)
            await progress.failed(error)
            raise
        return TokenCount(
            input_tokens=number,
            model=counting.step.model,
            provider=plan.host,
            context_window=counting.window,
            diagnostics=(*notes, *plan.diagnostics, *counting.diagnostics),
            request_id=answer.request_id,
            raw=answer.body,
        )

    async def _at_a_door(
        self, wished: TextRequest[Any] | MessageRequest[Any]
    ) -> tuple[Asked, tuple[Diagnostic, ...]]:
        """What is asked for, at a door that counts, where the provider has one and the caller leaves it."""
        rules, asked = self._rules(), await self._asked(wished)
        api_type = wished.api_type if "api_type" in wished.model_fields_set else None
        door = counting_door(asked.plan, self.provider, rules, api_type=api_type)
        if door is None:
            return asked, ()
        led = wished.model_copy(update={"api_type": door.api_type, "model": door.model})
        return await self._asked(led, door=door.host), door.notes

    async def _count(
        self, asked: Asked, progress: Progress, deadline: Deadline
    ) -> tuple[Plan, Counting, Answer]:
        """Count the tokens of a plan; of another one where the host refuses native schemas here too."""
        formats = self._executor.formats
        plan = await formats.plan(asked)
        try:
            return plan, *(await self._counted(plan, progress, deadline))
        except FormatUnsupportedError as error:
            plan = await formats.other_plan(asked, plan, plan.steps[0], error, progress)
            return plan, *(await self._counted(plan, progress, deadline))

    async def _counted(self, plan: Plan, progress: Progress, deadline: Deadline) -> tuple[Counting, Answer]:
        counting = await self._counting(plan)
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

        make = self._executor.aside.make
        try:
            return counting, await make(call, deadline, secrets=step.secrets, told=progress.retry)
        except ProviderError as error:
            if self._settings.custom_endpoint is not None and error.status in _NO_SUCH_PATH:
                error.hint = _ELSEWHERE
            raise

    async def _counting(self, plan: Plan) -> Counting:
        rules, level = self._rules(), self.config.level
        if isinstance(plan.steps[0].content, bytes):
            counting = counting_of(plan, rules)
        else:  # a body with media may be encoded as a whole
            counting = await asyncio.to_thread(counting_of, plan, rules)
        lost = [item for item in counting.diagnostics if item.severity == "warning"]
        if level == "raise" and (changes := [item for item in lost if item.action != "noted"]):
            raise DiagnosticError(changes)
        if level == "warn":
            self._announce(plan.model, counting.diagnostics)
        return counting
