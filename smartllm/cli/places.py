"""Where rules stand, as short as a person needs it; other programs get whole paths."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path, PurePath


def short_names(files: Iterable[str]) -> dict[str, str]:
    """The last parts of paths, as many of them as tell the paths apart.

    Args:
        files: The paths.
    """
    known = dict.fromkeys(files)
    return {file: _least(file, known) for file in known}


def legend(names: Mapping[str, str]) -> list[str]:
    """A line for each name that is not the path itself."""
    return [f"{name} is {file}" for file, name in names.items() if name != file]


def near(path: str) -> str:
    """A path from here, or from the user's home, where it lies below one of them; else as it is."""
    try:
        found, here, home = Path(path).absolute(), Path.cwd(), Path.home()
    except (OSError, RuntimeError):
        return path
    if found.is_relative_to(here):
        return str(found.relative_to(here))
    return str(PurePath("~") / found.relative_to(home)) if found.is_relative_to(home) else path


def _least(file: str, known: Iterable[str]) -> str:
    parts = PurePath(file).parts
    for count in range(1, len(parts)):
        last = parts[-count:]
        if sum(PurePath(other).parts[-count:] == last for other in known) == 1:
            return str(PurePath(*last))
    return file
