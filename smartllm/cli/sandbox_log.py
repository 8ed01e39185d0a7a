"""The log of the sandbox: a line a request, once it is answered."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import suppress
from typing import TYPE_CHECKING, Final, Self, TextIO

from smartllm.cli.terminal import complain, visible
from smartllm.testing.heard import json_of

if TYPE_CHECKING:
    from smartllm.testing import LoopbackServer
    from smartllm.testing.reply import Recorded

_PAUSE: Final = 0.05
_MOST_OF_A_REASON: Final = 1000
_MILLISECONDS: Final = 1000


class Log:
    """Tells of requests while it is entered.

    Args:
        server: Where they come.
        file: Where the lines go; None is standard error.
    """

    def __init__(self, server: LoopbackServer, file: TextIO | None = None) -> None:
        self._server, self._file = server, file
        self._failed = False
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._run, name="sandbox-log", daemon=True)
        self._open: list[Recorded] = []

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._ended.set()
        self._thread.join()
        self._tell(everything=True)
        if self._file is not None:
            with suppress(OSError):
                self._file.close()

    def _run(self) -> None:
        while not self._ended.wait(_PAUSE):
            self._tell()

    def _tell(self, *, everything: bool = False) -> None:
        """The requests that ended meanwhile, in the order in which they came."""
        came = self._server.requests[:]
        del self._server.requests[: len(came)]  # nobody else reads them, and they would pile up
        open_ = [*self._open, *came]
        self._open = [one for one in open_ if one.seconds is None and not everything]
        for recorded in open_:
            if recorded.seconds is not None or everything:
                for line in lines_of(recorded):
                    self._write(line)

    def _write(self, line: str) -> None:
        if self._file is None:
            complain(line)
        elif not self._failed:
            try:
                self._file.write(f"{visible(line)}\n")
            except OSError as error:  # the disk is full: it serves on, and says once that nobody hears of it
                self._failed = True
                complain(f"--log {self._file.name}: {error.strerror}; no more is written to it")


def lines_of(recorded: Recorded) -> Iterator[str]:
    """What a request was and how it was answered; below it its pictures, documents, sound and film."""
    status = "broken off" if recorded.disconnected else str(recorded.status or "no answer")
    took = None if recorded.seconds is None else f"{recorded.seconds * _MILLISECONDS:.0f} ms"
    about = ", ".join(
        filter(None, (model_of(recorded), took, f"{max(recorded.size, len(recorded.body))} bytes"))
    )
    reason = f": {recorded.reason[:_MOST_OF_A_REASON]}" if recorded.reason else ""
    fact = f" [{' '.join(filter(None, (recorded.fact, recorded.fact_row)))}]" if recorded.fact else ""
    yield f"{recorded.method} {recorded.path} {status} ({about}){reason}{fact}"
    for medium in recorded.media:
        yield f"  {medium}"


def model_of(recorded: Recorded) -> str:
    """The model that a request is for, as its path or body names it; empty where neither does."""
    if recorded.route is not None and recorded.route.model:
        return recorded.route.model
    try:
        body = json_of(recorded.body)
    except ValueError:
        return ""
    model = body.get("model") if isinstance(body, dict) else None
    return model if isinstance(model, str) else ""
