"""The option that names another server that speaks OpenAI's API."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import click

from smartllm.cli.completing import servers

if TYPE_CHECKING:
    from smartllm.rules import Target

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


def who_is_called(host: str, compatible: bool | str | None) -> str:
    """Who is called, in a word: the other server, where one is meant, or the host whose wire is spoken."""
    return "another server" if compatible is True else compatible or host


def is_of_its_own(target: Target, compatible: bool | str | None) -> bool:
    """Whether a server is known to be none of OpenAI's: their hosts and their batch engine say nothing of it.

    One without a name may pass on what it is sent, so that models that the rules list are theirs.
    """
    return isinstance(compatible, str) or (compatible is True and not target.listed)
