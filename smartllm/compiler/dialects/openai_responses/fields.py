"""Places and words of OpenAI's Responses."""

from __future__ import annotations

from typing import Final

from smartllm.compiler.dialects.fields import Fields

FIELDS: Final = Fields(
    api_type="responses",
    telemetry="openai",
    limits=("max_output_tokens",),
    effort=("reasoning.effort",),
    places={"reasoning_summary": "reasoning.summary", "user": "{place}", "logprobs": "include"},
    turns="input",
    stop="status",
    # The status says only that it is incomplete; the reason beside it says why.
    finish={
        "completed": "stop",
        "complete": "stop",  # some servers
        "incomplete": "length",
        "max_output_tokens": "length",
        "max_messages": "length",
        "steered": "stop",
        "content_filter": "content_filter",
        "failed": "error",
        "cancelled": "error",
    },
    withheld={"content_filter": "content filter"},
    empty=frozenset({"incomplete"}),
)
