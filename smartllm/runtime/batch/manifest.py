"""What a folder of batch work knows of itself, in one SQLite file that survives any kill."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final, Self

from smartllm.errors import ConfigError
from smartllm.runtime.batch.rows import (
    LINE,
    UNIT,
    Line,
    LineState,
    Unit,
    UnitState,
    as_text,
    kept,
    line_id,
    line_of,
    line_read,
    unit_read,
)

__all__ = ["Line", "LineState", "Manifest", "Unit", "UnitState", "line_id", "line_of"]

NAME: Final = "manifest.sqlite"
FORMAT: Final = 1

_TABLES: Final = """
CREATE TABLE about (name TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE lines (
    line INTEGER PRIMARY KEY,
    custom_id TEXT,
    place INTEGER NOT NULL,
    length INTEGER NOT NULL,
    key TEXT,
    same_as INTEGER,
    state TEXT NOT NULL,
    unit INTEGER,
    error TEXT,
    diagnostics TEXT
);
CREATE INDEX lines_by_key ON lines (key) WHERE key IS NOT NULL AND same_as IS NULL;
CREATE INDEX lines_by_same ON lines (same_as) WHERE same_as IS NOT NULL;
CREATE INDEX lines_by_unit ON lines (unit) WHERE unit IS NOT NULL;
CREATE INDEX lines_by_state ON lines (state);
CREATE TABLE units (
    unit INTEGER PRIMARY KEY,
    step INTEGER NOT NULL,
    model TEXT NOT NULL,
    endpoint TEXT NOT NULL,
    file TEXT NOT NULL,
    lines INTEGER NOT NULL,
    bytes INTEGER NOT NULL,
    state TEXT NOT NULL,
    token TEXT NOT NULL,
    upload TEXT,
    job TEXT,
    status TEXT,
    counts TEXT,
    error TEXT,
    changed REAL,
    began REAL,
    ended REAL
);
CREATE TABLE replies (
    line INTEGER NOT NULL, step INTEGER NOT NULL, reply TEXT NOT NULL, request_id TEXT,
    PRIMARY KEY (line, step)
) WITHOUT ROWID;
CREATE TABLE results (line INTEGER PRIMARY KEY, result TEXT NOT NULL);
"""


class Manifest:
    """The state of a folder; every method that changes it is one transaction.

    Args:
        folder: The folder.
        db: Its open database.
    """

    def __init__(self, folder: Path, db: sqlite3.Connection) -> None:
        self.folder, self._db = folder, db

    @classmethod
    def create(cls, folder: Path, about: Mapping[str, Any]) -> Self:
        """A new one.

        Raises:
            ConfigError: The folder holds one already, or cannot be written.
        """
        folder.mkdir(parents=True, exist_ok=True)
        if (folder / NAME).exists():
            raise ConfigError(
                f"{folder} holds batch work already",
                hint="give another folder, or go on with it: smartllm batch status",
            )
        found = cls(folder, _opened(folder / NAME))
        with found.change() as db:
            for statement in _TABLES.split(";"):
                db.execute(statement)
        found.note(format=FORMAT, **about)
        return found

    @classmethod
    def open(cls, folder: Path) -> Self:
        """The one of a folder.

        Raises:
            ConfigError: There is none, or it is of another format.
        """
        if not (folder / NAME).exists():
            raise ConfigError(
                f"{folder} holds no batch work", hint="make it: smartllm batch compile requests.jsonl -o DIR"
            )
        found = cls(folder, _opened(folder / NAME))
        if found.about.get("format") != FORMAT:
            raise ConfigError(f"{folder / NAME} is of another release of smartllm")
        return found

    def close(self) -> None:
        """Close the database."""
        self._db.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    @contextmanager
    def change(self) -> Iterator[sqlite3.Connection]:
        """One transaction: all of it, or nothing."""
        self._db.execute("BEGIN IMMEDIATE")
        try:
            yield self._db
        except BaseException:
            self._db.execute("ROLLBACK")
            raise
        self._db.execute("COMMIT")

    @property
    def about(self) -> dict[str, Any]:
        """What holds for the folder as a whole."""
        return {name: json.loads(value) for name, value in self._db.execute("SELECT name, value FROM about")}

    def note(self, **about: Any) -> None:
        """Remember something for the folder as a whole."""
        with self.change() as db:
            rows = [(name, as_text(value)) for name, value in about.items()]
            db.executemany("INSERT OR REPLACE INTO about VALUES (?, ?)", rows)

    def units(self, *states: UnitState) -> list[Unit]:
        """The units, in order; of these states only, where some are named."""
        where = f" WHERE state IN ({','.join('?' * len(states))})" if states else ""
        rows = self._db.execute(f"SELECT {','.join(UNIT)} FROM units{where} ORDER BY unit", states)  # noqa: S608
        return [unit_read(row) for row in rows]

    def update(self, unit: int, **changed: Any) -> Unit:
        """Change a unit; the unit as it then is."""
        with self.change() as db:
            sets = ",".join(f"{name} = ?" for name in changed)
            values = [kept(name, value) for name, value in changed.items()]
            db.execute(f"UPDATE units SET {sets} WHERE unit = ?", (*values, unit))  # noqa: S608
        rows = self._db.execute(f"SELECT {','.join(UNIT)} FROM units WHERE unit = ?", (unit,))  # noqa: S608
        return unit_read(rows.fetchone())

    @contextmanager
    def reading(self) -> Iterator[sqlite3.Connection]:
        """The database, to ask what no method tells."""
        yield self._db

    @contextmanager
    def in_bulk(self) -> Iterator[None]:
        """Transactions that are not on the disk until this ends: for a folder that nobody knows yet."""
        self._db.execute("PRAGMA synchronous = OFF")
        yield
        self._db.execute("PRAGMA synchronous = FULL")
        self._db.execute("PRAGMA wal_checkpoint(TRUNCATE)")

    def add_lines(self, lines: Iterable[Line]) -> None:
        """Add lines."""
        with self.change() as db:
            rows = [[kept(name, getattr(line, name)) for name in LINE] for line in lines]
            db.executemany(_insert("lines", LINE), rows)

    def add_units(self, units: Iterable[Unit], moved: Iterable[tuple[int, int]] = ()) -> None:
        """Add units that are whole, and tell lines that moved their unit: number of the line, of the unit."""
        with self.change() as db:
            self.insert_units(db, units)
            db.executemany("UPDATE lines SET unit = ? WHERE line = ?", [(unit, line) for line, unit in moved])

    def insert_units(self, db: sqlite3.Connection, units: Iterable[Unit]) -> None:
        """Add units in a transaction of the caller's."""
        rows = [[kept(name, getattr(unit, name)) for name in UNIT] for unit in units]
        db.executemany(_insert("units", UNIT), rows)

    def refuse(self, lines: Iterable[int], error: Mapping[str, Any]) -> None:
        """Lines that were to be sent, and are not."""
        with self.change() as db:
            told = as_text(error)
            db.executemany(
                "UPDATE lines SET state = 'refused', unit = NULL, error = ? WHERE line = ?",
                [(told, line) for line in lines],
            )

    def add_results(self, results: Iterable[tuple[int, str]]) -> None:
        """Add results, as text, or put them in the place of earlier ones."""
        with self.change() as db:
            db.executemany("INSERT OR REPLACE INTO results VALUES (?, ?)", results)

    def first_with(self, key: str) -> int | None:
        """The line that is sent, or answered, for all with a key in the cache."""
        row = self._db.execute(
            "SELECT line FROM lines WHERE key = ? AND same_as IS NULL AND state != 'refused' LIMIT 1", (key,)
        ).fetchone()
        return None if row is None else row[0]

    def lines(self, where: str = "1", values: Iterable[Any] = (), *, most: int = -1) -> Iterator[Line]:
        """Lines in order, one at a time.

        Args:
            where: A condition in SQL, over the columns of ``lines``.
            values: Its values.
            most: How many at most; -1 for all.
        """
        query = f"SELECT {','.join(LINE)} FROM lines WHERE {where} ORDER BY line LIMIT ?"  # noqa: S608 - our own
        for row in self._db.execute(query, (*values, most)):
            yield line_read(row)

    def pages(self, where: str = "1", values: Iterable[Any] = (), *, size: int = 256) -> Iterator[list[Line]]:
        """Lines in order, some at a time, each read to its end: rows may be changed meanwhile.

        Args:
            where: A condition in SQL, over the columns of ``lines``.
            values: Its values.
            size: How many lines a page has at most.
        """
        after, given = 0, tuple(values)
        while page := [*self.lines(f"({where}) AND line > ?", (*given, after), most=size)]:
            yield page
            after = page[-1].line

    def counts(self) -> dict[str, int]:
        """How many lines are in which state."""
        return dict(self._db.execute("SELECT state, count(*) FROM lines GROUP BY state ORDER BY state"))


def _opened(path: Path) -> sqlite3.Connection:
    path.touch(0o600)
    db = sqlite3.connect(path, isolation_level=None, timeout=30)
    db.execute("PRAGMA journal_mode = WAL")
    db.execute("PRAGMA synchronous = FULL")
    return db


def _insert(table: str, names: tuple[str, ...]) -> str:
    return f"INSERT INTO {table} ({','.join(names)}) VALUES ({','.join('?' * len(names))})"  # noqa: S608 - our own
