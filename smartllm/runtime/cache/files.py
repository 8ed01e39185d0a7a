"""Files of the local cache: private, written whole or not at all, read only where they are plain."""

from __future__ import annotations

import contextlib
import errno
import json
import os
import stat
from collections.abc import Callable, Collection, Iterable, Mapping
from pathlib import Path
from secrets import token_hex
from typing import Any, Final, NoReturn

FORMAT: Final = 2
"""Format of the entries that are written and served; older ones are a miss."""
FORMATS: Final = (1, 2)
"""Formats that a person may look at."""
TEMPORARY: Final = ".tmp-"
"""How the names of unfinished writes begin."""
_PLAIN: Final = getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_BINARY", 0)
# Not blocking: something else than a file under an entry's name, such as a pipe, must not hold the call.
_READ: Final = os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | _PLAIN
_CREATE: Final = os.O_WRONLY | os.O_CREAT | os.O_EXCL | _PLAIN


_SHORTEST_SECRET: Final = 8


Secrets = Collection[str] | Callable[[], Collection[str]]
"""Secrets, or what tells those that are known by then."""


class TooLargeError(OSError):
    """A file is larger than was asked for."""


class SecretError(ValueError):
    """An entry holds a credential: a provider, or a server on the way, repeated what it was sent."""


def read_plain(folder: str, name: str, largest: int) -> tuple[bytes, float]:
    """What a plain file of ours holds, and when it was written, in seconds since 1970.

    Args:
        folder: Where; not a link.
        name: Its name there; not a link either.
        largest: Bytes that it may have.

    Raises:
        TooLargeError: It has more.
        OSError: It is none, or cannot be read.
    """
    refuse_link(folder, ours=True)
    descriptor = os.open(f"{folder}/{name}", _READ)
    try:
        status = os.fstat(descriptor)
        if not stat.S_ISREG(status.st_mode):
            raise OSError(errno.EINVAL, "no plain file")
        if not trusted(status.st_uid):
            raise OSError(errno.EPERM, "another user's file")
        if status.st_size > largest:
            raise TooLargeError(errno.EFBIG, "too large")
        parts, left = list[bytes](), status.st_size
        while left and (part := os.read(descriptor, left)):
            parts.append(part)
            left -= len(part)
        return b"".join(parts), status.st_mtime
    finally:
        os.close(descriptor)


def encoded(entry: Mapping[str, Any], *, secrets: Iterable[str] = (), compact: bool = False) -> bytes:
    """An entry as JSON in UTF-8.

    Args:
        entry: The entry.
        secrets: What must not stand in it; those shorter than 8 characters are no secrets.
        compact: As short as it can be, instead of readable.

    Raises:
        SecretError: It holds a secret.
        TypeError, ValueError, RecursionError: It has no JSON form.
    """
    layout: dict[str, Any] = {"separators": (",", ":")} if compact else {"indent": 2}
    text = json.dumps(entry, ensure_ascii=False, allow_nan=False, **layout) + "\n"
    for secret in secrets:
        if len(secret) >= _SHORTEST_SECRET and json.dumps(secret, ensure_ascii=False)[1:-1] in text:
            raise SecretError
    try:
        return text.encode()
    except UnicodeEncodeError:  # half of a surrogate pair, which UTF-8 has no bytes for
        return (json.dumps(entry, allow_nan=False, **layout) + "\n").encode()


def holds_secret(entry: Mapping[str, Any], secrets: Collection[str]) -> bool:
    """Whether a secret of the request stands in an entry; those of the client are for the stores to find."""
    try:
        return bool(secrets) and not encoded(entry, secrets=secrets, compact=True)
    except SecretError:
        return True
    except (TypeError, ValueError, RecursionError):
        return False  # it will not be written


def decoded(data: bytes) -> Any:
    """What ``encoded`` wrote; ValueError or RecursionError for what is no JSON in UTF-8."""
    return _DECODER.decode(data.decode())


def told(secrets: Secrets) -> Callable[[], Collection[str]]:
    """What tells secrets, whichever of both is given."""
    return secrets if callable(secrets) else lambda: secrets


def format_of(entry: Any, key: str) -> int | None:
    """The format of an entry that was written under this key; None for anything else."""
    if isinstance(entry, dict) and entry.get("key") == key:
        stated = entry.get("format")
        return stated if type(stated) is int else None  # true and 1.0 equal 1 in Python
    return None


def _no_json(constant: str) -> NoReturn:
    raise ValueError(f"{constant} is no JSON")


_DECODER: Final = json.JSONDecoder(parse_constant=_no_json)


def replace(path: Path, data: bytes, *, fsync: bool) -> None:
    """Put a file in place at once; after a failure the old one stands, and nothing else is left."""
    temporary = path.with_name(f"{TEMPORARY}{token_hex(8)}")
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
            aside = path.with_name(f"{TEMPORARY}{token_hex(8)}")
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


def refuse_link(folder: str | os.PathLike[str], *, ours: bool = False) -> None:
    """OSError if a link stands in a folder's place, or nothing; on demand also if others may write there."""
    status = os.lstat(folder)
    if stat.S_ISLNK(status.st_mode):
        raise OSError(errno.ELOOP, "a link in a folder's place")
    if ours:
        refuse_others(status)


def refuse_others(status: os.stat_result) -> None:
    """OSError if a folder is another user's and not for its owner alone to write in."""
    if not trusted(status.st_uid) and status.st_mode & (stat.S_IWGRP | stat.S_IWOTH):
        raise OSError(errno.EPERM, "another user's folder, in which others may write")


def trusted(owner: int) -> bool:
    """Whether entries of a user are served: our own, and root's, who may do anything anyway."""
    # Windows knows neither; its files all say 0.
    return owner == 0 or owner == os.geteuid()


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
