"""Who takes what a target does not: for the hints of refusals."""

from __future__ import annotations

from operator import attrgetter
from typing import TYPE_CHECKING, Final

from smartllm.compiler.target import api_word
from smartllm.errors import RulesError, UnknownModelError, UnsupportedError
from smartllm.rules.load import RuleSet, has_path
from smartllm.rules.resolve import Resolution, resolve
from smartllm.rules.target import served_on, target_for
from smartllm.rules.toml_text import path_spelled
from smartllm.rules.vocabulary import Dialect, Facts
from smartllm.rules.vocabulary.input import is_among
from smartllm.said import Named, joined, said

if TYPE_CHECKING:
    from smartllm.rules import Target

_NAMED: Final = 3
_RUNNING: Final = ("active", "legacy")


def told(error: UnsupportedError, target: Target) -> UnsupportedError:
    """An error with the row that states its fact, and a few models of the host that take what was wanted."""
    if not error.fact:
        return error
    origin = target.origin(error.fact)
    located = error.at(origin)
    if not error.wanted:
        return located
    if not hasattr(attrgetter(error.fact.rpartition(".")[0])(target.facts), "sources"):
        row = f"if you know better, say {overlay_line(error.fact, error.wanted, target)} in a rules overlay"
        located.hint = joined("; ", error.hint, row, origin.disputed or "")
        return located
    asked = (target.host, target.dialect, target.resolution.vendor or "", error.fact, error.wanted)
    others = target.rules.remembered(_takers, target.resolution.model or "", *asked)
    located.hint = joined("; ", error.hint, others and said("others take it: {}", others))
    return located


def overlay_line(fact: str, value: str, target: Target) -> str:
    """The line of a user's rules that states a fact of a model on a host; on a wire, if one stands there.

    Args:
        fact: Its dotted path.
        value: Its value, as TOML spells it.
        target: The model, its host and its wire.
    """
    found, keys = target.resolution, tuple(fact.split("."))
    row = ("on", target.host, *(("model", found.model) if found.model else ("profile", found.profile)))
    wire = ("wire", target.dialect)
    bound = any(has_path(target.rules.data, (*other, *wire, *keys)) for other in target.chain)
    return f"{path_spelled((*row, *(wire if bound else ()), *keys))} = {value}"


def _takers(model: str, host: str, dialect: str, vendor: str, fact: str, wanted: str, rules: RuleSet) -> str:
    """The model itself by another API, or a few others, those of the same vendor and the newest first.

    Models whose end is announced only where no others are.
    """
    rows = [name for name in reversed(rules.table("model")) if name != model]
    resolved = {name: one for name in rows if (one := _resolved(name, rules))}
    near = sorted(resolved, key=lambda name: resolved[name].vendor != vendor)
    found: dict[str, list[str]] = {state: [] for state in _RUNNING}
    for name in [model, *near] if model else near:
        taker = _taker(name, host, dialect, fact, wanted, rules)
        if taker is None:
            continue
        wire, state = taker
        api = Named("api_type", api_word(host, wire, rules))
        shown = name if wire == dialect else said("{} with {}", name, api)
        if name == model:
            return shown
        found[state].append(shown)
        if len(found["active"]) == _NAMED:
            break
    return joined(", ", *next(filter(None, found.values()), [])[:_NAMED])


def _resolved(model: str, rules: RuleSet) -> Resolution | None:
    """How a listed id resolves; None for one that is not found under its key."""
    try:
        return resolve(model, rules)
    except (UnknownModelError, RulesError):
        return None


def _taker(
    model: str, host: str, dialect: str, fact: str, wanted: str, rules: RuleSet
) -> tuple[Dialect, str] | None:
    """The wire on which a model takes what is wanted, the same if there, and its state."""
    resolution = _resolved(model, rules)
    try:
        wires = served_on(resolution, host, rules) if resolution else ()
        stated = {wire: target_for(resolution, host, wire, rules).facts for wire in wires if resolution}
    except RulesError:
        return None
    ordered = sorted(stated, key=lambda wire: wire != dialect)
    taking = (wire for wire in ordered if _takes(stated[wire], fact, wanted))
    return next(((wire, stated[wire].lifecycle.state) for wire in taking), None)


def _takes(facts: Facts, fact: str, wanted: str) -> bool:
    kind = attrgetter(fact.rpartition(".")[0])(facts)
    return (
        facts.lifecycle.state in _RUNNING and bool(kind.sources) and is_among(wanted, attrgetter(fact)(facts))
    )
