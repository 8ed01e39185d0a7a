"""What media costs time is done in threads: reading files, and hashing many bytes."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any, TypeVar

from smartllm.compiler import Plan
from smartllm.compiler.payload import MUCH, Payload
from smartllm.media import has_files, loaded
from smartllm.request import MessageRequest, TextRequest

if TYPE_CHECKING:
    R = TypeVar("R", TextRequest[Any], MessageRequest[Any], TextRequest[Any] | MessageRequest[Any])


async def with_files(request: R) -> R:
    """A request whose files are read, each once.

    Raises:
        UnsupportedError: One cannot be read; names its place.
    """
    if not has_files(request):
        return request
    return await asyncio.to_thread(loaded, request)


async def hashed(plan: Plan) -> Plan:
    """A plan whose fingerprint is known, where working it out would hold up the event loop."""
    contents = [step.content for step in plan.steps]
    if sum(len(content) for content in contents if isinstance(content, Payload)) > MUCH:
        await asyncio.to_thread(getattr, plan, "fingerprint")
    return plan
