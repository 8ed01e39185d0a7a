"""The ids that callers gave to their lines, each of which may come once; on the disk, as they may be many."""

from __future__ import annotations

import sqlite3
from typing import Self


class CustomIds:
    """Ids that have come; a context manager.

    They stand in a database of SQLite's own temporary kind, which goes away with it.
    """

    def __init__(self) -> None:
        self._db = sqlite3.connect("", isolation_level=None)
        self._db.execute("PRAGMA journal_mode = OFF")
        self._db.execute("CREATE TABLE ids (name TEXT PRIMARY KEY, line INTEGER NOT NULL) WITHOUT ROWID")

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Forget them."""
        self._db.close()

    def first(self, name: str, line: int) -> int:
        """The line where an id came first; this one, if it is new.

        Args:
            name: The id.
            line: Where it stands now.
        """
        added = self._db.execute("INSERT OR IGNORE INTO ids VALUES (?, ?)", (name, line))
        if added.rowcount:
            return line
        found: int = self._db.execute("SELECT line FROM ids WHERE name = ?", (name,)).fetchone()[0]
        return found
