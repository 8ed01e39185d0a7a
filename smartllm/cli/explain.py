"""``smartllm explain``: each fact of a model with the row, the day and the page behind it."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from typing import Any, Final

import click

from smartllm.cli.request_input import exits, rules_in_force
from smartllm.cli.request_options import API_TYPE, PROVIDER, RULES
from smartllm.cli.tables import print_table
from smartllm.cli.terminal import echo, echo_json
from smartllm.compiler.target import choose_target
from smartllm.request import TextRequest
from smartllm.rules import Target
from smartllm.rules.facts import StatedFact, stated_facts

COLUMNS: Final = ("fact", "value", "row", "checked", "source")


def target_options(command: Any) -> Any:
    """Give a command the options that choose among a model's wires."""
    return PROVIDER(API_TYPE(RULES(command)))


@click.command("explain")
@click.argument("model")
@target_options
@click.option("--all", "everything", is_flag=True, help="Defaults too, which no row states.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def command(model: str, *, everything: bool, as_json: bool, **choice: Any) -> None:
    """Show what the rules say of MODEL, each fact with file:line, day and source."""
    target = target_of(model, **choice)
    facts = [fact for fact in stated_facts(target) if everything or fact.stated]
    if as_json:
        listed = [{"fact": fact.path, "value": fact.value, "origin": fact.origin.as_dict()} for fact in facts]
        about = {"model": model, **target.resolution.as_dict(), "dialect": target.dialect}
        echo_json({**about, "facts": listed})
        return
    found = target.resolution
    note = f" ({found.note})" if found.note else ""
    echo(f"{model}: {found.how}, profile {found.profile}{note}; {target.dialect} on {target.host}")
    rows = [row_of(fact) for fact in facts]
    if not sys.stdout.isatty():
        print_table(COLUMNS, rows)
        return
    short, sources = numbered(rows)
    print_table(COLUMNS, short)
    for line in sources:
        echo(line)


def numbered(rows: Sequence[tuple[str, ...]]) -> tuple[list[tuple[str, ...]], list[str]]:
    """Rows with numbers in their last column, and what these stand for: addresses would fill a screen."""
    pages = list(dict.fromkeys(row[-1] for row in rows if row[-1] != "-"))
    numbers = {page: f"[{number}]" for number, page in enumerate(pages, start=1)}
    short = [(*row[:-1], numbers.get(row[-1], row[-1])) for row in rows]
    return short, [f"{number} {page}" for page, number in numbers.items()]


def target_of(model: str, *, provider: str | None, api_type: Any, rules: tuple[str, ...]) -> Target:
    """The target that a request for a model would go to.

    Raises:
        click.exceptions.Exit: Unknown model or bad input, with a message.
    """
    fields = {} if api_type is None else {"api_type": api_type}
    with exits():
        return choose_target(
            TextRequest(prompt="-", **fields),
            provider,
            model,
            rules_in_force(rules),
        )[0]


def shown(value: Any) -> str:
    """A fact's value as a person reads it."""
    if isinstance(value, list):
        return ", ".join(map(shown, value)) or "none"
    if value in (None, "") or isinstance(value, bool):
        return {None: "-", "": "-", True: "yes", False: "no"}[value]
    return f"{value:g}" if isinstance(value, float) else str(value)


def row_of(fact: StatedFact) -> tuple[str, ...]:
    """A fact as a line of the table."""
    origin = fact.origin
    row = f"{origin.file}:{origin.line}" if origin.file else origin.kind
    day = origin.verified.isoformat() if origin.verified else "-"
    return fact.path, shown(fact.value), row, day, origin.source[0] if origin.source else "-"
