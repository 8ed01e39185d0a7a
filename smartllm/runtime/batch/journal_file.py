"""The SQLite file of a journal: held against other processes, changed by whole transactions."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, Final

from smartllm.errors import ConfigError

FORMAT: Final = 1

_ANEW: Final = "give another file of results, or begin anew and drop what is there: --overwrite"
_TABLES: Final = {
    "about": "name TEXT PRIMARY KEY, value TEXT NOT NULL",
    # What stands in no results yet, or is to take the place of what stands there.
    "kept": "line INTEGER PRIMARY KEY, status TEXT NOT NULL, digest BLOB NOT NULL, result TEXT",
    # Lines of the results that are no answers.
    "unanswered": "line INTEGER PRIMARY KEY, status TEXT NOT NULL",
}


def make_tables(db: sqlite3.Connection) -> None:
    """Make the tables anew."""
    for name, columns in _TABLES.items():
        db.execute(f"DROP TABLE IF EXISTS {name}")
        db.execute(f"CREATE TABLE {name} ({columns})")


def note(db: sqlite3.Connection, about: Mapping[str, Any]) -> None:
    """Remember something for the run as a whole."""
    rows = [(name, json.dumps(value)) for name, value in about.items()]
    db.executemany("INSERT OR REPLACE INTO about VALUES (?, ?)", rows)


def noted(db: sqlite3.Connection, path: Path, options: Mapping[str, Any]) -> dict[str, Any]:
    """What is remembered of the run that is to go on.

    Raises:
        ConfigError: It is no journal, or of another release, or the run had other options.
    """
    try:
        about = {name: json.loads(value) for name, value in db.execute("SELECT name, value FROM about")}
    except sqlite3.Error:
        about = {}
    if about.get("format") != FORMAT:
        raise ConfigError(f"{path} is no journal of this release of smartllm", hint=_ANEW)
    before = about["options"]
    for name in dict.fromkeys([*before, *options]):
        if before.get(name) != options.get(name):
            was, new = (json.dumps(one.get(name)) for one in (before, options))
            raise ConfigError(
                f"{name}={new}: the run that is to go on was begun with {name}={was}",
                hint=f"give the same again; or {_ANEW}",
            )
    return about


@contextmanager
def change(db: sqlite3.Connection, path: Path) -> Iterator[sqlite3.Connection]:
    """One transaction: all of it and on the disk, or nothing.

    Raises:
        OSError: There is no room, or the disk fails.
    """
    try:
        db.execute("BEGIN IMMEDIATE")
        yield db
        db.execute("COMMIT")
    except BaseException as error:
        if db.in_transaction:
            with suppress(sqlite3.Error):
                db.execute("ROLLBACK")
        if isinstance(error, sqlite3.Error):
            raise OSError(f"{path}: {error}") from error
        raise


def locked(path: Path, results: Path) -> sqlite3.Connection:
    """The database, which no other process can open until it is closed."""
    db = None
    try:
        path.touch(mode=0o600)
        db = sqlite3.connect(path, isolation_level=None, timeout=0, check_same_thread=False)
        db.execute("PRAGMA locking_mode = EXCLUSIVE")
        db.execute("PRAGMA journal_mode = WAL")
        db.execute("PRAGMA synchronous = FULL")
        db.execute("BEGIN IMMEDIATE")
        db.execute("COMMIT")
    except (OSError, sqlite3.Error) as error:
        if db is not None:
            db.close()
        if getattr(error, "sqlite_errorcode", None) == sqlite3.SQLITE_BUSY:
            raise ConfigError(
                f"{results}: another run writes it", hint="wait for its end, or give another file of results"
            ) from None
        raise ConfigError(
            f"{path} cannot be used as a journal: {error}", hint="remove it, or give another file of results"
        ) from None
    return db
