"""Packages as archives: downloaded from a registry, neither installed nor imported, and read."""

from __future__ import annotations

import lzma
import re
import subprocess  # pip and npm are programs
import sys
import tarfile
import zipfile
import zlib
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Final, Literal

_MINUTES: Final = 10 * 60
_LARGEST: Final = 256 * 1024 * 1024
"""Bytes of the largest file that is read: a small archive may unpack to more than there is memory."""
_BROKEN: Final = (
    OSError,
    EOFError,
    RuntimeError,
    zipfile.BadZipFile,
    tarfile.TarError,
    zlib.error,
    lzma.LZMAError,
)
"""What the readers of archives raise for a broken one; ``RuntimeError`` for one with a password."""


class DriftError(Exception):
    """A catalogue cannot be had or read; the message says what to do."""


@dataclass(frozen=True)
class Archive:
    """A wheel or an npm package."""

    path: Path

    @cached_property
    def names(self) -> tuple[str, ...]:
        """The files in it."""
        try:
            if self._zipped:
                with zipfile.ZipFile(self.path) as wheel:
                    return tuple(wheel.namelist())
            with tarfile.open(self.path) as package:
                return tuple(package.getnames())
        except _BROKEN as error:
            raise DriftError(f"{self.path.name} is no archive that can be read: {error}") from None

    @property
    def version(self) -> str:
        """Its version, from its name."""
        name = self.path.name
        if self._zipped:
            return name.split("-")[1] if name.count("-") > 1 else ""
        return name.removesuffix(".tgz").rpartition("-")[2]

    @property
    def _zipped(self) -> bool:
        return self.path.suffix == ".whl"

    def text(self, end: str) -> str:
        """The text of the file whose path ends so.

        Raises:
            DriftError: There is none, or more than one.
        """
        found = [name for name in self.names if name == end or name.endswith(f"/{end}")]
        if len(found) != 1:
            raise DriftError(
                f"{self.path.name} has {len(found) or 'no'} files {end}: its reader needs a look"
            )
        try:
            content = self._bytes(found[0])
        except _BROKEN as error:
            raise DriftError(f"{self.path.name}: {end} cannot be read: {error}") from None
        if len(content) > _LARGEST:
            raise DriftError(f"{self.path.name}: {end} has more than {_LARGEST:,} bytes")
        return content.decode("utf-8")

    def _bytes(self, name: str) -> bytes:
        """The beginning of a file, by which one that is too large is known."""
        if self._zipped:
            with zipfile.ZipFile(self.path) as wheel, wheel.open(name) as file:
                return file.read(_LARGEST + 1)
        with tarfile.open(self.path) as package:
            member = package.extractfile(name)
            if member is None:
                raise DriftError(f"{self.path.name}: {name} is no file")
            return member.read(_LARGEST + 1)


def stored(package: str, folder: Path) -> Archive:
    """The archive of a package in a folder; of several the one that was written last.

    Raises:
        DriftError: There is none.
    """
    wheel, packed = package.replace("-", "_"), package.removeprefix("@").replace("/", "-")
    name = re.compile(rf"{re.escape(wheel)}-\d.*\.whl|{re.escape(packed)}-\d.*\.tgz")
    found = [path for path in folder.glob("*") if name.fullmatch(path.name)]
    if not found:
        raise DriftError(f"{folder} has no archive of {package}")
    return Archive(max(found, key=lambda path: path.stat().st_mtime))


def download(package: str, registry: Literal["pypi", "npm"], folder: Path) -> Archive:
    """Download the newest archive of a package; nothing of it is run.

    Raises:
        DriftError: The registry's client is missing, fails, or brings nothing.
    """
    pip = [sys.executable, "-m", "pip", "--disable-pip-version-check", "download", "--quiet"]
    command = {
        "pypi": [*pip, "--no-deps", "--only-binary=:all:", "--dest", str(folder), package],
        "npm": ["npm", "pack", "--silent", "--ignore-scripts", f"{package}@latest"],
    }[registry]
    try:
        done = subprocess.run(  # noqa: S603 - the registries' own clients, names from a table
            command, cwd=folder, capture_output=True, text=True, timeout=_MINUTES, check=False
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise DriftError(f"{package}: {command[0]} did not run: {error}") from None
    if done.returncode:
        said = (done.stderr.strip().splitlines() or ["no reason given"])[-1]
        raise DriftError(f"{package} was not downloaded: {said}")
    return stored(package, folder)
