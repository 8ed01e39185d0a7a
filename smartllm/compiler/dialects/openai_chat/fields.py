"""Places and words of OpenAI's Chat Completions."""

from __future__ import annotations

from typing import Final

from smartllm.compiler.dialects.fields import Fields

FIELDS: Final = Fields(
    api_type="chat_completions",
    telemetry="openai",
    limits=("max_completion_tokens", "max_tokens"),
    effort=("reasoning_effort", "reasoning.effort"),
    places={"stop_sequences": "stop", "user": "{place}", "seed": "{place}"},
    stop="finish_reason",
    finish={
        "stop": "stop",
        "length": "length",
        "tool_calls": "tool_calls",
        "function_call": "tool_calls",
        "content_filter": "content_filter",
        "error": "error",
        "model_length": "length",  # Mistral
        "insufficient_system_resource": "error",  # DeepSeek
    },
    withheld={"content_filter": "content filter"},
    empty=frozenset({"length", "content_filter", "insufficient_system_resource"}),
)
