"""The options of commands that make calls; nothing loads for them that a Tab would wait for."""

from __future__ import annotations

from typing import Final

import click

from smartllm.cli.completing import files, talk_ids

BASE_URL: Final = click.option("--base-url", help="Another server that speaks OpenAI's API.")
AWS_PROFILE: Final = click.option("--aws-profile", metavar="NAME", help="Profile of AWS's files (Bedrock).")
CA_BUNDLE: Final = click.option(
    "--ca-bundle",
    metavar="FILE",
    shell_complete=files,
    help="Certificates that https connections trust, in PEM form.",
)
QUIET: Final = click.option(
    "--quiet", "-q", is_flag=True, help="Nothing to standard error but what went wrong."
)
CONTINUE: Final = click.option(
    "--continue", "-c", "continues", is_flag=True, help="Go on with the last talk."
)
TALK: Final = click.option(
    "--talk", metavar="ID", shell_complete=talk_ids, help="Go on with this talk; see smartllm talks."
)
NO_KEEP: Final = click.option("--no-keep", is_flag=True, help="Don't keep the talk.")
