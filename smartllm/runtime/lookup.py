"""One caller's way to an answer: looked up, joined with an equal call, or made and kept."""

from __future__ import annotations

import copy
import sys
from collections.abc import Mapping
from dataclasses import replace
from typing import Any, Final

from smartllm.errors import CompileError, ProviderTimeoutError
from smartllm.response import CacheSource, TextResponse
from smartllm.runtime.answer import CallRecord, Fetched, Found
from smartllm.runtime.asked import Asked
from smartllm.runtime.cache.entry import entry_of, fetched_of, worth_keeping
from smartllm.runtime.cache.files import holds_secret
from smartllm.runtime.cache.levels import ResponseCache
from smartllm.runtime.call import Executor
from smartllm.runtime.control.deadline import Deadline
from smartllm.runtime.control.single_flight import Flight
from smartllm.runtime.observe.progress import Progress
from smartllm.runtime.structure.apart import response_apart
from smartllm.runtime.structure.reasks import Reasks

_ALL: Final = sys.maxsize

CallFlight = Flight[Found, CallRecord]


class Lookup:
    """One caller's way to an answer.

    Args:
        cache: Both levels.
        executor: Makes calls.
        asked: What the caller wants, and what would be sent.
        key: The plan's key in the cache.

    Attributes:
        joined: The call was another caller's.
        given: How many of the calls, from the first on, this caller did not make: of a call that is joined
            all, whatever becomes of it, until its answer is there.
    """

    def __init__(
        self,
        cache: ResponseCache,
        executor: Executor,
        asked: Asked,
        key: str,
    ) -> None:
        self._cache, self._executor, self._asked = cache, executor, asked
        self._plan, self._request, self._key = asked.plan, asked.request, key
        self._record = CallRecord()
        self._joined = self.joined = False
        self.given = 0

    async def response(self, progress: Progress, deadline: Deadline) -> TextResponse[Any]:
        """The caller's own response.

        Raises:
            ProviderError: The call failed after all retries, or its answer does not fit.
            pydantic.ValidationError: (a ``ValueError``) the structured answer does not fit.
        """
        try:
            async with deadline.scope():
                found = await self._found(progress, deadline)
                self.given = found.fetched.calls if self.joined or found.source != "miss" else 0
                if self._joined and self._request.reasks:
                    # The call was made for another caller, whose class may take what this one does not.
                    deadline.record = copy.copy(deadline.record)
                    found = await self._settled(found, progress, deadline)
                    self._joined = found.response is None
        except ProviderTimeoutError:
            if self._record.paid_for is None:
                raise
            # What is paid for is given, whatever the cache still had to do.
            found = self._record.paid_for
            self.given = found.fetched.calls if self.joined else 0
        return await found.response_for(
            self._request, self._plan, self._key, joined=self._joined, given=self.given
        )

    async def _found(self, progress: Progress, deadline: Deadline) -> Found:
        """The answer, from wherever it comes."""
        key = self._key
        if not (self._plan.cacheable and self._request.use_cache):
            if self._request.clear_cache:
                await self._cache.delete(key)
            await progress.started()
            found = Found(await self._executor.fetch(self._asked, progress, deadline), "miss")
            return await self._settled(found, progress, deadline) if self._request.reasks else found
        if self._request.clear_cache:
            await self._cache.delete(key)
            # A forced refresh joins other refreshes, but never a call that began before it.
            key += "!"
        else:
            kept = await self._fitting(await self._cache.local_get(key), "l1")
            if kept is not None:
                return kept

        async def made(flight: CallFlight) -> Found:
            return await self._kept_or_made(flight, progress)

        flight, self.joined = self._executor.shared.flights.join(key, made, self._record)
        self._joined = self.joined
        self.given = _ALL if self.joined else 0
        self._record = deadline.record = flight.note
        return await flight.result(progress.started if self._joined else None)

    async def _kept_or_made(self, flight: CallFlight, progress: Progress) -> Found:
        """Look again, since an equal call may have ended just now; else make the call and keep its answer."""
        if not self._request.clear_cache:
            kept = await self._fitting(await self._cache.local_get(self._key), "l1")
            kept = kept or await self._from_shared()
            if kept is not None:
                return kept
        flight.begun.set()
        await progress.started()
        deadline = self._executor.endless(self._plan, flight.note)
        fetched = await self._executor.fetch(self._asked, progress, deadline)
        if self._request.reasks:
            found = await self._settled(Found(fetched, "miss"), progress, deadline)
        else:
            flight.note.paid_for = Found(fetched, "miss")
            found = await self._judged(fetched, "miss")
        flight.note.paid_for, fetched, entry = found, found.fetched, None
        # Only what validates is kept. What does not fit this caller's class may fit another's.
        if found.response is not None and worth_keeping(fetched.plan or self._plan, fetched.answers):
            entry = entry_of(self._key, found.response, fetched)
        if entry is None or holds_secret(entry, self._plan.steps[0].secrets):
            return found
        notes = await self._cache.put(self._key, entry)
        if notes:
            found = await self._judged(replace(fetched, notes=notes), "miss")
        return found

    async def _settled(self, found: Found, progress: Progress, deadline: Deadline) -> Found:
        """The answer once it fits, or once the model was asked often enough."""
        reasks = Reasks(self._executor, self._plan, self._request, progress, deadline)
        return await reasks.settled(found)

    async def _from_shared(self) -> Found | None:
        entry = await self._cache.shared_get(self._key)
        found = await self._fitting(entry, "l2")
        if entry is not None and found is not None:
            await self._cache.local_put(self._key, entry)
        return found

    async def _fitting(self, entry: Mapping[str, Any] | None, source: CacheSource) -> Found | None:
        """What an entry holds; None where it does not fit what is asked for."""
        other = None
        if entry is not None and entry.get("native") is False:
            try:
                other = await self._asked.without_native()
            except CompileError:
                return None
        fetched = None if entry is None else fetched_of(entry, other or self._plan)
        if fetched is not None and other is not None:
            fetched = replace(fetched, plan=other)
        found = None if fetched is None else await self._judged(fetched, source)
        return None if found is None or found.response is None else found

    async def _judged(self, fetched: Fetched, source: CacheSource) -> Found:
        """The answers with the caller's response, if they fit."""
        try:
            response = await response_apart(fetched, self._request, self._plan)
        except Exception:  # noqa: BLE001 - whatever the caller's class raises is raised again for that caller
            response = None
        return Found(fetched, source, response)
