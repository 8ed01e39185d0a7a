"""``smartllm batch cancel``: stop the jobs of a folder."""

from __future__ import annotations

from typing import Any

import click

from smartllm.cli.bulk.options import FOLDER, JSON, calls


@click.command("cancel")
@FOLDER
@calls
@JSON
def command(**flags: Any) -> None:
    """Stop the jobs of DIR that are under way. What is answered by then is kept and paid for: collect it.

    Exit status: 0, or 2 for bad input.
    """
    from smartllm.cli.bulk.jobs import cancel  # noqa: PLC0415 - completion needs none of it

    cancel(flags)
