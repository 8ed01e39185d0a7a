"""``smartllm completion``: the script with which a shell completes commands, options, ids and keys."""

from __future__ import annotations

import click
from click.shell_completion import get_completion_class

from smartllm.cli.bash import register
from smartllm.cli.terminal import echo

_VARIABLE = "_SMARTLLM_COMPLETE"


@click.command("completion")
@click.argument("shell", type=click.Choice(("bash", "zsh", "fish")))
@click.pass_context
def command(context: click.Context, shell: str) -> None:
    """Print what makes SHELL complete commands, options, model ids, vendors and keys of the cache.

    \b
    bash, in ~/.bashrc:  eval "$(smartllm completion bash)"
    zsh, in ~/.zshrc, below compinit:  eval "$(smartllm completion zsh)"
    fish:  smartllm completion fish > ~/.config/fish/completions/smartllm.fish
    """  # noqa: D301 - click reads the character, not its name
    register()
    script = get_completion_class(shell)
    if script is None:  # click has all three
        raise click.UsageError(f"no script for {shell} is known")
    echo(script(context.find_root().command, {}, "smartllm", _VARIABLE).source())
