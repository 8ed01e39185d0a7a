"""Token counts."""

from __future__ import annotations

from dataclasses import dataclass

from smartllm.field_docs import documented


@documented
@dataclass(frozen=True)
class Usage:
    """Token counts of one call, as the provider reports them; 0 where it reports none.

    They mean the same on every wire: ``input_tokens`` is the whole prompt, however it was read, and the
    counts of the prompt cache are parts of it. Claude and Converse report the three apart; they are added up.
    """

    input_tokens: int = 0
    """Prompt tokens: read from the provider's prompt cache, written to it, and all others."""
    output_tokens: int = 0
    """Generated tokens, reasoning included."""
    reasoning_tokens: int = 0
    """The part of the output that was reasoning."""
    cached_tokens: int = 0
    """The part of the input that was read from the provider's own prompt cache."""
    cache_write_tokens: int = 0
    """The part of the input that was written to it."""
    cache_write_1h_tokens: int = 0
    """The part of those that is kept for an hour, which costs more."""

    def __add__(self, other: Usage) -> Usage:
        return Usage(
            self.input_tokens + other.input_tokens,
            self.output_tokens + other.output_tokens,
            self.reasoning_tokens + other.reasoning_tokens,
            self.cached_tokens + other.cached_tokens,
            self.cache_write_tokens + other.cache_write_tokens,
            self.cache_write_1h_tokens + other.cache_write_1h_tokens,
        )
