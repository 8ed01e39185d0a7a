"""Groups of commands: loaded when called, listed by what they are for, suggested when mistyped."""

from __future__ import annotations

import importlib
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Final

import click

from smartllm.cli.nearest import did_you_mean
from smartllm.cli.streams import told
from smartllm.cli.terminal import interruptible
from smartllm.said import worded

if TYPE_CHECKING:
    from click.shell_completion import CompletionItem

MEANT: Final[Mapping[str, str]] = MappingProxyType(
    {
        **dict.fromkeys(("ask", "prompt", "generate", "send", "call", "complete"), "run"),
        **dict.fromkeys(("count", "count-tokens", "count_tokens", "tokenize", "token-count"), "tokens"),
        **dict.fromkeys(("talk", "repl", "converse"), "chat"),
        **dict.fromkeys(("logs", "history", "conversations", "sessions"), "talks"),
        **dict.fromkeys(("body", "build", "plan", "curl", "dry-run", "render"), "compile"),
        **dict.fromkeys(("show", "describe", "info", "why", "facts", "capabilities"), "explain"),
        **dict.fromkeys(("compare",), "diff"),
        **dict.fromkeys(("list", "ls", "model"), "models"),
        **dict.fromkeys(("serve", "server", "mock", "test", "fake"), "sandbox"),
        **dict.fromkeys(("check", "validate"), "lint"),
        **dict.fromkeys(("probe",), "verify"),
        **dict.fromkeys(("completions", "complete-shell"), "completion"),
        **dict.fromkeys(("version",), "--version"),
        **dict.fromkeys(("bulk", "batches", "jobs", "job", "many", "map"), "batch"),
        **{name: f"batch {name}" for name in ("submit", "status", "collect", "retry", "cancel")},
    }
)
"""Names of other tools and of habit; difflib finds those that are only misspelt."""


class Section:
    """Commands that are for the same.

    Args:
        title: What they are for.
        **commands: What each does, in a line.
    """

    def __init__(self, title: str, **commands: str) -> None:
        self.title = title
        self.commands = commands


class SuggestingGroup(click.Group):
    """Names the nearest of its commands for one that it has not.

    Attributes:
        meant: What names of habit stand for.
    """

    meant: Mapping[str, str] = MappingProxyType({})

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """As click has it, but for the words of the error.

        Raises:
            click.UsageError: There is no such command.
        """
        name = args[0]
        if self.get_command(ctx, name) is None and not name.startswith("-") and not ctx.resilient_parsing:
            meant = did_you_mean(name, self.list_commands(ctx), self.meant)
            raise click.UsageError(f"There is no command {name!r}.{meant}", ctx)
        return super().resolve_command(ctx, args)


class Group(SuggestingGroup):
    """Lists its commands without importing them.

    Args:
        package: Where the modules of its commands are.
        sections: The commands.
        meant: What names of other tools and of habit stand for.
    """

    def __init__(
        self,
        *args: Any,
        package: str,
        sections: Sequence[Section],
        meant: Mapping[str, str] = MappingProxyType({}),
        **kwargs: Any,
    ) -> None:
        super().__init__(*args, **kwargs)
        self._package, self._sections, self.meant = package, sections, meant

    def main(self, *args: Any, **kwargs: Any) -> Any:
        """Run, and end with the exit status, wherever the outputs lead."""
        with told():
            return super().main(*args, **kwargs)

    def invoke(self, ctx: click.Context) -> Any:
        """Call the command, with errors and diagnostics in a shell's words; Ctrl-C ends it in good order."""
        from smartllm.cli.wording import shell_words  # noqa: PLC0415 - help and completion need none

        with worded(shell_words), interruptible(), _options_meant():
            return super().invoke(ctx)

    def make_context(self, *args: Any, **kwargs: Any) -> click.Context:
        """Read the options before the command."""
        with _options_meant():
            return super().make_context(*args, **kwargs)

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002 - click's signature
        """Their names, in the order of the help."""
        return [name for section in self._sections for name in section.commands]

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """The command of a name; its module loads now."""
        if cmd_name not in self.list_commands(ctx):
            return None
        command: click.Command = importlib.import_module(f"{self._package}.{cmd_name}").command
        return command

    def shell_complete(self, ctx: click.Context, incomplete: str) -> list[CompletionItem]:
        """Its options and commands, of which none is loaded."""
        from click.shell_completion import CompletionItem  # noqa: PLC0415 - loads while somebody waits

        commands = [
            CompletionItem(name, help=text)
            for section in self._sections
            for name, text in section.commands.items()
            if name.startswith(incomplete)
        ]
        return commands + click.Command.shell_complete(self, ctx, incomplete)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write a list for each section, in columns that stand below each other."""
        width = max(map(len, self.list_commands(ctx)))
        for section in self._sections:
            with formatter.section(section.title):
                lines = [(name.ljust(width), text) for name, text in section.commands.items()]
                formatter.write_dl(lines)


@contextmanager
def _options_meant() -> Iterator[None]:
    """Say what was meant by an option that there is not; click compares spellings alone.

    Raises:
        click.UsageError: There is none of the name.
    """
    try:
        yield
    except click.NoSuchOption as error:
        if error.ctx is None:
            raise
        from smartllm.cli.options_meant import no_such_option  # noqa: PLC0415 - for mistakes alone

        raise click.UsageError(no_such_option(error.option_name, error.ctx), error.ctx) from None
