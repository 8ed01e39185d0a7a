"""What comes back: ``TextResponse``, ``StreamChunk`` and ``Usage``."""

from __future__ import annotations

import json
from dataclasses import dataclass, field, fields, replace
from typing import TYPE_CHECKING, Any, Generic, Literal

from typing_extensions import TypeVar

from smartllm.cited import goes_back
from smartllm.content import Other, Part, Reasoning, Text, ToolCall, ToolCallDelta, copied, owned, text_of
from smartllm.field_docs import documented
from smartllm.own_parts import place_in
from smartllm.usage import Usage
from smartllm.words import FinishReason

if TYPE_CHECKING:
    from decimal import Decimal

    from smartllm.cost import Billing
    from smartllm.diagnostics import Diagnostic
    from smartllm.request import Message
    from smartllm.response_sources import SoFar, StepAnswer

__all__ = ["CacheSource", "StreamChunk", "TextResponse", "Usage"]

T = TypeVar("T", default=Any)

CacheSource = Literal["miss", "l1", "l2"]


@documented
@dataclass(slots=True)
class TextResponse(Generic[T]):
    """A whole answer.

    A plan of two steps thinks and answers in the first, and puts that into the structure in the second:
    ``parts`` and ``tool_calls`` are the first one's, ``text`` is the structure's, and ``stop_reason``,
    ``finish_reason``, ``refusal``, ``request_id`` and ``raw`` the last one's; ``raws`` has them all.

    Where the model was asked again (``reasks``, or since its answer was malformed) the answer is the last
    one; token counts, ``cost``, ``elapsed_seconds`` and ``raws`` are those of all tries.
    """

    text: str
    """Generated text; with ``structured_data`` that as JSON in the caller's form, on every wire: what the
    model wrote, words before it too, stands in ``parts``."""
    model: str
    """Model that generated the answer."""
    stop_reason: str
    """Why generation stopped, in the provider's word."""
    input_tokens: int = 0
    """Prompt tokens, those of the provider's prompt cache included."""
    output_tokens: int = 0
    """Generated tokens, reasoning included."""
    reasoning_tokens: int = 0
    """Reasoning or thinking tokens."""
    cached_tokens: int = 0
    """Prompt tokens read from the provider's prompt cache."""
    timestamp: str | None = None
    """ISO 8601 UTC time of the original call."""
    elapsed_seconds: float | None = None
    """Duration of the original call in seconds."""
    metadata: dict[str, Any] = field(default_factory=dict)
    """Request context: ``prompt`` or ``messages``, ``response_format`` (JSON Schema), ``thinking`` where the
    model showed its reasoning, ``incomplete_reason`` where the provider says why it stopped early,
    ``refusal`` where the model refused in words of their own. What the provider tells besides stands there in
    its own words: ``logprobs`` (a list, one entry a token), ``service_tier`` (where one was asked for, or
    where it is not the ordinary one), ``performance``, ``stop_sequence``, ``stop_details``, ``guardrail``
    (what Bedrock's guardrail found) and, of Claude, ``container``, ``server_tool_use``, ``iterations``,
    ``context_management`` and ``input_transformations``. ``tries`` is there where the model was asked again:
    of each answer that did not fit, in order, its ``input_tokens``, ``output_tokens``, ``request_id`` and
    ``errors``; and ``repeated`` where the same call was made again, since the provider itself called the
    answer malformed. ``tried`` lists the models of ``fallback`` that were asked before."""
    structured_data: T = None  # type: ignore[assignment]  # None only where no response_format was set
    """The validated object when ``response_format`` was set, else None; None too while the answer calls the
    caller's tools."""
    cache_source: CacheSource = "miss"
    """``miss``, ``l1`` (local) or ``l2`` (DynamoDB); counts are those of the original call."""
    cache_key: str | None = None
    """Key of this request in the cache."""
    diagnostics: tuple[Diagnostic, ...] = ()
    """What the compiler changed."""
    reasoning: Reasoning | None = None
    """The provider's reasoning blocks, for the next turn of a conversation; see ``as_message``. On OpenAI's
    Responses all output items of the answer, which go back only together."""
    provider: str | None = None
    """``openai`` or ``bedrock``."""
    requested_model: str | None = None
    """Model id that was called."""
    billing: Billing | None = field(default=None, repr=False)
    """How the host's token counts are priced."""
    finish_reason: FinishReason | None = None
    """Why generation stopped: ``stop``, ``length``, ``tool_calls``, ``content_filter``, ``refusal`` or
    ``error``; None where the provider's word is not known."""
    refusal: str | None = None
    """The model's own words of refusal, or None."""
    request_id: str | None = field(default=None, compare=False)
    """The provider's id of the call, for its support; where the wire has none, of the answer."""
    cache_write_tokens: int = 0
    """Prompt tokens written to the provider's prompt cache."""
    cache_write_1h_tokens: int = 0
    """Those of them that are kept for an hour."""
    # What the rest is made from; the name by which the tool was called that binds the answer to a schema; and
    # how many of the calls, from the first on, were made by others, or earlier; and what others' models said.
    _answers: tuple[StepAnswer, ...] = field(default=(), repr=False, compare=False)
    _output_tool: str | None = field(default=None, repr=False, compare=False)
    _bound: bool = field(default=False, repr=False, compare=False)
    _tries: tuple[StepAnswer, ...] = field(default=(), repr=False, compare=False)
    _given: int = field(default=0, repr=False, compare=False)
    _earlier: tuple[TextResponse[Any], ...] = field(default=(), repr=False, compare=False)
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
        """The wire's JSON, one object a call: of each step, and before the last one's its earlier tries."""
        if self._raws is None:
            self._raws = tuple(copied(answer.raw) for answer in self._calls)
        return self._raws

    def _owned(self, part: Part) -> Part:
        mine = owned(part)
        if isinstance(mine, Reasoning) and mine.dialect:
            return replace(mine, model=(self.reasoning or mine).model or self.requested_model or "")
        return mine

    @property
    def _calls(self) -> tuple[StepAnswer, ...]:
        return (*self._answers[:-1], *self._tries, *self._answers[-1:])

    @property
    def cost(self) -> Decimal | None:
        """What this call cost in US dollars, by genai-prices; None without it, or without a price.

        From the cache, or with the equal call of another caller, an answer costs 0: costs may be added up.
        """
        return self._price(self._given)

    @property
    def original_cost(self) -> Decimal | None:
        """What the answer cost when it was made: ``cost``, but for answers that cost nothing this time."""
        return self._price(0)

    def _price(self, given: int) -> Decimal | None:
        from smartllm.cost import price_of, sum_of  # noqa: PLC0415 - for those who ask

        usages = [answer.usage for answer in self._calls] or [self.usage]
        own = price_of(usages[given:], self.billing, model=self.requested_model, when=self.timestamp)
        return sum_of([own, *(one.cost for one in self._earlier)])

    def as_message(self) -> Message:
        """This answer as a turn of a conversation, with its reasoning and its calls.

        An answer of text alone is that text, as the model wrote it. Data that came in a call of its own, or
        that a second step made, is ``text``, behind the words that came with it. One with calls, with blocks
        of the provider's own tools, or with citations that its wire takes back, is a list of its texts,
        reasoning, calls and ``Other`` parts in the provider's order, to which the next turn answers with one
        ``ToolResult`` a call. Pictures go back on OpenAI's Responses, as the items in which they came; sound
        stays out. Of an answer that only refuses it is the words of the refusal.

        Raises:
            pydantic.ValidationError: (a ``ValueError``) the answer has nothing that can go back.
        """
        from smartllm.request import Message  # noqa: PLC0415 - loads pydantic

        pictures = map(owned, self._answers[0].pictures if self._answers else ())
        again = (
            next(pictures, None) if part.type == "image" else self._said_again(part) for part in self.parts
        )
        said = [part for part in again if part is not None]
        if self._bound and len(self._answers) > 1:
            said.append(Text(self.text))
        inline = any(isinstance(part, Reasoning) for part in said)
        pieces = sum(isinstance(part, Text) for part in said)
        blocks = any(isinstance(part, Other) and self._needs(part) for part in said)
        cited = any(isinstance(part, Text) and part.citations for part in said)
        if self.tool_calls or (inline and pieces > 1) or blocks or cited:
            sent: list[Any] = said
            return Message("assistant", sent, reasoning=None if inline else self.reasoning)
        texts = [Text(part.text) for part in said if isinstance(part, Text)]
        content = text_of(texts) or self.text or self.refusal or ""
        if pieces > 1 and content != self.text:
            return Message("assistant", texts, reasoning=self.reasoning)
        return Message("assistant", content, reasoning=self.reasoning)

    def _said_again(self, part: Part) -> Part | None:
        """A part as it stands in a later turn; None for what cannot go back in a place of its own."""
        if isinstance(part, ToolCall) and part.name == self._output_tool:
            if self._bound:  # perhaps in several calls, which are one answer
                first = next(one for one in self.parts if getattr(one, "name", None) == part.name)
                return Text(self.text) if part is first else None
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
        read, written = self.cached_tokens, (self.cache_write_tokens, self.cache_write_1h_tokens)
        return Usage(self.input_tokens, self.output_tokens, self.reasoning_tokens, read, *written)

    def __getstate__(self) -> list[Any]:
        # Older pickle protocols ask for it where there are slots.
        return [getattr(self, one.name) for one in fields(self)]

    def __setstate__(self, state: list[Any]) -> None:
        for one, value in zip(fields(self), state, strict=True):
            setattr(self, one.name, value)


