"""Answers that the cache has for lines of requests."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from smartllm.compiler import Plan
from smartllm.runtime.cache.entry import response_of
from smartllm.runtime.cache.levels import ResponseCache

if TYPE_CHECKING:
    from smartllm.request import MessageRequest, TextRequest
    from smartllm.response import CacheSource, TextResponse

    Request = TextRequest[Any] | MessageRequest[Any]


async def hit(cache: ResponseCache, request: Request, plan: Plan, key: str) -> TextResponse[Any] | None:
    """The answer that a call online would be given by the cache; None where it would be sent.

    Args:
        cache: The cache.
        request: The request.
        plan: Its plan.
        key: Its key in the cache.
    """
    if not plan.cacheable or not request.use_cache or request.clear_cache:
        return None
    levels: tuple[tuple[CacheSource, Callable[[str], Any]], ...] = (
        ("l1", cache.local_get),
        ("l2", cache.shared_get),
    )
    for source, get in levels:
        found = response_of(await get(key), request, plan)
        if found is not None:
            return replace(found, cache_source=source, cache_key=key, _given=len(plan.steps))
    return None
