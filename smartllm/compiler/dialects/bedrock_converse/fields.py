"""Places and words of Bedrock's Converse."""

from __future__ import annotations

from typing import Final

from smartllm.compiler.dialects.anthropic_messages.fields import FIELDS as CLAUDE
from smartllm.compiler.dialects.fields import Fields

EXTRA: Final = "additionalModelRequestFields"
"""Where Converse takes what only some models know."""

_MALFORMED: Final = ("malformed_tool_use", "malformed_model_output")

FIELDS: Final = Fields(
    api_type="converse",
    limits=("inferenceConfig.maxTokens",),
    places={
        "temperature": "inferenceConfig.temperature",
        "top_p": "inferenceConfig.topP",
        # Converse has no topK of its own; botocore refuses one in inferenceConfig (bedrock_runtime §3).
        "top_k": f"{EXTRA}.{{place}}",
        "stop_sequences": "inferenceConfig.stopSequences",
        **{
            name: f"{EXTRA}.{name}"
            for name in ("seed", "presence_penalty", "frequency_penalty", "logprobs", "top_logprobs", "store")
        },
        "reasoning_summary": f"{EXTRA}.thinking.display",
        "service_tier": "serviceTier.type",
        "metadata": "requestMetadata",
        "user": f"{EXTRA}.metadata.user_id",
        "guardrail": "guardrailConfig.guardrailIdentifier",
    },
    effort=(
        f"{EXTRA}.output_config.effort",
        f"{EXTRA}.reasoning_effort",
        f"{EXTRA}.reasoning.effort",
        f"{EXTRA}.reasoning_config",
        f"{EXTRA}.reasoningConfig.maxReasoningEffort",
    ),
    thinking=f"{EXTRA}.thinking",
    citation="location",
    tools=("toolConfig", f"{EXTRA}.tools"),
    choice="toolConfig.toolChoice",
    beta=f"{EXTRA}.anthropic_beta",
    stop="stop_reason",
    finish={**CLAUDE.finish, **dict.fromkeys(_MALFORMED, "error")},
    paused=CLAUDE.paused,
    withheld=CLAUDE.withheld,
    full=CLAUDE.full,
    empty=CLAUDE.empty | {*_MALFORMED},
)
