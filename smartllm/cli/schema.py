"""``smartllm schema``: the vocabulary of rules files, for editors."""

from __future__ import annotations

import click


@click.command("schema")
def command() -> None:
    """Print the JSON Schema of a rules file, for editors."""
    from smartllm.rules.shape import json_schema_text  # noqa: PLC0415 - completion needs none of it

    click.echo(json_schema_text().encode(), nl=False)
