"""Pages as files, for the commands that can write what they show as one."""

from __future__ import annotations

import datetime as dt
import errno
import os
import stat
from pathlib import Path
from secrets import token_hex
from typing import Final

import click

from smartllm.cli.requests.request_input import usage_error
from smartllm.cli.terminal import complain

HTML: Final = click.option(
    "--html", metavar="FILE", help="Write a page for a browser instead; - is standard output."
)


def today() -> dt.date:
    """The day, in UTC."""
    return dt.datetime.now(dt.UTC).date()


def write_page(page: str, file: str) -> None:
    """Write a page: all of it, or nothing where a file stands already or may come to.

    Args:
        page: Its text.
        file: Where to; ``-`` is standard output.

    Raises:
        click.exceptions.Exit: The file cannot be written.
    """
    data = page.encode()
    if file == "-":
        click.echo(data, nl=False)
        return
    try:
        _written(Path(file), data)
    except OSError as error:
        told = OSError(error.errno, error.strerror, file)  # what the user called it
        raise usage_error(told) from None
    complain(f"# written to {file} ({len(data):,} bytes)")


def _written(path: Path, data: bytes) -> None:
    """Write a file at once; pipes, devices and files in folders of others are written in place."""
    found = path.resolve()
    if path.is_dir():
        raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR), str(path))
    is_new = not found.exists()
    if not (is_new or os.access(found, os.W_OK)):
        raise PermissionError(errno.EACCES, os.strerror(errno.EACCES), str(path))
    in_place = path.is_relative_to("/dev") or not (is_new or found.is_file())
    if in_place or (not is_new and not os.access(found.parent, os.W_OK)):
        path.write_bytes(data)
        return
    beside = found.with_name(f".{token_hex(8)}.tmp")
    try:
        beside.write_bytes(data)
        if not is_new:
            beside.chmod(stat.S_IMODE(found.stat().st_mode))
        beside.replace(found)
    except BaseException:
        beside.unlink(missing_ok=True)
        raise
