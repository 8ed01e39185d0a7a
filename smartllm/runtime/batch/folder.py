"""A folder of batch work is there whole, or not at all."""

from __future__ import annotations

import shutil
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

from smartllm.errors import ConfigError, SmartLLMError
from smartllm.runtime.batch.compiled import Compiled
from smartllm.runtime.batch.compiling import Compiling, new_name
from smartllm.runtime.batch.locking import LOCK, locked
from smartllm.runtime.batch.manifest import Manifest
from smartllm.runtime.batch.planning import Planner
from smartllm.runtime.batch.whole_file import synced
from smartllm.runtime.cache.levels import open_cache


@contextmanager
def made_whole(folder: Path) -> Iterator[Path]:
    """A place for what is to become a folder when all of it is there.

    What an earlier attempt left is dropped.

    Args:
        folder: The folder, which is not there yet, or empty.

    Raises:
        ConfigError: It is, with something in it; or another process is making it.
    """
    folder = folder.resolve()
    _check_free(folder)
    place = folder.parent / f".{folder.name}.compiling"
    with _told(folder):
        place.mkdir(mode=0o700, parents=True, exist_ok=True)
        with locked(place):
            _check_free(folder)  # another command may have made it while this one waited to begin
            try:
                _clear(place)
                yield place
                _check_free(folder)
                synced(place)
                if folder.exists():
                    folder.rmdir()  # Windows moves nothing to where something is
                place.replace(folder)
            except BaseException:
                shutil.rmtree(place, ignore_errors=True)
                raise
        synced(folder.parent)


@contextmanager
def _told(folder: Path) -> Iterator[None]:
    """Say that a folder cannot be made.

    Raises:
        ConfigError: The disk, or what is on it, does not let it.
    """
    try:
        yield
    except (OSError, sqlite3.Error) as error:
        if isinstance(error, SmartLLMError):  # of which some are both
            raise
        reason = getattr(error, "strerror", None) or str(error)
        raise ConfigError(
            f"{folder} cannot be made: {reason}",
            hint="check the disk's room and its rights; nothing of the folder is left",
        ) from None


def _clear(place: Path) -> None:
    """Drop what an attempt left that was killed."""
    for each in place.iterdir():
        if each.is_dir():
            shutil.rmtree(each)
        elif not each.name.startswith(LOCK):
            each.unlink()


async def compile_folder(
    source: BinaryIO,
    folder: Path,
    planner: Planner,
    *,
    name: str,
    duplicates: bool = False,
    use_cache: bool = True,
    told: Callable[[int], None] = lambda _: None,
) -> Compiled:
    """Make a folder of a provider's files from a file of requests.

    Args:
        source: The requests, a line each.
        folder: The folder, which is not there yet, or empty.
        planner: Compiles; its settings say where the cache is.
        name: What the requests are called, for people.
        duplicates: Lines that ask the same are sent each; otherwise one of them is.
        use_cache: Answers that the cache has are taken from it.
        told: Is told how many bytes were read so far.

    Raises:
        ConfigError: The folder is in use, or cannot be written.
        RequestFileError: The requests cannot be read to their end.
    """
    cache = open_cache(planner.settings, lambda: ()) if use_cache else None
    try:
        with made_whole(folder) as place:
            about = {**planner.about, "name": new_name(), "source": name, "duplicates": duplicates}
            with Manifest.create(place, about) as manifest, manifest.in_bulk():
                work = Compiling(source, manifest, planner, cache, duplicates=duplicates, told=told)
                done = await work.run()
        return done
    finally:
        if cache is not None:
            await cache.aclose()


def _check_free(folder: Path) -> None:
    """Check that nothing is there yet.

    Raises:
        ConfigError: Something is, or somebody stands in it.
    """
    if Path.cwd().is_relative_to(folder):
        raise ConfigError(
            f"{folder} is where you are; a folder of batch work is made beside its place and moved there",
            hint="name a folder below it: -o work",
        )
    if folder.is_dir() and not any(folder.iterdir()):
        return
    if folder.exists() or folder.is_symlink():
        raise ConfigError(
            f"{folder} is there already", hint="give another folder, or go on with it: smartllm batch status"
        )
