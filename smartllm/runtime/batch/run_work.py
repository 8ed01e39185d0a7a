"""Which lines of a file of requests a run has to ask: all that neither results nor journal know."""

from __future__ import annotations

from array import array
from bisect import bisect_left
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any, NamedTuple

from smartllm.errors import ConfigError
from smartllm.runtime.batch.journal import Journal
from smartllm.runtime.batch.journal_entry import SETTLED, SUMS, digest_of, seen_sum

if TYPE_CHECKING:
    from smartllm.request import MessageRequest, TextRequest

    Request = TextRequest[Any] | MessageRequest[Any]


class Survey(NamedTuple):
    """What a file holds.

    Attributes:
        lines: How many requests it has.
        left: How many of them this run is to ask.
    """

    lines: int
    left: int


class Standing:
    """What was known of a file's lines when a run began.

    Args:
        journal: The run's.
        retry: Lines that have no answer are asked again.
    """

    def __init__(self, journal: Journal, *, retry: bool) -> None:
        self._next, self._seen, self._retry = journal.next, journal.seen, retry
        self._kept = {entry.line: (entry.status, entry.digest) for entry in journal.kept()}
        self._unanswered = array("q", journal.unanswered())

    def survey(self, lines: Iterable[tuple[int, bytes]]) -> Survey:
        """Look through a file.

        Args:
            lines: Its lines, with their numbers from 1.

        Raises:
            ConfigError: It is another file than the one that was answered.
        """
        count = left = seen = last = 0
        for line, data in lines:
            last = line
            blank = not data.strip()
            count += not blank
            if line < self._next and not self._is_unanswered(line):
                seen += seen_sum(line, digest_of(data))
            elif self.wants(line, data):
                left += not blank
        if last < self._next - 1 or seen % SUMS != self._seen:
            raise _changed(f"its first {self._next - 1} lines are not those that were answered")
        return Survey(count, left)

    def wants(self, line: int, data: bytes) -> bool:
        """Whether a line is to be asked.

        Raises:
            ConfigError: It was answered, and is another one now.
        """
        if line < self._next:
            return self._retry and self._is_unanswered(line)
        status, digest = self._kept.get(line, (None, b""))
        if status in SETTLED and digest != digest_of(data):
            raise _changed(f"line {line} is not the one that was answered")
        return status is None or (self._retry and status not in SETTLED)

    def _is_unanswered(self, line: int) -> bool:
        place = bisect_left(self._unanswered, line)
        return place < len(self._unanswered) and self._unanswered[place] == line


def _changed(how: str) -> ConfigError:
    return ConfigError(
        f"the file of requests was changed since the run began: {how}",
        hint="put back what was there, write to another file of results, or begin anew: --overwrite",
    )
