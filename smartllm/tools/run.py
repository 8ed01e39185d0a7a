"""What ``LLMClient.run_tools`` gives back, and what its ``on_call`` is told."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Generic

from typing_extensions import TypeVar

from smartllm.usage import Usage

if TYPE_CHECKING:
    from decimal import Decimal

    from smartllm.content import ToolCall, ToolResult
    from smartllm.request import Message
    from smartllm.response import TextResponse
    from smartllm.tools.declared import Tool

T = TypeVar("T", default=Any)


@dataclass(frozen=True)
class ToolRun(Generic[T]):
    """Rounds of asking a model and running the tools that it calls.

    Attributes:
        response: The last answer.
        messages: The whole conversation: the request's, then each answer with its results. The last answer is
            left out if it says nothing.
        responses: The answers, one a round.
        calls: Calls of the last answer that are left to the caller: of tools without a function, and all of
            an answer that was withheld, or was to call nothing.
        results: What the other calls of the last answer gave back. They go into the next turn, before the
            results of ``calls``.
    """

    response: TextResponse[T]
    messages: list[Message] = field(repr=False)
    responses: tuple[TextResponse[T], ...] = field(repr=False)
    calls: tuple[ToolCall, ...] = ()
    results: tuple[ToolResult, ...] = ()

    @property
    def rounds(self) -> int:
        """How often the model was asked."""
        return len(self.responses)

    @property
    def usage(self) -> Usage:
        """The token counts of all rounds; those from the cache count as when they were asked."""
        return sum((response.usage for response in self.responses), Usage())

    @property
    def cost(self) -> Decimal | None:
        """As ``TextResponse.cost``, of all rounds; None where one has none."""
        return _sum([response.cost for response in self.responses])

    @property
    def original_cost(self) -> Decimal | None:
        """As ``TextResponse.original_cost``, of all rounds; None where one has none."""
        return _sum([response.original_cost for response in self.responses])


@dataclass(frozen=True)
class CallEvent:
    """A call of a run, before and after it.

    Attributes:
        call: What the model asks for.
        tool: The declared tool; None for a name that no tool has.
        round: Which answer of the run calls it, from 1.
        result: None before the call; afterwards what the model will be told.
        exception: Afterwards: what the function raised, or what is wrong with the arguments.
        elapsed_seconds: Afterwards: how long it took.
    """

    call: ToolCall
    tool: Tool | None
    round: int
    result: ToolResult | None = None
    exception: BaseException | None = field(default=None, repr=False)
    elapsed_seconds: float | None = None


def _sum(costs: list[Decimal | None]) -> Decimal | None:
    known = [cost for cost in costs if cost is not None]
    return sum(known[1:], known[0]) if known and len(known) == len(costs) else None


OnCall = Callable[[CallEvent], Any]
"""Is told of each call twice; may be a coroutine function, and what it returns stands for the result."""
