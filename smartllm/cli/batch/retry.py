"""``smartllm batch retry``: lines without an answer, once more."""

from __future__ import annotations

from typing import Any

import click

from smartllm.cli.bulk.options import FOLDER, JSON
from smartllm.cli.completing import files


@click.command("retry")
@FOLDER
@click.option("--all", "whole", is_flag=True, help="Also those whose failure will hardly pass.")
@click.option(
    "--output",
    "-o",
    metavar="FILE",
    shell_complete=files,
    help="Write their requests there instead, for 'batch run' or another model.",
)
@JSON
def command(**flags: Any) -> None:
    """Make files of the requests of DIR that expired or failed for a while, which 'submit' sends.

    Exit status: 0 there are some, or none is left, 1 some cannot be sent, 2 bad input.
    """
    from smartllm.cli.bulk.jobs import retry  # noqa: PLC0415 - completion needs none of it

    retry(flags)
