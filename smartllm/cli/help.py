"""``smartllm help``: what ``--help`` behind a command shows, for those who ask the other way round."""

from __future__ import annotations

import click

from smartllm.cli.group import SuggestingGroup
from smartllm.cli.terminal import echo


@click.command("help")
@click.argument("path", nargs=-1, metavar="[COMMAND]...")
@click.pass_context
def command(context: click.Context, path: tuple[str, ...]) -> None:
    """Show the help of COMMAND, such as 'run' or 'cache prune'; without one, of all."""
    here = context.find_root()
    for name in path:
        group = here.command
        if not isinstance(group, SuggestingGroup):
            raise click.UsageError(f"{here.command_path} has no commands of its own.", here)
        _, found, _ = group.resolve_command(here, [name])
        assert found is not None  # else there was an error
        here = click.Context(found, info_name=name, parent=here, **found.context_settings)
    echo(here.get_help())
