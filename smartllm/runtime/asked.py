"""What one caller asks for, and the plans for it: one, and another where the host refuses native schemas."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Any, Final

from smartllm.compiler import Plan, Step
from smartllm.errors import CompileError
from smartllm.request import MessageRequest, TextRequest
from smartllm.response import TextResponse
from smartllm.rules.memo import MISSING, Memo
from smartllm.runtime.observe.progress import Progress
from smartllm.structure_errors import FormatUnsupportedError

_REMEMBERED: Final = 512
_CHARACTERS: Final = 64 * 1024

if TYPE_CHECKING:
    Request = TextRequest[Any] | MessageRequest[Any]


class Asked:
    """What one caller asks for.

    Args:
        request: The request.
        plan: Its plan, which gives its answer a key in the cache, however it is bound in the end.
        compiled: Compiles the request, bound as another one wishes, without the provider's own schema mode.

    Attributes:
        request: As given.
        plan: As given.
        finish: What a response becomes before the caller gets it.
    """

    def __init__(self, request: Request, plan: Plan, compiled: Callable[[Request], Awaitable[Plan]]) -> None:
        self.request, self.plan, self._compiled = request, plan, compiled
        self.finish: Callable[[TextResponse[Any]], TextResponse[Any]] = _as_it_is
        self._other: Plan | None = None

    async def without_native(self) -> Plan:
        """The plan that binds the answer by a tool; in as many steps, where the first does not bind it.

        Raises:
            CompileError: There is none.
        """
        if self._other is None:
            wished = self.request
            if len(self.plan.steps) > 1:  # so that what the first of them has said is still of use
                wished = wished.model_copy(update={"structured_output": "two_pass"})
            self._other = await self._compiled(wished)
        return self._other


class NativeFormats:
    """Which models' native schemas a host is known to refuse; of one client, and bounded."""

    def __init__(self) -> None:
        self._refused = Memo(results=_REMEMBERED, characters=_CHARACTERS)

    async def plan(self, asked: Asked) -> Plan:
        """The plan to begin with."""
        native = filter(_is_native, asked.plan.steps)
        if all(self._refused.find(_key(step)) is MISSING for step in native):
            return asked.plan
        try:
            return await asked.without_native()
        except CompileError:
            return asked.plan

    async def other_plan(
        self, asked: Asked, plan: Plan, step: Step, error: FormatUnsupportedError, progress: Progress
    ) -> Plan:
        """The plan to go on with after a refusal.

        Args:
            asked: What is asked for.
            plan: What was being done.
            step: The step that was refused.
            error: The refusal.
            progress: Is told.

        Raises:
            FormatUnsupportedError: The one given, where there is no other plan.
        """
        if plan is not asked.plan or not _is_native(step):
            raise error
        try:
            other = await asked.without_native()
        except CompileError:
            raise error from None
        self._refused.keep(_key(step), True)
        await progress.emit("structured_fallback", error_message=str(error), strategy=_way(other))
        return other


def _as_it_is(response: TextResponse[Any]) -> TextResponse[Any]:
    return response


def _is_native(step: Step) -> bool:
    return step.output is not None and step.output.strategy == "native"


def _key(step: Step) -> tuple[str, str, bool]:
    # A host may have a mode for any JSON object, and none for schemas.
    return step.model, step.dialect, step.output is not None and step.output.json_object


def _way(plan: Plan) -> str | None:
    return next((step.output.strategy for step in plan.steps if step.output is not None), None)
