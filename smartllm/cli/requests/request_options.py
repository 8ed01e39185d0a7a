"""The options of the commands that take a request, and the plan that they make of it."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterable
from functools import partial
from typing import TYPE_CHECKING, Any, Final, TypeVar, cast, get_args

import click

from smartllm.cli.completing import files, folders, model_ids
from smartllm.cli.requests import standard_input
from smartllm.cli.requests.assigned import assigned
from smartllm.cli.requests.option_values import guardrail_of, pairs_of
from smartllm.cli.requests.plain import PlainRequest, plain_request
from smartllm.cli.requests.prompt import prompt_of, with_files
from smartllm.cli.requests.request_input import (
    exits,
    load_schema,
    read_request,
    rules_in_force,
    source_of,
)
from smartllm.cli.requests.server_option import COMPATIBLE
from smartllm.cli.terminal import complain
from smartllm.diagnostics import LEVELS
from smartllm.environment import MODELS, Environment
from smartllm.errors import RequestFileError
from smartllm.parameters import PARAMETERS
from smartllm.providers import PROVIDERS, provider_of_host
from smartllm.request_reading import build_request
from smartllm.words import Provider

if TYPE_CHECKING:
    from smartllm.cli.requests.request_input import Request
    from smartllm.compiler import Plan

F = TypeVar("F", bound=Callable[..., Any])

_KINDS: Final = {"number": float, "whole": int}
_SEVERAL: Final = {
    "tools": ("FILE|module:name", "JSON or TOML, or what a module declares"),
    "tool_choice": ("WORD|NAME", "auto, none, required, or a tool's name"),
    "texts": ("TEXT", "a text"),
    "pairs": ("NAME=VALUE", "one of them"),
    "headers": ("NAME:VALUE", "one of them"),
}
"""Kinds whose options may be repeated, and what they take."""


def _option(name: str) -> Callable[[F], F]:
    """The option of a request field."""
    row = PARAMETERS[name]
    if row.kind == "schema":
        about = "What the answer must be: a JSON Schema, a type, or fields such as 'name, age int'."
        taken = "FIELDS|FILE|JSON|module:name"
        return click.option(*row.options, metavar=taken, shell_complete=files, help=about)
    if row.kind == "truth":
        name = row.flag.replace("_", "-")
        return click.option(f"--{name}/--no-{name}", default=None, help=row.help)
    if row.kind in _SEVERAL:
        metavar, taken = _SEVERAL[row.kind]
        about = f"{row.help.removesuffix('.')}: {taken}; may be repeated."
        offer = files if row.kind == "tools" else None
        return click.option(*row.options, multiple=True, metavar=metavar, shell_complete=offer, help=about)
    if row.kind == "guardrail":
        return click.option(*row.options, metavar="ID:VERSION[:TRACE]", help=row.help)
    kind = click.Choice(row.choices) if row.choices else _KINDS.get(row.kind)
    ids = model_ids if name in {"model", "like"} else None
    return click.option(*row.options, type=kind, shell_complete=ids, help=row.help)


_OF_STRUCTURES: Final = frozenset({"response_format", "structured_output", "reasks"})
_FIRST: Final = ("model", "api_type", "prompt")
"""Fields whose options stand before all others."""

API_TYPE: Final = _option("api_type")
PROVIDER: Final = click.option(
    "--provider", type=click.Choice(get_args(Provider)), help="Host, when the id does not tell."
)
REQUEST_FILE: Final = click.option(
    "--request",
    "-r",
    "file",
    metavar="FILE|-",
    shell_complete=files,
    help="JSON file with request fields, or - for stdin.",
)
FILES: Final = click.option(
    "--files",
    metavar="FOLDER",
    shell_complete=folders,
    help="Folder of the files that the request names; default: its own.",
)
RULES: Final = click.option(
    "--rules",
    multiple=True,
    metavar="FILE",
    shell_complete=files,
    help="Rules overlay; may be repeated, the last wins.",
)
MODEL: Final = _option("model")
LEVEL: Final = click.option(
    "--level", type=click.Choice(LEVELS), default="warn", show_default=True, help="What changes mean."
)
ATTACHMENTS: Final = click.option(
    "--file",
    "-f",
    "attachments",
    multiple=True,
    metavar="FILE|URL|-",
    shell_complete=files,
    help="A picture, document, text, sound or film that the prompt is about; may be repeated.",
)
ASSIGNED: Final = click.option(
    "--option",
    "-o",
    "assigned",
    multiple=True,
    metavar="NAME=VALUE",
    help="Any other field of the request by its name, the value as JSON or text; may be repeated.",
)
_WIRE: Final = (PROVIDER, API_TYPE)
_BEHIND: Final = (
    ASSIGNED,
    COMPATIBLE,
    RULES,
)
_COMPARED: Final = (
    *_WIRE,
    _option("prompt"),
    ATTACHMENTS,
    REQUEST_FILE,
    FILES,
    *(_option(name) for name, row in PARAMETERS.items() if row.options and name not in _FIRST),
    *_BEHIND,
)
"""What a request that goes to more than one model is said with."""
_OPTIONS: Final = (click.argument("text", metavar="[PROMPT]", required=False), MODEL, *_COMPARED, LEVEL)
_NO_TALK: Final = frozenset(
    name for name, row in PARAMETERS.items() if row.group == "tools" or row.name in _OF_STRUCTURES
)
_CHAT: Final = (
    MODEL,
    *_WIRE,
    ATTACHMENTS,
    *(
        _option(name)
        for name, row in PARAMETERS.items()
        if row.options and name not in _NO_TALK.union(_FIRST)
    ),
    *_BEHIND,
    LEVEL,
)


def request_options(command: F) -> F:
    """Give a command the options of a request."""
    return _with(command, _OPTIONS)


def compared_options(command: F) -> F:
    """Give a command the options of a request that goes to more than one model."""
    return _with(command, _COMPARED)


def _with(command: F, options: Iterable[Callable[[F], F]]) -> F:
    for option in reversed([*options]):
        command = option(command)
    return command


def chat_options(command: F) -> F:
    """Give a command the options that hold for all requests of a talk."""
    return _with(command, _CHAT)


def request_from(flags: dict[str, Any]) -> Request:
    """The request that the flags describe.

    Raises:
        click.exceptions.Exit: Bad input; status 2, with a message.
    """
    with exits():
        return build_request(_fields(flags), source_of(flags["file"]))


def shown_request_from(flags: dict[str, Any]) -> Request | PlainRequest:
    """As ``request_from``, for a request that is only compiled; made without pydantic if it can be."""
    with exits():
        fields = _fields(flags)
        rich = any(flags[name] for name in ("file", "schema", "tools", "attachments", "assigned"))
        plain = None if rich else plain_request(fields)
        return plain or build_request(fields, source_of(flags["file"]))


def plan_from(request: Request | PlainRequest, flags: dict[str, Any]) -> Plan:
    """The plan for a request.

    Raises:
        click.exceptions.Exit: Refused, with status 1, or bad input, with status 2.
    """
    with exits():
        return compiled(request, flags)


def compiled(request: Request | PlainRequest, flags: dict[str, Any]) -> Plan:
    """As ``plan_from``, for those who tell refusals themselves.

    Raises:
        CompileError: Refused.
        RulesError: An overlay cannot be used.
    """
    from smartllm.compiler import compile as compile_request  # noqa: PLC0415 - completion needs none of it

    return compile_request(
        cast("Request", request),
        provider="openai" if flags["compatible"] else flags["provider"],
        compatible=flags["compatible"] or False,
        rules=rules_in_force(flags["rules"]),
        today=dt.datetime.now(dt.UTC).date(),
        batch=flags.get("batch", False),
        **_model(request, flags),
        # The commands print diagnostics themselves; logging them too would say everything twice.
        level="raise" if flags["level"] == "raise" else "ignore",
    )


def _model(request: Request | PlainRequest, flags: dict[str, Any]) -> dict[str, Any]:
    """The model that a flag or a variable names, and where it and the server come from."""
    sources = dict(flags.get("sources", {}))
    if flags["model"] is not None or request.model is not None:
        return {"model": flags["model"], "sources": sources}
    found = Environment().first(MODELS[provider_of_host(flags["provider"] or PROVIDERS[0])])
    if found is None:
        return {"sources": sources}
    return {"model": found.value, "sources": {**sources, "model": found.source}}


def print_diagnostics(plan: Plan, flags: dict[str, Any]) -> None:
    """To standard error, so that standard output holds nothing but the result."""
    if flags["level"] != "ignore":
        for item in plan.diagnostics:
            complain(str(item))


_READ: Final[dict[str, Callable[[Any, str], Any]]] = {
    "stop_sequences": lambda given, _: list(given),
    "metadata": partial(pairs_of, between="="),
    "extra_headers": partial(pairs_of, between=":"),
    "guardrail": guardrail_of,
}
"""How options are read that stand for more than one value."""


def _fields(flags: dict[str, Any]) -> dict[str, Any]:
    standard_input.given_dashes(flags)  # nothing is read where that cannot end well
    fields = read_request(flags["file"], flags["files"]) if flags["file"] else {}
    typed = flags["prompt"] is not None or flags.get("text") is not None
    if typed and (turns := fields.keys() & {"prompt", "messages"}):
        raise RequestFileError(
            f"a prompt and the {min(turns)} of {source_of(flags['file'])} do not go together",
            hint="give one of them",
        )
    prompt = prompt_of(flags, fields)
    fields |= option_fields(flags)
    if flags["model"] is not None:
        fields.pop("model", None)  # the option's goes on by itself, whatever it is
    prompt = with_files(fields.get("prompt") if prompt is None else prompt, flags["attachments"])
    return fields if prompt is None else {**fields, "prompt": prompt}


def option_fields(flags: dict[str, Any]) -> dict[str, Any]:
    """The fields that options give, beside the model and the turns.

    Raises:
        RequestFileError: An option cannot be read.
    """
    given = {name: flags.get(row.flag) for name, row in PARAMETERS.items() if row.options}
    given |= {"model": None, "prompt": None, "response_format": None, "tools": None}
    chosen = given["tool_choice"]
    given["tool_choice"] = (list(chosen) if len(chosen) > 1 else chosen[0]) if chosen else None
    for name, read in _READ.items():
        given[name] = read(given[name], PARAMETERS[name].options[0]) if given[name] else None
    if flags.get("schema") is not None:
        if not flags["schema"].strip():
            raise RequestFileError("--schema: it is empty")
        given["response_format"] = load_schema(flags["schema"])
    if flags.get("tools"):
        from smartllm.cli.requests.tool_input import load_tools  # noqa: PLC0415 - most requests have none

        given["tools"] = load_tools(flags["tools"])
    typed = {name: value for name, value in given.items() if value is not None}
    named = {} if flags["model"] is None else {"model": flags["model"]}
    return typed | assigned(flags["assigned"], typed | named)
