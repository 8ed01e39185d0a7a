"""The ``smartllm`` command. Subcommands load when they are called, so that each starts fast."""

from __future__ import annotations

import importlib
from typing import Final

import click

_COMMANDS: Final = {
    "cache": ("smartllm.cli.cache", "Look into the local response cache, and clean it."),
    "compile": ("smartllm.cli.compile", "Show the wire body of a request without sending it."),
    "diff": ("smartllm.cli.diff", "Show what changes between two models."),
    "explain": ("smartllm.cli.explain", "Show what the rules say of a model, and why."),
    "lint": ("smartllm.cli.lint", "Check rules files."),
    "models": ("smartllm.cli.models", "List every model in the rules."),
    "run": ("smartllm.cli.run", "Compile a request, send it, and print the answer."),
    "sandbox": ("smartllm.cli.sandbox", "Serve OpenAI's and Bedrock's wires locally, without a key."),
    "schema": ("smartllm.cli.schema", "Print the JSON Schema of a rules file, for editors."),
}


class _LazyGroup(click.Group):
    """Lists its commands without importing them."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002 - click's signature
        return sorted(_COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002
        if cmd_name not in _COMMANDS:
            return None
        command: click.Command = importlib.import_module(_COMMANDS[cmd_name][0]).command
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:  # noqa: ARG002
        with formatter.section("Commands"):
            formatter.write_dl([(name, text) for name, (_, text) in sorted(_COMMANDS.items())])


@click.group(cls=_LazyGroup, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="smartllm", prog_name="smartllm")
def main() -> None:
    """Compile one abstract request to the exact body that each model accepts."""
