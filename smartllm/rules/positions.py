"""Lines of keys in a TOML file, so that every fact can say where it stands. tomli itself keeps no lines."""

from __future__ import annotations

import re
from typing import Final

import tomli

KeyPath = tuple[str, ...]

_KEY = re.compile(
    r"""^\s*((?:[A-Za-z0-9_-]+|"[^"]*"|'[^']*')(?:\s*\.\s*(?:[A-Za-z0-9_-]+|"[^"]*"|'[^']*'))*)\s*="""
)
_HEADER = re.compile(r"^\s*\[\[?(.+?)\]\]?\s*(?:#.*)?$")
_FENCES: Final = frozenset({'"""', "'''"})
_STRING: Final = re.compile(r'"""|\'\'\'|"(?:[^"\\]|\\.)*"|\'[^\']*\'|#.*|[\[\]{}]')


def key_lines(text: str) -> dict[KeyPath, int]:
    """Map each key path that a line of ``text`` states to that line's number (from 1).

    Keys inside an inline table are not told apart: they stand on the line of the row that holds them.

    Args:
        text: Valid TOML.

    Returns:
        Paths of tables and keys, first occurrence.
    """
    found: dict[KeyPath, int] = {}
    table: KeyPath = ()
    depth = 0
    fence = ""
    for number, line in enumerate(text.splitlines(), start=1):
        if not depth and not fence:
            if match := _HEADER.match(line):
                table = _path(match[1])
                _note(found, table, 0, number)
                continue
            if match := _KEY.match(line):
                _note(found, table + _path(match[1]), len(table), number)
        depth, fence = _scan(line, depth, fence)
    return found


def line_of(lines: dict[KeyPath, int], path: KeyPath) -> int:
    """Line of ``path``, or of the nearest key above it; 1 when nothing is known."""
    while path:
        if path in lines:
            return lines[path]
        path = path[:-1]
    return 1


def _note(found: dict[KeyPath, int], path: KeyPath, known: int, number: int) -> None:
    """A dotted key states every table on its way too."""
    for length in range(known + 1, len(path) + 1):
        found.setdefault(path[:length], number)


def _path(dotted: str) -> KeyPath:
    """Split a dotted TOML key with TOML's own rules for quotes."""
    node = tomli.loads(f"{dotted} = 0")
    path: list[str] = []
    while isinstance(node, dict):
        key, node = next(iter(node.items()))
        path.append(key)
    return tuple(path)


def _scan(line: str, depth: int, fence: str) -> tuple[int, str]:
    """Follow brackets and multi-line strings over one line."""
    position = 0
    while position < len(line):
        if fence:
            end = line.find(fence, position)
            if end < 0:
                return depth, fence
            position, fence = end + 3, ""
            continue
        match = _STRING.search(line, position)
        if match is None:
            break
        position = match.end()
        found = match[0]
        if found in _FENCES:
            fence = found
        elif found in "[{":
            depth += 1
        elif found in "]}":
            depth -= 1
    return depth, fence
