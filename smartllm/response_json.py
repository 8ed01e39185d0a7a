"""A response as JSON data: what ``smartllm run --json`` prints, and what a line of results holds."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from smartllm.compiler.formats import dumped
from smartllm.response import TextResponse


def as_dict(response: TextResponse[Any]) -> dict[str, Any]:
    """A response as JSON data, without what only Python needs."""
    calls = [{"id": call.id, "name": call.name, "arguments": call.arguments} for call in response.tool_calls]
    return {
        "text": response.text,
        **({"tool_calls": calls} if calls else {}),
        "refusal": response.refusal,
        "model": response.model,
        "stop_reason": response.stop_reason,
        "finish_reason": response.finish_reason,
        "request_id": response.request_id,
        "usage": asdict(response.usage),
        "timestamp": response.timestamp,
        "elapsed_seconds": response.elapsed_seconds,
        "structured_data": dumped(response.structured_data),
        "cache_source": response.cache_source,
        "cache_key": response.cache_key,
        "metadata": response.metadata,
        "diagnostics": [item.as_dict() for item in response.diagnostics],
    }
