"""``smartllm lint``: check rules files."""

from __future__ import annotations

import dataclasses
import datetime as dt
import sys
from typing import TYPE_CHECKING

import click

from smartllm.cli.completing import files as complete_files
from smartllm.cli.places import near
from smartllm.cli.requests.request_input import rules_in_force, usage_error
from smartllm.cli.terminal import echo, echo_json
from smartllm.cli.together import LINT, Command
from smartllm.errors import RulesError
from smartllm.rules.layer import read_layer
from smartllm.rules.load import RuleSet, load_rules, merge

if TYPE_CHECKING:
    from smartllm.rules.lint import Finding


@click.command("lint", cls=Command, rules=LINT)
@click.argument("files", nargs=-1, metavar="[FILES]...", shell_complete=complete_files)
@click.option("--list", "catalogue", is_flag=True, help="Print the checks and end.")
@click.option("--json", "as_json", is_flag=True, help="Print findings as JSON.")
def command(files: tuple[str, ...], *, catalogue: bool, as_json: bool) -> None:
    """Check rules files.

    Without FILES: the shipped rules and the overlays of this machine. With FILES: each of them as an overlay.
    A note is no finding: it says what a day will make wrong, in good time.
    Exit status: 0 clean, 1 findings, 2 a file that cannot be read.
    """
    if catalogue:
        from smartllm.rules.lint import CHECKS  # noqa: PLC0415 - completion needs none of it

        for item in CHECKS.values():
            echo(f"{item.code}  {item.title}")
        return
    try:
        findings, count = _findings(files)
    except RulesError as error:
        raise usage_error(error) from None
    if as_json:
        fields = ("file", "line", "code", "message", "note")
        echo_json([{name: getattr(item, name) for name in fields} for item in findings])
    else:
        for finding in findings:
            echo(_told(finding))
    wrong = sum(not item.note for item in findings)
    notes = len(findings) - wrong
    told = f", {_counted(notes, 'note')}" if notes else ""
    click.echo(f"{_counted(wrong, 'finding')}{told} in {count} file(s)", err=True)
    if wrong:
        raise click.exceptions.Exit(1)


def _told(finding: Finding) -> str:
    """A finding as a line; a person gets the path from here."""
    if not sys.stdout.isatty():
        return str(finding)
    return str(dataclasses.replace(finding, file=near(finding.file)))


def _counted(number: int, word: str) -> str:
    return f"{number or 'no'} {word}{'' if number == 1 else 's'}"


def _findings(files: tuple[str, ...]) -> tuple[list[Finding], int]:
    """Findings, and how many files were checked."""
    from smartllm.rules.lint import lint  # noqa: PLC0415 - completion needs none of it

    today = dt.datetime.now(dt.UTC).date()
    if not files:
        rules = rules_in_force()
        return lint(rules, today=today, notes=True), len(rules.layers)
    found: list[Finding] = []
    for path in files:
        # Not loaded with the others: a wrong shape is what R001 reports.
        builtin = load_rules()
        layer = read_layer(path, name=path, kind="overlay")
        rules = RuleSet((*builtin.layers, layer), merge(builtin.data, layer.data))
        found += [item for item in lint(rules, today=today, notes=True) if item.file == path]
    return found, len(files)
