"""What the calls of one client share in one event loop."""

from __future__ import annotations

from collections import OrderedDict
from typing import Final

from smartllm.compiler import Plan, Quota
from smartllm.runtime.answer import CallRecord, Found
from smartllm.runtime.control.concurrency import Limiter
from smartllm.runtime.control.deadline import OpenWaits
from smartllm.runtime.control.retry import RetryBudget
from smartllm.runtime.control.single_flight import SingleFlight

_LIMITERS: Final = 256


class Shared:
    """What the calls of one client in one event loop share.

    Attributes:
        flights: Equal calls under way.
        waits: Whatever waits.
        budget: What pays for retries.
    """

    def __init__(self, capacity: float | None) -> None:
        self.flights: SingleFlight[Found, CallRecord] = SingleFlight()
        self.waits = OpenWaits()
        self.budget = RetryBudget(capacity)
        self._limiters: OrderedDict[tuple[str, Quota, bool], Limiter] = OrderedDict()

    def limiter(self, plan: Plan, most: int | None, share: float, *, counts: bool = False) -> Limiter:
        """A share of a plan's model's limits; those of models that rest are forgotten once there are many.

        Args:
            plan: The plan.
            most: Calls in flight at most; None takes the model's number.
            share: The part that is let through here.
            counts: For calls that count tokens, which providers limit apart: their rate is not the model's.
        """
        key = (plan.resolution.key, plan.quota, counts)
        known = self._limiters.get(key)
        if known is None:
            quota = plan.quota
            known = self._limiters[key] = Limiter(
                most or quota.concurrency,
                requests_per_minute=None if counts else quota.requests_per_minute,
                tokens_per_minute=None if counts else quota.tokens_per_minute,
                share=share,
            )
            for idle in [name for name, limiter in self._limiters.items() if not limiter.in_flight]:
                if len(self._limiters) <= _LIMITERS:
                    break
                if idle != key:
                    del self._limiters[idle]
        self._limiters.move_to_end(key)
        return known
