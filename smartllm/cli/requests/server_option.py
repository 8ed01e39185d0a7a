"""The option that names another server that speaks OpenAI's API."""

from __future__ import annotations

from typing import Final

import click

from smartllm.cli.completing import servers

OTHER: Final = "other"
"""What stands for a server that has no name in the rules."""


def _meant(_context: click.Context, _parameter: click.Parameter, value: str | None) -> bool | str | None:
    """A server's name; True for one without."""
    return True if value == OTHER else value


COMPATIBLE: Final = click.option(
    "--compatible",
    is_flag=False,
    flag_value=OTHER,
    metavar="[NAME]",
    callback=_meant,
    shell_complete=servers,
    help="For another server that speaks OpenAI's API: its name, such as ollama, or none.",
)
