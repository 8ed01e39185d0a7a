"""A file of results, of which a journal knows how far it goes."""

from __future__ import annotations

import hashlib
import os
import re
import stat
from collections.abc import Iterable, Iterator
from io import FileIO
from pathlib import Path
from typing import Any, Final

from smartllm.errors import ConfigError

_OPEN: Final = os.O_RDWR | os.O_CREAT | getattr(os, "O_BINARY", 0)
_TAIL: Final = 64 * 1024
_PIECE: Final = 1024 * 1024
_LINE: Final = re.compile(rb'\{"line": ?(\d+)[,}]')
_ANEW: Final = "put back what was there, give another file, or begin anew: --overwrite"


class ResultsFile:
    """A file of results.

    Args:
        path: Where it is; made where it is not.

    Attributes:
        path: As given.
        size: How far it goes, in bytes.

    Raises:
        ConfigError: It is no ordinary file, or cannot be written.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        try:
            self._file = _opened(path)
        except OSError as error:
            raise ConfigError(f"{path} cannot be written ({error.strerror})") from None
        self._place = path.resolve()  # whoever names it by a link keeps the link
        self._new = self._place.with_name(f"{self._place.name}.new")
        found = os.fstat(self._file.fileno())
        if not stat.S_ISREG(found.st_mode):
            self._file.close()
            raise ConfigError(
                f"{path} is no ordinary file, and a run that is to go on needs one",
                hint="name a file: -o FILE",
            )
        self.size = found.st_size

    def close(self) -> None:
        """Close it."""
        self._file.close()

    def append(self, data: bytes) -> None:
        """Write more, to the disk.

        Raises:
            OSError: There is no room, or the disk fails; the file goes no further than before.
        """
        left = memoryview(data)
        self._file.seek(self.size)
        try:
            while left:
                left = left[self._file.write(left) :]
            os.fsync(self._file.fileno())
        except OSError:
            self._file.truncate(self.size)
            raise
        self.size += len(data)

    def cut(self, size: int) -> None:
        """Take off what stands behind a place."""
        self._file.truncate(size)
        self.size = size

    def mark(self) -> tuple[int, str]:
        """By what the file is known again: its size, and a digest of its end."""
        return self.size, self._tail(self.size)

    def go_on(self, size: int, tail: str, following: Iterable[bytes]) -> None:
        """Take the file as a run left it that may have been killed.

        Args:
            size: How far it went for certain.
            tail: The digest of its end then.
            following: What was being written behind it.

        Raises:
            ConfigError: It is another file, or was changed.
        """
        if self.size < size or self._tail(size) != tail:
            raise ConfigError(f"{self.path} is not as the last run left it", hint=_ANEW)
        left = self.size - size
        self._file.seek(size)
        for data in following:
            if left <= 0:
                break
            part = data[:left]
            if self._file.read(len(part)) != part:
                break
            left -= len(part)
        if left > 0:
            raise ConfigError(f"{self.path} has {left} bytes at its end that no run wrote", hint=_ANEW)
        self.cut(size)

    def rewrite(self, changed: Iterable[tuple[int, str]]) -> dict[str, Any]:
        """Write the file anew beside it, with other results for some lines.

        Args:
            changed: Lines and their results, in order; an empty one leaves the line out.

        Returns:
            What ``is_rewritten`` is to be asked with.
        """
        others = iter(changed)
        line, result = next(others, (None, ""))
        digest, size = hashlib.blake2b(digest_size=16), 0
        with self._new.open("wb") as new:
            for number, data in self._lines():
                if number == line:
                    data = f"{result}\n".encode() if result else b""  # noqa: PLW2901 - it takes its place
                    line, result = next(others, (None, ""))
                new.write(data)
                digest.update(data)
                size += len(data)
            new.flush()
            os.fsync(new.fileno())
        if line is not None:
            self.forget_new()
            raise ConfigError(f"{self.path} has no result of line {line} any more", hint=_ANEW)
        return {"bytes": size, "digest": digest.hexdigest()}

    def forget_new(self) -> None:
        """Remove what a killed run began to write anew."""
        self._new.unlink(missing_ok=True)

    def replace(self) -> None:
        """Put what was written anew in the file's place."""
        self._new.chmod(stat.S_IMODE(os.fstat(self._file.fileno()).st_mode))
        self._file.close()  # Windows replaces no open file
        try:
            self._new.replace(self._place)
            _sync(self._place.parent)
        finally:
            self._file = _opened(self._place)
            self.size = os.fstat(self._file.fileno()).st_size

    def is_rewritten(self, mark: dict[str, Any]) -> bool:
        """Whether the file is the one that was written anew."""
        if self.size != mark["bytes"]:
            return False
        self._file.seek(0)
        digest = hashlib.blake2b(digest_size=16)
        while data := self._file.read(_PIECE):
            digest.update(data)
        return bool(digest.hexdigest() == mark["digest"])

    def _lines(self) -> Iterator[tuple[int | None, bytes]]:
        with self._place.open("rb") as file:
            for data in file:
                found = _LINE.match(data)
                yield int(found[1]) if found else None, data

    def _tail(self, size: int) -> str:
        self._file.seek(max(0, size - _TAIL))
        return hashlib.blake2b(self._file.read(min(size, _TAIL)), digest_size=16).hexdigest()


def _opened(path: Path) -> FileIO:
    return FileIO(os.open(path, _OPEN, 0o666), "r+")


def _sync(folder: Path) -> None:
    """Bring a new name to the disk; Windows does it by itself."""
    if os.name == "posix":
        number = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(number)
        finally:
            os.close(number)
