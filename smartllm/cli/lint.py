"""``smartllm lint``: check rules files."""

from __future__ import annotations

import datetime as dt

import click

from smartllm.cli.request_input import rules_in_force, usage_error
from smartllm.cli.terminal import echo, echo_json
from smartllm.errors import RulesError
from smartllm.rules.layer import read_layer
from smartllm.rules.lint import CHECKS, Finding, lint
from smartllm.rules.load import RuleSet, load_rules, merge


@click.command("lint")
@click.argument("files", nargs=-1, metavar="[FILES]...")
@click.option("--list", "catalogue", is_flag=True, help="Print the checks and end.")
@click.option("--json", "as_json", is_flag=True, help="Print findings as JSON.")
def command(files: tuple[str, ...], *, catalogue: bool, as_json: bool) -> None:
    """Check rules files.

    Without FILES: the shipped rules and the overlays of this machine. With FILES: each of them as an overlay.
    Exit status: 0 clean, 1 findings, 2 a file that cannot be read.
    """
    if catalogue:
        for item in CHECKS.values():
            echo(f"{item.code}  {item.title}")
        return
    try:
        findings, count = _findings(files)
    except RulesError as error:
        raise usage_error(error) from None
    if as_json:
        fields = ("file", "line", "code", "message")
        echo_json([{name: getattr(item, name) for name in fields} for item in findings])
    else:
        for finding in findings:
            echo(str(finding))
    click.echo(
        f"{len(findings) or 'no'} finding{'' if len(findings) == 1 else 's'} in {count} file(s)", err=True
    )
    if findings:
        raise click.exceptions.Exit(1)


def _findings(files: tuple[str, ...]) -> tuple[list[Finding], int]:
    """Findings, and how many files were checked."""
    today = dt.datetime.now(dt.UTC).date()
    if not files:
        rules = rules_in_force()
        return lint(rules, today=today), len(rules.layers)
    found: list[Finding] = []
    for path in files:
        # Not loaded with the others: a wrong shape is what R001 reports.
        builtin = load_rules()
        layer = read_layer(path, name=path, kind="overlay")
        rules = RuleSet((*builtin.layers, layer), merge(builtin.data, layer.data))
        found += [item for item in lint(rules, today=today) if item.file == path]
    return found, len(files)
