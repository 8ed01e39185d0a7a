"""Options that a command does not have: what was meant by them, and which commands have them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Final

import click

from smartllm.cli.nearest import nearest
from smartllm.cli.requests.assigned import ELSEWHERE
from smartllm.cli.wording import VARIABLES, shell_words
from smartllm.near import plain, slip_of
from smartllm.parameters import PARAMETERS
from smartllm.request_names import HABITS
from smartllm.said import Named
from smartllm.setting_keywords import ClientSettings

MEANT: Final[Mapping[str, tuple[str, ...]]] = {
    **dict.fromkeys(("-i", "-a", "attachment", "attachments", "attach"), ("--file",)),
    **dict.fromkeys(("image", "images", "picture", "document", "audio", "video"), ("--file",)),
    **dict.fromkeys(("input", "text", "message", "question", "query"), ("--prompt", "--file")),
    **dict.fromkeys(("think", "thinking", "reasoning"), ("--effort", "--budget-tokens")),
    **dict.fromkeys(("cache", "caching"), ("--no-cache", "--refresh", "--prompt-cache")),
    **dict.fromkeys(("-n", "no_log", "no_history", "no_save"), ("--no-keep",)),
    **dict.fromkeys(("session", "conversation", "cid"), ("--talk",)),
    **dict.fromkeys(("resume", "last"), ("--continue",)),
    **dict.fromkeys(("endpoint", "endpoint_url", "api_base", "url", "server"), ("--base-url",)),
    **dict.fromkeys(("output_format", "format"), ("--json", "--schema")),
    **dict.fromkeys(("set", "param", "params", "extra_body"), ("--option",)),
    "host": ("--provider",),
    "profile": ("--aws-profile",),
    "silent": ("--quiet",),
    "curl": ("--format curl",),
    "body": ("--format body",),
}
"""Habits of shells alone; those of request fields are ``request_names``'."""
_SETTINGS: Final[Mapping[str, str]] = {
    **{name: name for name in (*ClientSettings.__annotations__, *VARIABLES)},
    **dict.fromkeys(("-k", "key", "token"), "api_key"),
    **dict.fromkeys(("region", "region_name"), "aws_region"),
    **dict.fromkeys(("timeout", "request_timeout"), "total_timeout"),
    **dict.fromkeys(("retries", "num_retries"), "max_retries"),
}
_TOLD: Final[Mapping[str, str]] = {
    **dict.fromkeys(("no_stream", "no_streaming"), "Without '--stream' an answer is printed as a whole."),
    **dict.fromkeys(("interactive", "repl"), "'smartllm chat' talks turn by turn."),
    "messages": "A request file has turns: '--request'.",
}


def no_such_option(typed: str, context: click.Context) -> str:
    """The message about an option that a command does not have.

    Args:
        typed: The option as it was typed, without a value.
        context: The command's.
    """
    problem = f"There is no option {typed!r}."
    word = plain(typed.lstrip("-")) if typed.startswith("--") else typed
    own, options = options_of(context.command), _meant(word)
    if here := [option for option in options if _name(option) in own]:
        return f"{problem} Did you mean {_listed(here, 'or')}?"
    if word in _TOLD:
        return f"{problem} {_TOLD[word]}"
    for option in (typed, *options):
        if having := _having(_name(option), context):
            has = "has" if len(having) == 1 else "have"
            return f"{problem} {_listed([f'smartllm {one}' for one in having], 'and')} {has} '{option}'."
    if word in _SETTINGS:
        variable = VARIABLES.get(_SETTINGS[word])
        return f"{problem} {f'Set {variable}.' if variable else 'Only Python has this setting.'}"
    near = _near(word, own)
    return f"{problem} Did you mean {_listed(near, 'or')}?" if near else problem


def options_of(command: click.Command) -> list[str]:
    """The options that the help of a command shows."""
    shown = [one for one in command.params if isinstance(one, click.Option) and not one.hidden]
    return [name for one in shown for name in (*one.opts, *one.secondary_opts)]


def _meant(word: str) -> list[str]:
    """The options that a word stands for, some with a value."""
    if word in MEANT:
        return [*MEANT[word]]
    fields = [word] if word in PARAMETERS else HABITS.get(word, "").split(" or ")
    known = [field for field in fields if field in PARAMETERS and field not in ELSEWHERE]
    return [shell_words(Named(field)) for field in known]


def _near(word: str, own: Iterable[str]) -> list[str]:
    """The options that are spelt alike; the one alone of which a word is a slip."""
    names = {plain(option[2:]): option for option in own if option.startswith("--")}
    slip = slip_of(word, names)
    return [names[name] for name in ([slip] if slip else nearest(word, names))]


def _name(option: str) -> str:
    return option.partition(" ")[0]


def _having(option: str, context: click.Context) -> list[str]:
    """The commands that have an option."""
    root = context.find_root()
    assert isinstance(root.command, click.Group)
    commands = {name: root.command.get_command(root, name) for name in root.command.list_commands(root)}
    return [name for name, command in commands.items() if command and option in options_of(command)]


def _listed(words: Iterable[str], between: str) -> str:
    """Words as a sentence has them; options in quotes."""
    *first, last = [f"'{word}'" if word.startswith("-") else word for word in words]
    return f"{', '.join(first)} {between} {last}" if first else last
