"""Answers lines of requests online, so many at once; each answer is kept before the next line is taken."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from decimal import Decimal
from typing import Any, Final, NamedTuple

from smartllm.errors import (
    AuthenticationError,
    ConfigError,
    DiagnosticError,
    ProviderError,
    QuotaError,
    RequestFileError,
)
from smartllm.map_progress import MapProgress
from smartllm.request import MessageRequest, TextRequest
from smartllm.response import TextResponse
from smartllm.runtime.batch.journal_entry import ANSWERED, BLANK, Entry
from smartllm.runtime.batch.keeping import Keeper
from smartllm.runtime.batch.result_lines import answered, line_text, unanswered
from smartllm.runtime.client import LLMClient

Request = TextRequest[Any] | MessageRequest[Any]
ClientOf = Callable[[Request], LLMClient]
"""The client that answers a request."""

AHEAD: Final = 100_000
"""How many lines may be answered while an earlier one is still under way."""
_FOR_ALL: Final = (AuthenticationError, QuotaError, ConfigError)
"""What fails every line, and is the account's or the settings' fault: such lines are left for a later run."""


class Work(NamedTuple):
    """A line that is to be answered.

    Attributes:
        line: Its number, from 1.
        digest: Of its bytes.
        custom_id: The caller's own id.
        request: What it asks; None for a blank line.
        error: Why it asks nothing that can be sent, or None.
    """

    line: int
    digest: bytes
    custom_id: str | None = None
    request: Request | None = None
    error: Exception | None = None

    @property
    def is_blank(self) -> bool:
        """Whether it holds nothing."""
        return self.request is None and self.error is None


class Online:
    """One run over lines.

    Args:
        work: The lines; taken one at a time, when there is room.
        client_of: Answers them.
        keeper: Keeps what becomes of them.
        most: How many are under way at once.
        max_failures: The run ends after so many failures without an answer between them; 0 for never.
        tell: Is told how far the run is.
        total: How many lines there are to answer.

    Attributes:
        reason: Why it ended before its lines did: an error, a text, or None.
        warned: How many answers have warnings among their diagnostics.
    """

    def __init__(
        self,
        work: Iterator[Work],
        client_of: ClientOf,
        keeper: Keeper,
        *,
        most: int,
        max_failures: int = 0,
        tell: Callable[[MapProgress], None] | None = None,
        total: int | None = None,
    ) -> None:
        self._work, self._client_of, self._keeper = work, client_of, keeper
        self._most, self._max_failures, self._tell, self._total = most, max_failures, tell, total
        self._clock = time.monotonic()
        self._done = self._failed = self._cached = self._in_flight = self._in_a_row = 0
        self._cost: Decimal | None = None
        self.reason: Exception | str | None = None
        self.warned = 0

    @property
    def in_flight(self) -> int:
        """How many lines are under way."""
        return self._in_flight

    def end(self, reason: Exception | str) -> None:
        """Take no further line; what is under way goes on to its end. The first reason counts."""
        self.reason = self.reason or reason

    async def run(self) -> None:
        """Answer the lines, up to the last one or to ``end``."""
        self._clock = time.monotonic()
        async with asyncio.TaskGroup() as workers:
            for _ in range(self._most):
                workers.create_task(self._worker())

    def progress(self) -> MapProgress:
        """How far the run is."""
        return MapProgress(
            done=self._done,
            failed=self._failed,
            cached=self._cached,
            total=self._total,
            in_flight=self._in_flight,
            seconds=time.monotonic() - self._clock,
            cost=self._cost,
        )

    async def _worker(self) -> None:
        while (work := self._next()) is not None:
            await self._keeper.room(work.line, AHEAD)
            self._in_flight += 1
            try:
                entry = await self._entry(work)
                failure = None if entry is None else await self._keeper.put(entry)
            finally:
                self._in_flight -= 1
            if failure is not None:
                self.end(failure)
            elif entry is not None and entry.status != BLANK:
                self._count(entry)

    def _next(self) -> Work | None:
        if self.reason is not None:
            return None
        try:
            return next(self._work, None)
        except (ConfigError, RequestFileError) as error:  # of the file, which was changed meanwhile
            self.end(error)
            return None

    async def _entry(self, work: Work) -> Entry | None:
        """What becomes of a line; None where it is left for a later run."""
        if work.is_blank:
            return Entry(work.line, BLANK, work.digest)
        error = work.error
        if work.request is not None:
            try:
                return self._answered(work, await _answer(self._client_of(work.request), work.request))
            except Exception as failure:  # noqa: BLE001 - whatever it is, the line has a result
                error = failure
        assert error is not None
        if isinstance(error, _FOR_ALL) and work.error is None:
            self.end(error)
            return None
        return await self._failure(work, error)

    def _answered(self, work: Work, response: TextResponse[Any]) -> Entry:
        result = answered(work.line, response, custom_id=work.custom_id)
        self.warned += any(item.severity == "warning" for item in response.diagnostics)
        self._cached += response.cache_source != "miss"
        cost = None if result["cost"] is None else Decimal(repr(result["cost"]))
        # By the cache, or with the equal call of another line.
        given = response.cache_source != "miss" or cost == 0
        paid = (0, 0) if given else (response.input_tokens, response.output_tokens)
        return Entry(work.line, ANSWERED, work.digest, line_text(result), cost, paid)

    async def _failure(self, work: Work, error: Exception) -> Entry:
        paid = getattr(error, "response", None)
        told = list(error.diagnostics) if isinstance(error, DiagnosticError) else []
        if isinstance(error, ProviderError) and work.request is not None:
            with suppress(Exception):  # it says why the line failed, and that is known already
                client = self._client_of(work.request)
                told = list((await asyncio.to_thread(client.compile, work.request)).diagnostics)
        result = unanswered(work.line, error, custom_id=work.custom_id, diagnostics=told)
        cost, tokens = (
            (None, (0, 0)) if paid is None else (paid.cost, (paid.input_tokens, paid.output_tokens))
        )
        return Entry(work.line, result["status"], work.digest, line_text(result), cost, tokens)

    def _count(self, entry: Entry) -> None:
        self._done += 1
        self._failed += entry.status != ANSWERED
        if entry.cost is not None:
            self._cost = entry.cost + (self._cost or Decimal(0))
        if entry.status == ANSWERED:
            self._in_a_row = 0
        elif entry.status == "failed":
            self._in_a_row += 1
            if self._in_a_row == self._max_failures:
                self.end(f"the last {self._in_a_row} requests all failed")
        if self._tell is not None:
            self._tell(self.progress())


async def _answer(client: LLMClient, request: Request) -> TextResponse[Any]:
    if isinstance(request, MessageRequest):
        return await client.send_message(request)
    return await client.generate_text(request)
