"""Which doors count input tokens: for those who ask where one does not."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final, NamedTuple

from smartllm.compiler.model_ids import door_id
from smartllm.compiler.plan import Plan
from smartllm.compiler.target import api_word
from smartllm.diagnostics import Diagnostic
from smartllm.providers import provider_of_host
from smartllm.rules.hosts import doors_of
from smartllm.rules.ids import usual_id
from smartllm.rules.load import RuleSet
from smartllm.rules.target import Target, served_on, target_for
from smartllm.rules.vocabulary import Host
from smartllm.said import Named, id_named, joined, said

FACT: Final = "count_tokens.available"
_DOORS: Final = 3
_NOWHERE: Final = "no host that is known counts them; an answer's usage has them"


def counted_target(plan: Plan, rules: RuleSet) -> Target:
    """The target of the plan's first call.

    Args:
        plan: The plan.
        rules: The rules by which it was made.
    """
    return target_for(plan.resolution, plan.host, plan.steps[0].dialect, rules)


class Door(NamedTuple):
    """Another door of a provider, which counts where the one that would answer does not.

    Attributes:
        host: The host.
        api_type: The word for its API.
        model: The model's id there.
        notes: That it counts, and by which id.
    """

    host: Host
    api_type: str
    model: str
    notes: tuple[Diagnostic, ...]


def counting_door(plan: Plan, provider: str, rules: RuleSet, *, api_type: str | None = None) -> Door | None:
    """Another door of a provider that counts where the plan's does not.

    Args:
        plan: The plan.
        provider: The provider, or the one door that is meant.
        rules: The rules by which it was made.
        api_type: The API that the caller asks for; None leaves the choice.

    Returns:
        The door; None where the plan's own counts, or none does.
    """
    here, hosts = counted_target(plan, rules), doors_of(provider, rules)
    if _counts(here):
        return None
    for there in _counting(here):
        word = api_word(there.host, there.dialect, rules)
        if there.host in hosts and api_type in {None, word}:
            model, notes = (plan.model, ()) if there.host == here.host else door_id(there)
            return Door(there.host, word, model, (_door_note(here, there, word), *notes))
    return None


def _door_note(here: Target, there: Target, word: str) -> Diagnostic:
    reason = (
        f"{titled(here)} does not count input tokens of this; what is counted is the request as "
        f"{titled(there)} takes it"
    )
    asked = api_word(here.host, here.dialect, here.rules)
    return Diagnostic("count-door", "info", "api_type", "changed", asked, word, reason, here.origin(FACT))


def _counts(target: Target) -> bool:
    return target.route.count is not None and target.facts.count_tokens.available != "no"


def _counting(here: Target) -> Iterator[Target]:
    """Where tokens are known to be counted for a model: on its host first, then at its provider's doors."""
    rules, found, own = here.rules, here.resolution, provider_of_host(here.host)
    rank = {here.host: 0, **{host: 1 for host in doors_of(own, rules) if host != here.host}}
    for host in sorted(rules.table("host"), key=lambda host: rank.get(host, len(rank))):
        for wire in served_on(found, host, rules):
            there = target_for(found, host, wire, rules)
            if there.route.count is not None and there.facts.count_tokens.available == "yes":
                yield there


def ways_out(here: Target) -> str:
    """What to pass where another API or host counts for the model."""
    doors = list(dict.fromkeys(_door(here, there) for there in _counting(here)))[:_DOORS]
    return said("pass {}", joined("; or ", *doors)) if doors else _NOWHERE


def _door(here: Target, there: Target) -> str:
    """How a request is led to another API or host."""
    if there.host == here.host:
        return said("{}", Named("api_type", api_word(there.host, there.dialect, there.rules)))
    host = Named("provider", there.host, f"provider={there.host!r}")
    model, asked = there.resolution.model if there.listed else None, there.resolution.asked
    use = usual_id(model, there.facts.ids) if model else asked
    if use == asked or provider_of_host(there.host) == provider_of_host(here.host):
        return said("{}", host)  # ids are a door's own affair
    return said("{} and {}", host, id_named(use))


def titled(target: Target) -> str:
    """A host's name for people."""
    return target.host_row.title or target.host
