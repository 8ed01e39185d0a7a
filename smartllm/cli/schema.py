"""``smartllm schema``: the vocabulary of rules files, for editors."""

from __future__ import annotations

import click

from smartllm.rules.shape import json_schema_text


@click.command("schema")
def command() -> None:
    """Print the JSON Schema of a rules file, for editors."""
    click.echo(json_schema_text().encode(), nl=False)
