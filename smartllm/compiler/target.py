"""Choosing the target: which model, host and wire a request goes to."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, NamedTuple

from smartllm.compiler.dialects import FIELDS
from smartllm.compiler.elsewhere import other_host, resolve_elsewhere
from smartllm.compiler.model_ids import door_id, id_notes, is_another_doors
from smartllm.diagnostics import Diagnostic
from smartllm.errors import ConfigError, UnsupportedError
from smartllm.providers import provider_of_host
from smartllm.rules.hosts import all_hosts, doors_of, host_row, routes_of
from smartllm.rules.id_text import check_id
from smartllm.rules.ids import usual_id
from smartllm.rules.load import RuleSet, has_path
from smartllm.rules.resolve import Resolution, resolve
from smartllm.rules.target import Target, served_on, target_for
from smartllm.rules.vocabulary import Dialect, Host
from smartllm.said import Named, id_named, joined, said
from smartllm.words import ApiType

if TYPE_CHECKING:
    from smartllm.request import MessageRequest, TextRequest

_ADD: Final = "add endpoints to its row in a rules overlay"
_THERE: Final = said(
    "if that one speaks OpenAI's API, pass {} and its address as {}",
    Named("provider", "openai", "provider='openai'"),
    Named("base_url", python="base_url="),
)


class Choice(NamedTuple):
    """A target of a request.

    Attributes:
        target: The model on a host and a wire.
        model: The id that is sent.
        notes: Diagnostics about the choice.
        others: The provider's other doors that serve the model, as host and wire, where the caller leaves
            the choice.
    """

    target: Target
    model: str
    notes: tuple[Diagnostic, ...]
    others: tuple[tuple[Host, Dialect], ...] = ()


def choose_target(
    request: TextRequest[Any] | MessageRequest[Any],
    provider: str | None,
    model: str | None,
    rules: RuleSet,
    *,
    compatible: bool | str = False,
) -> tuple[Target, tuple[Diagnostic, ...]]:
    """As ``choose``, with the first target and its diagnostics alone."""
    found = choose(request, provider, model, rules, compatible=compatible)
    return found.target, found.notes


def choose(
    request: TextRequest[Any] | MessageRequest[Any],
    provider: str | None,
    model: str | None,
    rules: RuleSet,
    *,
    compatible: bool | str = False,
) -> Choice:
    """Resolve the model and pick the wire.

    Args:
        request: What is asked.
        provider: Host; None takes the one that the model id reveals.
        model: Model id; overrides the request's.
        rules: The rules in force.
        compatible: Another server speaks that host's API: its name, or True where it has none.

    Raises:
        ConfigError: Unknown provider.
        UnknownModelError: The id matches no rule, or cannot be sent as it is written.
        UnsupportedError: The model is not served on that host or API.
    """
    if provider is not None:
        host_row(provider, rules)  # which raises for one that is not known
    asked = request.model if model is None else model
    if asked is None:
        asked = default_model(provider or next(iter(rules.table("host"))), rules)
    return rules.remembered(
        _chosen,
        provider,
        asked,
        request.like,
        request.api_type if "api_type" in request.model_fields_set else None,
        compatible,
    )


def _chosen(
    provider: str | None,
    model: str,
    like: str | None,
    api_type: ApiType | None,
    compatible: bool | str,
    rules: RuleSet,
) -> Choice:
    """The target; ``api_type`` is None where the caller leaves the choice."""
    for name in (model,) if like is None else (model, like):
        check_id(name)
    other = other_host(provider, rules)
    resolution = (
        resolve_elsewhere(model, like, other, compatible, rules)
        if compatible
        else resolve(model, rules, like=like)
    )
    first = _host(resolution, provider, rules)
    doors = _doors(api_type, resolution, first, rules)
    if doors[0][0] != first:  # the id stays as it is written, if a door knows it so
        doors = tuple(
            sorted(doors, key=lambda at: bool(door_id(target_for(resolution, at[0], at[1], rules))[1]))
        )
    host, dialect = doors[0]
    target = target_for(resolution, host, dialect, rules)
    if compatible and host == other:
        return Choice(target, model, (*_inferred(target), *_api_ignored(api_type, target)))
    here = host == provider_of_host(host) and not is_another_doors(target)
    sent, ids = (model, id_notes(target)) if here else door_id(target)
    notes = (*_inferred(target), *ids, *_api_ignored(api_type, target))
    others = tuple(door for door in doors if door[0] != host) if api_type is None else ()
    return Choice(target, sent, notes, others)


def other_choice(first: Choice, host: Host, dialect: Dialect) -> Choice:
    """Another door of the same provider for the same model.

    Args:
        first: The choice for the first one.
        host: The door.
        dialect: A wire on which it serves the model.
    """
    target = target_for(first.target.resolution, host, dialect, first.target.rules)
    sent, ids = door_id(target)
    return Choice(target, sent, (*_inferred(target), *ids))


def default_model(provider: str, rules: RuleSet) -> str:
    """The rules' model for requests that name none."""
    return host_row(provider, rules).default_model


