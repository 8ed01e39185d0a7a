"""Python processes that begin at once: forks of one that has loaded what clients and commands need."""

from __future__ import annotations

import json
import os
import pty
import socket
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from threading import Thread
from typing import Final, NamedTuple, Self

COMMAND_LINE: Final = "from smartllm.cli import main; main(prog_name='smartllm')"

_FIRST: Final = """
import gc, json, os, socket, sys, types
import smartllm.cli, smartllm.runtime.client, smartllm.sync
import aiohttp, botocore.httpsession, rich.table

# A fork looks for garbage when it ends: two thirds of its time, and all of what is loaded is none.
gc.collect()
gc.freeze()
asked = socket.socket(fileno=int(sys.argv[1]))
while True:
    message, files, _, _ = socket.recv_fds(asked, 1 << 16, 3)
    if not message:
        asked.close()
        sys.exit()
    while not message.endswith(b"\\n"):
        message += asked.recv(1 << 16)
    child = os.fork()
    if child == 0:
        break
    for file in files:
        os.close(file)
    asked.sendall(b"%d" % os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))

asked.close()
for number, file in enumerate(files):
    os.dup2(file, number)
    os.close(file)
given = json.loads(message)
os.chdir(given["folder"])
os.environ.clear()
os.environ.update(given["environment"])
sys.stdin, sys.stdout = open(0, closefd=False), open(1, "w", errors=sys.stdout.errors, closefd=False)
sys.stderr = open(2, "w", buffering=1, errors=sys.stderr.errors, closefd=False)
sys.argv[1:] = given["arguments"]
main = sys.modules["__main__"] = types.ModuleType("__main__")
exec(compile(given["code"], "<string>", "exec"), vars(main))
"""


class Ended(NamedTuple):
    """A process that has ended; at a terminal all output is in ``stdout``."""

    returncode: int
    stdout: bytes
    stderr: bytes

    @property
    def said(self) -> tuple[str, str]:
        """Output and errors as text."""
        return self.stdout.decode(), self.stderr.decode()


class Warm:
    """The process that has loaded everything. Warnings are errors in it and in its forks.

    A fork has an environment, a folder, files and a ``__main__`` of its own, and ends as any process does.
    What importing alone costs, warns of or touches is for a process that starts cold.
    """

    def __init__(self) -> None:
        """Start it."""
        self._asked, theirs = socket.socketpair()
        with theirs:
            self._process = subprocess.Popen(
                [sys.executable, "-W", "error", "-c", _FIRST, str(theirs.fileno())],
                env={**os.environ, "PYTHONUTF8": "1"},
                pass_fds=[theirs.fileno()],
            )

    def __enter__(self) -> Self:
        """It, running."""
        return self

    def __exit__(self, *_: object) -> None:
        """End it."""
        self._asked.close()
        self._process.wait(60)

    def run(self, code: str, *arguments: str, environment: Mapping[str, str], folder: Path) -> Ended:
        """Run code in a fork, with its output and errors in pipes.

        Args:
            code: As for ``python -c``.
            arguments: What ``sys.argv`` has behind the first.
            environment: All of it.
            folder: Where it runs.
        """
        (output, theirs), (errors, their_errors) = os.pipe(), os.pipe()
        self._begin(code, arguments, environment, folder, (theirs, their_errors))
        said: dict[int, bytes] = {}
        reader = Thread(target=lambda: said.update({errors: _all_of(errors)}))
        reader.start()
        said[output] = _all_of(output)
        reader.join()
        return Ended(self._status(), said[output], said[errors])

    def at_terminal(self, code: str, *arguments: str, environment: Mapping[str, str], folder: Path) -> Ended:
        """The same with output and errors at a terminal."""
        screen, theirs = pty.openpty()
        self._begin(code, arguments, environment, folder, (theirs, theirs))
        shown = _all_of(screen)
        return Ended(self._status(), shown, b"")

    def status_of(
        self,
        code: str,
        *arguments: str,
        environment: Mapping[str, str],
        folder: Path,
        files: tuple[int, int, int],
    ) -> int:
        """The exit status of the same with these files as input, output and errors, which are closed here."""
        stdin, *outputs = files
        self._begin(code, arguments, environment, folder, (outputs[0], outputs[1]), stdin=stdin)
        return self._status()

    def _begin(
        self,
        code: str,
        arguments: tuple[str, ...],
        environment: Mapping[str, str],
        folder: Path,
        outputs: tuple[int, int],
        stdin: int | None = None,
    ) -> None:
        given = {
            "code": code,
            "arguments": arguments,
            "environment": dict(environment),
            "folder": str(folder),
        }
        with Path(os.devnull).open("rb") as nothing:
            message = f"{json.dumps(given)}\n".encode()
            first = nothing.fileno() if stdin is None else stdin
            sent = socket.send_fds(self._asked, [message], [first, *outputs])
            self._asked.sendall(message[sent:])
        for file in {*outputs} | ({stdin} if stdin is not None else set()):
            os.close(file)

    def _status(self) -> int:
        return int(self._asked.recv(16))


def _all_of(file: int) -> bytes:
    """What comes until the other side is closed."""
    said = b""
    try:
        while data := os.read(file, 1 << 16):
            said += data
    except OSError:  # a terminal's way to say so
        pass
    finally:
        os.close(file)
    return said
