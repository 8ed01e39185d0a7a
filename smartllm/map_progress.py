"""How far ``client.map`` is."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from decimal import Decimal


@dataclass(frozen=True, slots=True)
class MapProgress:
    """How far ``client.map`` is.

    Attributes:
        done: Requests that are answered, or have failed.
        failed: Those of them that have failed.
        cached: Those of them whose answer came from the cache.
        total: How many there are; None where the requests do not tell their number.
        in_flight: Requests that are under way.
        seconds: Time since the first one.
        cost: What the answers cost in US dollars, by genai-prices; None while no price is known.
    """

    done: int
    failed: int
    cached: int
    total: int | None
    in_flight: int
    seconds: float
    cost: Decimal | None = None

    @property
    def rate(self) -> float:
        """Requests done in a second."""
        return self.done / self.seconds if self.seconds > 0 else 0.0

    @property
    def seconds_left(self) -> float | None:
        """Time that the rest will take at this rate; None where that is not known."""
        if self.total is None or not self.rate:
            return None
        return max(0, self.total - self.done) / self.rate


OnMapProgress = Callable[[MapProgress], Awaitable[None] | None]
"""Is told after each request; may be a coroutine function."""
