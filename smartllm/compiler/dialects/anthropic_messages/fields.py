"""Places and words of Claude's Messages."""

from __future__ import annotations

from typing import Final

from smartllm.compiler.dialects.fields import HEADER, Fields

BEDROCK: Final = "X-Amzn-Bedrock-"
"""How InvokeModel's headers begin for what is not the model's (API_runtime_InvokeModel, 2026-11-26)."""

FIELDS: Final = Fields(
    api_type="messages",
    limits=("max_tokens",),
    effort=("output_config.effort",),
    places={
        "reasoning_summary": "thinking.display",
        "service_tier": "{place}",
        "metadata": f"{HEADER}{BEDROCK}Request-Metadata",
        "user": "metadata.user_id",
        "guardrail": f"{HEADER}{BEDROCK}GuardrailIdentifier",
    },
    thinking="thinking",
    citation="cited_text",
    beta="anthropic_beta",
    stop="stop_reason",
    finish={
        "end_turn": "stop",
        "stop_sequence": "stop",
        "max_tokens": "length",
        "model_context_window_exceeded": "length",
        "tool_use": "tool_calls",
        "refusal": "refusal",
        # The provider's own tools, or its summary of the conversation, have taken their turn.
        "pause_turn": "stop",
        "compaction": "stop",
        "content_filtered": "content_filter",
        "guardrail_intervened": "content_filter",
    },
    paused=frozenset({"pause_turn", "compaction"}),
    withheld={"content_filtered": "content filter", "guardrail_intervened": "guardrail"},
    full=frozenset({"model_context_window_exceeded"}),
    empty=frozenset(
        {
            "max_tokens",
            "model_context_window_exceeded",
            "stop_sequence",
            "refusal",
            "content_filtered",
            "guardrail_intervened",
        }
    ),
)
