"""Regular expressions as a place takes them: spelled anew where that says the same, or not at all.

Engines differ: what providers take is a fact (``structured.patterns``), and what is in no list of theirs is
not sent. Nothing is matched here, so no expression costs more than its length.
"""

from __future__ import annotations

import re
from typing import Final

from smartllm.rules.vocabulary import Patterns

_LARGE: Final = 100
"""From here on a range is large where small ones alone are taken; Anthropic's page names no figure."""
_DEEPEST: Final = 50
_LONGEST: Final = 10_000
_REPEAT: Final = re.compile(r"\{(\d{1,10})(,(\d{0,10}))?\}", re.ASCII)
_COUNTED: Final = re.compile(r"\{[\d,]")
_GROUP: Final = re.compile(r"\?(?:(:)|P?<([A-Za-z_]\w*)>)", re.ASCII)
_NAMED_AGAIN: Final = re.compile(r"\?P=[A-Za-z_]\w*\)", re.ASCII)
_FLAGS: Final = re.compile(r"\(\?[aimsux]+\)", re.ASCII)
_HEX: Final = re.compile(r"x([0-9A-Fa-f]{2})|u([0-9A-Fa-f]{4})")
_NEGATED: Final = {"D": r"[^\d]", "W": r"[^\w]", "S": r"[^\s]"}
_ANCHORS: Final = {"A": "^", "Z": "$", "z": "$"}
_SET_OPERATIONS: Final = ("&&", "--", "||", "~~", "[")


class _UnsayableError(Exception):
    """The expression cannot be said there."""


def spelled(pattern: str, takes: Patterns) -> str | None:
    r"""A regular expression in the words of a place; None where it cannot be said there.

    What says the same is changed: groups are plain ones, lazy quantifiers greedy, ``\A`` and ``\Z`` are ``^``
    and ``$``. All else stays as it is.

    Args:
        pattern: The expression.
        takes: What the place takes.
    """
    if takes == "any":
        return pattern
    try:
        written = _Spelling(pattern, takes).whole()
        re.compile(written)  # no set in a set is left, of which re would warn
    except (_UnsayableError, re.error, OverflowError, RecursionError):
        return None
    return written


class _Spelling:
    """Reads an expression from its start to its end, and writes it anew."""

    def __init__(self, pattern: str, takes: Patterns) -> None:
        if len(pattern) > _LONGEST:
            raise _UnsayableError
        self.text, self.at = pattern, 0
        self.python, self.simple = takes == "python", takes == "simple"
        self.written: list[str] = []
        self.sizes: list[int] = [0]
        """How often a part of each open group may be repeated, the largest of them; the whole first."""
        self.last: int | None = None
        """The same for what was just read; None where nothing stands there that could be repeated."""

    def whole(self) -> str:
        if self.python and (flags := _FLAGS.match(self.text)):
            self._write(flags[0])
            self.at = flags.end()
        while self.at < len(self.text):
            self._next()
        if len(self.sizes) > 1:
            raise _UnsayableError
        return "".join(self.written)

    def _next(self) -> None:
        char = self.text[self.at]
        if char == "\\":
            self._escape()
        elif char == "[":
            self._class()
        elif char == "(":
            self._open()
        elif char == ")":
            self._close()
        elif char in "*+?" or (char == "{" and _COUNTED.match(self.text, self.at)):
            self._repeat()
        elif char in "^$|":
            self.at += 1
            self._write(char)
        else:
            self.at += 1
            self._atom("\\{" if char == "{" else char)

    def _write(self, text: str) -> None:
        self.written.append(text)
        self.last = None

    def _atom(self, text: str, size: int = 1) -> None:
        self.written.append(text)
        self.last = size
        self.sizes[-1] = max(self.sizes[-1], size)

    def _escape(self) -> None:
        after = self.text[self.at + 1 : self.at + 2]
        if after in _ANCHORS:
            self.at += 2
            self._write(_ANCHORS[after])
        elif after in {"b", "B"} and not self.simple:
            self.at += 2
            self._write(f"\\{after}")
        elif self.simple and after in _NEGATED:
            self.at += 2
            self._atom(_NEGATED[after])
        elif self.python and "1" <= after <= "9":
            self.at += 2
            self._atom(f"\\{after}")
        else:
            self._atom(self._character())

    def _character(self) -> str:
        """An escape that stands for a character, or for one of some."""
        found = _HEX.match(self.text, self.at + 1)
        if found:
            self.at = found.end()
            return f"\\{found[0]}" if not self.simple else re.escape(chr(int(found[1] or found[2], 16)))
        after = self.text[self.at + 1 : self.at + 2]
        taken = "dwsnrtfv" if self.simple else "dwsDWSnrtfv"
        if not after or (after.isascii() and after.isalnum() and after not in taken):
            raise _UnsayableError
        self.at += 2
        return f"\\{after}"

    def _class(self) -> None:
        """A class; what engines read in different ways is refused: empty ones, and sets of sets."""
        end = self.at + 1 + self.text.startswith("^", self.at + 1)
        found = [self.text[self.at : end]]
        self.at = end
        while self.text[self.at : self.at + 1] != "]":
            char = self.text[self.at : self.at + 1]
            if not char or self.text.startswith(_SET_OPERATIONS, self.at):
                raise _UnsayableError
            if char == "\\":
                found.append(self._character())
            else:
                self.at += 1
                found.append(char)
        if len(found) == 1:
            raise _UnsayableError
        self.at += 1
        self._atom("".join(found) + "]")

    def _open(self) -> None:
        self.at += 1
        opening = "("
        if self.text.startswith("?", self.at):
            again = _NAMED_AGAIN.match(self.text, self.at) if self.python else None
            if again:
                self.at = again.end()
                self._atom(f"({again[0]}")
                return
            kind = _GROUP.match(self.text, self.at)
            if kind is None:
                raise _UnsayableError
            self.at = kind.end()
            if self.python and kind[2]:
                opening = f"(?P<{kind[2]}>"
            elif kind[1] and not self.simple:
                opening = "(?:"
        if len(self.sizes) > _DEEPEST:
            raise _UnsayableError
        self._write(opening)
        self.sizes.append(0)

    def _close(self) -> None:
        if len(self.sizes) == 1:
            raise _UnsayableError
        self.at += 1
        self._atom(")", self.sizes.pop() or 1)

    def _repeat(self) -> None:
        if self.last is None:
            raise _UnsayableError
        size, times, text = self.last, 1, self.text[self.at]
        if text == "{":
            found = _REPEAT.match(self.text, self.at)
            if found is None:
                raise _UnsayableError
            text, times = found[0], int(found[3] or found[1])
        self.at += len(text)
        if self.simple and size * times >= _LARGE:
            raise _UnsayableError
        if self.text.startswith("?", self.at):
            self.at += 1
            text += "?" if self.python else ""
        elif self.text.startswith("+", self.at):
            raise _UnsayableError
        self.written.append(text)
        self.last = None
        self.sizes[-1] = max(self.sizes[-1], size * times)
