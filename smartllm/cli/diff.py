"""``smartllm diff``: what changes between two models, in their facts and in the bodies of a request."""

from __future__ import annotations

import datetime as dt
import difflib
import json
from typing import TYPE_CHECKING, Any

import click

from smartllm.cli.explain import shown, target_of, target_options
from smartllm.cli.request_input import build_request, exits, read_request, rules_in_force, source_of
from smartllm.cli.request_options import FILES, REQUEST_FILE
from smartllm.cli.tables import print_table
from smartllm.cli.terminal import echo, echo_json
from smartllm.compiler import compile as compile_request
from smartllm.errors import CompileError
from smartllm.rules.facts import changed_facts

if TYPE_CHECKING:
    from smartllm.cli.request_input import Request


@click.command("diff")
@click.argument("first", metavar="A")
@click.argument("second", metavar="B")
@REQUEST_FILE
@FILES
@target_options
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def command(
    first: str, second: str, file: str | None, files: str | None, *, as_json: bool, **choice: Any
) -> None:
    """Show what changes when a request moves from model A to model B.

    Facts that differ; with --request, also how its bodies and diagnostics differ. Exit status: 0 compared,
    1 a model is refused, 2 bad input.
    """
    changed = changed_facts(target_of(first, **choice), target_of(second, **choice))
    compiled = [] if file is None else _compiled(file, files, (first, second), choice)
    if as_json:
        facts = {path: {"a": one, "b": two} for path, (one, two) in changed.items()}
        bodies = {"bodies": dict(zip("ab", compiled, strict=True))} if compiled else {}
        echo_json({"a": first, "b": second, "facts": facts, **bodies})
        return
    if changed:
        rows = [(path, shown(one), shown(two)) for path, (one, two) in changed.items()]
        print_table(("fact", first, second), rows)
    else:
        click.echo("the facts are the same", err=True)
    if compiled:
        one, two = (json.dumps(said, indent=2, ensure_ascii=False).splitlines() for said in compiled)
        echo("\n".join(difflib.unified_diff(one, two, first, second, lineterm="")))


def _compiled(
    file: str, files: str | None, models: tuple[str, str], choice: dict[str, Any]
) -> list[dict[str, Any]]:
    """Bodies and diagnostics, or the refusal, for each model."""
    with exits():
        request = build_request(read_request(file, files), source_of(file))
    if choice["api_type"] is not None:
        request = request.model_copy(update={"api_type": choice["api_type"]})
    return [_said(request, model, choice) for model in models]


def _said(request: Request, model: str, choice: dict[str, Any]) -> dict[str, Any]:
    try:
        plan = compile_request(
            request,
            model=model,
            provider=choice["provider"],
            rules=rules_in_force(choice["rules"]),
            level="ignore",
            today=dt.datetime.now(dt.UTC).date(),
        )
    except CompileError as error:
        return {"refused": str(error)}
    return {
        "bodies": [step.shown for step in plan.steps],
        "diagnostics": [
            f"{item.severity} {item.code} {item.path}: {item.reason}" for item in plan.diagnostics
        ],
    }
