"""One command at a time on a folder of batch work; a killed one leaves no lock behind."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Final

from smartllm.errors import ConfigError, HeldError

LOCK: Final = "lock"
"""The file that is held, below the folder."""


@contextmanager
def locked(folder: Path) -> Iterator[None]:
    """Hold a folder, on every system: SQLite's own lock ends with the process that has it.

    Raises:
        HeldError: Another process holds it.
        ConfigError: It cannot be written.
    """
    try:
        db = sqlite3.connect(folder / LOCK, timeout=0, isolation_level=None)
    except sqlite3.OperationalError as error:
        raise ConfigError(f"{folder} cannot be used ({error})", hint="name a folder of batch work") from None
    with closing(db):
        try:
            db.execute("BEGIN EXCLUSIVE")
        except sqlite3.OperationalError as error:
            raise HeldError(
                f"{folder} is held by another command ({error})",
                hint="wait for it, or end it; 'smartllm batch status' can be asked meanwhile",
            ) from None
        yield
