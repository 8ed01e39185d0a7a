"""A command that runs with the sandbox in place of the providers."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING, Final, Self

from smartllm.cli.terminal import complain
from smartllm.testing.variables import environment_of

if TYPE_CHECKING:
    from smartllm.testing import LoopbackServer

NOT_FOUND: Final = 127
NOT_RUN: Final = 126
_SIGNALLED: Final = 128
"""Statuses as shells give them."""

_PASSED: Final = ("SIGINT", "SIGTERM", "SIGHUP", "SIGQUIT", "SIGUSR1", "SIGUSR2")
_FROM_TERMINAL: Final = frozenset({"SIGINT", "SIGQUIT"})
"""What a terminal itself sends to all that run in its foreground."""


def status_of(command: Sequence[str], server: LoopbackServer) -> int:
    """Run a command to its end.

    Args:
        command: Program and arguments.
        server: Where its calls go.

    Returns:
        Its exit status; 127 where there is no such program, 126 where it cannot be run, 128 and the number
        of the signal that ended it.
    """
    with tempfile.TemporaryDirectory(prefix="smartllm-sandbox-") as folder, _Signals() as signals:
        try:
            process = subprocess.Popen(command, env=environment_of(os.environ, server, Path(folder)))  # noqa: S603 - what the user typed
        except OSError as error:
            complain(f"error: {command[0]}: {error.strerror}")
            return NOT_FOUND if isinstance(error, FileNotFoundError) else NOT_RUN
        except ValueError as error:
            complain(f"error: {command[0]}: {error}")
            return NOT_RUN
        with signals.to(process):
            status = process.wait()
    return _SIGNALLED - status if status < 0 else status


class _Signals:
    """Passes signals on; until there is a process they wait."""

    def __init__(self) -> None:
        self._process: subprocess.Popen[bytes] | None = None
        self._waiting: list[int] = []
        self._before: dict[int, object] = {}

    def __enter__(self) -> Self:
        for name in _PASSED:
            number = getattr(signal, name, None)
            if number is not None and signal.getsignal(number) is not signal.SIG_IGN:
                self._before[number] = signal.signal(number, self._came)
        return self

    def __exit__(self, *_: object) -> None:
        for number, before in self._before.items():
            signal.signal(number, before)  # type: ignore[arg-type]

    @contextmanager
    def to(self, process: subprocess.Popen[bytes]) -> Iterator[None]:
        """Pass them to a process, those that came before it first."""
        self._process = process
        for number in self._waiting:
            process.send_signal(number)
        try:
            yield
        finally:
            self._process = None

    def _came(self, number: int, _: FrameType | None) -> None:
        if signal.Signals(number).name in _FROM_TERMINAL and _is_foreground():
            return  # it has it already
        if self._process is None:
            self._waiting.append(number)
        else:
            self._process.send_signal(number)


def _is_foreground() -> bool:
    """Whether a terminal's keys reach this process and those that it started."""
    for stream in (sys.__stdin__, sys.__stdout__, sys.__stderr__):
        try:
            if stream is not None and os.tcgetpgrp(stream.fileno()) == os.getpgrp():
                return True
        except (OSError, ValueError, AttributeError):  # no terminal, closed, or Windows
            continue
    return False
