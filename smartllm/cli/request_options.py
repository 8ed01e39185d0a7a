"""The options of the commands that take a request, and the plan that they make of it."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Final, TypeVar, cast

import click

from smartllm.cli.plain import PlainRequest, plain_request
from smartllm.cli.request_input import (
    build_request,
    exits,
    load_schema,
    read_request,
    rules_in_force,
    source_of,
)
from smartllm.cli.terminal import complain
from smartllm.compiler import Plan
from smartllm.compiler import compile as compile_request
from smartllm.diagnostics import LEVELS
from smartllm.environment import MODELS, Environment
from smartllm.parameters import PARAMETERS
from smartllm.providers import PROVIDERS

if TYPE_CHECKING:
    from smartllm.cli.request_input import Request

F = TypeVar("F", bound=Callable[..., Any])

_KINDS: Final = {"number": float, "whole": int}
_SEVERAL: Final = {
    "tools": ("FILE|module:name", "JSON or TOML, or what a module declares"),
    "tool_choice": ("WORD|NAME", "auto, none, required, or a tool's name"),
}
"""Kinds whose options may be repeated, and what they take."""


def _option(name: str) -> Callable[[F], F]:
    """The option of a request field."""
    row = PARAMETERS[name]
    if row.kind == "schema":
        about = "JSON Schema file or Pydantic model for the answer."
        return click.option(*row.options, metavar="FILE|module:Class", help=about)
    if row.kind == "truth":
        name = row.flag.replace("_", "-")
        return click.option(f"--{name}/--no-{name}", default=None, help=row.help)
    if row.kind in _SEVERAL:
        metavar, taken = _SEVERAL[row.kind]
        about = f"{row.help.removesuffix('.')}: {taken}; may be repeated."
        return click.option(*row.options, multiple=True, metavar=metavar, help=about)
    kind = click.Choice(row.choices) if row.choices else _KINDS.get(row.kind)
    return click.option(*row.options, type=kind, help=row.help)


_FIRST: Final = ("model", "api_type", "prompt")
"""Fields whose options stand before all others."""

API_TYPE: Final = _option("api_type")
PROVIDER: Final = click.option(
    "--provider", type=click.Choice(PROVIDERS), help="Host, when the id does not tell."
)
REQUEST_FILE: Final = click.option(
    "--request", "-r", "file", metavar="FILE|-", help="JSON file with request fields, or - for stdin."
)
FILES: Final = click.option(
    "--files", metavar="FOLDER", help="Folder of the files that the request names; default: its own."
)
RULES: Final = click.option(
    "--rules", multiple=True, metavar="FILE", help="Rules overlay; may be repeated, the last wins."
)
_OPTIONS: Final = (
    _option("model"),
    PROVIDER,
    API_TYPE,
    _option("prompt"),
    REQUEST_FILE,
    FILES,
    *(_option(name) for name, row in PARAMETERS.items() if row.options and name not in _FIRST),
    click.option("--compatible", is_flag=True, help="For another server that speaks OpenAI's API."),
    RULES,
    click.option(
        "--level", type=click.Choice(LEVELS), default="warn", show_default=True, help="What changes mean."
    ),
)


def request_options(command: F) -> F:
    """Give a command the options of a request."""
    for option in reversed(_OPTIONS):
        command = option(command)
    return command


def request_from(flags: dict[str, Any]) -> Request:
    """The request that the flags describe.

    Raises:
        click.exceptions.Exit: Bad input; status 2, with a message.
    """
    with exits():
        return build_request(_fields(flags), source_of(flags["file"]))


def shown_request_from(flags: dict[str, Any]) -> Request | PlainRequest:
    """As ``request_from``, for a request that is only compiled; made without pydantic if it can be."""
    if flags["file"] or flags["schema"] or flags["tools"]:
        return request_from(flags)
    return plain_request(_fields(flags)) or request_from(flags)


def plan_from(request: Request | PlainRequest, flags: dict[str, Any]) -> Plan:
    """The plan for a request.

    Raises:
        click.exceptions.Exit: Refused, with status 1, or bad input, with status 2.
    """
    with exits():
        return compile_request(
            cast("Request", request),
            provider="openai" if flags["compatible"] else flags["provider"],
            compatible=flags["compatible"],
            rules=rules_in_force(flags["rules"]),
            today=dt.datetime.now(dt.UTC).date(),
            **_model(request, flags),
            # The commands print diagnostics themselves; logging them too would say everything twice.
            level="raise" if flags["level"] == "raise" else "ignore",
        )


def _model(request: Request | PlainRequest, flags: dict[str, Any]) -> dict[str, Any]:
    """The model that a flag or a variable names, and where it comes from."""
    if flags["model"] or request.model is not None:
        return {"model": flags["model"]}
    found = Environment().first(MODELS[flags["provider"] or PROVIDERS[0]])
    return {} if found is None else {"model": found.value, "sources": {"model": found.source}}


def print_diagnostics(plan: Plan, flags: dict[str, Any]) -> None:
    """To standard error, so that standard output holds nothing but the result."""
    if flags["level"] != "ignore":
        for item in plan.diagnostics:
            complain(str(item))


def _fields(flags: dict[str, Any]) -> dict[str, Any]:
    fields = read_request(flags["file"], flags["files"]) if flags["file"] else {}
    given = {name: flags[row.flag] for name, row in PARAMETERS.items() if row.options}
    given |= {"model": None, "response_format": None, "tools": None}
    chosen = given["tool_choice"]
    given["tool_choice"] = (list(chosen) if len(chosen) > 1 else chosen[0]) if chosen else None
    if flags["schema"]:
        given["response_format"] = load_schema(flags["schema"])
    if flags["tools"]:
        from smartllm.cli.tool_input import load_tools  # noqa: PLC0415 - most requests have none

        given["tools"] = load_tools(flags["tools"])
    return fields | {name: value for name, value in given.items() if value is not None}
