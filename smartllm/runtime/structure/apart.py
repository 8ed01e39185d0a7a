"""Large structured answers, read beside the event loop instead of in it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, Final, TypeVar

from smartllm.request import MessageRequest, TextRequest
from smartllm.response import TextResponse
from smartllm.runtime.control.owner import PerOwner
from smartllm.runtime.structure.structured import is_last, is_offered

if TYPE_CHECKING:
    from smartllm.compiler import Plan
    from smartllm.compiler.dialects.decoding import Decoded
    from smartllm.runtime.answer import Fetched

R = TypeVar("R")

_MUCH: Final = 64 * 1024
"""Characters of an answer that a class of the caller reads in some milliseconds."""
_MUCH_FOR_SCHEMAS: Final = 2 * 1024
"""As above for a JSON Schema, whose checker is slower."""

_LONGEST_WAIT: Final = 1.0
"""Seconds after which an answer is read beside another one."""
_TURNS: Final[PerOwner[asyncio.Semaphore]] = PerOwner(lambda: asyncio.Semaphore(1))


async def response_apart(
    fetched: Fetched, request: TextRequest[Any] | MessageRequest[Any], plan: Plan
) -> TextResponse[Any]:
    """As ``Fetched.response``; in a thread where that would hold up the event loop.

    The caller's validators run there too, with the context variables of the call.

    Raises:
        ProviderError: As ``Fetched.response``.
        pydantic.ValidationError: As ``Fetched.response``.
    """
    wanted = request.response_format
    if wanted is not None:
        last = fetched.answers[-1]
        if is_over(_most(wanted), [last.text, *(call.arguments for call in last.tool_calls)]):
            return await _apart(fetched.response, request, plan)
    return fetched.response(request, plan)


async def is_last_apart(plan: Plan, first: Decoded, request: TextRequest[Any] | MessageRequest[Any]) -> bool:
    """As ``is_last``; in a thread where that would hold up the event loop."""
    wanted, context = request.response_format, request.validation_context
    if is_offered(plan.steps[0]) and is_over(_most(wanted), first.text):
        return await _apart(is_last, plan, first, wanted, context)
    return is_last(plan, first, wanted, context)


def _most(wanted: Any) -> int:
    return _MUCH_FOR_SCHEMAS if isinstance(wanted, Mapping) else _MUCH


async def _apart(read: Callable[..., R], *what: Any) -> R:
    """Read in a thread, one answer after the other: several threads at once would keep the loop waiting."""
    turn, held = _TURNS.get(), False
    try:
        # A validator may itself wait for an answer that waits for its turn.
        async with asyncio.timeout(_LONGEST_WAIT):
            held = await turn.acquire()
    except TimeoutError:
        pass
    try:
        return await asyncio.to_thread(read, *what)
    finally:
        if held:
            turn.release()


def is_over(most: int, data: Any) -> bool:
    """Whether JSON data has more than so many characters, or about that; more of it is not looked at."""
    left, size = [data], 0
    while left and size <= most:
        value = left.pop()
        size += 4
        if isinstance(value, str):
            size += len(value)
        elif isinstance(value, list):
            left += value
            size += len(value)
        elif isinstance(value, dict):
            left += value
            left += value.values()
    return size > most
