"""The command line as the tests call it, with every click that the project allows."""

from __future__ import annotations

import inspect
from collections.abc import Sequence
from typing import Any, Final

import click
from click.testing import CliRunner, Result

# Click 8.2 keeps both outputs apart always, and knows the setting no more.
_APART: Final[dict[str, Any]] = {"mix_stderr": False}
_SETTINGS: Final = _APART if "mix_stderr" in inspect.signature(CliRunner.__init__).parameters else {}


def invoke(command: click.Command, arguments: Sequence[str], *, stdin: str | bytes | None = None) -> Result:
    """Run a command in this process; ``stdout`` and ``stderr`` of the result are apart."""
    return CliRunner(**_SETTINGS).invoke(command, list(arguments), input=stdin)
