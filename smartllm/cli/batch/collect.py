"""``smartllm batch collect``: take the answers of a folder's jobs."""

from __future__ import annotations

from typing import Any

import click

from smartllm.cli.bulk.options import FOLDER, JSON, calls


@click.command("collect")
@FOLDER
@click.option(
    "--wait", is_flag=True, help="Wait until all jobs have ended, and submit further files meanwhile."
)
@click.option(
    "--every",
    type=click.FloatRange(min=0.1),
    metavar="SECONDS",
    default=30.0,
    show_default=True,
    help="With --wait: how often to ask.",
)
@click.option(
    "--most", type=click.IntRange(min=1), metavar="N", help="With --wait: at most N jobs under way at once."
)
@click.option("--no-cache", is_flag=True, help="Do not give the answers to the response cache.")
@calls
@JSON
def command(**flags: Any) -> None:
    """Take the answers of jobs that have ended, and write DIR/results.jsonl in the order of the requests.

    Killed at any moment and run again, it ends the same. Requests whose plan has a second step get a file of
    their own, which 'submit' sends. Exit status: 0 all are answered, 1 some are not, 2 bad input.
    """
    from smartllm.cli.bulk.jobs import collect  # noqa: PLC0415 - completion needs none of it

    collect(flags)
