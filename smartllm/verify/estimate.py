"""What a verification will cost, before anything is sent."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Final

from smartllm.cost import Billing, cost_of
from smartllm.usage import Usage
from smartllm.verify.bodies import Call
from smartllm.verify.plan import ProbePlan

_BRIEF: Final = 32
"""Tokens of an answer to the prompt where nothing stops it earlier."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Estimate:
    """Figures of a verification.

    Attributes:
        calls: Calls that are planned; a refusal that is not clear makes a few more.
        input_tokens: Tokens of their prompts.
        output_tokens: Tokens of their answers, if the model is as brief as it is asked to be.
        most_output_tokens: The same if each answer is as long as it may be.
        cost: US dollars for the former; None where no price is known.
        most_cost: US dollars for the latter.
    """

    calls: int
    input_tokens: int
    output_tokens: int
    most_output_tokens: int
    cost: Decimal | None
    most_cost: Decimal | None

    def as_dict(self) -> dict[str, Any]:
        """JSON-ready data."""
        return {
            "calls": self.calls,
            "input_tokens": self.input_tokens,
            "output_tokens": self.output_tokens,
            "most_output_tokens": self.most_output_tokens,
            "cost": None if self.cost is None else float(self.cost),
            "most_cost": None if self.most_cost is None else float(self.most_cost),
        }


def estimate_of(plan: ProbePlan, most_calls: int) -> Estimate:
    """The estimate for a plan.

    Args:
        plan: What will be asked.
        most_calls: Calls that may be made.
    """
    calls = [plan.baseline, *(group.call for group in plan.groups)][:most_calls]
    given = sum(call.step.tokens - call.step.max_output for call in calls)
    brief = sum(min(_limit(call), _BRIEF) for call in calls)
    longest = sum(_limit(call) for call in calls)
    return Estimate(
        calls=len(calls),
        input_tokens=given,
        output_tokens=brief,
        most_output_tokens=longest,
        cost=_cost(plan, given, brief),
        most_cost=_cost(plan, given, longest),
    )


def _limit(call: Call) -> int:
    return call.step.max_output or _BRIEF


def _cost(plan: ProbePlan, given: int, answered: int) -> Decimal | None:
    target = plan.bodies.target
    usage = Usage(input_tokens=given, output_tokens=answered)
    return cost_of(usage, Billing(target.host_row.prices), model=plan.bodies.model)
