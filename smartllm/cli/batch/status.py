"""``smartllm batch status``: how the jobs of a folder stand."""

from __future__ import annotations

from typing import Any

import click

from smartllm.cli.bulk.options import FOLDER, JSON, calls


@click.command("status")
@FOLDER
@click.option("--offline", is_flag=True, help="Tell what DIR knows; ask nobody.")
@click.option("--watch", type=click.FloatRange(min=0.1), metavar="SECONDS", help="Ask again every so often.")
@click.option("--diagnostics", is_flag=True, help="Print what is to be told of single lines, too.")
@calls
@JSON
def command(**flags: Any) -> None:
    """Tell how the jobs of DIR stand, and how many requests have their answer.

    Exit status: 0, or 2 for bad input.
    """
    from smartllm.cli.bulk.jobs import status  # noqa: PLC0415 - completion needs none of it

    status(flags)
