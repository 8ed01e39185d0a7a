"""``smartllm batch compile``: a provider's batch files from a file of requests. Needs no key."""

from __future__ import annotations

from typing import Any

import click

from smartllm.cli.completing import files, folders
from smartllm.cli.requests.request_options import API_TYPE, FILES, MODEL, RULES
from smartllm.providers import PROVIDERS


@click.command("compile")
@click.argument("source", metavar="REQUESTS", shell_complete=files)
@click.option("--to", "provider", type=click.Choice(PROVIDERS), required=True, help="Whose batch engine.")
@click.option(
    "--output",
    "-o",
    "folder",
    metavar="DIR",
    required=True,
    shell_complete=folders,
    help="The folder to make.",
)
@MODEL
@API_TYPE
@FILES
@RULES
@click.option(
    "--keep-duplicates", is_flag=True, help="Send each of the lines that ask the same, not one of them."
)
@click.option("--no-cache", is_flag=True, help="Send what the response cache could answer, too.")
@click.option("--strict", is_flag=True, help="Refuse a line whose wishes are not met as written.")
@click.option("--json", "as_json", is_flag=True, help="Print the summary as JSON.")
def command(**flags: Any) -> None:
    """Make DIR from REQUESTS, a JSON object a line: the provider's files, and a manifest of all lines.

    Each line has the fields of a request file, and may have a custom_id; - reads standard input. Options such
    as --model are for lines that do not say it themselves. Lines that ask the same are sent once, and those
    that the cache can answer not at all.

    Exit status: 0 every line can be answered, 1 some are refused, 2 bad input.
    """
    from smartllm.cli.bulk.compiling import compile_file  # noqa: PLC0415 - completion needs none of it

    compile_file(flags)
