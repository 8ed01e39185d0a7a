"""``smartllm batch submit``: begin the jobs of a folder."""

from __future__ import annotations

from typing import Any

import click

from smartllm.cli.bulk.options import FOLDER, JSON, calls


@click.command("submit")
@FOLDER
@click.option("--most", type=click.IntRange(min=1), metavar="N", help="At most N jobs under way at once.")
@click.option("--s3", metavar="s3://BUCKET/PREFIX", help="Bedrock: where the files go; kept in DIR.")
@click.option("--role-arn", metavar="ARN", help="Bedrock: the role that reads and writes them; kept in DIR.")
@click.option("--s3-owner", metavar="ACCOUNT", help="Bedrock: the account that the bucket must belong to.")
@click.option("--kms-key", metavar="ARN", help="Bedrock: the key that encrypts the outputs.")
@click.option("--hours", type=click.IntRange(24, 168), metavar="N", help="Bedrock: how long a job may take.")
@calls
@JSON
def command(**flags: Any) -> None:
    """Send the files of DIR that were not sent yet, and begin their jobs.

    Killed at any moment and run again, it goes on: a job that was begun is found by its token, and never
    begun twice. Exit status: 0 all are under way, 1 some are not, 2 bad input.
    """
    from smartllm.cli.bulk.jobs import submit  # noqa: PLC0415 - completion needs none of it

    submit(flags)
