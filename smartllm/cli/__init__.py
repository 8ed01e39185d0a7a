"""The ``smartllm`` command. Subcommands load when they are called, so that each starts fast."""

from __future__ import annotations

import os
from typing import Final

import click

from smartllm.cli.group import MEANT, Group, Section

_COMMANDS: Final = (
    Section(
        "Ask",
        run="Ask a model, and print its answer.",
        chat="Talk with a model, turn by turn.",
        tokens="Count the input tokens of a request, by the provider.",
        talks="Look at the talks that run and chat keep, and forget them.",
    ),
    Section("Ask many", batch="Answer a file of requests: by a batch engine, or online."),
    Section(
        "Look",
        compile="Show the wire body of a request without sending it.",
        explain="Show what the rules say of a model, and why.",
        diff="Show what changes between two models.",
        models="List every model in the rules.",
    ),
    Section(
        "Try",
        sandbox="Serve OpenAI's and Bedrock's wires locally, without a key.",
        cache="Look into the local response cache, and clean it.",
    ),
    Section(
        "Rules",
        lint="Check rules files.",
        schema="Print the JSON Schema of a rules file, for editors.",
        verify="Check the rules of a model with a few short calls.",
    ),
    Section(
        "Shell",
        completion="Print what makes a shell complete commands, options and ids.",
        help="Show the help of a command.",
    ),
)
"""Each is named like its module of this package."""

if "_SMARTLLM_COMPLETE" in os.environ:
    from smartllm.cli.bash import register

    register()


@click.group(
    cls=Group,
    package=__name__,
    sections=_COMMANDS,
    meant=MEANT,
    context_settings={"help_option_names": ["-h", "--help"]},
)
@click.version_option(None, "-V", "--version", package_name="smartllm", prog_name="smartllm")
def main() -> None:
    """Compile one abstract request to the exact body that each model accepts."""
