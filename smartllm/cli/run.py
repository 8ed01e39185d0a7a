"""``smartllm run``: compile a request, send it, and print the answer."""

from __future__ import annotations

from typing import Any

import click

from smartllm.cli.calls.call_options import (
    AWS_PROFILE,
    BASE_URL,
    CA_BUNDLE,
    CONTINUE,
    FALLBACK,
    NO_KEEP,
    QUIET,
    TALK,
)
from smartllm.cli.requests.request_options import request_options
from smartllm.cli.together import RUN, Command


@click.command("run", cls=Command, rules=RUN)
@request_options
@CONTINUE
@TALK
@NO_KEEP
@click.option("--stream", is_flag=True, help="Print the answer as it comes.")
@BASE_URL
@AWS_PROFILE
@CA_BUNDLE
@FALLBACK
@click.option("--no-cache", is_flag=True, help="Leave the response cache out.")
@click.option("--refresh", is_flag=True, help="Ask again, and keep the new answer.")
@click.option("--json", "as_json", is_flag=True, help="Print the whole response as JSON.")
@click.option("--extract", "-x", is_flag=True, help="Print the first fenced block alone, if there is one.")
@QUIET
def command(*, stream: bool, as_json: bool, extract: bool, quiet: bool, **flags: Any) -> None:
    """Ask a model PROMPT, and print its answer.

    What stands on standard input goes behind the prompt: smartllm run "summarise" < notes.txt

    The answer goes to standard output; diagnostics, retries, usage and where it came from to standard error.
    Exit status: 0 answered, 1 refused (by the model too) or failed, 2 bad input, 130 stopped with Ctrl-C.
    """
    from smartllm.cli.running import run  # noqa: PLC0415 - completion needs none of it

    run(flags, stream=stream, as_json=as_json, extract=extract, quiet=quiet)
