"""Choosing the target: which model, host and wire a request goes to."""

from __future__ import annotations

import contextlib
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any, Final

from smartllm.compiler.dialects import FIELDS
from smartllm.diagnostics import Diagnostic
from smartllm.errors import ConfigError, UnknownModelError, UnsupportedError
from smartllm.rules.hosts import host_row, routes_of
from smartllm.rules.load import RuleSet
from smartllm.rules.names import parse
from smartllm.rules.resolve import Resolution, check_id, resolve
from smartllm.rules.target import Target, endpoints, served_on, target_for
from smartllm.rules.vocabulary import Dialect, Host
from smartllm.words import ApiType

if TYPE_CHECKING:
    from smartllm.request import MessageRequest, TextRequest

API_DIALECTS: Final[dict[ApiType, Dialect]] = {fields.api_type: dialect for dialect, fields in FIELDS.items()}


def choose_target(
    request: TextRequest[Any] | MessageRequest[Any],
    provider: str | None,
    model: str | None,
    rules: RuleSet,
    *,
    compatible: bool = False,
) -> tuple[Target, tuple[Diagnostic, ...]]:
    """Resolve the model and pick the wire; ``compatible`` is for servers that speak OpenAI's API.

    Returns:
        The target, and diagnostics about the choice.

    Raises:
        ConfigError: Unknown provider.
        UnknownModelError: The id matches no rule.
        UnsupportedError: The model is not served on that host or API.
    """
    if provider is not None:
        host_row(provider, rules)  # which raises for one that is not known
    return rules.remembered(
        _chosen,
        provider,
        model or request.model or default_model(provider or next(iter(rules.table("host"))), rules),
        request.like,
        request.api_type if "api_type" in request.model_fields_set else None,
        compatible,
    )


def _chosen(
    provider: str | None,
    model: str,
    like: str | None,
    api_type: ApiType | None,
    compatible: bool,
    rules: RuleSet,
) -> tuple[Target, tuple[Diagnostic, ...]]:
    """The target; ``api_type`` is None where the caller leaves the choice."""
    for name in filter(None, (model, like)):
        check_id(name)
    # Only one host's API is spoken by other servers.
    others = provider or next(name for name in rules.table("host") if host_row(name, rules).compatible)
    resolution = _compatible(model, like, others, rules) if compatible else None
    resolution = resolution or resolve(model, rules, like=like)
    host = _host(resolution, provider, rules)
    target = target_for(resolution, host, _dialect(api_type, resolution, host, rules), rules)
    return target, (*_inferred(target), *_api_ignored(api_type, target))


def _compatible(model: str, like: str | None, host: str, rules: RuleSet) -> Resolution | None:
    """What holds for a model of another server; None for one that the rules know on that API."""
    with contextlib.suppress(UnknownModelError):
        found = resolve(model, rules, like=like)
        if served_on(found, host, rules):
            return None
    profile = str(host_row(host, rules).compatible)
    note = f"profile for OpenAI-compatible servers: {profile}"
    return Resolution(model, parse(model).key, "inferred", None, profile, None, host, note)


def default_model(provider: str, rules: RuleSet) -> str:
    """The rules' model for requests that name none."""
    return host_row(provider, rules).default_model


def _host(resolution: Resolution, provider: str | None, rules: RuleSet) -> Host:
    host = provider or resolution.host
    if host is not None:
        return host
    raise ConfigError(
        f"model {resolution.asked!r}: the id does not tell which provider serves it",
        hint=f"pass provider= one of {', '.join(rules.table('host'))}",
    )


def _dialect(api_type: ApiType | None, resolution: Resolution, host: Host, rules: RuleSet) -> Dialect:
    here = served_on(resolution, host, rules)
    if not here:
        dialects = endpoints(resolution, host, rules)
        others = sorted(name for name in rules.table("host") if _speaks(name, dialects, rules))
        raise UnsupportedError(
            f"provider: {resolution.asked} is not served on {host}; it is served on {', '.join(others)}",
            field="provider",
            hint=f"pass provider={others[0]!r}" if others else "add endpoints to its row in a rules overlay",
        )
    asked = None if api_type is None else API_DIALECTS[api_type]
    if asked is None or not _speaks(host, (asked,), rules):
        return here[0]
    if asked in here:
        return asked
    way_out = " or ".join(f'api_type="{FIELDS[dialect].api_type}"' for dialect in here)
    raise UnsupportedError(
        f'api_type: {resolution.asked} is not served on api_type="{api_type}"; use {way_out}',
        field="api_type",
        hint=f"pass {way_out}",
    )


def _speaks(host: str, dialects: Iterable[Dialect], rules: RuleSet) -> bool:
    """Whether a host speaks one of these dialects."""
    return any(dialect in routes_of(host, rules) for dialect in dialects)


def _inferred(target: Target) -> list[Diagnostic]:
    resolution = target.resolution
    if target.listed:
        return []
    return [
        Diagnostic(
            "model-inferred",
            "warning",
            "model",
            "inferred",
            resolution.asked,
            resolution.model or resolution.profile,
            f"{resolution.key} is not listed; its facts were taken from the {resolution.note}",
            target.inference_origin(),
        )
    ]


def _api_ignored(api_type: ApiType | None, target: Target) -> list[Diagnostic]:
    if api_type is None or _speaks(target.host, (API_DIALECTS[api_type],), target.rules):
        return []
    return [
        Diagnostic(
            "api-type-ignored",
            "info",
            "api_type",
            "ignored",
            api_type,
            FIELDS[target.dialect].api_type,
            f"{target.host} has no such API; {target.dialect} was used",
            target.origin("endpoints"),
        )
    ]
