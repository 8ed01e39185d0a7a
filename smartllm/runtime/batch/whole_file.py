"""A file that is there whole or not at all, written as its parts come."""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO, Any

from smartllm.errors import ConfigError


async def keep(path: Path, parts: AsyncIterable[bytes]) -> int:
    """Write a file beside its place, and move it there when all of it is on the disk.

    What a killed process leaves behind is overwritten by the next try.

    Args:
        path: Its place; a file that is there is replaced.
        parts: What it holds.

    Returns:
        Its bytes.

    Raises:
        ConfigError: It cannot be written.
        Exception: Whatever the parts raise; the place is then as it was.
    """
    unfinished = path.with_name(f".{path.name}.part")
    try:
        size = await _write(path, unfinished, parts)
        with _writing(path):
            await asyncio.to_thread(_move, unfinished, path)
    except BaseException:
        with suppress(OSError):  # what failed before is what counts
            unfinished.unlink(missing_ok=True)
        raise
    return size


def opened(path: Path) -> IO[bytes]:
    """A file of ours, for reading.

    Raises:
        ConfigError: It is not there, or cannot be read.
    """
    try:
        return path.open("rb")
    except OSError as error:
        raise ConfigError(
            f"{path} cannot be read: {error.strerror or type(error).__name__}",
            hint="it belongs to the folder that 'smartllm batch compile' made: make that anew",
        ) from None


async def _write(path: Path, unfinished: Path, parts: AsyncIterable[bytes]) -> int:
    size = 0
    with _writing(path):
        file: Any = await asyncio.to_thread(unfinished.open, "wb")
    try:
        async for part in parts:  # whose own errors may be OSErrors too, of a connection
            size += len(part)
            with _writing(path):
                await asyncio.to_thread(file.write, part)
        with _writing(path):
            await asyncio.to_thread(_settle, file)
    finally:
        with suppress(OSError):  # of a full disk, which was told
            file.close()
    return size


@contextmanager
def _writing(path: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        reason = error.strerror or type(error).__name__
        raise ConfigError(
            f"{path} cannot be written: {reason}", hint="check the disk's room and its rights"
        ) from None


def synced(folder: Path) -> None:
    """Make the names in a folder last; where folders cannot be opened, the system does what it does."""
    try:
        descriptor = os.open(folder, os.O_RDONLY)
    except OSError:
        return
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _settle(file: IO[bytes]) -> None:
    file.flush()
    os.fsync(file.fileno())


def _move(unfinished: Path, path: Path) -> None:
    unfinished.replace(path)
    synced(path.parent)
