"""What a compilation for a batch engine comes to: counts, tokens, and about what it will cost."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import Final, NamedTuple

from smartllm.compiler import Plan
from smartllm.cost import Billing, price_of
from smartllm.usage import Usage

_SHOWN: Final = 5


class _Priced(NamedTuple):
    """What lines of one price have in common."""

    model: str
    billing: Billing


@dataclass(slots=True)
class _Sum:
    """Lines of one price, and their tokens; ``open``: some state no limit of their output."""

    lines: int = 0
    input: int = 0
    output: int = 0
    open: bool = False


@dataclass(slots=True)
class Compiled:
    """What a compilation came to.

    Attributes:
        lines: Requests in the file.
        sent: Lines that are sent.
        same: Lines for which another one is sent.
        sampled: Those of them whose answers would differ if each was sent: they are no matter of the cache.
        cached: Lines that the cache has answered.
        refused: Lines of which no body could be made, or too few for a job.
        units: Files that were made.
        bytes: How long they are together.
        tokens: Estimate of the tokens that are reserved for the first steps: input and output limits.
        input_cost: About what the input of the first steps costs, in US dollars at the engine's price; None
            where no price is known.
        output_cost: What their answers cost at most; None also where a line states no limit.
        second_steps: Lines whose plans have a second step.
        codes: How many lines have each diagnostic, by severity and code.
        wrong: The first few lines that are refused, each with why.
    """

    lines: int = 0
    sent: int = 0
    same: int = 0
    sampled: int = 0
    cached: int = 0
    refused: int = 0
    units: int = 0
    bytes: int = 0
    tokens: int = 0
    input_cost: float | None = None
    output_cost: float | None = None
    second_steps: int = 0
    codes: Counter[tuple[str, str]] = field(default_factory=Counter)
    wrong: list[tuple[int, str]] = field(default_factory=list)

    def refuse(self, line: int, why: object, count: int = 1) -> None:
        """Count lines that are not sent; of the first few it is kept why.

        Args:
            line: The first one's number.
            why: The reason.
            count: How many.
        """
        self.refused += count
        if len(self.wrong) < _SHOWN:
            self.wrong.append((line, str(why)))


class Costs:
    """Adds up what is sent, to price it once: a price is looked up for each model, not for each line."""

    def __init__(self) -> None:
        self._sums: dict[_Priced, _Sum] = {}

    def add(self, plan: Plan, tokens: int) -> None:
        """Count a line.

        Args:
            plan: Its plan.
            tokens: What is reserved for its first step.
        """
        step = plan.steps[0]
        found = self._sums.setdefault(_Priced(step.model, plan.billing), _Sum())
        output = step.max_output
        found.lines += 1
        found.input += tokens - output
        found.output += output
        found.open = found.open or not output

    def input(self) -> float | None:
        """What the input costs, in US dollars; None where no price is known."""
        return self._cost(
            [(key, one.lines, Usage(input_tokens=one.input)) for key, one in self._sums.items()]
        )

    def output(self) -> float | None:
        """What answers up to their limits cost; None where one has no limit, or no price is known."""
        if any(one.open for one in self._sums.values()):
            return None
        return self._cost(
            [(key, one.lines, Usage(output_tokens=one.output)) for key, one in self._sums.items()]
        )

    @staticmethod
    def _cost(sums: list[tuple[_Priced, int, Usage]]) -> float | None:
        total = 0.0
        for key, lines, usage in sums:
            # Prices rise with the length of a prompt, and the longest is none of all lines together.
            one = Usage(input_tokens=usage.input_tokens // lines, output_tokens=usage.output_tokens // lines)
            price = price_of([one], key.billing, model=key.model)
            if price is None:
                return None
            total += float(price) * lines
        return total
