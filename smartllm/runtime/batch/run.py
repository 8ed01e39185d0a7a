"""One run over a file of requests: opens it, finds out what is left, answers that, and sums up."""

from __future__ import annotations

import asyncio
import itertools
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any, BinaryIO, Final, Protocol

from smartllm.map_progress import MapProgress
from smartllm.runtime.batch.journal import Journal
from smartllm.runtime.batch.journal_entry import ANSWERED
from smartllm.runtime.batch.keeping import Keeper
from smartllm.runtime.batch.online import ClientOf, Online, Work
from smartllm.runtime.batch.run_work import Standing, Survey

MAX_FAILURES: Final = 100
"""After how many failures in a row a run ends."""
_ROOM: Final = 8
_LOOKED_AT: Final = 1_000


class Reading(Protocol):
    """How lines are read."""

    def lines(self, file: BinaryIO) -> Iterator[tuple[int, bytes]]:
        """The lines of a file, from its beginning, with their numbers from 1."""
        ...

    def work(self, line: int, data: bytes) -> Work:
        """What a line asks, with what is wrong with it."""
        ...

    def pass_over(self, line: int, data: bytes) -> None:
        """Take note of a line that is not asked again."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class RunWish:
    """What a run is to do.

    Attributes:
        about: What answers depend on: model, provider, rules and so on; a run that goes on must have the same.
        max_concurrent: How many requests are under way at once; None takes as many as the client lets through
            for the first one's model.
        limit: How many requests are asked at most this time; None is no limit.
        retry_failed: Lines of earlier runs that have no answer are asked again.
        overwrite: Results that are there are dropped.
        max_failures: The run ends after so many failures without an answer between them; 0 for never.
    """

    about: Mapping[str, Any]
    max_concurrent: int | None = None
    limit: int | None = None
    retry_failed: bool = False
    overwrite: bool = False
    max_failures: int = MAX_FAILURES


@dataclass(frozen=True, slots=True, kw_only=True)
class RunSummary:
    """How a file stands after a run.

    Attributes:
        lines: Requests in the file.
        answered: Those that have an answer, of this run or an earlier one.
        failed: Those that were asked, and have none.
        refused: Those that could not be asked.
        left: Those that were not asked yet.
        asked: Those that this run asked.
        cached: Those of them that the cache answered.
        warned: Those of them whose answers have warnings among their diagnostics.
        cost: What all runs cost in US dollars; None where no price is known.
        input_tokens: Tokens that all runs paid for.
        output_tokens: The same.
        seconds: How long this run took.
        reason: Why it ended before the file did, or None.
    """

    lines: int
    answered: int
    failed: int
    refused: int
    left: int
    asked: int
    cached: int
    warned: int
    cost: Decimal | None
    input_tokens: int
    output_tokens: int
    seconds: float
    reason: Exception | str | None


async def answer_file(
    source: BinaryIO,
    results: Path,
    reading: Reading,
    client_of: ClientOf,
    wish: RunWish,
    *,
    tell: Callable[[MapProgress], None] | None = None,
    note: Callable[[str], None] | None = None,
    begun: Callable[[Online, Survey], None] | None = None,
) -> RunSummary:
    """Answer what of a file has no answer yet, and write the results in the order of its lines.

    What is answered is on the disk before its place among the requests under way is given to another one. So
    a run may end in whatever way: the next one with the same files asks what had no answer, and nothing else.

    Args:
        source: The requests; is read twice.
        results: The file of results; its journal stands beside it.
        reading: How lines are read.
        client_of: The client of each request.
        wish: What is to be done.
        tell: Is told how far the run is, after each request.
        note: Is told what people should know meanwhile.
        begun: Is given the run, which it may ``end``, and what is to be done.

    Raises:
        ConfigError: The files do not go together, another run writes them, or they cannot be used.
    """
    clock = time.monotonic()
    with Journal.open(results, wish.about, overwrite=wish.overwrite) as journal:
        journal.flush()
        standing = Standing(journal, retry=wish.retry_failed)
        survey = await asyncio.to_thread(lambda: standing.survey(reading.lines(source)))
        keeper = Keeper(journal, note or (lambda _: None))
        work = _limited(_work(source, reading, standing), wish.limit)
        first, work = _peeked(work)
        online = Online(
            work,
            client_of,
            keeper,
            most=await _room(first, client_of, wish),
            max_failures=wish.max_failures,
            tell=tell,
            total=survey.left if wish.limit is None else min(survey.left, wish.limit),
        )
        if begun is not None:
            begun(online, survey)
        try:
            await online.run()
        finally:
            try:
                await keeper.close()
            except OSError as error:  # all is in the journal, and the next run writes it
                online.end(error)
        return _summary(journal, survey, online, time.monotonic() - clock)


def _work(source: BinaryIO, reading: Reading, standing: Standing) -> Iterator[Work]:
    for line, data in reading.lines(source):
        if standing.wants(line, data):
            yield reading.work(line, data)
        else:
            reading.pass_over(line, data)


def _limited(work: Iterator[Work], limit: int | None) -> Iterator[Work]:
    left = limit
    for one in work:
        if left is not None and not one.is_blank:
            if not left:
                return
            left -= 1
        yield one


def _peeked(work: Iterator[Work]) -> tuple[Work | None, Iterator[Work]]:
    """The first line that asks something, and all lines."""
    seen: list[Work] = []
    for one in itertools.islice(work, _LOOKED_AT):
        seen.append(one)
        if one.request is not None:
            break
    return next((one for one in seen if one.request is not None), None), itertools.chain(seen, work)


async def _room(first: Work | None, client_of: ClientOf, wish: RunWish) -> int:
    """How many requests may be under way at once."""
    if wish.max_concurrent is not None:
        return wish.max_concurrent
    if first is None or first.request is None:
        return _ROOM
    client = client_of(first.request)
    if client.config.max_concurrent is not None:
        return client.config.max_concurrent
    try:
        plan = await asyncio.to_thread(client.compile, first.request)
    except (ValueError, TypeError):  # what is wrong with it is told when it is asked
        return _ROOM
    return plan.quota.concurrency


def _summary(journal: Journal, survey: Survey, online: Online, seconds: float) -> RunSummary:
    counts = journal.counts()
    state = online.progress()
    return RunSummary(
        lines=survey.lines,
        answered=counts.get(ANSWERED, 0),
        failed=counts.get("failed", 0),
        refused=counts.get("refused", 0),
        left=survey.lines - sum(counts.values()),
        asked=state.done,
        cached=state.cached,
        warned=online.warned,
        cost=journal.cost,
        input_tokens=journal.tokens[0],
        output_tokens=journal.tokens[1],
        seconds=seconds,
        reason=online.reason,
    )
