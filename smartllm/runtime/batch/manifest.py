"""What a folder of batch work knows of itself, in one SQLite file that survives any kill."""

from __future__ import annotations

import json
import re
import sqlite3
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Literal, Self

from smartllm.errors import ConfigError

NAME: Final = "manifest.sqlite"
FORMAT: Final = 1

LineState = Literal["ready", "same", "cached", "refused", "answered", "failed", "expired", "next"]
"""``ready``: in a unit, or waits for one. ``same``: another one is sent for it. ``cached``: the cache had it.
``refused``: no body could be made. ``next``: step 1 is answered, step 2 waits for its unit."""
UnitState = Literal["ready", "creating", "submitted", "ended", "collected", "failed"]
"""``creating``: a job may or may not exist. ``submitted``: it does. ``ended``: its outputs can be taken.
``failed``: the provider took no line of it."""

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


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One line of the requests.

    Attributes:
        line: Its number, from 1; blank lines are counted and have no row.
        custom_id: The caller's own id, which results repeat.
        place: Where it begins in ``requests.jsonl``, in bytes.
        length: Its bytes.
        key: Its key in the cache; None where no body could be made.
        same_as: The line that is sent for it.
        state: What has become of it.
        unit: The unit that holds it now.
        error: Why it has no answer, as JSON data: ``type``, ``message`` and what else is known.
        diagnostics: What the compiler changed, as JSON data.
    """

    line: int
    place: int
    length: int
    state: LineState
    custom_id: str | None = None
    key: str | None = None
    same_as: int | None = None
    unit: int | None = None
    error: dict[str, Any] | None = None
    diagnostics: list[dict[str, Any]] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Unit:
    """One file of a provider's, and the job that works on it: one model, one endpoint.

    Attributes:
        unit: Its number, from 1.
        step: Which step of its plans it holds, from 0.
        model: Model id as on the wire.
        endpoint: OpenAI's path, such as ``/v1/responses``; Bedrock's ``InvokeModel`` or ``Converse``.
        file: Its file, below the folder.
        lines: How many lines it has.
        bytes: How long it is.
        state: How far it is.
        token: By which its job is known again: the client's own word in the provider's job.
        upload: The provider's name of the uploaded file: an id or an S3 address.
        job: The provider's id of its job.
        status: The provider's word for where the job stands.
        counts: The provider's counts, as it gave them.
        error: Why the provider took no line of it.
        changed: When the state changed, in seconds since the epoch.
        began: When its job was begun.
        ended: When its job was first seen to have ended.
    """

    unit: int
    step: int
    model: str
    endpoint: str
    file: str
    lines: int
    bytes: int
    state: UnitState
    token: str
    upload: str | None = None
    job: str | None = None
    status: str | None = None
    counts: dict[str, Any] | None = None
    error: dict[str, Any] | None = None
    changed: float | None = None
    began: float | None = None
    ended: float | None = None


_JSON: Final = frozenset({"error", "diagnostics", "counts"})
_LINE: Final = tuple(Line.__dataclass_fields__)
_UNIT: Final = tuple(Unit.__dataclass_fields__)


_ID: Final = re.compile("L[0-9]{10}")


def line_id(line: int) -> str:
    """The id of a line in every provider's file: eleven letters and digits, which all of them take.

    OpenAI and Anthropic take up to 64; an older copy of Bedrock's page on batch data wants eleven.
    """
    return f"L{line:010d}"


def line_of(name: str) -> int | None:
    """The line of an id; None for what is no id of ours."""
    return int(name[1:]) if _ID.fullmatch(name) else None


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
            rows = [(name, _text(value)) for name, value in about.items()]
            db.executemany("INSERT OR REPLACE INTO about VALUES (?, ?)", rows)

    def units(self, *states: UnitState) -> list[Unit]:
        """The units, in order; of these states only, where some are named."""
        where = f" WHERE state IN ({','.join('?' * len(states))})" if states else ""
        rows = self._db.execute(f"SELECT {','.join(_UNIT)} FROM units{where} ORDER BY unit", states)  # noqa: S608
        return [Unit(**_read(_UNIT, row)) for row in rows]

    def update(self, unit: int, **changed: Any) -> Unit:
        """Change a unit; the unit as it then is."""
        with self.change() as db:
            sets = ",".join(f"{name} = ?" for name in changed)
            values = [_kept(name, value) for name, value in changed.items()]
            db.execute(f"UPDATE units SET {sets} WHERE unit = ?", (*values, unit))  # noqa: S608
        rows = self._db.execute(f"SELECT {','.join(_UNIT)} FROM units WHERE unit = ?", (unit,))  # noqa: S608
        return Unit(**_read(_UNIT, rows.fetchone()))

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
            rows = [[_kept(name, getattr(line, name)) for name in _LINE] for line in lines]
            db.executemany(_insert("lines", _LINE), rows)

    def add_units(self, units: Iterable[Unit], moved: Iterable[tuple[int, int]] = ()) -> None:
        """Add units that are whole, and tell lines that moved their unit: number of the line, of the unit."""
        with self.change() as db:
            self.insert_units(db, units)
            db.executemany("UPDATE lines SET unit = ? WHERE line = ?", [(unit, line) for line, unit in moved])

    def insert_units(self, db: sqlite3.Connection, units: Iterable[Unit]) -> None:
        """Add units in a transaction of the caller's."""
        rows = [[_kept(name, getattr(unit, name)) for name in _UNIT] for unit in units]
        db.executemany(_insert("units", _UNIT), rows)

    def refuse(self, lines: Iterable[int], error: Mapping[str, Any]) -> None:
        """Lines that were to be sent, and are not."""
        with self.change() as db:
            told = _text(error)
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
        query = f"SELECT {','.join(_LINE)} FROM lines WHERE {where} ORDER BY line LIMIT ?"  # noqa: S608 - our own
        for row in self._db.execute(query, (*values, most)):
            yield Line(**_read(_LINE, row))

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


def _text(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def _kept(name: str, value: Any) -> Any:
    return _text(value) if name in _JSON and value is not None else value


def _read(names: tuple[str, ...], row: tuple[Any, ...]) -> dict[str, Any]:
    return {
        name: json.loads(value) if name in _JSON and value is not None else value
        for name, value in zip(names, row, strict=True)
    }
