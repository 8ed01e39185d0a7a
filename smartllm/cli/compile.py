"""``smartllm compile``: show what would be sent. Needs no SDK and no key, and never opens a socket."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import click

from smartllm.cli.requests.request_options import (
    plan_from,
    print_diagnostics,
    request_options,
    shown_request_from,
)
from smartllm.cli.terminal import echo
from smartllm.cli.together import COMPILE, Command

if TYPE_CHECKING:
    from smartllm.compiler import Plan


@click.command("compile", cls=Command, rules=COMPILE)
@request_options
@click.option(
    "--format",
    "form",
    type=click.Choice(["plan", "body", "curl"]),
    default="plan",
    show_default=True,
    help="What to print.",
)
@click.option(
    "--batch",
    is_flag=True,
    help="For the provider's batch engine: refuse what its lines cannot say.",
)
@click.option("--explain", is_flag=True, help="Print each body leaf with the fact behind it instead.")
def command(form: str, *, explain: bool, **flags: Any) -> None:
    """Show the wire body of a request without sending it.

    The JSON (or the explanation) goes to standard output, diagnostics to standard error. Exit status: 0
    compiled, 1 refused for this model, 2 bad input.
    """
    plan = plan_from(shown_request_from(flags), flags)
    if not explain:
        print_diagnostics(plan, flags)
    echo(_text(plan, form, explain=explain))


def _text(plan: Plan, form: str, *, explain: bool) -> str:
    if explain:
        return plan.explain().rstrip("\n")
    if form == "curl":
        return plan.as_curl()
    if form == "plan":
        return plan.as_json()
    bodies = [step.body for step in plan.steps]
    return json.dumps(bodies[0] if len(bodies) == 1 else bodies, indent=2, ensure_ascii=False)
