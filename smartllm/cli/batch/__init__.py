"""``smartllm batch``: files of requests, by the providers' batch engines or online from this machine."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

import click

from smartllm.cli.group import Group, Section

_MEANT: Final[Mapping[str, str]] = MappingProxyType(
    {
        **dict.fromkeys(("make", "build", "create", "new", "prepare", "init"), "compile"),
        **dict.fromkeys(("send", "upload", "start", "begin"), "submit"),
        **dict.fromkeys(("show", "list", "ls", "get", "progress", "watch", "info"), "status"),
        **dict.fromkeys(("download", "fetch", "results", "output", "wait", "join"), "collect"),
        **dict.fromkeys(("again", "resend", "rerun", "repeat"), "retry"),
        **dict.fromkeys(("stop", "abort", "kill", "delete", "rm"), "cancel"),
        **dict.fromkeys(("ask", "online", "map", "generate"), "run"),
    }
)
"""The words of the providers' own tools, and of habit."""


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
    meant=_MEANT,
)
def command() -> None:
    """Answer a file of requests, a JSON object a line.

    A provider's batch engine does it within a day and for half the price; 'batch run' does it now.
    """
