"""What people at a terminal see while they wait: a line that takes itself away."""

from __future__ import annotations

import asyncio
import os
import sys
import time
from typing import Final

from smartllm.cli.terminal import complain, visible

_AFTER: Final = 1.0
_EVERY: Final = 0.5
_CLEAR: Final = "\r\x1b[K"
_WIDTH: Final = 80
"""Characters of a terminal that does not tell."""


class StatusLine:
    """A line of standard error that tells what is awaited and for how long; on terminals alone.

    Args:
        what: What is awaited.
        shown: Somebody wants it.
    """

    def __init__(self, what: str, *, shown: bool = True) -> None:
        self._what = what
        self._shown = shown and sys.stderr.isatty() and os.environ.get("TERM") != "dumb"
        self._began = time.monotonic()
        self._until: float | None = None
        self._task: asyncio.Task[None] | None = None
        self._drawn = False

    def begin(self) -> None:
        """Show it from now on, in the running loop."""
        if self._shown and self._task is None:
            self._began = time.monotonic()
            self._task = asyncio.get_running_loop().create_task(self._drawing())

    def end(self) -> None:
        """Take it away; the loop may have ended."""
        if self._task is not None:
            self._task.cancel()
            self._task = None
        self._clear()

    def awaits(self, what: str) -> None:
        """Something else is awaited from now on."""
        self._what = what

    def counts_down(self, seconds: float) -> None:
        """A wait begins whose length is known."""
        self._until = time.monotonic() + seconds

    def tell(self, text: str) -> None:
        """Print a line that stays."""
        self._clear()
        complain(text)

    def _clear(self) -> None:
        if self._drawn:
            self._drawn = False
            sys.stderr.write(_CLEAR)
            sys.stderr.flush()

    async def _drawing(self) -> None:
        await asyncio.sleep(_AFTER)
        while True:
            self._drawn = True
            sys.stderr.write(f"{_CLEAR}{_fitting(visible(self._text()))}")
            sys.stderr.flush()
            await asyncio.sleep(_EVERY)

    def _text(self) -> str:
        now = time.monotonic()
        if self._until is not None and self._until > now:
            return f"{self._what}: next try in {self._until - now:.0f} s"
        return f"{self._what}: {now - self._began:.0f} s"


def _fitting(text: str) -> str:
    """The end of a text, as much as one line of the terminal holds: no more can be cleared."""
    try:
        width = os.get_terminal_size(sys.stderr.fileno()).columns or _WIDTH
    except (OSError, ValueError):
        width = _WIDTH
    return text if len(text) < width else f"…{text[len(text) - width + 2 :]}"
