"""What ``smartllm batch run`` does: answers a file, shows how far it is, ends in good order, and sums up."""

from __future__ import annotations

import asyncio
import shutil
import signal
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, BinaryIO, Final, cast

import click

from smartllm.cli.bulk.run_told import Shown, print_summary
from smartllm.cli.requests.request_input import exits
from smartllm.cli.terminal import complain
from smartllm.errors import RequestFileError
from smartllm.runtime.batch.online import Online
from smartllm.runtime.batch.run import RunSummary, RunWish
from smartllm.runtime.batch.run_batch import opened, run_opened
from smartllm.runtime.batch.run_work import Survey

STDIN: Final = "-"
_SIGNALS: Final = (signal.SIGINT, signal.SIGTERM)
_SIGNALLED: Final = 128
_SETTINGS: Final = ("provider", "base_url", "aws_profile", "ca_bundle", "max_concurrent", "fallback")
_WISHES: Final = ("limit", "retry_failed", "overwrite", "max_failures")


class _Ending:
    """How a run ends that somebody wants to end: what is under way is waited for, once."""

    def __init__(self, shown: Shown) -> None:
        self._shown = shown
        self.run: Online | None = None
        self.status = 0

    @contextmanager
    def heard(self) -> Iterator[None]:
        """Listen for signals meanwhile."""
        loop, task = asyncio.get_running_loop(), asyncio.current_task()
        assert task is not None
        heard = []
        for one in _SIGNALS:
            try:
                loop.add_signal_handler(one, self._came, one, task)
            except (NotImplementedError, RuntimeError, ValueError):  # Windows, or no main thread
                continue
            heard.append(one)
        try:
            yield
        finally:
            for one in heard:
                loop.remove_signal_handler(one)

    def _came(self, number: int, task: asyncio.Task[Any]) -> None:
        if self.run is None or self.status:
            self.status = _SIGNALLED + number
            task.cancel()
            return
        self.status = _SIGNALLED + number
        self.run.end(signal.Signals(number).name)
        self._shown.note(
            f"stopping: {self.run.in_flight} requests are under way, and are waited for; once more drops them"
        )


def run(source: str, results: str, flags: dict[str, Any], *, as_json: bool, quiet: bool) -> None:
    """Answer a file.

    Args:
        source: The requests; ``-`` for standard input.
        results: Where the results go.
        flags: The command's other options.
        as_json: Print the summary as JSON.
        quiet: No progress and no summary.

    Raises:
        click.exceptions.Exit: With the status, where it is not 0.
    """
    shown = Shown(quiet=quiet)
    ending = _Ending(shown)
    with exits(), _opened(source) as file, asyncio.Runner() as runner:
        try:
            summary = runner.run(_answered(file, source, Path(results), flags, shown, ending))
        except asyncio.CancelledError:
            shown.end()
            complain("stopped, without waiting for what was under way; to go on, run the same command again")
            raise click.exceptions.Exit(ending.status) from None
        finally:
            shown.end()
    missing = bool(summary.failed or summary.refused) or summary.reason is not None
    status = ending.status or int(missing)
    print_summary(summary, as_json=as_json, quiet=quiet)
    if status:
        raise click.exceptions.Exit(status)


async def _answered(
    file: BinaryIO, source: str, results: Path, flags: dict[str, Any], shown: Shown, ending: _Ending
) -> RunSummary:
    def begun(online: Online, survey: Survey) -> None:
        ending.run = online
        shown.begin(survey)

    folder = Path(flags["files"] or ("." if source == STDIN else Path(source).parent))
    settings = {name: flags[name] for name in _SETTINGS} | {"rules": flags["rules"] or None}
    with ending.heard():
        return await run_opened(
            file,
            folder,
            results,
            {**settings, "default_model": flags["model"], "level": "ignore"},
            RunWish(**{name: flags[name] for name in _WISHES}),
            fields={"api_type": flags["api_type"]},
            use_cache=not flags["no_cache"],
            tell=shown.tell,
            note=shown.note,
            begun=begun,
        )


@contextmanager
def _opened(source: str) -> Iterator[BinaryIO]:
    """The requests, which are read twice: standard input goes to a temporary file first.

    Raises:
        RequestFileError: They cannot be read.
    """
    with _kept_input() if source == STDIN else opened(Path(source)) as file:
        yield file


def _kept_input() -> BinaryIO:
    """Standard input, in a temporary file.

    Raises:
        RequestFileError: It cannot be read.
    """
    kept = cast("BinaryIO", tempfile.TemporaryFile())  # noqa: SIM115 - whoever takes it closes it
    try:
        if sys.stdin is not None:
            shutil.copyfileobj(sys.stdin.buffer, kept)
    except OSError as error:
        kept.close()
        raise RequestFileError(f"standard input: cannot be read ({error.strerror})") from None
    return kept
