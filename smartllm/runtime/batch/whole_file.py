"""A file that is there whole or not at all, written as its parts come."""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterable, Callable
from pathlib import Path
from typing import IO, Any, TypeVar

from smartllm.errors import ConfigError

T = TypeVar("T")


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
        size = await _write(unfinished, parts)
        await _ours(path, _move, unfinished, path)
    except BaseException:
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


async def _write(path: Path, parts: AsyncIterable[bytes]) -> int:
    size = 0
    file: IO[bytes] = await _ours(path, path.open, "wb")
    try:
        async for part in parts:
            size += len(part)
            await _ours(path, file.write, part)
        await _ours(path, _settle, file)
    finally:
        file.close()
    return size


def _settle(file: IO[bytes]) -> None:
    file.flush()
    os.fsync(file.fileno())


def _move(unfinished: Path, path: Path) -> None:
    unfinished.replace(path)
    if os.name == "posix":  # Windows opens no folder
        folder = os.open(path.parent, os.O_RDONLY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)


async def _ours(path: Path, step: Callable[..., T], *given: Any) -> T:
    """Do a step on the disk, in a thread: an OSError of the parts is none of the disk."""
    try:
        return await asyncio.to_thread(step, *given)
    except OSError as error:
        raise _unwritable(path, error) from None


def _unwritable(path: Path, error: OSError) -> ConfigError:
    reason = error.strerror or type(error).__name__
    return ConfigError(f"{path} cannot be written: {reason}", hint="check the disk's room and its rights")
