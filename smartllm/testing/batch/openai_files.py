"""The files of OpenAI's Files API, as far as batches use them: on the disk, in a folder of the server's."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Literal
from uuid import uuid4

Purpose = Literal["batch", "batch_output"]

_MONTH: Final = 30 * 24 * 60 * 60
"""Seconds for which a file of batches is kept (guide of 2026-07-15)."""


@dataclass(slots=True)
class StoredFile:
    """A file.

    Attributes:
        id: Its id.
        filename: Its name.
        purpose: What for.
        path: Where it is.
        created_at: When it came, in seconds since 1970.
        expires_at: When it goes.
    """

    id: str
    filename: str
    purpose: Purpose
    path: Path
    created_at: float
    expires_at: float

    def shown(self) -> dict[str, Any]:
        """As the API tells of it."""
        return {
            "id": self.id,
            "object": "file",
            "bytes": self.path.stat().st_size,
            "created_at": int(self.created_at),
            "expires_at": int(self.expires_at),
            "filename": self.filename,
            "purpose": self.purpose,
            "status": "processed",
            "status_details": None,
        }


class Files:
    """The files of a server; the folder is made with the first of them."""

    def __init__(self) -> None:
        self._folder: tempfile.TemporaryDirectory[str] | None = None
        self._files: dict[str, StoredFile] = {}

    def expire(self, now: float) -> None:
        """Delete those whose time is over."""
        for file in self:
            if file.expires_at <= now:
                self.drop(file.id)

    def place(self) -> tuple[str, Path]:
        """The id of a new file, and where it is to be written."""
        if self._folder is None:
            self._folder = tempfile.TemporaryDirectory(prefix="smartllm-files-", ignore_cleanup_errors=True)
        name = f"file-{uuid4().hex[:24]}"  # another one in each server: a file of an earlier one is gone
        return name, Path(self._folder.name) / name

    def keep(
        self, name: str, path: Path, filename: str, purpose: Purpose, now: float, lasts: float = _MONTH
    ) -> StoredFile:
        """Take a file that is written."""
        made = self._files[name] = StoredFile(name, filename, purpose, path, now, now + lasts)
        return made

    def get(self, name: str) -> StoredFile | None:
        """The file of an id."""
        return self._files.get(name)

    def drop(self, name: str) -> bool:
        """Delete a file; whether there was one."""
        found = self._files.pop(name, None)
        if found is not None:
            found.path.unlink(missing_ok=True)
        return found is not None

    def __iter__(self) -> Iterator[StoredFile]:
        return iter([*self._files.values()])

    def close(self) -> None:
        """Delete all."""
        self._files.clear()
        folder, self._folder = self._folder, None
        if folder is not None:
            folder.cleanup()
