"""The local level of the cache: one JSON file an entry, atomic, private, readable by a person."""

from __future__ import annotations

import asyncio
import contextlib
import errno
import os
import re
import stat
import time
from collections.abc import Callable, Collection, Iterator, Mapping
from pathlib import Path
from typing import Any, Final, TypeVar

from smartllm.log import logger
from smartllm.runtime.cache.files import (
    FORMAT,
    FORMATS,
    TEMPORARY,
    SecretError,
    Secrets,
    TooLargeError,
    decoded,
    encoded,
    format_of,
    listed,
    older,
    read_plain,
    refuse_link,
    refuse_others,
    replace,
    told,
    unlinked,
)
from smartllm.runtime.control.owner import ProcessLock

DEFAULT_FOLDER: Final = ".llm_cache"
ENVIRONMENT: Final = "SMARTLLM_CACHE_DIR"
_T = TypeVar("_T")
_KEY: Final = re.compile(r"[0-9a-f]{64}", re.ASCII)
_NAME: Final = re.compile(r"([0-9a-f]{2})/\1[0-9a-f]{62}\.json", re.ASCII)
_SHARD: Final = re.compile(r"[0-9a-f]{2}", re.ASCII)
_STALE: Final = 3600
_KEEP: Final = 0.9
# A thread costs more than reading a small file. The event loop reads for itself where that has been quick.
_SMALL: Final = 64 * 1024
_QUICK, _SLOW = 0.001, 0.005
_AFTER_SLOW: Final = 100
_LOOK: Final = 0.25
"""Seconds for which the folder's owner is known."""


