"""The options of commands that make calls; nothing loads for them that a Tab would wait for."""

from __future__ import annotations

from typing import Final, get_args

import click

from smartllm.cli.completing import files, models_of_providers, talk_ids
from smartllm.words import Provider

BASE_URL: Final = click.option("--base-url", help="Another server that speaks OpenAI's API.")
AWS_PROFILE: Final = click.option("--aws-profile", metavar="NAME", help="Profile of AWS's files (Bedrock).")
CA_BUNDLE: Final = click.option(
    "--ca-bundle",
    metavar="FILE",
    shell_complete=files,
    help="Certificates that https connections trust, in PEM form.",
)


def _takers(_context: click.Context, _parameter: click.Parameter, given: tuple[str, ...]) -> tuple[str, ...]:
    """The models that take over.

    Raises:
        click.BadParameter: What stands before the first slash is no provider, or nothing behind it.
    """
    allowed = get_args(Provider)
    for text in given:
        provider, slash, model = text.partition("/")
        if slash and provider not in allowed:
            raise click.BadParameter(f"{provider!r} is no provider; allowed: {', '.join(allowed)}")
        if not (model if slash else text).strip():
            raise click.BadParameter(f"{text!r} names no model")
    return given


FALLBACK: Final = click.option(
    "--fallback",
    metavar="PROVIDER/MODEL",
    multiple=True,
    callback=_takers,
    shell_complete=models_of_providers,
    help="Takes over where the model fails for good; may be repeated.",
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
