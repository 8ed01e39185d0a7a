"""``smartllm batch``: files of requests, by the providers' batch engines or online from this machine."""

from __future__ import annotations

import click

from smartllm.cli.group import Group, Section


@click.group(
    "batch",
    cls=Group,
    package="smartllm.cli.batch",
    sections=[
        Section(
            "By a provider's batch engine",
            compile="Make a folder of the provider's files from a file of requests.",
            submit="Send the folder's files, and begin their jobs.",
            status="Tell how the jobs stand.",
            collect="Take the answers, and write them in the order of the requests.",
            retry="Make files of the lines that have no answer yet.",
            cancel="Stop the jobs.",
        ),
        Section("Online", run="Answer a file of requests from this machine."),
    ],
)
def command() -> None:
    """Answer a file of requests, a JSON object a line.

    A provider's batch engine does it within a day and for half the price; 'batch run' does it now.
    """
