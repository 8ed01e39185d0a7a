"""Who takes what a target does not: for the hints of refusals."""

from __future__ import annotations

from operator import attrgetter
from typing import TYPE_CHECKING, Final

from smartllm.compiler.dialects import FIELDS
from smartllm.errors import UnsupportedError
from smartllm.rules.load import RuleSet
from smartllm.rules.resolve import resolve
from smartllm.rules.target import served_on, target_for

if TYPE_CHECKING:
    from smartllm.rules import Target

_NAMED: Final = 3


class NotTakenError(UnsupportedError):
    """A target does not take a part.

    Attributes:
        wanted: Values of the fact with which a model would take it.
    """

    def __init__(self, message: str, *, field: str, hint: str, fact: str, wanted: tuple[str, ...]) -> None:
        super().__init__(message, field=field, hint=hint, fact=fact)
        self.wanted = wanted

    def told(self, target: Target) -> UnsupportedError:
        """The error with the row that states the fact, and a few models of its host that take it."""
        asked = (target.host, target.dialect, target.resolution.vendor or "", self.fact, self.wanted)
        others = target.rules.remembered(_takers, target.resolution.model or "", *asked)
        hint = "; ".join(filter(None, (self.hint, others and f"others take it: {others}")))
        return UnsupportedError(
            f"{self.message} [{target.origin(self.fact)}]", field=self.field, hint=hint, fact=self.fact
        )


def _takers(
    model: str, host: str, dialect: str, vendor: str, fact: str, wanted: tuple[str, ...], rules: RuleSet
) -> str:
    """The model itself by another API, or a few others, those of the same vendor and the newest first."""
    rows = [name for name in rules.table("model") if name != model]
    resolved = {name: resolve(name, rules) for name in reversed(rows)}
    near = sorted(resolved, key=lambda name: resolved[name].vendor != vendor)
    found: list[str] = []
    for name in [model, *near] if model else near:
        resolution = resolved.get(name) or resolve(name, rules)
        wires = served_on(resolution, host, rules)
        first = [dialect] if dialect in wires else []
        for wire in (*first, *wires):
            facts = target_for(resolution, host, wire, rules).facts
            taken = attrgetter(fact)(facts)
            if facts.lifecycle.state == "active" and ("*" in taken or set(wanted) <= set(taken)):
                found.append(_said(name, same=wire == dialect, api_type=FIELDS[wire].api_type))
                break
        if len(found) == _NAMED or (found and name == model):
            break
    return ", ".join(found)


def _said(name: str, *, same: bool, api_type: str) -> str:
    return name if same else f'{name} with api_type="{api_type}"'
