"""What comes back: ``TextResponse``, ``StreamChunk`` and ``Usage``."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, Generic, Literal, Protocol

from typing_extensions import TypeVar

from smartllm.cited import goes_back
from smartllm.content import Other, Part, Reasoning, Text, ToolCall, ToolCallDelta, copied, owned
from smartllm.own_parts import place_in
from smartllm.usage import Usage
from smartllm.words import FinishReason

if TYPE_CHECKING:
    from decimal import Decimal

    from smartllm.cost import Billing
    from smartllm.diagnostics import Diagnostic
    from smartllm.request import Message

__all__ = ["CacheSource", "StreamChunk", "TextResponse", "Usage"]

T = TypeVar("T", default=Any)

CacheSource = Literal["miss", "l1", "l2"]


class StepAnswer(Protocol):
    """What the provider answered to one step; callers that wait for one answer share it."""

    @property
    def parts(self) -> tuple[Part, ...]:
        """What it says."""
        ...

    @property
    def raw(self) -> Mapping[str, Any]:
        """Its JSON."""
        ...

    @property
    def pictures(self) -> tuple[Other, ...]:
        """Its pictures as they go back in a later turn."""
        ...


@dataclass(slots=True)
class TextResponse(Generic[T]):
    """A whole answer.

    Attributes:
        text: Generated text.
        model: Model that generated the answer.
        stop_reason: Why generation stopped, in the provider's word.
        input_tokens: Prompt tokens, those of the provider's prompt cache included.
        output_tokens: Generated tokens, reasoning included.
        reasoning_tokens: Reasoning or thinking tokens.
        cached_tokens: Prompt tokens read from the provider's prompt cache.
        timestamp: ISO 8601 UTC time of the original call.
        elapsed_seconds: Duration of the original call in seconds.
        metadata: Request context: ``prompt`` or ``messages``, ``response_format`` (JSON Schema),
            ``thinking`` where the model showed its reasoning, ``incomplete_reason`` where the provider says
            why it stopped early, ``refusal`` where the model refused in words of their own. What the provider
            tells besides stands there in its own words: ``logprobs`` (a list, one entry a token),
            ``service_tier`` (where one was asked for, or where it is not the ordinary one), ``performance``,
            ``stop_sequence``, ``stop_details`` and ``guardrail`` (what Bedrock's guardrail found).
        structured_data: The validated object when ``response_format`` was set, else None; None too while the
            answer calls the caller's tools.
        cache_source: ``miss``, ``l1`` (local) or ``l2`` (DynamoDB).
        cache_key: Key of this request in the cache.
        diagnostics: What the compiler changed.
        reasoning: The provider's reasoning blocks, for the next turn of a conversation; see ``as_message``.
            On OpenAI's Responses all output items of the answer, which go back only together.
        provider: ``openai`` or ``bedrock``.
        requested_model: Model id that was called.
        billing: How the host's token counts are priced.
        finish_reason: Why generation stopped: ``stop``, ``length``, ``tool_calls``, ``content_filter``,
            ``refusal`` or ``error``; None where the provider's word is not known.
        refusal: The model's own words of refusal, or None.
        request_id: The provider's id of the call, for its support; where the wire has none, of the answer.
        cache_write_tokens: Prompt tokens written to the provider's prompt cache.
        cache_write_1h_tokens: Those of them that are kept for an hour.

    A plan of two steps thinks and answers in the first, and puts that into the structure in the second:
    ``text``, ``parts`` and ``tool_calls`` are the first one's, ``stop_reason``, ``finish_reason``,
    ``refusal``, ``request_id`` and ``raw`` the last one's; ``raws`` has them all.
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
    finish_reason: FinishReason | None = None
    refusal: str | None = None
    request_id: str | None = field(default=None, compare=False)
    cache_write_tokens: int = 0
    cache_write_1h_tokens: int = 0
    # What the rest is made from, and the name by which the tool was called that binds the answer to a schema.
    _answers: tuple[StepAnswer, ...] = field(default=(), repr=False, compare=False)
    _output_tool: str | None = field(default=None, repr=False, compare=False)
    _parts: tuple[Part, ...] | None = field(default=None, init=False, repr=False, compare=False)
    _raws: tuple[dict[str, Any], ...] | None = field(default=None, init=False, repr=False, compare=False)

    @property
    def parts(self) -> tuple[Part, ...]:
        """What the answer says, in the provider's order; what SmartLLM does not read is an ``Other``.

        Texts have what they cite as the wire spells it; pictures and sound are bytes.
        """
        if self._parts is None:
            # Made for those who look: callers that wait for one answer, and the cache, get it too.
            given = self._answers[0].parts if self._answers else ()
            self._parts = tuple(map(self._owned, given))
        return self._parts

    @property
    def tool_calls(self) -> tuple[ToolCall, ...]:
        """The calls that the model asks for, without the one that holds ``structured_data``.

        Names and arguments are those of the declared tools; ``raw`` has the wire's. A call of a tool that
        nobody declared is among them, and so is one that was cut off, which says so.
        """
        calls = (part for part in self.parts if isinstance(part, ToolCall))
        return tuple(call for call in calls if call.name != self._output_tool)

    @property
    def raw(self) -> dict[str, Any]:
        """The wire's JSON of the last step; of a stream, as the wire would have sent it in one piece."""
        return self.raws[-1] if self.raws else {}

    @property
    def raws(self) -> tuple[dict[str, Any], ...]:
        """The wire's JSON, one object a step."""
        if self._raws is None:
            self._raws = tuple(copied(answer.raw) for answer in self._answers)
        return self._raws

    def _owned(self, part: Part) -> Part:
        mine = owned(part)
        if isinstance(mine, Reasoning) and mine.dialect:
            return replace(mine, model=self.requested_model or "")
        return mine

    @property
    def cost(self) -> Decimal | None:
        """Price of the original call in US dollars, by genai-prices; None without it, or without a price."""
        from smartllm.cost import cost_of  # noqa: PLC0415 - for those who ask

        if self.billing is None or self.requested_model is None:
            return None
        return cost_of(self.usage, self.billing, model=self.requested_model, when=self.timestamp)

    def as_message(self) -> Message:
        """This answer as a turn of a conversation, with its reasoning and its calls.

        An answer of text alone is that text. One with calls, with blocks of the provider's own tools, or
        with citations that its wire takes back, is a list of its texts, reasoning, calls and ``Other`` parts
        in the provider's order, to which the next turn answers with one ``ToolResult`` a call. Pictures go
        back on OpenAI's Responses, as the items in which they came; sound stays out.

        Raises:
            pydantic.ValidationError: (a ``ValueError``) the answer has nothing that can go back.
        """
        from smartllm.request import Message  # noqa: PLC0415 - loads pydantic

        pictures = map(owned, self._answers[0].pictures if self._answers else ())
        again = (
            next(pictures, None) if part.type == "image" else self._said_again(part) for part in self.parts
        )
        said = [part for part in again if part is not None]
        inline = any(isinstance(part, Reasoning) for part in said)
        pieces = sum(isinstance(part, Text) for part in said)
        blocks = any(isinstance(part, Other) and self._needs(part) for part in said)
        cited = any(isinstance(part, Text) and part.citations for part in said)
        if self.tool_calls or (inline and pieces > 1) or blocks or cited:
            return Message("assistant", said, reasoning=None if inline else self.reasoning)
        return Message("assistant", self.text, reasoning=self.reasoning)

    def _said_again(self, part: Part) -> Part | None:
        """A part as it stands in a later turn; None for what cannot go back in a place of its own."""
        if isinstance(part, ToolCall) and part.name == self._output_tool:
            given = part.arguments
            return Text(given if isinstance(given, str) else json.dumps(given, ensure_ascii=False))
        if isinstance(part, Text):
            return Text(part.text, tuple(filter(goes_back, part.citations))) if part.text else None
        if isinstance(part, Other):
            return part if place_in(part, "assistant", part.dialect) else None
        return part if isinstance(part, ToolCall) or (isinstance(part, Reasoning) and part.dialect) else None

    def _needs(self, part: Other) -> bool:
        """Whether a part is to stand in the turn; what text and ``reasoning`` say together need not."""
        return not (self.text and self.reasoning is not None and part.raw in self.reasoning.blocks)

    @property
    def usage(self) -> Usage:
        """The token counts as one value."""
        return Usage(
            self.input_tokens,
            self.output_tokens,
            self.reasoning_tokens,
            self.cached_tokens,
            self.cache_write_tokens,
            self.cache_write_1h_tokens,
        )


@dataclass(frozen=True, slots=True)
class StreamChunk:
    """What is new in a streamed answer.

    Attributes:
        text: The new text; empty on pieces of calls and on the final chunk.
        model: Model that generates the answer.
        metadata: ``{"type": "thinking"}`` on chunks of reasoning.
        stop_reason: Set on the final chunk only.
        usage: Set on the final chunk only.
        structured_data: The validated object, on the final chunk, when ``response_format`` was set.
        reasoning: As ``TextResponse.reasoning``, on the final chunk.
        call: The new piece of a call, or None.
        response: The whole answer, on the final chunk.
    """

    text: str
    model: str
    metadata: dict[str, Any] = field(default_factory=dict)
    stop_reason: str | None = None
    usage: Usage | None = None
    structured_data: Any = None
    reasoning: Reasoning | None = None
    call: ToolCallDelta | None = None
    response: TextResponse[Any] | None = field(default=None, repr=False)

    @property
    def part(self) -> Text | Reasoning | ToolCallDelta | None:
        """The new piece: of text, of reasoning or of a call; None on the final chunk."""
        if self.call is not None:
            return self.call
        if not self.text:
            return None
        return Reasoning(text=self.text) if self.metadata.get("type") == "thinking" else Text(self.text)