@documented
@dataclass(frozen=True, slots=True)
class StreamChunk(Generic[T]):
    """What is new in a streamed answer."""

    text: str
    """The new text; empty on pieces of calls, on those of a structure that is written as a call, and on the
    final chunk."""
    model: str
    """Model that generates the answer."""
    metadata: dict[str, Any] = field(default_factory=dict)
    """``{"type": "thinking"}`` on chunks of reasoning."""
    stop_reason: str | None = None
    """Set on the final chunk only."""
    usage: Usage | None = None
    """Set on the final chunk only."""
    structured_data: T = None  # type: ignore[assignment]  # None before the end, or without response_format
    """The validated object, on the final chunk, when ``response_format`` was set."""
    reasoning: Reasoning | None = None
    """As ``TextResponse.reasoning``, on the final chunk."""
    call: ToolCallDelta | None = None
    """The new piece of a call, or None."""
    response: TextResponse[T] | None = field(default=None, repr=False)
    """The whole answer, on the final chunk."""
    _so_far: SoFar | None = field(default=None, repr=False, compare=False)

    @property
    def cost(self) -> Decimal | None:
        """As ``TextResponse.cost``, on the final chunk; None before."""
        return None if self.response is None else self.response.cost

    @property
    def partial(self) -> T | None:
        """The structure up to this chunk; None without ``response_format``, and until something is there.

        An object of the type that was asked for: what has not come is the field's default, or None, and what
        does not fit yet is left out. Validators of fields are asked, those of a whole model are not. With a
        JSON Schema it is the data. On the final chunk it is ``structured_data``.

        It is worked out when it is asked for. In a long answer that takes a small share of the time: chunks
        that follow each other fast may have the same object.
        """
        found: T | None = None if self._so_far is None else self._so_far.value
        return found

    @property
    def part(self) -> Text | Reasoning | ToolCallDelta | None:
        """The new piece: of text, of reasoning or of a call; None for a structure's and at the end."""
        if self.call is not None:
            return self.call
        if not self.text:
            return None
        return Reasoning(text=self.text) if self.metadata.get("type") == "thinking" else Text(self.text)
