"""A person at a terminal: types into our command, and reads what the screen shows."""

from __future__ import annotations

import os
import pty
import select
import time
from collections.abc import Mapping
from pathlib import Path
from threading import Thread
from typing import Final, Self

from warm import COMMAND_LINE, Warm

_TERMINAL: Final = "import fcntl, os, termios; os.setsid(); fcntl.ioctl(0, termios.TIOCSCTTY, 0)"
"""Ctrl-C comes from the terminal that controls a process."""
_SECONDS: Final = 30
CTRL_C, CTRL_D, UP = "\x03", "\x04", "\x1b[A"


class Typist:
    """Runs a command in a fork of the warm process, with a terminal for input, output and errors.

    Attributes:
        screen: All that was shown.
        status: The exit status, once it has ended.
    """

    def __init__(self, warm: Warm, *arguments: str, environment: Mapping[str, str], folder: Path) -> None:
        """Start it."""
        self._terminal, theirs = pty.openpty()
        self.screen, self._seen = "", 0
        self.status: int | None = None
        code = f"{_TERMINAL}; {COMMAND_LINE}"
        files = (theirs, theirs, theirs)
        self._waits = Thread(target=self._run, args=(warm, code, arguments, environment, folder, files))
        self._waits.start()

    def __enter__(self) -> Self:
        """It, running."""
        return self

    def __exit__(self, *_: object) -> None:
        """Hang up."""
        os.close(self._terminal)
        self._waits.join(_SECONDS)

    def types(self, text: str) -> None:
        """Press these keys."""
        os.write(self._terminal, text.encode())

    def sees(self, text: str) -> None:
        """Wait until the screen shows a text behind what was seen already."""
        end = time.monotonic() + _SECONDS
        while text not in self.screen[self._seen :]:
            assert time.monotonic() < end, f"{text!r} does not come; the screen shows {self.screen!r}"
            if select.select([self._terminal], [], [], 0.1)[0]:
                try:
                    self.screen += os.read(self._terminal, 1 << 16).decode().replace("\r\n", "\n")
                except OSError:  # a terminal's way to say that the other side is closed
                    assert text in self.screen[self._seen :], f"{text!r} is not in {self.screen!r}"
        self._seen = self.screen.index(text, self._seen) + len(text)

    def interrupts(self, text: str) -> None:
        """Press Ctrl-C until the screen shows a text.

        Python's readline misses one that comes just before it begins to wait for a key.
        """
        self.types(CTRL_C)
        end = time.monotonic() + _SECONDS
        while text not in self.screen[self._seen :] and time.monotonic() < end:
            if select.select([self._terminal], [], [], 2)[0]:
                self.screen += os.read(self._terminal, 1 << 16).decode().replace("\r\n", "\n")
            else:
                self.types(CTRL_C)
        self.sees(text)

    def ended(self) -> int:
        """The exit status, when it is over."""
        self._waits.join(_SECONDS)
        assert self.status is not None, f"it goes on; the screen shows {self.screen!r}"
        return self.status

    def _run(
        self,
        warm: Warm,
        code: str,
        arguments: tuple[str, ...],
        environment: Mapping[str, str],
        folder: Path,
        files: tuple[int, int, int],
    ) -> None:
        self.status = warm.status_of(code, *arguments, environment=environment, folder=folder, files=files)
