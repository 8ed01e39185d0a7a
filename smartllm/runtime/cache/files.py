"""Files of the local cache: private, written whole or not at all, read only where they are plain."""

from __future__ import annotations

import contextlib
import errno
import json
import os
import secrets
import stat
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

TEMPORARY: Final = ".tmp-"
"""How the names of unfinished writes begin."""
_PLAIN: Final = getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_BINARY", 0)
# Not blocking: something else than a file under an entry's name, such as a pipe, must not hold the call.
_READ: Final = os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | _PLAIN
_CREATE: Final = os.O_WRONLY | os.O_CREAT | os.O_EXCL | _PLAIN


class TooLargeError(OSError):
    """A file is larger than was asked for."""


def read_plain(folder: str, name: str, largest: int) -> tuple[bytes, float]:
    """What a plain file holds, and when it was written, in seconds since 1970.

    Args:
        folder: Where; not a link.
        name: Its name there; not a link either.
        largest: Bytes that it may have.

    Raises:
        TooLargeError: It has more.
        OSError: It is none, or cannot be read.
    """
    refuse_link(folder)
    descriptor = os.open(f"{folder}/{name}", _READ)
    try:
        status = os.fstat(descriptor)
        if not stat.S_ISREG(status.st_mode):
            raise OSError(errno.EINVAL, "no plain file")
        if status.st_size > largest:
            raise TooLargeError(errno.EFBIG, "too large")
        parts, left = list[bytes](), status.st_size
        while left and (part := os.read(descriptor, left)):
            parts.append(part)
            left -= len(part)
        return b"".join(parts), status.st_mtime
    finally:
        os.close(descriptor)


def encoded(entry: Mapping[str, Any]) -> bytes:
    """An entry as a person reads it; TypeError, ValueError or RecursionError without a JSON form."""
    try:
        return (json.dumps(entry, indent=2, ensure_ascii=False, allow_nan=False) + "\n").encode()
    except UnicodeEncodeError:  # half of a surrogate pair, which UTF-8 has no bytes for
        return (json.dumps(entry, indent=2, allow_nan=False) + "\n").encode()


def replace(path: Path, data: bytes, *, fsync: bool) -> None:
    """Put a file in place at once; after a failure the old one stands, and nothing else is left."""
    temporary = path.with_name(f"{TEMPORARY}{secrets.token_hex(8)}")
    descriptor = os.open(temporary, _CREATE, 0o600)
    try:
        try:
            rest = memoryview(data)
            while rest:
                rest = rest[os.write(descriptor, rest) :]
            if fsync:
                os.fsync(descriptor)
        finally:
            os.close(descriptor)
        if path.is_dir() and not path.is_symlink():
            aside = path.with_name(f"{TEMPORARY}{secrets.token_hex(8)}")
            path.replace(aside)
            with contextlib.suppress(OSError):  # what it holds is not ours to delete
                aside.rmdir()
        temporary.replace(path)
    except BaseException:
        unlinked(temporary)
        raise
    if fsync and os.name == "posix":
        folder = os.open(path.parent, os.O_RDONLY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)


def older(status: os.stat_result, age: float | None, now: float) -> bool:
    """Whether a file is older than an age in seconds; none is where the age is None."""
    return age is not None and now - status.st_mtime > age


def refuse_link(folder: str | os.PathLike[str]) -> None:
    """OSError if a link stands in the place of a folder, or nothing does."""
    if stat.S_ISLNK(os.lstat(folder).st_mode):
        raise OSError(errno.ELOOP, "a link in a folder's place")


def listed(folder: Path) -> list[str]:
    """The names in a folder, sorted; none where it cannot be read."""
    with contextlib.suppress(OSError):
        return sorted(os.listdir(folder))  # noqa: PTH208 - a name is enough
    return []


def unlinked(path: Path) -> bool:
    """Remove a file; whether it went."""
    with contextlib.suppress(OSError):
        path.unlink()
        return True
    return False
