"""The sides of a comparison: a model, and where it stands, by which of its APIs."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, Final, NamedTuple, TypeVar, get_args

import click

from smartllm.cli.completing import model_ids_anywhere
from smartllm.cli.explain import target_of
from smartllm.cli.nearest import did_you_mean
from smartllm.cli.requests.plain import PlainRequest
from smartllm.cli.requests.request_input import rules_in_force, usage_error
from smartllm.cli.requests.request_options import compiled
from smartllm.errors import CompileError, ConfigError
from smartllm.words import ApiType, Provider

if TYPE_CHECKING:
    from smartllm.cli.requests.request_input import Request
    from smartllm.rules import Target

F = TypeVar("F", bound=Callable[..., Any])

API_TYPES: Final[tuple[str, ...]] = get_args(ApiType)
PROVIDERS: Final[tuple[str, ...]] = get_args(Provider)


class Side(NamedTuple):
    """One side of a comparison.

    Attributes:
        typed: What was typed.
        model: The model's id.
        provider: Who is called; None where nobody is named.
        compatible: The server that is called instead, by its name, or True for one that has none.
        api_type: By which API, or None.
    """

    typed: str
    model: str
    provider: str | None
    compatible: bool | str | None
    api_type: str | None

    def flags(self, flags: Mapping[str, Any]) -> dict[str, Any]:
        """The options of a command with what this side says."""
        return {**flags, "provider": self.provider, "compatible": self.compatible}

    def target(self, rules: tuple[str, ...]) -> Target:
        """The door that the side goes to where no request says more.

        Raises:
            click.exceptions.Exit: Unknown model or bad input, with a message.
        """
        return target_of(
            self.model,
            provider=self.provider,
            api_type=self.api_type,
            rules=rules,
            compatible=self.compatible,
        )


def side(name: str, metavar: str) -> Callable[[F], F]:
    """The argument of a command for one side."""
    return click.argument(name, metavar=metavar, shell_complete=model_ids_anywhere)


def side_of(typed: str, choice: Mapping[str, Any]) -> Side:
    """What an argument says: ``[PROVIDER/][API_TYPE/]MODEL``, a server's name where a provider may stand.

    What no side says, the options do. With ``--compatible`` the whole is the id, which may have slashes.

    Args:
        typed: The argument.
        choice: The options provider, api_type, compatible and rules.

    Raises:
        click.exceptions.Exit: It names no model, or nobody that there is.
    """
    given = Side(typed, typed, choice["provider"], choice["compatible"], choice["api_type"])
    if choice["compatible"]:
        return given
    where, slash, rest = typed.partition("/")
    servers = rules_in_force(choice["rules"]).table("server")
    if not slash:
        pass
    elif where in servers:
        given = given._replace(model=rest, provider=None, compatible=where)
    elif where in PROVIDERS:
        given = given._replace(model=rest, provider=where)
    elif where not in API_TYPES:
        meant = did_you_mean(where, (*PROVIDERS, *API_TYPES, *servers)) if where.isidentifier() else ""
        if meant:
            told = f"{typed}: {where!r} is neither a provider nor an API.{meant}"
            allowed = ", ".join((*PROVIDERS, *API_TYPES, *servers))
            raise usage_error(ConfigError(told, hint=f"allowed: {allowed}"))
    word, slash, rest = given.model.partition("/")
    if slash and word in API_TYPES:
        given = given._replace(model=rest, api_type=word)
    if not given.model:
        raise usage_error(ConfigError(f"{typed}: it names no model", hint="write it as azure/MODEL"))
    return given


def compared(
    found: Side, request: Request | PlainRequest | None, flags: Mapping[str, Any]
) -> tuple[Target, dict[str, Any] | None]:
    """Where one side goes, and the bodies and diagnostics of a request there, or its refusal.

    Args:
        found: The side.
        request: What is compared, or None.
        flags: The options of the command.

    Raises:
        click.exceptions.Exit: Unknown model or bad input, with a message.
    """
    target = found.target(flags["rules"])
    if request is None:
        return target, None
    from smartllm.rules import target_for  # noqa: PLC0415 - for requests alone

    try:
        plan = compiled(_by(request, found.api_type), {**found.flags(flags), "model": found.model})
    except CompileError as error:
        return target, {"refused": str(error)}
    step = plan.steps[0]
    return target_for(plan.resolution, plan.host, step.dialect, target.rules), {
        "bodies": [each.shown for each in plan.steps],
        "diagnostics": [
            f"{item.severity} {item.code} {item.path}: {item.reason}" for item in plan.diagnostics
        ],
    }


def _by(request: Request | PlainRequest, api_type: str | None) -> Request | PlainRequest:
    """A request as it is, by the API that a side names."""
    if api_type is None:
        return request
    if isinstance(request, PlainRequest):
        fields = {**vars(request), "api_type": api_type}
        return PlainRequest(**{**fields, "model_fields_set": request.model_fields_set | {"api_type"}})
    return request.model_copy(update={"api_type": api_type})
