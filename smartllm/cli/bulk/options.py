"""Options that commands on a folder of batch work have in common."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final, TypeVar

import click

from smartllm.cli.calls.call_options import AWS_PROFILE, CA_BUNDLE
from smartllm.cli.completing import folders

F = TypeVar("F", bound=Callable[..., Any])

FOLDER: Final = click.argument("folder", metavar="DIR", shell_complete=folders)
JSON: Final = click.option("--json", "as_json", is_flag=True, help="Print JSON.")


def calls(command: F) -> F:
    """Give a command the options of those that call a provider."""
    return AWS_PROFILE(CA_BUNDLE(command))
