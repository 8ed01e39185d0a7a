"""The command line: every command, option, exit status, and an example."""

from __future__ import annotations

import inspect
import re
from collections.abc import Iterator
from typing import Final

import click

from pages.text import code, head, prose, table, written
from smartllm.cli import main
from smartllm.parameters import PARAMETERS

EXAMPLES: Final = {
    "batch": (),
    "batch cancel": (),
    "batch collect": (),
    "batch compile": (),
    "batch retry": (),
    "batch run": (),
    "batch status": (),
    "batch submit": (),
    "cache": ("smartllm cache stats",),
    "cache clear": ("smartllm cache clear --yes",),
    "cache ls": ("smartllm cache ls --json",),
    "cache prune": ("smartllm cache prune --max-age 30",),
    "cache show": (),
    "cache stats": ("smartllm cache stats --json",),
    "chat": (),
    "compile": (
        "smartllm compile -m gpt-5.4 -p hi --effort low",
        "smartllm compile -m us.anthropic.claude-opus-4-7 -p hi --effort high --explain",
        "smartllm compile -m gpt-5.4 -p hi --format curl",
    ),
    "completion": ("smartllm completion bash",),
    "diff": ("smartllm diff claude-sonnet-4-6 claude-opus-4-7",),
    "explain": (
        "smartllm explain nova-2-lite",
        "smartllm explain gpt-5.4 --api-type chat_completions --json",
    ),
    "help": ("smartllm help cache prune",),
    "lint": ("smartllm lint", "smartllm lint mine.toml", "smartllm lint --list"),
    "models": ("smartllm models 'claude-*' --thinking", "smartllm models --vendor openai --state active"),
    "run": (
        'smartllm run "What is the capital of France?" -m gpt-5.4',
        "smartllm run 'Name a town' -m gpt-5.4 --schema 'name, people int'",
    ),
    "sandbox": (),
    "schema": ("smartllm schema",),
    "talks": ("smartllm talks ls --json",),
    "talks clear": ("smartllm talks clear --yes",),
    "talks ls": ("smartllm talks ls --json",),
    "talks rm": (),
    "talks show": (),
    "tokens": (
        "smartllm tokens 'What is the capital of France?' -m gpt-5.4",
        "smartllm tokens 'Name a town' -m gpt-5.4 --schema 'name, people int' --json",
    ),
    "verify": (),
}
"""Lines that the tests run; a command has none where it needs what a page does not have, or does not end."""
_UNTRIED: Final = {
    "batch": (
        "smartllm batch compile requests.jsonl --to openai -m gpt-5.4 -o work",
        "smartllm batch submit work",
        "smartllm batch collect work --wait",
    ),
    "batch cancel": ("smartllm batch cancel work",),
    "batch collect": ("smartllm batch collect work --wait",),
    "batch compile": (
        "smartllm batch compile requests.jsonl --to openai -m gpt-5.4 -o work",
        "smartllm batch compile requests.jsonl --to bedrock -m us.amazon.nova-pro-v1:0 -o work --json",
    ),
    "batch retry": (
        "smartllm batch retry work",
        "smartllm batch retry work --all -o left.jsonl",
    ),
    "batch run": (
        "smartllm batch run requests.jsonl -m gpt-5.4 -o results.jsonl",
        "smartllm batch run requests.jsonl -o results.jsonl --retry-failed",
    ),
    "batch status": ("smartllm batch status work --watch 60",),
    "batch submit": (
        "smartllm batch submit work",
        "smartllm batch submit work --s3 s3://bucket/prefix --role-arn arn:aws:iam::123456789012:role/batch",
    ),
    "cache show": ("smartllm cache show 3f2a",),
    "chat": ("smartllm chat -m gpt-5.4 --system 'Answer in one sentence.'",),
    "sandbox": ("smartllm sandbox --port 8080", "smartllm sandbox -- pytest -x"),
    "talks rm": ("smartllm talks rm 2026-11",),
    "talks show": ("smartllm talks show",),
    "verify": ("smartllm verify us.amazon.nova-pro-v1:0 -o measured.toml",),
}
_STATUSES: Final = {
    "batch": "0 done, 1 some requests are refused or have no answer, 2 bad input.",
    "completion": "0 printed, 2 bad input.",
    "help": "0 shown, 2 there is no such command.",
    "talks": "0 done, 2 bad input, or there is no such talk.",
    "cache": "0 done, 1 there is no such entry, 2 bad input.",
    "models": "0 listed, 1 no model is like that, 2 bad input.",
    "sandbox": "0 stopped, 2 bad input, such as a port that is taken.",
    "schema": "0 printed.",
    "explain": "0 told, 1 the model is refused, 2 bad input.",
}
"""Where the help does not tell them."""
_STATUS: Final = re.compile(r"\s*Exit status: (?P<told>.*?\.)(?=\s|$)", re.DOTALL)
_FIELDS: Final = {row.flag: name for name, row in PARAMETERS.items() if row.options}


