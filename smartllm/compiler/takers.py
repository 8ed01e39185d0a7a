"""Who takes what a target does not: for the hints of refusals."""

from __future__ import annotations

from operator import attrgetter
from typing import TYPE_CHECKING, Final

from smartllm.compiler.dialects import FIELDS
from smartllm.errors import UnsupportedError
from smartllm.rules.load import RuleSet
from smartllm.rules.resolve import resolve
from smartllm.rules.target import served_on, target_for
from smartllm.rules.vocabulary import Facts
from smartllm.rules.vocabulary.input import is_among

if TYPE_CHECKING:
    from smartllm.rules import Target

_NAMED: Final = 3


def told(error: UnsupportedError, target: Target) -> UnsupportedError:
    """An error with the row that states its fact, and a few models of the host that take what was wanted."""
    if not error.fact:
        return error
    located = error.at(target.origin(error.fact))
    if not error.wanted:
        return located
    asked = (target.host, target.dialect, target.resolution.vendor or "", error.fact, error.wanted)
    others = target.rules.remembered(_takers, target.resolution.model or "", *asked)
    located.hint = "; ".join(filter(None, (error.hint, others and f"others take it: {others}")))
    return located


def _takers(model: str, host: str, dialect: str, vendor: str, fact: str, wanted: str, rules: RuleSet) -> str:
    """The model itself by another API, or a few others, those of the same vendor and the newest first."""
    rows = [name for name in rules.table("model") if name != model]
    resolved = {name: resolve(name, rules) for name in reversed(rows)}
    near = sorted(resolved, key=lambda name: resolved[name].vendor != vendor)
    found: list[str] = []
    for name in [model, *near] if model else near:
        resolution = resolved.get(name) or resolve(name, rules)
        # By the same API if there.
        wires = sorted(served_on(resolution, host, rules), key=lambda wire: wire != dialect)
        facts = ((wire, target_for(resolution, host, wire, rules).facts) for wire in wires)
        wire = next((wire for wire, stated in facts if _takes(stated, fact, wanted)), None)
        if wire is not None:
            found.append(name if wire == dialect else f'{name} with api_type="{FIELDS[wire].api_type}"')
        if len(found) == _NAMED or (found and name == model):
            break
    return ", ".join(found)


def _takes(facts: Facts, fact: str, wanted: str) -> bool:
    kind = attrgetter(fact.rpartition(".")[0])(facts)
    return (
        facts.lifecycle.state == "active" and bool(kind.sources) and is_among(wanted, attrgetter(fact)(facts))
    )
