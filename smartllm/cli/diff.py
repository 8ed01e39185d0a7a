"""``smartllm diff``: what changes between two models, in their facts and in the bodies of a request."""

from __future__ import annotations

import difflib
import json
from typing import Any

import click

from smartllm.cli.explain import shown, target_of, target_options
from smartllm.cli.request_input import Request, build_request, read_request, usage_error
from smartllm.cli.tables import print_table
from smartllm.compiler import compile as compile_request
from smartllm.errors import CompileError, RequestFileError
from smartllm.rules.facts import stated_facts


@click.command("diff")
@click.argument("first", metavar="A")
@click.argument("second", metavar="B")
@click.option(
    "--request", "-r", "file", metavar="FILE|-", help="JSON file with request fields, or - for stdin."
)
@target_options
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def command(first: str, second: str, file: str | None, *, as_json: bool, **choice: Any) -> None:
    """Show what changes when a request moves from model A to model B.

    Facts that differ; with --request, also how its bodies and diagnostics differ. Exit status: 0 compared,
    1 a model is refused, 2 bad input.
    """
    sides = [
        {fact.path: fact for fact in stated_facts(target_of(model, **choice))} for model in (first, second)
    ]
    changed = {
        path: (fact.value, sides[1][path].value if path in sides[1] else None)
        for path, fact in sides[0].items()
        if path not in sides[1] or sides[1][path].value != fact.value
    }
    changed |= {path: (None, fact.value) for path, fact in sides[1].items() if path not in sides[0]}
    request = None if file is None else _request(file)
    texts = None if request is None else [_text(request, model, choice) for model in (first, second)]
    if as_json:
        facts = {path: {"a": one, "b": two} for path, (one, two) in changed.items()}
        bodies = {} if texts is None else {"bodies": dict(zip("ab", map(json.loads, texts), strict=True))}
        click.echo(
            json.dumps({"a": first, "b": second, "facts": facts, **bodies}, indent=2, ensure_ascii=False)
        )
        return
    if changed:
        rows = [(path, shown(one), shown(two)) for path, (one, two) in changed.items()]
        print_table(("fact", first, second), rows)
    else:
        click.echo("the facts are the same", err=True)
    if texts is not None:
        lines = [text.splitlines() for text in texts]
        click.echo("\n".join(difflib.unified_diff(lines[0], lines[1], first, second, lineterm="")).encode())


def _request(file: str) -> Request:
    try:
        return build_request(read_request(file), "<stdin>" if file == "-" else file)
    except RequestFileError as error:
        raise usage_error(error) from None


def _text(request: Request, model: str, choice: dict[str, Any]) -> str:
    """Bodies and diagnostics, or the refusal, as JSON text."""
    if choice["api_type"] is not None:
        request = request.model_copy(update={"api_type": choice["api_type"]})
    try:
        plan = compile_request(
            request, model=model, provider=choice["provider"], rules=choice["rules"], level="ignore"
        )
    except CompileError as error:
        return json.dumps({"refused": str(error)}, indent=2, ensure_ascii=False)
    said = {
        "bodies": [step.body for step in plan.steps],
        "diagnostics": [
            f"{item.severity} {item.code} {item.path}: {item.reason}" for item in plan.diagnostics
        ],
    }
    return json.dumps(said, indent=2, ensure_ascii=False)
