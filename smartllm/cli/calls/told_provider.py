"""The provider that the environment tells, where neither an option nor a model's id does."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from smartllm.cli.requests.request_input import rules_in_force
from smartllm.environment import Environment, Found
from smartllm.errors import UnknownModelError
from smartllm.providers import PROVIDERS, ROWS, provider_of_host
from smartllm.rules import RuleSet, resolve, served_on
from smartllm.rules.hosts import doors_of
from smartllm.rules.names import parse

if TYPE_CHECKING:
    from smartllm.cli.requests.request_input import Request
    from smartllm.rules import Resolution


def told_provider(request: Request, flags: dict[str, Any]) -> Found | None:
    """The provider whose key or account the environment has, and the variable that tells it.

    Only where the variables of the one that the model's id stands for are not set; None leaves it to the id.

    Args:
        request: What is asked.
        flags: The command's options.
    """
    model, environment = request.model if flags["model"] is None else flags["model"], Environment()
    rules, found = rules_in_force(flags["rules"]), None
    usual: str | None = PROVIDERS[0]
    if model is not None:
        try:
            found = resolve(model, rules, like=request.like)
        except UnknownModelError:
            return None
        usual = None if parse(model).host in rules.table("host") else found.host
    if usual is None or environment.first(*ROWS[provider_of_host(usual)].variables) is not None:
        return None
    for name, row in ROWS.items():
        sign = environment.first(*row.variables)
        if sign is not None and (found is None or _serves(name, found, rules)):
            return Found(name, sign.source)
    return None


def _serves(provider: str, found: Resolution, rules: RuleSet) -> bool:
    return any(served_on(found, door, rules) for door in doors_of(provider, rules))
