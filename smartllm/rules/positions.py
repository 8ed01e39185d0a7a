"""Lines of keys in a TOML file, so that every fact can say where it stands. tomli itself keeps no lines."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Final, Literal

import tomli

KeyPath = tuple[str, ...]

_BLANK: Final = re.compile(r"(?:[ \t\r\n]+|#[^\n]*)*")
_PART: Final = r"""(?:[A-Za-z0-9_-]+|"(?:[^"\\\n]|\\.)*"|'[^'\n]*')"""
_KEY: Final = re.compile(rf"{_PART}(?:[ \t]*\.[ \t]*{_PART})*")
_PARTS: Final = re.compile(_PART)
_SCALAR: Final = re.compile(
    r'"""(?:[^\\]|\\.)*?"""{1,3}(?!")'
    r"|'''.*?'''{1,3}(?!')"
    r'|"(?:[^"\\\n]|\\.)*"'
    r"|'[^'\n]*'"
    r"|[^,\]}#\n]+",
    re.DOTALL,
)
_CLOSING: Final = {"{": "}", "[": "]"}


def key_lines(text: str) -> dict[KeyPath, int]:
    """Map each key path that ``text`` states to its line's number (from 1).

    Args:
        text: Valid TOML.

    Returns:
        Paths of tables and keys, those inside inline tables and the items of arrays among them; the first
        occurrence of each.
    """
    scanner = _Scanner(text)
    scanner.document()
    return scanner.found


def line_of(lines: dict[KeyPath, int], path: KeyPath) -> int:
    """Line of ``path``, or of the nearest key above it; 1 when nothing is known."""
    while path:
        if path in lines:
            return lines[path]
        path = path[:-1]
    return 1


@dataclass(slots=True)
class _Open:
    """An array or an inline table that is not closed yet."""

    closing: str
    path: KeyPath
    items: int = 0


@dataclass(slots=True)
class _Scanner:
    """Walks over a text that tomli has read, so that nothing is judged here."""

    text: str
    found: dict[KeyPath, int] = field(default_factory=dict)
    arrays: dict[KeyPath, int] = field(default_factory=dict)
    _at: int = 0
    _line: int = 1
    _counted: int = 0

    def document(self) -> None:
        """Note every key of the text."""
        table: KeyPath = ()
        while self._blank():
            if self.text[self._at] == "[":
                table = self._header()
            else:
                self._value(self._key(table))

    def _blank(self) -> bool:
        """Go behind white space and comments; whether anything follows."""
        match = _BLANK.match(self.text, self._at)
        self._at = match.end() if match else self._at
        return self._at < len(self.text)

    def _header(self) -> KeyPath:
        brackets: Literal[1, 2] = 2 if self.text.startswith("[[", self._at) else 1
        self._at += brackets
        self._blank()
        path = self._path(())
        if brackets == 2:  # noqa: PLR2004 - of an array of tables
            index = self.arrays.get(path, -1) + 1
            self.arrays[path] = index
            path = (*path, str(index))
            self._note(path, 0)
        self._at = self.text.index("]", self._at) + brackets
        return path

    def _key(self, table: KeyPath) -> KeyPath:
        """A key with its equals sign."""
        path = self._path(table)
        self._at = self.text.index("=", self._at) + 1
        return path

    def _path(self, table: KeyPath) -> KeyPath:
        match = _KEY.match(self.text, self._at)
        assert match is not None, "tomli has read it"
        path = table + tuple(_plain(part) for part in _PARTS.findall(match[0]))
        self._note(path, len(table))
        self._at = match.end()
        return path

    def _note(self, path: KeyPath, known: int) -> None:
        """A dotted key states every table on its way too."""
        self._line += self.text.count("\n", self._counted, self._at)
        self._counted = self._at
        for length in range(known + 1, len(path) + 1):
            self.found.setdefault(path[:length], self._line)

    def _value(self, path: KeyPath) -> None:
        """Go behind a value; keys inside it are noted. Without recursion: values may be 400 deep."""
        inside: list[_Open] = []
        while True:
            self._blank()
            char = self.text[self._at]
            if inside and char in {inside[-1].closing, ","}:
                self._at += 1
                if char != "," and not self._closed(inside):
                    return
                continue
            if inside:
                path = self._next(inside[-1])
                self._blank()
                char = self.text[self._at]
            if char in _CLOSING:
                inside.append(_Open(_CLOSING[char], path))
                self._at += 1
                continue
            match = _SCALAR.match(self.text, self._at)
            assert match is not None, "tomli has read it"
            self._at = match.end()
            if not inside:
                return

    @staticmethod
    def _closed(inside: list[_Open]) -> bool:
        """Close the innermost; whether another one is open still."""
        inside.pop()
        return bool(inside)

    def _next(self, into: _Open) -> KeyPath:
        """The path of the next value inside an array or an inline table."""
        if into.closing == "}":
            return self._key(into.path)
        path = (*into.path, str(into.items))
        into.items += 1
        self._note(path, len(into.path))
        return path


def _plain(part: str) -> str:
    """A part of a dotted key without its quotes."""
    if part[0] == '"' and "\\" in part:
        plain: str = tomli.loads(f"x = {part}")["x"]
        return plain
    return part[1:-1] if part[0] in "\"'" else part
