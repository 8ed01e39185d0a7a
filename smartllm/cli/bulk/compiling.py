"""What ``smartllm batch compile`` does: makes a folder, and tells what is in it."""

from __future__ import annotations

import asyncio
import os
import stat
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import Any, BinaryIO, Final

import click

from smartllm.cli.requests.request_input import exits
from smartllm.cli.requests.standard_input import NAME
from smartllm.cli.terminal import complain, echo, echo_json
from smartllm.errors import RequestFileError
from smartllm.runtime.batch.compiled import Compiled
from smartllm.runtime.batch.folder import compile_folder
from smartllm.runtime.batch.planning import Planner

_SHOWN: Final = 8


def compile_file(flags: dict[str, Any]) -> None:
    """Make a folder from a file of requests.

    Args:
        flags: The command's options.

    Raises:
        click.exceptions.Exit: With the status, where it is not 0.
    """
    source = flags["source"]
    folder = Path(flags["folder"])
    base = flags["files"] or ("." if source == "-" else Path(source).parent)
    with exits(), _opened(source) as file, _shown(file) as told:
        planner = Planner.new(
            flags["provider"],
            model=flags["model"],
            api_type=flags["api_type"],
            rules=flags["rules"],
            files=base,
            strict=flags["strict"],
        )
        name = NAME if source == "-" else str(Path(source).resolve())
        done = asyncio.run(
            compile_folder(
                file,
                folder,
                planner,
                name=name,
                duplicates=flags["keep_duplicates"],
                use_cache=not flags["no_cache"],
                told=told,
            )
        )
    if flags["as_json"]:
        echo_json(summary(done, folder))
    else:
        _tell(done, folder)
    if done.refused:
        raise click.exceptions.Exit(1)


def summary(done: Compiled, folder: Path) -> dict[str, Any]:
    """What a compilation came to, as JSON data."""
    data = asdict(done)
    codes = [
        {"severity": key[0], "code": key[1], "lines": count} for key, count in sorted(done.codes.items())
    ]
    wrong = [{"line": line, "error": text} for line, text in done.wrong]
    return {"folder": str(folder), **data, "codes": codes, "wrong": wrong}


def _tell(done: Compiled, folder: Path) -> None:
    for line, text in done.wrong[:_SHOWN]:
        prefix = "" if text.startswith(f"line {line}:") else f"line {line}: "
        complain(f"refused: {prefix}{text}")
    if done.refused > len(done.wrong):
        complain(
            f"... and {done.refused - len(done.wrong):,} more: smartllm batch status {folder} --diagnostics"
        )
    for (severity, code), count in sorted(done.codes.items(), key=lambda item: -item[1])[:_SHOWN]:
        complain(f"{severity}: {code} on {_count(count, 'line')}")
    echo(
        f"{folder}: {_count(done.lines, 'request')}: {done.sent:,} to send, "
        f"{done.same:,} the same as another, {done.cached:,} from the cache, {done.refused:,} refused"
    )
    if done.units:
        files = _count(done.units, "file")
        echo(f"{folder}: {files}, {done.bytes:,} bytes, about {done.tokens:,} tokens at most")
    if done.sampled:
        complain(
            f"{_count(done.sampled, 'line')} of the same words as another would have answers of their own; "
            "--keep-duplicates sends each"
        )
    if (told := _cost(done)) is not None:
        complain(told)
    if done.second_steps:
        complain(
            f"{_count(done.second_steps, 'request')} have a second step, sent after the answers to the first"
        )
    if done.units:
        complain(f"next: smartllm batch submit {folder}")


def _cost(done: Compiled) -> str | None:
    """What the file will cost, as far as prices are known."""
    if done.input_cost is None or not done.sent:
        return None
    told = f"cost: about ${done.input_cost:,.4g} for the input"
    if done.output_cost is not None:
        told += f", and ${done.output_cost:,.4g} at most for the answers"
    return f"{told}, at the price of the batch engine"


def _count(number: int, what: str) -> str:
    return f"{number:,} {what}{'' if number == 1 else 's'}"


@contextmanager
def _opened(source: str) -> Iterator[BinaryIO]:
    """The file of requests.

    Raises:
        RequestFileError: It cannot be read.
    """
    if source == "-":
        yield sys.stdin.buffer
        return
    try:
        file = Path(source).open("rb", buffering=1024 * 1024)  # noqa: SIM115 - closed below
    except OSError as error:
        raise RequestFileError(f"{source}: cannot be read ({error.strerror})") from None
    with file:
        yield file


@contextmanager
def _shown(file: BinaryIO) -> Iterator[Callable[[int], None]]:
    """A bar on a terminal; nothing elsewhere."""
    if not sys.stderr.isatty():
        yield lambda _: None
        return
    from rich.console import Console  # noqa: PLC0415 - for people who wait
    from rich.progress import BarColumn, DownloadColumn, Progress, TimeRemainingColumn  # noqa: PLC0415 - same

    here = os.fstat(file.fileno())
    total = here.st_size if stat.S_ISREG(here.st_mode) else None
    with Progress(
        "compiling",
        BarColumn(),
        DownloadColumn(),
        TimeRemainingColumn(),
        console=Console(stderr=True),
        transient=True,
    ) as bar:
        task = bar.add_task("", total=total)
        yield lambda size: bar.update(task, completed=size)
