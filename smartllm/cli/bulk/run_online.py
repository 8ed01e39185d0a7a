"""What ``smartllm batch run`` does: answers a file, shows how far it is, ends in good order, and sums up."""

from __future__ import annotations

import asyncio
import hashlib
import json
import shutil
import signal
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, BinaryIO, Final

import click

from smartllm import values
from smartllm.cli.bulk.run_lines import RunLines
from smartllm.cli.bulk.run_told import Shown, print_summary
from smartllm.cli.requests.request_input import exits, rules_in_force
from smartllm.cli.terminal import complain
from smartllm.environment import MODELS, Environment
from smartllm.errors import RequestFileError
from smartllm.rules import RuleSet
from smartllm.runtime.batch.clients import Clients
from smartllm.runtime.batch.online import Online
from smartllm.runtime.batch.run import RunSummary, RunWish, answer_file
from smartllm.runtime.batch.run_work import Survey

STDIN: Final = "-"
_SIGNALS: Final = (signal.SIGINT, signal.SIGTERM)
_SIGNALLED: Final = 128
_NAMES: Final = ("model", "provider", "api_type", "files")


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
        self.run.end("stopped")
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
    rules = rules_in_force(flags["rules"])
    settings = {name: flags[name] for name in ("base_url", "aws_profile", "ca_bundle", "max_concurrent")}
    settings |= {"rules": flags["rules"] or None, "level": "ignore", "default_model": flags["model"]}

    def begun(online: Online, survey: Survey) -> None:
        ending.run = online
        shown.begin(survey)

    with ending.heard(), RunLines(source, flags) as reading:
        async with Clients(rules, settings, provider=flags["provider"]) as clients:
            return await answer_file(
                file,
                results,
                reading,
                clients.of,
                _wish(flags, rules),
                tell=shown.tell,
                note=shown.note,
                begun=begun,
            )


def _wish(flags: dict[str, Any], rules: RuleSet) -> RunWish:
    about = {name: flags[name] for name in _NAMES}
    address = values.url("base_url", flags["base_url"])
    about["base_url"] = None if address is None else values.without_login(address)
    overlays = [layer.data for layer in rules.layers if layer.overlay]
    text = json.dumps(overlays, default=str, sort_keys=True)
    about["rules"] = hashlib.blake2b(text.encode(), digest_size=8).hexdigest() if overlays else None
    if flags["model"] is None:
        found = {name: Environment().first(name) for name in MODELS.values()}
        about |= {name: None if one is None else one.value for name, one in found.items()}
    names = ("max_concurrent", "limit", "retry_failed", "overwrite", "max_failures")
    return RunWish(about=about, **{name: flags[name] for name in names})


@contextmanager
def _opened(source: str) -> Iterator[BinaryIO]:
    """The requests, which are read twice: standard input goes to a temporary file first.

    Raises:
        RequestFileError: They cannot be read.
    """
    try:
        if source != STDIN:
            with Path(source).open("rb") as file:
                yield file
            return
        with tempfile.TemporaryFile() as kept:
            shutil.copyfileobj(sys.stdin.buffer, kept)
            yield kept
    except OSError as error:
        raise RequestFileError(f"{source}: cannot be read ({error.strerror})") from None
