"""``smartllm batch run``: answer a file of requests online, from this machine."""

from __future__ import annotations

from typing import Any

import click

from smartllm.cli.calls.call_options import AWS_PROFILE, BASE_URL, CA_BUNDLE, FALLBACK
from smartllm.cli.completing import files
from smartllm.cli.requests.request_options import API_TYPE, FILES, MODEL, PROVIDER, RULES
from smartllm.cli.together import BATCH_RUN, Command


@click.command("run", cls=Command, rules=BATCH_RUN)
@click.argument("source", metavar="REQUESTS", shell_complete=files)
@click.option(
    "--output",
    "-o",
    "results",
    metavar="RESULTS",
    required=True,
    shell_complete=files,
    help="File of the results; its journal, RESULTS.journal, stands beside it.",
)
@MODEL
@PROVIDER
@API_TYPE
@FILES
@click.option(
    "--max-concurrent",
    type=click.IntRange(min=1),
    metavar="N",
    help="Requests under way at once; default: what the rules say of the first one's model.",
)
@click.option("--limit", type=click.IntRange(min=1), metavar="N", help="Ask N requests, and stop.")
@click.option("--retry-failed", is_flag=True, help="Ask those again that have no answer.")
@click.option(
    "--max-failures",
    type=click.IntRange(min=0),
    metavar="N",
    default=100,
    show_default=True,
    help="Stop after N failures in a row; 0 never does.",
)
@click.option("--overwrite", is_flag=True, help="Begin anew: drop the results that are there.")
@click.option("--no-cache", is_flag=True, help="Leave the response cache out.")
@BASE_URL
@AWS_PROFILE
@CA_BUNDLE
@FALLBACK
@RULES
@click.option("--json", "as_json", is_flag=True, help="Print the summary as JSON.")
@click.option("--quiet", "-q", is_flag=True, help="No progress, and no summary.")
def command(*, source: str, results: str, as_json: bool, quiet: bool, **flags: Any) -> None:
    """Answer REQUESTS, a JSON object a line, and write the results in their order.

    Each line has the fields of a request file, and may have a custom_id; - reads standard input. Options such
    as --model are for lines that do not say it themselves.

    An answer is on the disk as soon as it is there. After Ctrl-C, a crash or kill -9 the same command goes on
    where it was: what is answered is not asked again. What was under way when it was killed, at most
    --max-concurrent requests, has no answer that could be known: it is asked, and may cost, again.

    Exit status: 0 all answered, 1 some without an answer, 2 bad input, 130 stopped with Ctrl-C.
    """
    from smartllm.cli.bulk.run_online import run  # noqa: PLC0415 - completion needs none of it

    run(source, results, flags, as_json=as_json, quiet=quiet)
