"""Pictures of terminals."""

from __future__ import annotations

import io
import re
from typing import TYPE_CHECKING, Final

from rich.console import Console

from smartllm.cli import explain
from smartllm.cli.models import COLUMNS, describe, row_of
from smartllm.cli.tables import rich_table
from smartllm.pages.facts import shown
from smartllm.rules import load_rules, resolve, target_for
from smartllm.rules.facts import changed_facts, stated_facts

if TYPE_CHECKING:
    from rich.table import Table

_LEFT_OUT: Final = ("takes", "caching", "context")
"""Columns that a terminal of this width has no room for."""
_WIDTH: Final = 106


def picture(title: str, table: Table, *lines: str) -> str:
    """A terminal with a table, without the fonts that rich would fetch from elsewhere."""
    console = Console(record=True, width=_WIDTH, file=io.StringIO())
    console.print(table)
    for line in lines:
        console.print(line, markup=False, highlight=False)
    text = console.export_svg(title=title, unique_id=title.replace(" ", "-"))
    return re.sub(r"@font-face \{.*?\}\s*", "", text, flags=re.DOTALL)


def models() -> str:
    """``smartllm models 'nova*'``."""
    rules = load_rules()
    listed = [row_of(describe(model, rules)) for model in rules.table("model") if model.startswith("nova")]
    kept = [at for at, name in enumerate(COLUMNS) if name not in _LEFT_OUT]
    rows = [[row[at] for at in kept] for row in listed]
    return picture("smartllm models", rich_table([COLUMNS[at] for at in kept], rows))


def explained() -> str:
    """``smartllm explain`` of one of them."""
    rules = load_rules()
    target = target_for(resolve("nova-2-lite", rules), "bedrock", "bedrock_converse", rules)
    rows, sources = explain.numbered([fact for fact in stated_facts(target) if fact.stated])
    return picture("smartllm explain", rich_table(explain.COLUMNS, rows), *sources)


def diff() -> str:
    """``smartllm diff`` of two of them."""
    rules = load_rules()
    models = ("nova-lite", "nova-2-lite")
    targets = [target_for(resolve(model, rules), "bedrock", "bedrock_converse", rules) for model in models]
    changed = changed_facts(*targets)
    rows = [(path, shown(one), shown(two)) for path, (one, two) in changed.items()]
    return picture("smartllm diff", rich_table(("fact", *models), rows))
