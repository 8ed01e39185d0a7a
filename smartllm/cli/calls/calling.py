"""What commands that make calls share: plans, settings of the client, how failures are told."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any, Final, cast

from smartllm.cli.calls.answers import print_paid
from smartllm.cli.calls.told_provider import told_provider
from smartllm.cli.requests.request_input import exits, rules_in_force, usage_error
from smartllm.cli.requests.request_options import plan_from, print_diagnostics
from smartllm.cli.terminal import complain
from smartllm.config import LLMConfig
from smartllm.errors import CompileError, ConfigError, ProviderError, SmartLLMError, UnknownModelError
from smartllm.providers import row_of
from smartllm.rules import resolve
from smartllm.rules.hosts import host_row
from smartllm.runtime.elsewhere import Elsewhere, check_address, elsewhere
from smartllm.settings import Settings

if TYPE_CHECKING:
    from pydantic import ValidationError

    from smartllm.cli.calls.asking import Manner
    from smartllm.cli.requests.request_input import Request
    from smartllm.compiler import Plan
    from smartllm.environment import Found
    from smartllm.rules import RuleSet
    from smartllm.words import Provider


_TELL: Final = ("provider", "base_url", "aws_profile")
"""Options that tell the provider, or leave it to the model's id."""


def planned(request: Request, flags: dict[str, Any], manner: Manner) -> tuple[Request, Plan]:
    """A request with its model's id, and its plan; diagnostics are printed.

    Args:
        request: What is asked.
        flags: The command's options.
        manner: What is told.

    Raises:
        click.exceptions.Exit: Bad input, or refused.
    """
    with exits():
        there = _there(request, flags)
        told = _told(request, flags, there)
    if told is not None:
        flags = {**flags, "provider": told.value}
        if manner.level != "ignore":
            complain(_note(told))
    plan = plan_from(request, {**flags, "compatible": there.compatible, "sources": there.sources})
    print_diagnostics(plan, {"level": manner.level})
    return request.model_copy(update={"model": plan.model}), plan


def provider_note(request: Request, flags: dict[str, Any]) -> str:
    """Who is asked, if the environment alone tells it; else empty."""
    told = _told(request, flags, _there(request, flags))
    return "" if told is None else _note(told)


def _told(request: Request, flags: dict[str, Any], there: Elsewhere) -> Found | None:
    chosen = there.compatible or any(flags[name] for name in _TELL)
    return None if chosen else told_provider(request, flags)


def _note(told: Found) -> str:
    return f"{row_of(told.value).title} is asked, as {told.source.name} tells; --provider says another"


def client_settings(plan: Plan, flags: dict[str, Any]) -> dict[str, Any]:
    """Settings of the client that carries a plan out; its diagnostics are printed already."""
    names = ("base_url", "aws_profile", "ca_bundle", "compatible", "fallback")
    given = {name: flags[name] for name in names if name in flags}  # not each command has all of them
    return {"provider": plan.host, "rules": flags["rules"] or None, "level": "ignore", **given}


def print_failure(error: SmartLLMError | ValidationError, *, shown: bool) -> int:
    """Tell what a call ended with, and what came all the same.

    Args:
        error: What it was.
        shown: The answer's text was printed as it came.

    Returns:
        The exit status for it.
    """
    sys.stdout.flush()
    if isinstance(error, ConfigError):
        return usage_error(error).exit_code
    complain(f"{'refused' if isinstance(error, CompileError) else 'failed'}: {error}")
    for one in getattr(error, "tried", ()):
        complain(f"  before, {one}")
    if isinstance(error, ProviderError):
        print_paid(error, shown=shown)
    return 1


def compatible_host(rules: RuleSet) -> str:
    """The host whose API other servers speak."""
    return next(name for name in rules.table("host") if host_row(name, rules).compatible)


def _there(request: Request, flags: dict[str, Any]) -> Elsewhere:
    """Which other server is asked: named by an option, or by an address, as a client would find it."""
    rules = rules_in_force(flags["rules"])
    host = compatible_host(rules)
    if flags["compatible"] is None and flags["provider"] not in {None, host}:
        return Elsewhere(False)
    given = {name: flags[name] for name in ("base_url", "compatible")}
    settings = Settings.resolve(LLMConfig(provider=cast("Provider", host), **given), sends=False)
    if flags["compatible"] is not None:
        check_address(settings, rules)
    elif flags["base_url"] is None and not _may_be_there(request, flags, host, rules):
        return Elsewhere(False)
    return elsewhere(settings, rules)


def _may_be_there(request: Request, flags: dict[str, Any], host: str, rules: RuleSet) -> bool:
    """Whether the server of the environment may have a model: not where the id tells another provider."""
    model = request.model if flags["model"] is None else flags["model"]
    try:
        return model is None or resolve(model, rules, like=request.like).host in {None, host}
    except UnknownModelError:
        return True
