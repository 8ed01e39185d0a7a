"""Tables for people on a terminal, and lines for other programs."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING, Final

from smartllm.cli.terminal import echo, visible

if TYPE_CHECKING:
    from rich.table import Table

RIGHT: Final = frozenset({"bytes", "max output", "context"})


def print_table(columns: Sequence[str], rows: Sequence[Sequence[str]], *, header: bool = True) -> None:
    """A table on a terminal; tab-separated lines, the header left out, for other programs."""
    if not sys.stdout.isatty():
        for row in rows:
            echo("\t".join(row))
        return
    from rich.console import Console  # noqa: PLC0415 - slow to load, and not needed in a pipe

    Console().print(rich_table(columns, rows, header=header))


def rich_table(columns: Sequence[str], rows: Sequence[Sequence[str]], *, header: bool = True) -> Table:
    """The table that a terminal shows."""
    from rich.table import Table  # noqa: PLC0415 - slow to load, and not needed in a pipe
    from rich.text import Text  # noqa: PLC0415

    table = Table(show_header=header)
    for name in columns:
        table.add_column(Text(visible(name)), justify="right" if name in RIGHT else "left", overflow="fold")
    for row in rows:
        table.add_row(*(Text(visible(cell)) for cell in row))
    return table
