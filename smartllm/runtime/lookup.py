"""One caller's way to an answer: looked up, joined with an equal call, or made and kept."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from smartllm.compiler import Plan
from smartllm.errors import ProviderTimeoutError
from smartllm.request import MessageRequest, TextRequest
from smartllm.response import CacheSource, TextResponse
from smartllm.runtime.answer import CallRecord, Fetched, Found
from smartllm.runtime.cache.entry import entry_of, fetched_of, worth_keeping
from smartllm.runtime.cache.files import holds_secret
from smartllm.runtime.cache.levels import ResponseCache
from smartllm.runtime.call import Executor
from smartllm.runtime.control.deadline import Deadline
from smartllm.runtime.control.single_flight import Flight
from smartllm.runtime.observe.progress import Progress

CallFlight = Flight[Found, CallRecord]


class Lookup:
    """One caller's way to an answer.

    Args:
        cache: Both levels.
        executor: Makes calls.
        plan: What would be sent.
        request: What the caller wants.
        key: The plan's key in the cache.
    """

    def __init__(
        self,
        cache: ResponseCache,
        executor: Executor,
        plan: Plan,
        request: TextRequest[Any] | MessageRequest[Any],
        key: str,
    ) -> None:
        self._cache, self._executor = cache, executor
        self._plan, self._request, self._key = plan, request, key
        self._record = CallRecord()
        self._joined = False

    async def response(self, progress: Progress, deadline: Deadline) -> TextResponse[Any]:
        """The caller's own response.

        Raises:
            ProviderError: The call failed after all retries, or its answer does not fit.
            pydantic.ValidationError: (a ``ValueError``) the structured answer does not fit.
        """
        try:
            async with deadline.scope():
                found = await self._found(progress, deadline)
        except ProviderTimeoutError:
            if self._record.paid_for is None:
                raise
            # What is paid for is given, whatever the cache still had to do.
            found = self._record.paid_for
        return found.response_for(self._request, self._plan, self._key, joined=self._joined)

    async def _found(self, progress: Progress, deadline: Deadline) -> Found:
        """The answer, from wherever it comes."""
        key = self._key
        if not (self._plan.cacheable and self._request.use_cache):
            if self._request.clear_cache:
                await self._cache.delete(key)
            await progress.started()
            return Found(await self._executor.fetch(self._plan, progress, deadline), "miss")
        if self._request.clear_cache:
            await self._cache.delete(key)
            # A forced refresh joins other refreshes, but never a call that began before it.
            key += "!"
        else:
            kept = self._fitting(await self._cache.local_get(key), "l1")
            if kept is not None:
                return kept

        async def made(flight: CallFlight) -> Found:
            return await self._kept_or_made(flight, progress)

        flight, self._joined = self._executor.shared.flights.join(key, made, self._record)
        self._record = deadline.record = flight.note
        return await flight.result(progress.started if self._joined else None)

    async def _kept_or_made(self, flight: CallFlight, progress: Progress) -> Found:
        """Look again, since an equal call may have ended just now; else make the call and keep its answer."""
        if not self._request.clear_cache:
            kept = self._fitting(await self._cache.local_get(self._key), "l1") or await self._from_shared()
            if kept is not None:
                return kept
        flight.begun.set()
        await progress.started()
        deadline = self._executor.endless(self._plan, flight.note)
        fetched = await self._executor.fetch(self._plan, progress, deadline)
        found = flight.note.paid_for = self._judged(fetched, "miss")
        entry = None
        # Only what validates is kept. What does not fit this caller's class may fit another's.
        if found.response is not None and worth_keeping(self._plan, fetched.answers):
            entry = entry_of(self._key, found.response, fetched.answers)
        if entry is None or holds_secret(entry, self._plan.steps[0].secrets):
            return found
        notes = await self._cache.put(self._key, entry)
        if notes:
            found = self._judged(replace(fetched, notes=notes), "miss")
        return found

    async def _from_shared(self) -> Found | None:
        entry = await self._cache.shared_get(self._key)
        found = self._fitting(entry, "l2")
        if entry is not None and found is not None:
            await self._cache.local_put(self._key, entry)
        return found

    def _fitting(self, entry: Mapping[str, Any] | None, source: CacheSource) -> Found | None:
        """What an entry holds; None where it does not fit what is asked for."""
        fetched = None if entry is None else fetched_of(entry, self._plan)
        found = None if fetched is None else self._judged(fetched, source)
        return None if found is None or found.response is None else found

    def _judged(self, fetched: Fetched, source: CacheSource) -> Found:
        """The answers with the caller's response, if they fit."""
        try:
            response = fetched.response(self._request, self._plan)
        except Exception:  # noqa: BLE001 - whatever the caller's class raises is raised again for that caller
            response = None
        return Found(fetched, source, response)
