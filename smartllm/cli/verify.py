"""``smartllm verify``: check what the table says of a model against a live account."""

from __future__ import annotations

from typing import Any

import click

from smartllm.cli.calls.call_options import AWS_PROFILE, BASE_URL, CA_BUNDLE
from smartllm.cli.completing import facts as fact_paths
from smartllm.cli.completing import files, model_ids
from smartllm.cli.explain import target_options
from smartllm.cli.terminal import INTERRUPTED, complain
from smartllm.cli.together import VERIFY, Command

MOST_CALLS = 40
"""Calls that are made at most where nobody says another number."""


@click.command("verify", cls=Command, rules=VERIFY)
@click.argument("model", shell_complete=model_ids)
@target_options
@click.option(
    "--fact",
    "facts",
    multiple=True,
    metavar="PATH",
    shell_complete=fact_paths,
    help="Only this fact or group; may be repeated.",
)
@click.option(
    "--older-than",
    type=click.IntRange(min=0),
    show_default="90 days",
    metavar="DAYS",
    help="Age from which a fact is looked at again.",
)
@click.option("--all", "everything", is_flag=True, help="Every fact; tiers that cost more, too.")
@click.option("--yes", is_flag=True, help="Make the calls without asking.")
@click.option(
    "--max-calls", type=click.IntRange(min=1), default=MOST_CALLS, show_default=True, help="Calls at most."
)
@click.option(
    "-o", "--output", metavar="FILE", shell_complete=files, help="Write what was seen as an overlay."
)
@BASE_URL
@AWS_PROFILE
@CA_BUNDLE
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def command(
    model: str, *, yes: bool, max_calls: int, output: str | None, as_json: bool, **given: Any
) -> None:
    """Check what the rules say of MODEL with a few short calls.

    Facts that are disputed, or older than 90 days, are tried: a request that is just legal by the table, and
    one that is just illegal. The estimate comes first. Exit status: 0 nothing differs, 1 the table is wrong
    somewhere, 2 bad input, or nothing could be told, 130 interrupted.
    """
    from smartllm.cli.verifying import verify  # noqa: PLC0415 - completion needs none of it

    try:
        verify(model, yes=yes, max_calls=max_calls, output=output, as_json=as_json, given=given)
    except (KeyboardInterrupt, click.Abort):  # status 1 says that the table is wrong
        complain("interrupted: what was seen so far is lost, and nothing was written")
        raise click.exceptions.Exit(INTERRUPTED) from None
