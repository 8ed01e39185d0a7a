"""One rules file: what it holds, and the line of every fact in it."""

from __future__ import annotations

import os
import re
import stat
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property, lru_cache
from pathlib import Path
from typing import Any, Final, Literal

import tomli

from smartllm.environment import RULES as ENVIRONMENT
from smartllm.errors import RulesError
from smartllm.rules.positions import KeyPath, key_lines, line_of
from smartllm.said import Named, said

LayerKind = Literal["models", "pages", "retired", "servers", "hosts", "profiles", "overlay"]
"""One of the shipped files, a shipped one of a host or of profiles, or a user's file of everything."""

_FOLDER: Final = Path(__file__).parent
FOLDER_NAME: Final = "smartllm/rules"
FILES: Final[tuple[LayerKind, ...]] = ("models", "pages", "retired", "servers")
"""Shipped files, each named as what it holds."""
FOLDERS: Final[tuple[LayerKind, ...]] = ("hosts", "profiles")
"""Folders of shipped files beside them, each named as what it holds."""


@dataclass(frozen=True)
class Layer:
    """One rules file.

    Attributes:
        name: How messages name the file.
        text: Its text.
        data: Its parsed content.
        kind: What it is.
    """

    name: str
    text: str
    data: dict[str, Any]
    kind: LayerKind

    @property
    def overlay(self) -> bool:
        """It is a user's file, not one shipped here."""
        return self.kind == "overlay"

    @cached_property
    def lines(self) -> dict[KeyPath, int]:
        """Line of each key path."""
        return key_lines(self.text)

    def line(self, path: KeyPath) -> int:
        """Line of a key path, or of the nearest key above it."""
        return line_of(self.lines, path)

    def where(self, path: KeyPath) -> str:
        """``file:line`` of a key path."""
        return f"{self.name}:{self.line(path)}"


@lru_cache(maxsize=1)
def builtin_layers() -> tuple[Layer, ...]:
    """The shipped rules: the models, the files beside them, then those of each host and each vendor.

    What one states no other does, and their shape is right: lint checks both, not each start.
    """
    return *(
        read_layer(_FOLDER / f"{kind}.toml", name=f"{FOLDER_NAME}/{kind}.toml", kind=kind) for kind in FILES
    ), *(
        read_layer(path, name=f"{FOLDER_NAME}/{kind}/{path.name}", kind=kind)
        for kind in FOLDERS
        for path in sorted((_FOLDER / kind).iterdir())
        if path.suffix == ".toml"
    )


def read_layer(path: str | os.PathLike[str], *, name: str, kind: LayerKind) -> Layer:
    """Read one rules file; its shape is not checked.

    Raises:
        RulesError: It cannot be read or is no TOML; with ``file:line`` first, where a line is to blame.
    """
    file_status(path)
    try:
        # Windows' editors begin a file with a mark of its byte order, which is no part of its text.
        text = Path(path).read_text(encoding="utf-8-sig")
    except OSError as error:
        raise unreadable(name, error) from None
    except UnicodeDecodeError as error:
        raise RulesError(f"{name}:1: the rules file is not UTF-8 text ({error.reason})") from None
    return Layer(name, text, _parsed(text, name, kind), kind)


def file_status(path: str | os.PathLike[str]) -> os.stat_result:
    """What the system says of a rules file.

    Raises:
        RulesError: There is none, or it is no regular file: a pipe would be waited for.
    """
    name = os.fspath(path)
    try:
        status = os.stat(path)  # noqa: PTH116 - one call for a str or any PathLike
    except (OSError, ValueError) as error:  # the latter for a path that no file system takes
        raise unreadable(name, error) from None
    if not stat.S_ISREG(status.st_mode):
        what = "is a directory" if stat.S_ISDIR(status.st_mode) else "is not a regular file"
        raise RulesError(f"{name}: the rules file {what}", hint=_PATHS)
    return status


def unreadable(name: str, error: Exception) -> RulesError:
    """The error for a rules file that the system does not give."""
    reason = getattr(error, "strerror", None) or error
    return RulesError(f"{name}: the rules file cannot be read ({reason})", hint=_PATHS)


_PATHS: Final = said(
    "check the path given as {} or {}", Named("rules", python="rules=, --rules"), ENVIRONMENT
)
_LARGEST: Final = 2**63
_DEEPEST: Final = 32
_LONG: Final = re.compile(r"[0-9][0-9_]{999,}")
_BRACKET: Final = re.compile(r"[\[{\]}]")


def _parsed(text: str, name: str, kind: LayerKind) -> dict[str, Any]:
    try:
        data = tomli.loads(text)
    except tomli.TOMLDecodeError as error:
        raise RulesError(f"{name}:{error.lineno}: not valid TOML: {error.msg}") from None
    except RecursionError:
        raise RulesError(f"{name}:{_deepest(text)}: {_DEEP}") from None
    except ValueError:  # more digits than Python reads
        found = _LONG.search(text)
        line = text.count("\n", 0, found.start() if found else 0) + 1
        raise RulesError(f"{name}:{line}: {_LARGE}") from None
    if kind == "overlay":
        for path, wrong in _beyond(data):
            raise RulesError(f"{name}:{line_of(key_lines(text), path)}: {'.'.join(path[:4])!r}: {wrong}")
    return data


_DEEP: Final = "tables and arrays are nested too deeply; facts are a few tables deep"
_LARGE: Final = "the number is too large: TOML's integers have 64 bits"


def _deepest(text: str) -> int:
    """Line of the innermost bracket, as far as can be told of what is not read."""
    depth = most = at = 0
    for found in _BRACKET.finditer(text):
        depth += 1 if found[0] in "[{" else -1
        if depth > most:
            most, at = depth, found.start()
    return text.count("\n", 0, at) + 1


def _beyond(data: dict[str, Any]) -> Iterator[tuple[KeyPath, str]]:
    """What TOML's grammar lets through, but nobody means."""
    left: list[tuple[KeyPath, Any]] = [((), data)]
    while left:
        path, node = left.pop()
        if isinstance(node, int) and not -_LARGEST <= node < _LARGEST:
            yield path, _LARGE
        if isinstance(node, (dict, list)):
            if len(path) > _DEEPEST:
                yield path, _DEEP
            below = (
                node.items() if isinstance(node, dict) else ((str(i), item) for i, item in enumerate(node))
            )
            left += [((*path, key), value) for key, value in below]
