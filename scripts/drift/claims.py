"""What a catalogue says of a model, in the words of the rules."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from drift.archives import Archive
from smartllm.words import EFFORTS

Registry = Literal["pypi", "npm"]


@dataclass(frozen=True)
class Claim:
    """What a catalogue says of one id at one host.

    Attributes:
        host: Whose endpoint takes the id; one that the rules do not know counts for its ids alone.
        model: The id as the catalogue spells it.
        facts: What is said, by the names in ``facts.COMPARED``; what is not known is left out or None.
        page: The page that the catalogue cites.
        pages: Pages that it cites for single facts.
        callable: The catalogue lists the id as one that can be called; it is no bare date or price.
    """

    host: str
    model: str
    facts: Mapping[str, Any] = field(default_factory=dict)
    page: str | None = None
    pages: Mapping[str, str | None] = field(default_factory=dict)
    callable: bool = True

    def cited(self, fact: str) -> str | None:
        """The page for one fact."""
        return self.pages.get(fact) or self.page


@dataclass(frozen=True)
class Catalogue:
    """A package that holds a catalogue.

    Attributes:
        package: Its name in the registry.
        registry: Where it is.
        read: Its claims.
        page: Where it is made, which stands as evidence for what it cites no page for.
    """

    package: str
    registry: Registry
    read: Callable[[Archive], Iterator[Claim]]
    page: str


def day(text: str | None) -> dt.date | None:
    """A date in ISO's form; None for anything else."""
    try:
        return dt.date.fromisoformat(text or "")
    except ValueError:
        return None


def offered(levels: list[str] | tuple[str, ...]) -> dict[str, bool]:
    """Of every effort level whether it is among those listed."""
    return {level: level in levels for level in EFFORTS}