def commands() -> Iterator[tuple[str, click.Command]]:
    """Every command with its name behind ``smartllm``, groups before what is in them."""
    root = click.Context(main, info_name="smartllm")
    yield from _below(main, root, ())


def page() -> str:
    """Every command."""
    found = list(commands())
    lines = [
        *head("Command line"),
        prose(inspect.cleandoc(main.help or "")),
        "",
        "`smartllm COMMAND --help` shows the same as below. On a terminal commands print tables, in a pipe",
        "lines whose cells tabs separate; `--json` prints JSON. Results go to standard output, all else to",
        "standard error. Exit status 2 means bad input with every command.",
        "",
        *table(("Command", "What it does"), (_row(name, one) for name, one in found)),
        "",
    ]
    for name, command in found:
        lines += _section(name, command)
    return written(lines)


def _below(
    group: click.Group, context: click.Context, path: tuple[str, ...]
) -> Iterator[tuple[str, click.Command]]:
    for name in group.list_commands(context):
        command = group.get_command(context, name)
        if command is None or command.hidden:
            continue
        whole = (*path, name)
        yield " ".join(whole), command
        if isinstance(command, click.Group):
            yield from _below(command, click.Context(command, parent=context, info_name=name), whole)


def _row(name: str, command: click.Command) -> tuple[str, str]:
    return f"[`{name}`](#{_anchor(name)})", prose(_help(command).partition("\n\n")[0])


def _anchor(name: str) -> str:
    return f"smartllm-{name.replace(' ', '-')}"


def _help(command: click.Command) -> str:
    return _STATUS.sub("", inspect.cleandoc(command.help or ""))


def _section(name: str, command: click.Command) -> list[str]:
    """A command's heading, usage, text, examples and options."""
    context = click.Context(command, info_name=f"smartllm {name}")
    usage = " ".join([context.info_name or "", *command.collect_usage_pieces(context)])
    lines = [f"{'#' * (2 + name.count(' '))} `smartllm {name}` {{ #{_anchor(name)} }}", ""]
    lines += ["```text", usage, "```", ""]
    for block in _help(command).split("\n\n"):
        lines += [*_block(block), ""]
    if told := _STATUS.search(inspect.cleandoc(command.help or "")):
        lines += [f"Exit status: {prose(told['told'])}", ""]
    elif name in _STATUSES:
        lines += [f"Exit status: {_STATUSES[name]}", ""]
    if EXAMPLES.get(name):
        lines += ["```sh", *EXAMPLES[name], "```", ""]
    if name in _UNTRIED:
        lines += ["```text", *(f"$ {line}" for line in _UNTRIED[name]), "```", ""]
    options = [_option(one) for one in command.params if isinstance(one, click.Option) and not one.hidden]
    if options:
        lines += [*table(("Option", "Takes", "Meaning"), options), ""]
    return lines


def _block(text: str) -> list[str]:
    """A paragraph; one that click leaves as it stands is code."""
    if text.startswith("\b"):
        return ["```text", *text.splitlines()[1:], "```"]
    return [prose(text)]


def _option(option: click.Option) -> tuple[str, str, str]:
    about = prose(option.help or "")
    if option.name in _FIELDS:
        about += f" [`{_FIELDS[option.name]}`](requests.md#{_FIELDS[option.name]})"
    shown = option.show_default
    default = shown if isinstance(shown, str) else option.default
    if shown and isinstance(default, (str, int, float)):  # click has a word of its own for none
        about += f" Default: {code(default)}."
    names = sorted(option.opts, key=len) + option.secondary_opts
    return ", ".join(map(code, names)), _taken(option), about


def _taken(option: click.Option) -> str:
    """What stands behind the option."""
    kind = option.type
    if option.is_flag:
        return ""
    if option.metavar:
        return code(option.metavar)
    if isinstance(kind, click.Choice):
        return ", ".join(code(one) for one in kind.choices)
    if isinstance(kind, (click.IntRange, click.FloatRange)):
        limits = (("from", kind.min), ("to", kind.max))
        return " ".join(["number", *(f"{word} {limit}" for word, limit in limits if limit is not None)])
    return {"integer": "whole number", "float": "number"}.get(kind.name, kind.name)
