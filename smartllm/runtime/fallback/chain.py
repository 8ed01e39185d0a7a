"""A client's models in their order: one is asked, after certain failures the next one, by one deadline."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Callable
from contextlib import aclosing
from functools import partial
from typing import TYPE_CHECKING, Any

from smartllm.errors import CompileError, ProviderError, SmartLLMError, UnknownModelError
from smartllm.log import logger
from smartllm.response import StreamChunk, TextResponse
from smartllm.runtime.fallback.failures import why_over
from smartllm.runtime.fallback.requests import Carried, carried
from smartllm.runtime.fallback.targets import Caller, Target
from smartllm.runtime.fallback.told import tell_tried, with_tried
from smartllm.tried import Tried

if TYPE_CHECKING:
    from smartllm.compiler import Plan
    from smartllm.request import MessageRequest, TextRequest
    from smartllm.runtime.asked import Asked
    from smartllm.runtime.control.deadline import Deadline
    from smartllm.runtime.observe.progress import Progress

    Request = TextRequest[Any] | MessageRequest[Any]


class Place:
    """Where in the list a run of several calls has come to: its later calls begin with what answered last.

    Attributes:
        index: The model's place.
        tried: What was asked in vain on the way there.
        first: The plan for the client's own model; None where it takes none.
    """

    def __init__(self) -> None:
        self.index = 0
        self.tried: tuple[Tried, ...] = ()
        self.first: Plan | None = None


class Chain:
    """The models of a client.

    Args:
        own: Calls the client's own provider.
        takers: The models that take over.
        is_open: Whether the client is not closed yet.
    """

    def __init__(self, own: Caller, takers: tuple[Target, ...], is_open: Callable[[], bool]) -> None:
        self.own, self.is_open = own, is_open
        self.targets = (Target(), *takers)

    def caller_of(self, target: Target) -> Caller:
        """What calls a model."""
        return target.caller or self.own

    async def plan(self, request: Request) -> Plan:
        """The plan of the first model for which a request can be compiled, as ``answer`` begins with it.

        Raises:
            CompileError: As ``answer``.
        """
        going = _Going(self, request, None, Place())
        await going.begin()
        return going.asked.plan

    async def answer(
        self, request: Request, deadline: Deadline | None = None, place: Place | None = None
    ) -> TextResponse[Any]:
        """The first answer that one of the models gives.

        Args:
            request: The caller's.
            deadline: The end of the call; None takes the settings'.
            place: Where to begin, and where the answer's model is told.

        Raises:
            CompileError: The request cannot be compiled for the client's own model.
            Exception: What the last call ended with; ``tried`` has the others.
        """
        going = _Going(self, request, deadline, place or Place())
        await going.begin()
        await going.tell_begun()
        while True:
            try:
                response = await going.caller.answer(going.asked, going.progress, going.deadline)
            except Exception as error:
                if not await going.goes_on(error):
                    raise
            else:
                going.arrived()
                return response

    async def chunks(self, request: Request) -> AsyncGenerator[StreamChunk[Any]]:
        """The same in pieces; from the first piece on no other model takes over."""
        going = _Going(self, request, None, Place())
        await going.begin()
        await going.tell_begun()
        while True:
            is_seen = False
            try:
                await going.progress.started()
                source = going.caller.chunks(going.asked, going.progress, going.deadline)
                async with aclosing(source) as chunks:
                    async for chunk in chunks:
                        is_seen = True
                        yield chunk
            except Exception as error:
                if not await going.goes_on(error, is_seen=is_seen):
                    raise
            else:
                return


class _Going:
    """One call on its way through the models.

    Attributes:
        asked: What is asked now.
        progress: Tells of it.
        deadline: Its end, with a record of its own.
    """

    asked: Asked
    progress: Progress
    deadline: Deadline

    def __init__(self, chain: Chain, request: Request, deadline: Deadline | None, place: Place) -> None:
        self._chain, self._request, self._whole, self._place = chain, request, deadline, place
        self._index = place.index
        self._tried: list[Tried] = []
        self._unheard: list[Tried] = []

    @property
    def caller(self) -> Caller:
        """What makes the call."""
        return self._chain.caller_of(self._chain.targets[self._index])

    async def begin(self) -> None:
        """Compile for the first model that is to be asked.

        Raises:
            CompileError: The client's own model does not take the request.
        """
        if self._index:
            found = await self._next(self._index)
            if found is None:
                error = self._unheard[0].error
                tell_tried(error, [*self._place.tried, *self._unheard[1:]], paid=())
                raise error
            self._take(found)
            return
        own = self._chain.own
        try:
            self._take((self._index, Carried(await own.asked(self._request, None))))
            self._place.first = self.asked.plan
        except CompileError as error:
            found = await self._next(1) if why_over(error) else None
            if found is None:
                tell_tried(error, self._unheard, paid=())
                raise
            model = error.model if isinstance(error, UnknownModelError) else ""
            self._tried = [Tried(own.provider, model, error, skipped=True)]
            self._take(found)

    async def tell_begun(self) -> None:
        """Tell of a switch that was made before anything was asked."""
        if self._tried:
            first = self._tried[0]
            caller = self._chain.caller_of(self._chain.targets[self._place.index])
            await self._tell_switch(caller.progress(self._request, first.model), first)

    async def goes_on(self, error: Exception, *, is_seen: bool = False) -> bool:
        """Go on to the next model that takes the request, if the failure is one that allows it.

        Args:
            error: What the call ended with; where nothing goes on it is told of all that was tried.
            is_seen: The caller has seen something of the answer.
        """
        found = None
        if not is_seen and why_over(error) and self._chain.is_open() and self._has_time():
            found = await self._next(self._index + 1)
        if found is None or not isinstance(error, SmartLLMError):
            tell_tried(error, [*self._place.tried, *self._tried, *self._unheard], paid=self._tried)
            await self.progress.failed(error)
            return False
        failed = Tried(self.caller.provider, self.asked.plan.model, error.with_traceback(None))
        progress = self.progress
        self._tried.append(failed)
        self._take(found)
        await self._tell_switch(progress, failed)
        return True

    def arrived(self) -> None:
        """There is an answer."""
        self._place.index = self._index
        self._place.tried += tuple(self._tried)

    def _has_time(self) -> bool:
        now = asyncio.get_running_loop().time()
        return self.deadline.end(now) > now

    async def _next(self, index: int) -> tuple[int, Carried] | None:
        """The next model for which the request can be compiled, from a place in the list on."""
        for place in range(index, len(self._chain.targets)):
            target = self._chain.targets[place]
            try:
                caller = self._chain.caller_of(target)
                return place, await carried(self._request, target, caller, self._place.first)
            except CompileError as error:
                told = Tried(caller.provider, target.model or "", error, skipped=True)
                self._unheard.append(told)
        return None

    def _take(self, found: tuple[int, Carried]) -> None:
        """What is asked now."""
        self._index, (self.asked, left_out) = found
        plan = self.asked.plan
        self.progress = self.caller.progress(self.asked.request, plan.model)
        if self._whole is None:
            self._whole = self._chain.own.deadline(plan.model)
        self.deadline = self._whole.again(plan.model)
        self._tried += self._unheard
        self._unheard = []
        tried, paid = (*self._place.tried, *self._tried), tuple(self._tried)
        if tried or left_out:
            answered = (self.caller.provider, plan.model)
            self.asked.finish = partial(
                with_tried, tried=tried, answered=answered, paid=paid, left_out=left_out
            )

    async def _tell_switch(self, progress: Progress, failed: Tried) -> None:
        """Tell callback and log of a switch to what is asked now."""
        error, plan = failed.error, self.asked.plan
        skipped = [one for one in self._tried if one.skipped and one is not failed]
        logger.info("%s; %s %s is asked instead", failed, self.caller.provider, plan.model)
        about: dict[str, Any] = {"status": None, "code": None, "attempts": 0}
        if isinstance(error, ProviderError):
            about = {"status": error.status, "code": error.code, "attempts": error.attempts}
        await progress.emit(
            "fallback",
            to_model=plan.model,
            to_provider=self.caller.provider,
            error=type(error).__name__,
            error_message=str(error),
            reason=why_over(error) or "the request cannot be compiled for it",
            skipped=[
                {"provider": one.provider, "model": one.model, "reason": one.error.message} for one in skipped
            ],
            **about,
        )
