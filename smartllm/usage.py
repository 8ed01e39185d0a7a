"""Token counts."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Usage:
    """Token counts of one call, as the provider reports them; 0 where it reports none.

    Attributes:
        input_tokens: Prompt tokens.
        output_tokens: Generated tokens, reasoning included.
        reasoning_tokens: The part of the output that was reasoning.
        cached_tokens: Prompt tokens read from the provider's own prompt cache.
    """

    input_tokens: int = 0
    output_tokens: int = 0
    reasoning_tokens: int = 0
    cached_tokens: int = 0

    def __add__(self, other: Usage) -> Usage:
        return Usage(
            self.input_tokens + other.input_tokens,
            self.output_tokens + other.output_tokens,
            self.reasoning_tokens + other.reasoning_tokens,
            self.cached_tokens + other.cached_tokens,
        )
