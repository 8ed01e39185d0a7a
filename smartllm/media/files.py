"""Files that parts name: read as they are, whole, and never more than may be sent."""

from __future__ import annotations

import os
import stat
from pathlib import Path
from typing import Final

MOST_BYTES: Final = 512 * 1024 * 1024
"""Bytes of one file; no provider takes more in a request (OpenAI's limit for pictures, 2026-07)."""

_KINDS: Final = (
    (stat.S_ISDIR, "a folder"),
    (stat.S_ISFIFO, "a pipe"),
    (stat.S_ISSOCK, "a socket"),
    (stat.S_ISCHR, "a device"),
    (stat.S_ISBLK, "a device"),
)


class UnreadableError(Exception):
    """A file cannot be read, or bytes cannot be told; says why, and the next step."""

    def __init__(self, message: str, hint: str = "") -> None:
        super().__init__(message)
        self.hint = hint


def read_file(path: str, most: int = MOST_BYTES) -> bytes:
    """The bytes of a regular file.

    What the path names is read and nothing else: no ``~``, variable or pattern is expanded. A link is
    followed, as ``open`` does.

    Args:
        path: The file; relative ones are below the current folder.
        most: Bytes that it may have.

    Raises:
        UnreadableError: There is no such file, or it is no regular one, empty, or too large, and nothing of
            it was read; or it changed meanwhile.
    """
    try:
        _check(Path(path).stat(), path, most)  # before it is opened: opening a device may do something
        with open(path, "rb", opener=_opener) as file:
            status = os.fstat(file.fileno())
            _check(status, path, most)
            data = file.read(status.st_size + 1)
    except OSError as error:
        raise UnreadableError(f"the file {path!r} cannot be read ({error.strerror or error})") from None
    except ValueError:
        raise UnreadableError(f"{path!r} is no name of a file") from None
    if len(data) != status.st_size:
        raise UnreadableError(f"the file {path!r} changed while it was read")
    return data


def _check(status: os.stat_result, path: str, most: int) -> None:
    if not stat.S_ISREG(status.st_mode):
        kind = next((name for is_kind, name in _KINDS if is_kind(status.st_mode)), "no file")
        raise UnreadableError(f"{path!r} is {kind}, not a file")
    if not status.st_size:
        raise UnreadableError(f"the file {path!r} is empty")
    if status.st_size > most:
        raise UnreadableError(f"the file {path!r} has {status.st_size:,} bytes; at most {most:,} can be sent")


def _opener(path: str, flags: int) -> int:
    """Opens without waiting for the writer of a pipe that took the file's place."""
    return os.open(path, flags | getattr(os, "O_NONBLOCK", 0))
