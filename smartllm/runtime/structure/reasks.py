"""Asking a model again whose answer does not fit, with what is wrong with it."""

from __future__ import annotations

import time
from dataclasses import dataclass, replace
from typing import Any

from pydantic import ValidationError

from smartllm.compiler import Plan, Step
from smartllm.compiler.reask import asked_again as step_again
from smartllm.errors import CompileError, ProviderError
from smartllm.request import MessageRequest, TextRequest
from smartllm.response import TextResponse
from smartllm.runtime.answer import Fetched, Found
from smartllm.runtime.call import Executor
from smartllm.runtime.control.deadline import Deadline
from smartllm.runtime.observe.progress import Progress
from smartllm.runtime.structure.apart import response_apart
from smartllm.runtime.structure.tries import Try, asked_again, faults_of, where
from smartllm.structure_errors import StructureError


@dataclass(frozen=True, slots=True)
class Reasks:
    """Asks again for one caller.

    Attributes:
        executor: Makes the calls.
        plan: The request's.
        request: What the answer is to be, and how often it may be asked for again.
        progress: Tells the request's callback of it.
        deadline: What the calls count in; the caller awaits in its scope.
    """

    executor: Executor
    plan: Plan
    request: TextRequest[Any] | MessageRequest[Any]
    progress: Progress
    deadline: Deadline

    async def settled(self, found: Found) -> Found:
        """The answers once they fit, or once the model was asked often enough.

        Returns:
            With the caller's response, unless the last answer still does not fit.

        Raises:
            ProviderError: A further call failed after all retries.
        """
        fetched, step = found.fetched, None
        while True:
            try:
                response = await response_apart(fetched, self.request, self.plan)
                return replace(found, fetched=fetched, response=response)
            except (StructureError, ValidationError) as error:
                one = Try(fetched.answers[-1], faults_of(error))
            except Exception:  # noqa: BLE001 - cut, refused, or the caller's class: raised again for the caller
                return replace(found, fetched=fetched, response=None)
            if step is None:
                step = self._last(fetched)
            left = self.request.reasks - len(asked_again(fetched.tries))
            step = None if left < 1 or step is None else _again(step, one)
            if step is None:
                return replace(found, fetched=fetched, response=None)
            fetched = await self._asked(fetched, step, one)
            found = replace(found, source="miss")

    async def response(self, fetched: Fetched) -> TextResponse[Any]:
        """The caller's response, once the answers fit.

        Raises:
            ProviderError: As ``settled`` and ``Fetched.response``.
            pydantic.ValidationError: (a ``ValueError``) as ``Fetched.response``.
        """
        found = Found(fetched, "miss")
        if self.request.reasks:
            async with self.deadline.scope():
                found = await self.settled(found)
        return found.response or await response_apart(found.fetched, self.request, self.plan)

    def _last(self, fetched: Fetched) -> Step | None:
        """The step that was sent last."""
        answers = fetched.answers
        plan = fetched.plan or self.plan
        step: Step | None = plan.steps[len(answers) - 1].fill(answers[0].text)
        for one in asked_again(fetched.tries):
            step = None if step is None else _again(step, one)
        return step

    async def _asked(self, fetched: Fetched, step: Step, one: Try) -> Fetched:
        tries = (*fetched.tries, one)
        errors = [fault._asdict() for fault in one.faults]
        await self.progress.reask(len(asked_again(tries)), self.request.reasks, errors)
        record = self.deadline.record
        record.answers, record.tries = list(fetched.answers), fetched.tries
        clock = time.perf_counter()
        try:
            plan = fetched.plan or self.plan
            answer = await self.executor.call(plan, step, self.progress, self.deadline)
        except ProviderError as error:
            error.add_note(f"asked again (try {len(tries) + 1}), since an answer did not fit{where(one)}")
            raise
        return replace(
            fetched,
            answers=[*fetched.answers[:-1], answer],
            elapsed=fetched.elapsed + time.perf_counter() - clock,
            tries=(*tries, *record.tries[len(fetched.tries) :]),
        )


def _again(step: Step, one: Try) -> Step | None:
    try:
        return step_again(step, one.answer, [str(fault) for fault in one.faults])
    except CompileError:  # the error that the answer deserves says more
        return None
