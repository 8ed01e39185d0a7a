"""Tables for people on a terminal, and lines for other programs."""

from __future__ import annotations

import sys
import textwrap
from collections.abc import Collection, Sequence
from typing import TYPE_CHECKING, Final

from smartllm.cli.terminal import echo, visible

if TYPE_CHECKING:
    from rich.table import Table

RIGHT: Final = frozenset({"bytes", "max output", "context"})
_AROUND: Final = 3
"""Characters of a border and of the blanks beside a cell."""


def print_table(
    columns: Sequence[str],
    rows: Sequence[Sequence[str]],
    *,
    header: bool = True,
    whole: Collection[str] = (),
    spare: Sequence[str] = (),
    short: Sequence[str] = (),
) -> Collection[str]:
    """A table on a terminal; tab-separated lines, the header left out, for other programs.

    On a terminal no word is broken. Where columns do not fit, spare ones are left out; where the rest does
    not fit either, each row is a few lines of its own.

    Args:
        columns: Their names.
        rows: Their cells; a line break in one is a comma for other programs.
        header: Show the names.
        whole: Columns whose cells are never broken into lines.
        spare: Columns that a narrow terminal does without, those that are missed least first.
        short: Other names for a terminal on which the names do not fit.

    Returns:
        The columns that are shown.
    """
    if not sys.stdout.isatty():
        for row in rows:
            echo("\t".join(cell.replace("\n", ", ") for cell in row))
        return columns
    from rich.console import Console  # noqa: PLC0415 - slow to load, and not needed in a pipe

    console = Console()
    kept = fitting(columns, rows, console.width, spare, whole)
    places = [at for at, name in enumerate(columns) if name in kept]
    cells = [[row[at] for at in places] for row in rows]
    names = [columns[at] for at in places]
    widths = widths_of(names if header else [""] * len(names), cells, console.width, whole)
    if widths is None and short:
        for mark, name in zip(short, columns, strict=True):
            if mark != name:
                echo(f"{mark} is {name}")
        names = [short[at] for at in places]
        widths = widths_of(names, cells, console.width, whole)
    if widths is None:
        _print_apart((short or columns) if header else (), rows, console.width)
        return columns
    console.print(rich_table(names, cells, header=header, whole=whole, widths=widths))
    if left := [name for name in columns if name not in kept]:
        echo(f"not shown for want of width: {', '.join(left)}")
    return kept


def widths_of(
    columns: Sequence[str], rows: Sequence[Sequence[str]], width: int, whole: Collection[str] = ()
) -> list[int] | None:
    """Widths of columns with which no word is broken; None where a terminal is too narrow for that.

    Args:
        columns: Their names.
        rows: Their cells.
        width: Of the terminal, in characters.
        whole: Columns whose cells are never broken into lines.
    """
    lines = [
        [name, *(line for row in rows for line in row[at].splitlines())] for at, name in enumerate(columns)
    ]
    wished = [max(map(len, cells)) for cells in lines]
    least = [
        wished[at] if name in whole else max(len(word) for cell in lines[at] for word in (*cell.split(), ""))
        for at, name in enumerate(columns)
    ]
    room = width - 1 - _AROUND * len(columns) - sum(least)
    if room < 0:
        return None
    more = [wish - needed for wish, needed in zip(wished, least, strict=True)]
    share = min(1.0, room / sum(more)) if sum(more) else 0.0
    return [needed + int(gap * share) for needed, gap in zip(least, more, strict=True)]


def _print_apart(names: Sequence[str], rows: Sequence[Sequence[str]], width: int) -> None:
    """Rows as lines: the first cell, and the others below it; without names, all cells in one line.

    A line is longer than the terminal only where a word is.
    """
    for first, *others in rows:
        if not names:
            echo(f"{first}: {' '.join(others)}")
            continue
        cells = [cell.replace("\n", ", ") for cell in others]
        told = "; ".join(f"{name}: {cell}" for name, cell in zip(names[1:], cells, strict=True))
        lines = textwrap.wrap(told, width - 2, break_long_words=False, break_on_hyphens=False)
        echo("\n  ".join([first, *lines]))


def fitting(
    columns: Sequence[str],
    rows: Sequence[Sequence[str]],
    width: int,
    spare: Sequence[str],
    whole: Collection[str] = (),
) -> list[str]:
    """The columns that a terminal has room for without breaking a word.

    Args:
        columns: Their names.
        rows: Their cells.
        width: Of the terminal, in characters.
        spare: Columns that may be left out, in this order.
        whole: Columns whose cells are never broken into lines.
    """
    kept = list(columns)
    needed = {}
    for at, name in enumerate(columns):
        cells = (name, *(row[at] for row in rows))
        parts = [cell.splitlines() if name in whole else cell.split() for cell in cells]
        needed[name] = max(len(part) for found in parts for part in (*found, ""))
    for name in spare:
        if sum(needed[one] + _AROUND for one in kept) + 1 <= width:
            break
        kept.remove(name)
    return kept


def rich_table(
    columns: Sequence[str],
    rows: Sequence[Sequence[str]],
    *,
    header: bool = True,
    whole: Collection[str] = (),
    widths: Sequence[int] | None = None,
) -> Table:
    """The table that a terminal shows."""
    from rich.table import Table  # noqa: PLC0415 - slow to load, and not needed in a pipe
    from rich.text import Text  # noqa: PLC0415

    table = Table(show_header=header)
    for at, name in enumerate(columns):
        table.add_column(
            Text(visible(name)),
            justify="right" if name in RIGHT else "left",
            overflow="fold",
            no_wrap=name in whole,
            width=None if widths is None else widths[at],
        )
    for row in rows:
        table.add_row(*(Text(visible(cell)) for cell in row))
    return table
