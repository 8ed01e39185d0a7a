"""``smartllm explain``: each fact of a model with the row, the day and the page behind it."""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final

import click

from smartllm.cli.completing import model_ids
from smartllm.cli.page_file import HTML, today, write_page
from smartllm.cli.places import legend, short_names
from smartllm.cli.requests.plain import some_request
from smartllm.cli.requests.request_input import exits, rules_in_force
from smartllm.cli.requests.request_options import API_TYPE, PROVIDER, RULES
from smartllm.cli.requests.server_option import COMPATIBLE, is_of_its_own, who_is_called
from smartllm.cli.tables import print_table
from smartllm.cli.terminal import echo, echo_json
from smartllm.cli.together import EXPLAIN, Command
from smartllm.pages.facts import shown
from smartllm.rules import served_on
from smartllm.rules.evidence import MEASURED, row_in
from smartllm.rules.facts import StatedFact, engine_facts, stated_facts
from smartllm.rules.hosts import all_hosts

if TYPE_CHECKING:
    from smartllm.rules import Target

COLUMNS: Final = ("fact", "value", "row", "checked", "source")


def target_options(command: Any) -> Any:
    """Give a command the options that choose among a model's wires."""
    return PROVIDER(API_TYPE(RULES(command)))


@click.command("explain", cls=Command, rules=EXPLAIN)
@click.argument("model", shell_complete=model_ids)
@target_options
@COMPATIBLE
@click.option(
    "--doors", is_flag=True, help="Who serves it: hosts, APIs and ids, and the facts that differ there."
)
@click.option("--all", "everything", is_flag=True, help="Defaults too, which no row states.")
@click.option("--notes", is_flag=True, help="What the rows note for people, too.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@HTML
def command(
    model: str,
    *,
    doors: bool,
    everything: bool,
    notes: bool,
    as_json: bool,
    html: str | None,
    **choice: Any,
) -> None:
    """Show what the rules say of MODEL, each fact with file:line, day and all its pages.

    That is what holds at the door that a request takes; --doors tells of all.

    A page is shown for the facts alone that it was given for; where none was, it says so. Where pages
    disagree, both sides are told.
    """
    target = target_of(model, **choice)
    if doors:
        _show_doors(model, target, choice, as_json=as_json, html=html)
        return
    elsewhere = is_of_its_own(target, choice["compatible"])
    who = who_is_called(target.host, choice["compatible"])
    if html is not None:
        from smartllm.pages.documents import explain_page  # noqa: PLC0415 - for pages alone

        noted = notes_of(target)
        page = explain_page(model, target, notes=noted, who=who, everything=everything, today=today())
        write_page(page, html)
        return
    known = (*stated_facts(target), *(() if elsewhere else engine_facts(target)))
    facts = [fact for fact in known if everything or fact.stated]
    if as_json:
        about = {"model": model, **target.resolution.as_dict(), "dialect": target.dialect}
        echo_json({**about, "facts": [as_data(fact) for fact in facts], "notes": notes_of(target)})
        return
    found = target.resolution
    note = f" ({found.note})" if found.note else ""
    echo(f"{model}: {found.how}, profile {found.profile}{note}; {target.dialect} on {who}")
    if more := "" if elsewhere else _other_doors(target):
        echo(f"also on {more}: smartllm explain {model} --doors")
    if sys.stdout.isatty():
        lines = _print_to_person(facts)
    else:
        print_table(COLUMNS, [row_of(fact, " ".join(fact.origin.source)) for fact in facts])
        lines = disputes(facts)
    for line in lines:
        echo(line)
    for told in notes_of(target) if notes else ():
        echo(f"note {told['file']}:{told['line']} {told['row']}: {told['note']}")


def _show_doors(
    model: str, target: Target, choice: Mapping[str, Any], *, as_json: bool, html: str | None
) -> None:
    """Show all doors of a model."""
    from smartllm.cli.door_table import doors_at, doors_html, print_doors  # noqa: PLC0415 - for this alone

    found = doors_at(target, choice["provider"], choice["api_type"])
    if html is not None:
        write_page(doors_html(model, found, today()), html)
    else:
        print_doors(model, found, today(), as_json=as_json)


def _other_doors(target: Target) -> str:
    """The hosts that serve a model beside the one that is shown."""
    found, rules = target.resolution, target.rules
    others = [host for host in all_hosts(rules) if host != target.host and served_on(found, host, rules)]
    return ", ".join(others)


def _print_to_person(facts: Sequence[StatedFact]) -> list[str]:
    """Print facts as a table that a terminal has room for; returns what is to be told below it."""
    rows, pages = numbered(facts)
    files = short_names(fact.origin.file for fact in facts if fact.origin.file)
    rows = [(*row[:2], _short(row[2], files), *row[3:]) for row in rows]
    told = print_table(COLUMNS, rows, whole=("fact", "row"), spare=("checked", "source", "row"))
    rest = pages if "source" in told else disputes(facts)
    return [*(legend(files) if "row" in told else ()), *rest]


def numbered(facts: Sequence[StatedFact]) -> tuple[list[tuple[str, ...]], list[str]]:
    """Facts as rows with numbers for pages, and what these stand for: addresses would fill a screen."""
    pages = dict.fromkeys(page for fact in facts for page in fact.origin.source)
    numbers = {page: f"[{number}]" for number, page in enumerate(pages, start=1)}
    rows = [row_of(fact, " ".join(numbers[page] for page in fact.origin.source)) for fact in facts]
    return rows, [*(f"{number} {page}" for page, number in numbers.items()), *disputes(facts)]


def _short(place: str, names: Mapping[str, str]) -> str:
    """A row with the short name of its file; a word as it is."""
    file, colon, line = place.rpartition(":")
    return f"{names[file]}{colon}{line}" if file in names else place


def disputes(facts: Sequence[StatedFact]) -> list[str]:
    """What pages disagree about, one line for each dispute."""
    found: dict[str, list[str]] = {}
    for fact in facts:
        if fact.origin.disputed:
            found.setdefault(fact.origin.disputed, []).append(fact.path)
    return [f"disputed {', '.join(paths)}: {said}" for said, paths in found.items()]


def notes_of(target: Target) -> list[dict[str, Any]]:
    """What the rows behind a target note for people, the weakest row first."""
    found = []
    for row in target.chain:
        path = (*row, "quirk")
        layer = target.rules.layer_of(path)
        if layer is not None:
            place = {"row": ".".join(row), "file": layer.name, "line": layer.line(path)}
            found.append({**place, "note": row_in(layer, row)["quirk"]})
    return found


def as_data(fact: StatedFact) -> dict[str, Any]:
    """A fact as JSON-ready data; ``evidence`` is ``pages``, ``measured``, ``disputed`` or ``none``."""
    return {
        "fact": fact.path,
        "value": fact.value,
        "evidence": evidence_word(fact),
        "origin": fact.origin.as_dict(),
    }


def evidence_word(fact: StatedFact) -> str:
    """What a fact has to show for itself, in one word."""
    if fact.origin.disputed:
        return "disputed"
    if not fact.origin.source:
        return "none"
    return MEASURED if MEASURED in fact.origin.source else "pages"


def target_of(
    model: str,
    *,
    provider: str | None,
    api_type: Any,
    rules: tuple[str, ...],
    compatible: bool | str | None = None,
) -> Target:
    """The target that a request for a model would go to.

    Raises:
        click.exceptions.Exit: Unknown model or bad input, with a message.
    """
    from smartllm.compiler.target import choose_target  # noqa: PLC0415 - completion needs none of it

    request = some_request({} if api_type is None else {"api_type": api_type})
    with exits():
        there = compatible or False
        return choose_target(request, provider, model, rules_in_force(rules), compatible=there)[0]


def row_of(fact: StatedFact, pages: str) -> tuple[str, ...]:
    """A fact as a line of the table, with its pages or their numbers, or that there is no evidence."""
    origin = fact.origin
    row = f"{origin.file}:{origin.line}" if origin.file else origin.kind
    day = origin.verified.isoformat() if origin.verified else "-"
    pages = pages or ("no evidence" if fact.stated else "-")
    return fact.path, shown(fact.value), row, day, f"{pages} (disputed)" if origin.disputed else pages
