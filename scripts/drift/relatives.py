"""The listed model that an id which is not listed is most like, by the resolver's word."""

from __future__ import annotations

from dataclasses import dataclass, replace

from drift.compare import Table
from drift.facts import Ours
from smartllm.errors import UnknownModelError
from smartllm.rules import Resolution, resolve


@dataclass(frozen=True)
class Relative:
    """Where the facts of an id would come from.

    Attributes:
        found: The resolution.
        name: Its row, or its profile when a whole generation is meant.
    """

    found: Resolution

    @property
    def profile(self) -> str:
        """The profile to name."""
        return self.found.profile

    @property
    def vendor(self) -> str | None:
        """Who makes it."""
        return self.found.vendor

    @property
    def name(self) -> str:
        """Its row, or its profile when a whole generation is meant."""
        return self.found.model or f"profile {self.found.profile}"

    def ours(self, key: str, host: str, table: Table) -> Ours | None:
        """The facts of its profile at a host, as those of the new id, whose row names no more than that."""
        ours = table.ours(replace(self.found, model=None), host)
        return None if ours is None else Ours(key, host, ours.target, ours.wires, ours.today)


def relative(model: str, table: Table) -> Relative | None:
    """The nearest relative of an id; None where there is none."""
    try:
        found = resolve(model, table.rules)
    except UnknownModelError as error:
        if not error.nearest:
            return None
        found = resolve(model, table.rules, like=error.nearest[0])
    return Relative(found)
