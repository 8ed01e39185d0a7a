"""What a person types into a chat: lines with editing and a history, several of them as one turn."""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, Final

import click

from smartllm.cli.talk.talk_store import TalkStore
from smartllm.cli.terminal import complain

_FENCE: Final = '"""'
_ON: Final = "\\"
_MOST_LINES: Final = 1000
_FIRST, _NEXT = "> ", ".. "


class Lines:
    """The turns that come over standard input.

    A line that ends in a backslash goes on with the next one, and so does everything between two lines that
    begin and end with three quotation marks.

    Args:
        store: Has what was typed in earlier chats; None keeps nothing.
        words: What the tabulator completes at the beginning of a line.
    """

    def __init__(self, store: TalkStore | None, words: Sequence[str]) -> None:
        self.by_hand = sys.stdin is not None and sys.stdin.isatty()
        self._kept: Path | None = None
        self._store = store
        self._words = words
        self._readline: Any = None
        self._begun = 0

    @contextlib.contextmanager
    def opened(self) -> Iterator[None]:
        """With editing and the history where a person types at a terminal."""
        if self.by_hand and sys.stdout.isatty():
            with contextlib.suppress(ImportError):
                self._edited()
        try:
            yield
        finally:
            self._keep()

    def turn(self) -> str | None:
        """The next turn; None at the end.

        Raises:
            KeyboardInterrupt: Ctrl-C; what was typed of the turn is forgotten.
        """
        first = self._line(_FIRST)
        if first is None:
            return None
        if first.startswith(_FENCE):
            return self._fenced(first.removeprefix(_FENCE))
        said = [first]
        while said[-1].endswith(_ON):
            said[-1] = said[-1].removesuffix(_ON)
            more = self._line(_NEXT)
            if more is None:
                break
            said.append(more)
        return "\n".join(said)

    def _fenced(self, first: str) -> str:
        said = [first]
        while not said[-1].rstrip().endswith(_FENCE):
            more = self._line(_NEXT)
            if more is None:
                return "\n".join(said).strip("\n")
            said.append(more)
        said[-1] = said[-1].rstrip().removesuffix(_FENCE)
        return "\n".join(said).strip("\n")

    def _line(self, prompt: str) -> str | None:
        if self._readline is not None:
            try:
                return input(prompt)
            except EOFError:
                click.echo()
                return None
        if self.by_hand:  # the answers go elsewhere
            sys.stderr.write(prompt)
            sys.stderr.flush()
        line = b"" if sys.stdin is None else sys.stdin.buffer.readline()
        return line.decode("utf-8", "surrogateescape").rstrip("\r\n") if line else None

    def _edited(self) -> None:
        import readline  # noqa: PLC0415 - Windows has none

        self._readline = readline
        readline.set_history_length(_MOST_LINES)
        readline.set_completer_delims(" ")
        readline.set_completer(self._completed)
        is_libedit = "libedit" in (readline.__doc__ or "")
        readline.parse_and_bind("bind ^I rl_complete" if is_libedit else "tab: complete")
        # Pasted lines are one turn; Python turns it off when it loads: github.com/python/cpython/issues/86985
        readline.parse_and_bind("set enable-bracketed-paste on")
        self._kept = None if self._store is None else self._store.lines()
        if self._kept is not None:
            with contextlib.suppress(OSError):
                readline.read_history_file(self._kept)
        self._begun = readline.get_current_history_length()

    def _completed(self, text: str, state: int) -> str | None:
        if not text.startswith("/") or self._readline.get_begidx():
            return None
        found = [word for word in self._words if word.startswith(text)]
        return found[state] if state < len(found) else None

    def _keep(self) -> None:
        if self._readline is None or self._kept is None:
            return
        new = self._readline.get_current_history_length() - self._begun
        try:
            if new > 0:
                self._readline.append_history_file(new, self._kept)
        except OSError as error:
            complain(f"what was typed is not kept: {error.strerror}")
