"""The closed words of requests and settings."""

from __future__ import annotations

from typing import Final, Literal, get_args

Effort = Literal["none", "minimal", "low", "medium", "high", "xhigh", "max"]
"""Reasoning effort, from the lowest to the highest."""

EFFORTS: Final[tuple[Effort, ...]] = get_args(Effort)

Provider = Literal[
    "openai",
    "bedrock",
    "anthropic",
    "azure",
    "bedrock-openai",
    "bedrock-anthropic",
    "bedrock-mantle",
    "azure-deployments",
]
"""Who is called; servers that speak OpenAI's API are ``openai`` with a ``base_url``. The last four are single
doors of a provider that has several."""

Role = Literal["user", "assistant"]
"""Whose a turn is; system text stands in ``system_prompt``, or in a ``SystemMessage``."""

ApiType = Literal["responses", "chat_completions", "messages", "invoke", "converse"]
"""Which API of a provider to use: OpenAI's two, Anthropic's, and Bedrock's InvokeModel and Converse."""

StructuredOutput = Literal["auto", "native", "tool", "two_pass"]
"""How an answer is bound to ``response_format``."""

Verbosity = Literal["low", "medium", "high"]
"""How long an answer the caller wants."""

ServiceTier = Literal["auto", "default", "flex", "scale", "priority", "fast", "reserved", "standard_only"]
"""How urgently, and at which price, the provider works; ``fast`` is another word for ``priority``,
``standard_only`` Anthropic's for ``default``."""

ReasoningSummary = Literal["auto", "concise", "detailed"]
"""How much of its reasoning the model shows."""

CacheTime = Literal["5m", "1h"]
"""How long a provider may be asked to keep what stands before a mark."""

CACHE_TIMES: Final[tuple[CacheTime, ...]] = get_args(CacheTime)

PromptCache = Literal["5m", "1h", "24h"]
"""How long the provider is to keep the beginning of a prompt."""

FinishReason = Literal["stop", "length", "tool_calls", "content_filter", "refusal", "error"]
"""Why an answer ended, the same words for every provider."""
