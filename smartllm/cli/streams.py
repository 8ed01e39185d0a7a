"""Standard output and error where they are closed, full, or read by nobody any more."""

from __future__ import annotations

import errno
import io
import os
import select
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Any, Final, TextIO

if TYPE_CHECKING:
    from _typeshed import ReadableBuffer

UNWRITABLE: Final = 1
"""Exit status where standard output does not take what a command prints."""


class _Watched(io.RawIOBase):
    """A file of which is known whether it took everything.

    Args:
        raw: The file.
        loses: Forget what cannot be written, without an error.

    Attributes:
        failed: The error of the first write that failed; nothing is written after it.
    """

    def __init__(self, raw: Any, *, loses: bool) -> None:
        self._raw, self._loses = raw, loses
        self.failed: OSError | None = None

    def writable(self) -> bool:
        """It is."""
        return True

    def fileno(self) -> int:
        """The file's own."""
        number: int = self._raw.fileno()
        return number

    def isatty(self) -> bool:
        """Whether people read it."""
        return bool(self._raw.isatty())

    def write(self, data: ReadableBuffer, /) -> int:
        """Write, and wait for a reader that is slow."""
        try:
            while self.failed is None:
                written: int | None = self._raw.write(data)
                if written is not None:
                    return written
                select.select([], [self._raw], [])
        except OSError as error:
            self.failed = error
            if not self._loses:
                raise
        return memoryview(data).nbytes


@contextmanager
def told() -> Iterator[None]:
    """Say that standard output takes nothing, instead of a traceback or of success.

    What standard error does not take is nobody's to read: neither the answer nor the exit status changes for
    it. A broken pipe of standard output stays what it is for click.

    Raises:
        SystemExit: Standard output cannot be written.
    """
    before = sys.stdout, sys.stderr
    output = _watched(sys.stdout, loses=False)
    error = _watched(sys.stderr, loses=True)
    sys.stdout, sys.stderr = output or sys.stdout, error or sys.stderr
    try:
        yield
    except BrokenPipeError:
        raise
    except OSError as problem:
        if output is None or output.watched.failed is not problem:
            raise
        sys.stderr.write(f"error: standard output: {problem.strerror}\n")
        raise SystemExit(UNWRITABLE) from None
    finally:
        for stream in filter(None, (output, error)):
            with suppress(OSError):  # what is printed is flushed at once, and told above
                stream.flush()
        sys.stdout, sys.stderr = before


class _Stream(io.TextIOWrapper):
    """Text that goes into a watched file."""

    watched: _Watched


def _watched(stream: TextIO | None, *, loses: bool) -> _Stream | None:
    """In place of a stream; None where it is no file of the system's, or a terminal to which one speaks."""
    buffer = getattr(stream, "buffer", None)
    raw = getattr(buffer, "raw", buffer)
    if stream is not None:
        try:
            stream.fileno()
        except (OSError, ValueError, AttributeError):
            return None
        if raw is None or (stream.isatty() and not loses):  # readline and Windows want it as it is
            return None
    watched = _Watched(raw or _Closed(), loses=loses)
    found = _Stream(
        io.BufferedWriter(watched),
        encoding="utf-8" if stream is None else stream.encoding,
        errors="backslashreplace" if stream is None else stream.errors,
        line_buffering=loses,
    )
    found.watched = watched
    return found


class _Closed(io.RawIOBase):
    """A standard output that the caller has closed."""

    def write(self, _: ReadableBuffer, /) -> int:
        """Fail, as at the system's.

        Raises:
            OSError: Always.
        """
        raise OSError(errno.EBADF, os.strerror(errno.EBADF))
