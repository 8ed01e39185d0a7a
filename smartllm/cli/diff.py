"""``smartllm diff``: what changes between two models, in their facts and in the bodies of a request."""

from __future__ import annotations

import difflib
import json
from typing import TYPE_CHECKING, Any, Final

import click
from click.core import ParameterSource

from smartllm.cli.completing import model_ids
from smartllm.cli.explain import target_of
from smartllm.cli.page_file import HTML, today, write_page
from smartllm.cli.requests.request_options import compared_options, compiled, shown_request_from
from smartllm.cli.tables import print_table
from smartllm.cli.terminal import echo, echo_json
from smartllm.cli.together import DIFF, Command
from smartllm.errors import CompileError
from smartllm.pages.facts import shown
from smartllm.rules.facts import changed_facts

if TYPE_CHECKING:
    from smartllm.cli.requests.plain import PlainRequest
    from smartllm.cli.requests.request_input import Request

_CHOICE: Final = ("provider", "api_type", "rules")
"""Options that choose among a model's wires; all others say something of a request."""


@click.command("diff", cls=Command, rules=DIFF)
@click.argument("first", metavar="A", shell_complete=model_ids)
@click.argument("second", metavar="B", shell_complete=model_ids)
@compared_options
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@HTML
def command(first: str, second: str, *, as_json: bool, html: str | None, **flags: Any) -> None:
    """Show what changes when a request moves from model A to model B.

    Facts that differ; with a request (--prompt, --request and what belongs to them), also how its bodies and
    diagnostics differ. Exit status: 0 compared, 1 a model is refused, 2 bad input.
    """
    flags |= {"model": None, "level": "ignore"}
    choice = {name: flags[name] for name in _CHOICE}
    targets = (target_of(first, **choice), target_of(second, **choice))
    changed = changed_facts(*targets)
    said = _both((first, second), flags)
    if html is not None:
        from smartllm.pages.documents import diff_page  # noqa: PLC0415 - for pages alone

        write_page(diff_page((first, second), targets, said, today=today()), html)
        return
    if as_json:
        facts = {path: {"a": one, "b": two} for path, (one, two) in changed.items()}
        bodies = {"bodies": dict(zip("ab", said, strict=True))} if said else {}
        echo_json({"a": first, "b": second, "facts": facts, **bodies})
        return
    if changed:
        rows = [(path, shown(one), shown(two)) for path, (one, two) in changed.items()]
        print_table(("fact", first, second), rows, whole=("fact",), short=("fact", "A", "B"))
    else:
        click.echo("the facts are the same", err=True)
    if said:
        one, two = (json.dumps(each, indent=2, ensure_ascii=False).splitlines() for each in said)
        echo("\n".join(difflib.unified_diff(one, two, first, second, lineterm="")))


def _both(models: tuple[str, str], flags: dict[str, Any]) -> list[dict[str, Any]]:
    """Bodies and diagnostics, or the refusal, for each model; nothing where no request is described."""
    source = click.get_current_context().get_parameter_source
    if all(source(name) is not ParameterSource.COMMANDLINE for name in flags.keys() - {*_CHOICE}):
        return []
    request = shown_request_from(flags)
    return [_said(request, {**flags, "model": model}) for model in models]


def _said(request: Request | PlainRequest, flags: dict[str, Any]) -> dict[str, Any]:
    try:
        plan = compiled(request, flags)
    except CompileError as error:
        return {"refused": str(error)}
    return {
        "bodies": [step.shown for step in plan.steps],
        "diagnostics": [
            f"{item.severity} {item.code} {item.path}: {item.reason}" for item in plan.diagnostics
        ],
    }