def _host(resolution: Resolution, provider: str | None, rules: RuleSet) -> Host:
    host = provider or resolution.host
    if host is not None:
        return host
    raise ConfigError(
        f"model {resolution.asked!r}: the id does not tell which provider serves it",
        hint=said("pass {} one of {}", Named("provider", python="provider="), ", ".join(rules.table("host"))),
    )


def _doors(
    api_type: ApiType | None, resolution: Resolution, first: Host, rules: RuleSet
) -> tuple[tuple[Host, Dialect], ...]:
    """The doors that serve a model by the API that is asked for, or by any, in the order of preference."""
    hosts = doors_of(first, rules)
    here = tuple((host, wire) for host in hosts for wire in served_on(resolution, host, rules))
    if not here:
        raise _not_served(resolution, first, rules)
    asked = tuple(door for door in here if api_word(*door, rules) == api_type)
    if asked or api_type is None or api_type not in _spoken(first, rules):
        return asked or here
    words = dict.fromkeys(api_word(*door, rules) for door in here)
    way_out = joined(" or ", *(said("{}", Named("api_type", word)) for word in words))
    raise UnsupportedError(
        said(
            "{}: {} is not served on {}; use {}",
            Named("api_type"),
            resolution.asked,
            Named("api_type", str(api_type)),
            way_out,
        ),
        field="api_type",
        hint=said("pass {}", way_out),
    )


def _not_served(resolution: Resolution, host: Host, rules: RuleSet) -> UnsupportedError:
    """The error for a model that none of a host's wires serves: where it is, and what to pass there."""
    others = _serving(resolution, rules)
    target = target_for(resolution, host, next(iter(routes_of(host, rules))), rules)
    told = f": {where}" if (where := target.facts.elsewhere or _unspoken(target)) else ""
    there = f"; it is served on {', '.join(others)}" if others else ""
    error = UnsupportedError(
        f"provider: {resolution.asked} is not served on {host}{told}{there}",
        field="provider",
        hint=_other_host(resolution, others[0], rules) if others else _THERE if told else _ADD,
    )
    return error.at(target.origin("elsewhere" if target.facts.elsewhere else "endpoints")) if told else error


def _serving(resolution: Resolution, rules: RuleSet) -> list[str]:
    """The providers that serve a model, its usual one first."""
    hosts = [name for name in all_hosts(rules) if served_on(resolution, name, rules)]
    providers = dict.fromkeys(map(provider_of_host, hosts))
    return sorted(providers, key=lambda name: name != resolution.host)


def _unspoken(target: Target) -> str:
    """Which APIs alone a host's own rows name for a model, where SmartLLM speaks none of them there."""
    stated = any(row[0] == "on" and has_path(target.rules.data, (*row, "endpoints")) for row in target.chain)
    own = " and ".join(target.facts.endpoints) if stated else ""
    return f"there it is on {own} alone, which SmartLLM does not speak on that host" if own else ""


def _other_host(resolution: Resolution, host: Host, rules: RuleSet) -> str:
    """What to pass for a model that another host serves."""
    hint = said("pass {}", Named("provider", host, f"provider={host!r}"))
    if resolution.model is None:
        return hint
    door = next(one for one in doors_of(host, rules) if served_on(resolution, one, rules))
    wire = served_on(resolution, door, rules)[0]
    use = usual_id(resolution.model, target_for(resolution, door, wire, rules).facts.ids)
    return hint if use == resolution.asked else said("{} and {}", hint, id_named(use))


def api_word(host: Host, dialect: Dialect, rules: RuleSet) -> str:
    """The caller's word for the API of a host on which a dialect goes."""
    route = routes_of(host, rules).get(dialect)
    return (route.api_type if route is not None else "") or FIELDS[dialect].api_type


def _spoken(host: Host, rules: RuleSet) -> frozenset[str]:
    """The callers' words for the APIs of a host."""
    return frozenset(api_word(host, dialect, rules) for dialect in routes_of(host, rules))


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
    used = api_word(target.host, target.dialect, target.rules)
    if api_type is None or used == api_type:
        return []
    provider = provider_of_host(target.host)
    spoken = any(api_type in _spoken(door, target.rules) for door in doors_of(provider, target.rules))
    reason = f"does not serve {target.resolution.asked} by that API" if spoken else "has no such API"
    return [
        Diagnostic(
            "api-type-ignored",
            "info",
            "api_type",
            "ignored",
            api_type,
            used,
            f"{provider} {reason}; {target.dialect} was used",
            target.origin("endpoints"),
        )
    ]
