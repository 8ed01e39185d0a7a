"""From the light reasons of a plan to their full origins, when somebody asks."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING

from smartllm.compiler.trace import Reason
from smartllm.diagnostics import Origin

if TYPE_CHECKING:
    from smartllm.rules.target import Target
    from smartllm.rules.vocabulary import Facts


class Provenance:
    """Tells the origins of reasons: by looking into a target's rows, or from what was looked up before.

    Args:
        target: Where facts are looked up; None for a plan that came from another process.
        known: Origins that are known already.
    """

    __slots__ = ("_known", "_target")

    def __init__(self, target: Target | None, known: Mapping[Reason, Origin] | None = None) -> None:
        self._target = target
        self._known: dict[Reason, Origin] = {} if known is None else dict(known)

    def origin(self, reason: Reason) -> Origin:
        """The full origin of a reason."""
        found = self._known.get(reason)
        if found is None:
            stated = reason.kind == "fact" and self._target is not None
            found = self._target.origin(reason.name) if stated else Origin(*reason)  # type: ignore[union-attr]
            self._known[reason] = found
        return found

    @property
    def facts(self) -> Facts | None:
        """The target's facts; None for a plan that came from another process."""
        return None if self._target is None else self._target.facts

    def only(self, reasons: Iterable[Reason]) -> Provenance:
        """What a plan takes along to another process: the origins of its own reasons, and no rules."""
        return Provenance(None, {reason: self.origin(reason) for reason in reasons})
