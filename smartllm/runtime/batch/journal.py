"""What a run has answered, in an SQLite file beside its results: no answer is lost, and none written twice.

SQLite rather than lines that are appended. Answers come in another order than they are written in, so they
are looked up by their line; those that stand in the results are deleted, so the file stays small; a commit is
whole or not there, whatever kills the process; and its lock ends with the process that has it.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from decimal import Decimal
from pathlib import Path
from typing import Any, Final, Self

from smartllm.errors import ConfigError
from smartllm.runtime.batch.journal_entry import ANSWERED, BLANK, SETTLED, SUMS, Entry, seen_sum
from smartllm.runtime.batch.journal_file import FORMAT, change, locked, make_tables, note, noted
from smartllm.runtime.batch.results_file import ResultsFile

SUFFIX: Final = ".journal"

_ROWS: Final = 500


class Journal:
    """The journal of one file of results, held against other processes until it is closed.

    Its methods are for one thread at a time.

    Args:
        path: Its file.
        db: Its open database.
        results: The results.

    Attributes:
        path: As given.
        next: The first line that does not stand in the results.
        seen: Sum of ``seen_sum`` over the lines before it that are answered or blank.
        cost: What all runs cost in US dollars; None while no price is known.
        tokens: Tokens in and out that all runs paid for.
    """

    def __init__(self, path: Path, db: sqlite3.Connection, results: ResultsFile) -> None:
        self.path, self._db, self._results = path, db, results
        self.next, self.seen, self._answered = 1, 0, 0
        self.cost: Decimal | None = None
        self.tokens = (0, 0)

    @classmethod
    def open(cls, results: Path, options: Mapping[str, Any], *, overwrite: bool = False) -> Self:
        """The journal of a file of results, made where there is none.

        Args:
            results: The file of results.
            options: What its answers depend on; a run that goes on must have the same. Never a secret.
            overwrite: Drop what is there.

        Raises:
            ConfigError: Another process holds it; it belongs to other options or to other results; or one of
                the files cannot be used.
        """
        path = results.with_name(results.name + SUFFIX)
        file = ResultsFile(results)
        try:
            found = cls(path, locked(path, results), file)
        except BaseException:
            file.close()
            raise
        try:
            found._begin(options, overwrite=overwrite)
        except BaseException:
            found.close()
            raise
        return found

    def close(self) -> None:
        """Let go of both files."""
        self._results.close()
        with suppress(sqlite3.Error):  # on a full disk what is in its log stays there
            self._db.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def add(self, entries: Sequence[Entry]) -> None:
        """Keep what became of lines: all of it or nothing, and on the disk when this returns.

        Raises:
            OSError: There is no room, or the disk fails; nothing is kept.
        """
        known = [entry.cost for entry in entries if entry.cost is not None]
        cost = self.cost if not known else sum(known, start=self.cost or Decimal(0))
        tokens_in = self.tokens[0] + sum(entry.tokens[0] for entry in entries)
        tokens_out = self.tokens[1] + sum(entry.tokens[1] for entry in entries)
        with change(self._db, self.path) as db:
            rows = [(entry.line, entry.status, entry.digest, entry.result) for entry in entries]
            db.executemany("INSERT OR REPLACE INTO kept VALUES (?, ?, ?, ?)", rows)
            paid = {"cost": None if cost is None else str(cost), "tokens": [tokens_in, tokens_out]}
            note(self._db, paid)
        self.cost, self.tokens = cost, (tokens_in, tokens_out)

    def flush(self) -> None:
        """Write to the results what follows on what stands there.

        Raises:
            OSError: There is no room, or the disk fails; what is not written is kept.
        """
        while rows := list(self._following()):
            self._results.append(_text(rows))
            seen = sum(seen_sum(row.line, row.digest) for row in rows if row.status in SETTLED)
            answered = self._answered + sum(row.status == ANSWERED for row in rows)
            wrong = [(row.line, row.status) for row in rows if row.status not in SETTLED]
            line, seen = rows[-1].line + 1, (self.seen + seen) % SUMS
            with change(self._db, self.path) as db:
                db.execute("DELETE FROM kept WHERE line BETWEEN ? AND ?", (self.next, rows[-1].line))
                db.executemany("INSERT OR REPLACE INTO unanswered VALUES (?, ?)", wrong)
                note(self._db, self._place(line, seen, answered))
            self.next, self.seen, self._answered = line, seen, answered

    def merge(self) -> None:
        """Put what was asked again in the place of what stands in the results.

        Raises:
            OSError: There is no room, or the disk fails; the results are as they were.
        """
        if not self._db.execute("SELECT 1 FROM kept WHERE line < ? LIMIT 1", (self.next,)).fetchone():
            return
        again = self._db.execute("SELECT line, result FROM kept WHERE line < ? ORDER BY line", (self.next,))
        mark = self._results.rewrite(again)
        with change(self._db, self.path):
            note(self._db, {"merging": mark})
        self._results.replace()
        self._merged()

    def kept(self) -> Iterator[Entry]:
        """What does not stand in the results yet, by line, without the results themselves."""
        rows = self._db.execute(
            "SELECT line, status, digest FROM kept WHERE line >= ? ORDER BY line", (self.next,)
        )
        return (Entry(*row) for row in rows)

    def unanswered(self) -> Iterator[int]:
        """The lines whose results are no answers, in order."""
        rows = self._db.execute("SELECT line FROM unanswered ORDER BY line")
        return (line for (line,) in rows)

    def counts(self) -> dict[str, int]:
        """How many lines are in which status, over all runs."""
        found = {ANSWERED: self._answered} if self._answered else {}
        elsewhere = "SELECT status, count(*) FROM kept WHERE status != ? GROUP BY 1"
        there = "SELECT status, count(*) FROM unanswered WHERE line NOT IN (SELECT line FROM kept) GROUP BY 1"
        for status, count in [*self._db.execute(elsewhere, (BLANK,)), *self._db.execute(there)]:
            found[status] = found.get(status, 0) + count
        return found

    def _begin(self, options: Mapping[str, Any], *, overwrite: bool) -> None:
        known = bool(self._db.execute("SELECT 1 FROM sqlite_master").fetchone())
        if known and not overwrite:
            self._go_on(options)
            return
        if self._results.size and not overwrite:
            self._db.close()
            self.path.unlink()
            raise ConfigError(
                f"{self._results.path} is there already, and no journal of a run stands beside it",
                hint="give another file, or write over it: --overwrite",
            )
        self._results.cut(0)
        with change(self._db, self.path) as db:
            make_tables(db)
            note(db, {"format": FORMAT, "options": options, **self._place(1, 0, 0)})

    def _go_on(self, options: Mapping[str, Any]) -> None:
        about = noted(self._db, self.path, options)
        self.next, self.seen, self._answered = about["next"], int(about["seen"], 16), about["answered"]
        self.cost = None if about.get("cost") is None else Decimal(about["cost"])
        self.tokens = tuple(about.get("tokens", (0, 0)))
        if about.get("merging") is not None and self._results.is_rewritten(about["merging"]):
            self._merged()
            return
        self._results.forget_new()
        self._results.go_on(about["bytes"], about["tail"], (_text([row]) for row in self._following(None)))

    def _merged(self) -> None:
        """The results are those that a merge made."""
        rows = self._db.execute(
            "SELECT line, status, digest FROM kept WHERE line < ?", (self.next,)
        ).fetchall()
        now = [Entry(*row) for row in rows]
        fine = [row for row in now if row.status in SETTLED]
        seen = (self.seen + sum(seen_sum(row.line, row.digest) for row in fine)) % SUMS
        answered = self._answered + sum(row.status == ANSWERED for row in fine)
        with change(self._db, self.path) as db:
            db.executemany("DELETE FROM unanswered WHERE line = ?", [(row.line,) for row in now])
            wrong = [(row.line, row.status) for row in now if row.status not in SETTLED]
            db.executemany("INSERT INTO unanswered VALUES (?, ?)", wrong)
            db.execute("DELETE FROM kept WHERE line < ?", (self.next,))
            note(self._db, {"merging": None, **self._place(self.next, seen, answered)})
        self.seen, self._answered = seen, answered

    def _following(self, most: int | None = _ROWS) -> Iterator[Entry]:
        """What is kept from the next line on, without a gap."""
        query = "SELECT line, status, digest, result FROM kept WHERE line >= ? ORDER BY line LIMIT ?"
        for place, row in enumerate(self._db.execute(query, (self.next, -1 if most is None else most))):
            if row[0] != self.next + place:
                return
            yield Entry(*row)

    def _place(self, line: int, seen: int, answered: int) -> dict[str, Any]:
        """How far the results go."""
        size, tail = self._results.mark()
        return {"next": line, "seen": f"{seen:x}", "answered": answered, "bytes": size, "tail": tail}


def _text(rows: Iterable[Entry]) -> bytes:
    return b"".join(row.result.encode() + b"\n" for row in rows if row.status != BLANK)
