"""What comes back: ``TextResponse``, ``StreamChunk`` and ``Usage``."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Generic, Literal

from typing_extensions import TypeVar

from smartllm.usage import Usage

if TYPE_CHECKING:
    from decimal import Decimal

    from smartllm.cost import Billing
    from smartllm.diagnostics import Diagnostic
    from smartllm.request import Message, Reasoning

__all__ = ["CacheSource", "StreamChunk", "TextResponse", "Usage"]

T = TypeVar("T", default=Any)

CacheSource = Literal["miss", "l1", "l2"]


@dataclass(slots=True)
class TextResponse(Generic[T]):
    """A whole answer.

    Attributes:
        text: Generated text.
        model: Model that generated the answer.
        stop_reason: Why generation stopped, in the provider's word.
        input_tokens: Prompt tokens.
        output_tokens: Generated tokens, reasoning included.
        reasoning_tokens: Reasoning or thinking tokens.
        cached_tokens: Prompt tokens read from the provider's prompt cache.
        timestamp: ISO 8601 UTC time of the original call.
        elapsed_seconds: Duration of the original call in seconds.
        metadata: Request context: ``prompt`` or ``messages``, ``response_format`` (JSON Schema),
            ``thinking`` where the model showed its reasoning, ``incomplete_reason`` where the provider says
            why it stopped early, ``refusal`` where the model refused in words of their own.
        structured_data: The validated object when ``response_format`` was set, else None.
        cache_source: ``miss``, ``l1`` (local) or ``l2`` (DynamoDB).
        cache_key: Key of this request in the cache.
        diagnostics: What the compiler changed.
        reasoning: The provider's reasoning blocks, for the next turn of a conversation; see ``as_message``.
        provider: ``openai`` or ``bedrock``.
        requested_model: Model id that was called.
        billing: How the host's token counts are priced.
    """

    text: str
    model: str
    stop_reason: str
    input_tokens: int = 0
    output_tokens: int = 0
    reasoning_tokens: int = 0
    cached_tokens: int = 0
    timestamp: str | None = None
    elapsed_seconds: float | None = None
    metadata: dict[str, Any] = field(default_factory=dict)
    structured_data: T = None  # type: ignore[assignment]  # None only where no response_format was set
    cache_source: CacheSource = "miss"
    cache_key: str | None = None
    diagnostics: tuple[Diagnostic, ...] = ()
    reasoning: Reasoning | None = None
    provider: str | None = None
    requested_model: str | None = None
    billing: Billing | None = field(default=None, repr=False)

    @property
    def cost(self) -> Decimal | None:
        """Price of the original call in US dollars, by genai-prices; None without it, or without a price."""
        from smartllm.cost import cost_of  # noqa: PLC0415 - for those who ask

        if self.billing is None or self.requested_model is None:
            return None
        return cost_of(self.usage, self.billing, model=self.requested_model, when=self.timestamp)

    def as_message(self) -> Message:
        """This answer as a turn of a conversation, with its reasoning.

        Raises:
            pydantic.ValidationError: (a ``ValueError``) the answer has no text.
        """
        from smartllm.request import Message  # noqa: PLC0415 - loads pydantic

        return Message("assistant", self.text, reasoning=self.reasoning)

    @property
    def usage(self) -> Usage:
        """The four token counts as one value."""
        return Usage(self.input_tokens, self.output_tokens, self.reasoning_tokens, self.cached_tokens)


@dataclass(frozen=True, slots=True)
class StreamChunk:
    """New text of a streamed answer.

    Attributes:
        text: The new text; empty on the final chunk.
        model: Model that generates the answer.
        metadata: ``{"type": "thinking"}`` on chunks of reasoning.
        stop_reason: Set on the final chunk only.
        usage: Set on the final chunk only.
        structured_data: The validated object, on the final chunk, when ``response_format`` was set.
        reasoning: As ``TextResponse.reasoning``, on the final chunk.
    """

    text: str
    model: str
    metadata: dict[str, Any] = field(default_factory=dict)
    stop_reason: str | None = None
    usage: Usage | None = None
    structured_data: Any = None
    reasoning: Reasoning | None = None