class LocalStore:
    """A folder of entries. Trouble with it is a miss or a lost write with one warning, never an error.

    Args:
        folder: Where; None takes ``SMARTLLM_CACHE_DIR``, then ``.llm_cache`` in the working directory.
        fsync: Wait until each entry is on the disk.
        max_bytes: Size at which the oldest entries go, looked at after each tenth of it; None is no limit.
        max_age_seconds: Age at which an entry counts no more; None is no limit.
        max_entry_bytes: Larger entries are neither written nor read.
        secrets: Credentials, or what tells those that are known by then; an entry that holds one is not
            written.
    """

    def __init__(
        self,
        folder: str | os.PathLike[str] | None = None,
        *,
        fsync: bool = False,
        max_bytes: int | None = None,
        max_age_seconds: float | None = None,
        max_entry_bytes: int = 8 * 1024 * 1024,
        secrets: Secrets = (),
    ) -> None:
        self.folder = Path(folder or os.environ.get(ENVIRONMENT) or DEFAULT_FOLDER)
        with contextlib.suppress(OSError):  # the working directory may be gone
            self.folder = self.folder.absolute()
        self._place = os.fspath(self.folder)
        self.fsync, self.max_entry_bytes = fsync, max_entry_bytes
        self.max_bytes, self.max_age_seconds = max_bytes, max_age_seconds
        self._secrets = told(secrets)
        self._warned: set[str] = set()
        self._room = 0.0
        self._in_threads = 1
        self._prepared = False
        self._look_again = 0.0
        self._lock = ProcessLock()

    async def get(self, key: str) -> dict[str, Any] | None:
        """The entry under a key, or None."""
        _check(key)
        if not self._in_threads:
            clock = time.perf_counter()
            try:
                return self._read(key, min(_SMALL, self.max_entry_bytes))
            except TooLargeError:
                pass  # reading it as JSON would hold the loop
            finally:
                if time.perf_counter() - clock > _SLOW:
                    self._in_threads = _AFTER_SLOW
        return await self._in_thread(lambda: self._timed(key))

    async def put(self, key: str, entry: Mapping[str, Any]) -> None:
        """Keep an entry: the whole of it or nothing."""
        path = self.path(key)
        await self._in_thread(lambda: self._write(path, dict(entry)))

    async def delete(self, key: str) -> None:
        """Forget an entry."""
        path = self.path(key)
        await self._in_thread(lambda: self._remove(path))

    def path(self, key: str) -> Path:
        """File of a key; ValueError unless that is 64 lower-case hex characters."""
        _check(key)
        return self.folder / key[:2] / f"{key}.json"

    def read(self, key: str, formats: Collection[int] = (FORMAT,)) -> dict[str, Any] | None:
        """As ``get``, for callers without an event loop; on demand entries of older formats too."""
        _check(key)
        try:
            return self._read(key, self.max_entry_bytes, formats)
        except TooLargeError as error:
            self._trouble("an entry cannot be read", error)
            return None

    def _timed(self, key: str) -> dict[str, Any] | None:
        clock = time.perf_counter()
        entry = self.read(key)
        if time.perf_counter() - clock < _QUICK:
            self._in_threads = max(0, self._in_threads - 1)
        return entry

    def _read(self, key: str, largest: int, formats: Collection[int] = (FORMAT,)) -> dict[str, Any] | None:
        try:
            if (now := time.monotonic()) > self._look_again:
                refuse_others(os.stat(self._place))  # noqa: PTH116 - a name is enough
                self._look_again = now + _LOOK
            content, written = read_plain(f"{self._place}/{key[:2]}", f"{key}.json", largest)
            if self.max_age_seconds is not None and time.time() - written > self.max_age_seconds:
                return None
            entry: dict[str, Any] = decoded(content)
            found = format_of(entry, key)
            if found in formats:
                return entry
            if found not in FORMATS:
                self._trouble("an entry is foreign or of another version")
        except FileNotFoundError:
            pass
        except TooLargeError:
            raise
        except OSError as error:
            self._trouble("an entry cannot be read", error)
        except (ValueError, RecursionError):
            self._trouble("an entry is damaged")
        return None

    def files(self) -> Iterator[tuple[Path, os.stat_result]]:
        """Whatever stands under an entry's name, except folders, with its size and times; sorted by key."""
        for path in self._items():
            if _NAME.fullmatch(f"{path.parent.name}/{path.name}"):
                with contextlib.suppress(OSError):  # another process may remove it meanwhile
                    status = path.lstat()
                    if not stat.S_ISDIR(status.st_mode):
                        yield path, status

    def keys(self) -> list[str]:
        """The key of every entry, sorted."""
        return [path.stem for path, _ in self.files()]

    def stats(self) -> dict[str, Any]:
        """Entries, bytes, oldest and newest (seconds since 1970, or None), temporary (unfinished writes)."""
        found = [(status.st_mtime, status.st_size) for _, status in self.files()]
        return {
            "entries": len(found),
            "bytes": sum(size for _, size in found),
            "oldest": min((moment for moment, _ in found), default=None),
            "newest": max((moment for moment, _ in found), default=None),
            "temporary": sum(path.name.startswith(TEMPORARY) for path in self._items()),
        }

    def clear(self) -> int:
        """Forget everything; how many entries went."""
        self._sweep(time.time())
        return sum(unlinked(path) for path, _ in self.files())

    def prune(
        self, *, max_bytes: int | None = None, max_age_seconds: float | None = None, now: float | None = None
    ) -> int:
        """Remove stale writes, entries too old by ``now``, then the oldest; how many entries went."""
        clock = time.time() if now is None else now
        self._sweep(clock)
        return self._evict(clock, max_age_seconds, max_bytes)[0]

    async def _in_thread(self, work: Callable[[], _T]) -> _T | None:
        try:
            return await asyncio.to_thread(work)
        except RuntimeError as error:  # no thread to be had, or the entry was changed while it was written
            if "shutdown" not in str(error):  # of Python's threads: the program ends in the middle of a call
                self._trouble(f"file work failed ({type(error).__name__})")
            return None

    def _write(self, path: Path, entry: Mapping[str, Any]) -> None:
        try:
            self._keep(path, encoded(entry, secrets=self._secrets()))
        except OSError as error:
            self._trouble("an answer cannot be kept", error)
        except SecretError:
            self._trouble("an answer that holds a credential is not kept")
        except (TypeError, ValueError, RecursionError):
            self._trouble("an answer has no JSON form")

    def _keep(self, path: Path, data: bytes) -> None:
        if len(data) > self.max_entry_bytes:
            raise OSError(errno.EFBIG, "too large")
        with self._lock:
            if not self._prepared or not self.folder.is_dir():
                self._prepare()
        path.parent.mkdir(mode=0o700, exist_ok=True)
        refuse_link(path.parent)
        replace(path, data, fsync=self.fsync)
        self._room -= len(data)  # too much where an entry is replaced: the next look corrects that
        if self.max_bytes is not None and self._room < 0:
            self._room = self.max_bytes  # other threads write on while this one counts
            _, size = self._evict(time.time(), self.max_age_seconds, self.max_bytes, _KEEP)
            self._room = min(self.max_bytes - size, self.max_bytes * (1 - _KEEP))

    def _prepare(self) -> None:
        """Make the folder private and unseen by git; clean up after killed and outdated writes."""
        self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        # Only in a folder of our own: "*" would hide the user's files in any other.
        if all(_SHARD.fullmatch(name) or name.startswith(TEMPORARY) for name in listed(self.folder)):
            replace(self.folder / ".gitignore", b"*\n", fsync=self.fsync)
        self._sweep(time.time())
        if self.max_age_seconds is not None:
            self._evict(time.time(), self.max_age_seconds, None)
        self._prepared = True

    def _evict(self, now: float, age: float | None, limit: int | None, keep: float = 1.0) -> tuple[int, int]:
        """Remove what is too old and, over the limit, the oldest down to a part of it; (count, size left)."""
        kept, gone = [], 0
        for path, status in self.files():
            if older(status, age, now):
                gone += unlinked(path)
            else:
                kept.append((status.st_mtime, status.st_size, path))
        size = sum(item[1] for item in kept)
        if limit is not None and size > limit:
            for _, length, path in sorted(kept):
                if size <= limit * keep:
                    break
                gone += unlinked(path)
                size -= length
        return gone, size

    def _sweep(self, now: float) -> None:
        """Remove temporary files that a killed process left."""
        for path in self._items():
            with contextlib.suppress(OSError):
                if path.name.startswith(TEMPORARY) and older(path.lstat(), _STALE, now):
                    path.unlink()

    def _items(self) -> Iterator[Path]:
        """Everything in the folder and in its two-character folders; links are not followed."""
        for name in listed(self.folder):
            path = self.folder / name
            yield path
            if _SHARD.fullmatch(name) and not os.path.islink(path):  # noqa: PTH114 - never raises
                yield from (path / inner for inner in listed(path))

    def _remove(self, path: Path) -> None:
        try:
            path.unlink(missing_ok=True)
        except OSError as error:
            self._trouble("an entry cannot be removed", error)

    def _trouble(self, what: str, error: OSError | None = None) -> None:
        """One warning for each kind of trouble; never with an entry's content."""
        text = what if error is None else f"{what} ({error.strerror or type(error).__name__})"
        with self._lock:
            known = text in self._warned
            self._warned.add(text)
        if not known:
            logger.warning("response cache in %s: %s", self.folder, text)


def _check(key: str) -> None:
    if not _KEY.fullmatch(key):
        raise ValueError(f"key {key[:80]!r} is not usable; allowed: 64 lower-case hex characters")
