"""``smartllm tokens``: count the input tokens of a request, by the provider that would answer it."""

from __future__ import annotations

from typing import Any

import click

from smartllm.cli.calls.call_options import AWS_PROFILE, BASE_URL, CA_BUNDLE, QUIET
from smartllm.cli.requests.request_options import request_options
from smartllm.cli.together import TOKENS, Command


@click.command("tokens", cls=Command, rules=TOKENS)
@request_options
@BASE_URL
@AWS_PROFILE
@CA_BUNDLE
@click.option("--json", "as_json", is_flag=True, help="Print the count with its diagnostics as JSON.")
@QUIET
def command(*, as_json: bool, quiet: bool, **flags: Any) -> None:
    """Count the input tokens of a request, without asking the model.

    The provider counts what run would send: prompt, system text, files, tools and schemas. It takes no money
    for it. What stands on standard input goes behind the prompt, as with run.

    The number goes to standard output, all else to standard error. Exit status: 0 counted, 1 refused (also
    where the provider counts no tokens for the model) or failed, 2 bad input, 130 stopped with Ctrl-C.
    """
    from smartllm.cli.counting import count  # noqa: PLC0415 - completion needs none of it

    count(flags, as_json=as_json, quiet=quiet)
