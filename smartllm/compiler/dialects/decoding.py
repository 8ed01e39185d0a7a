"""What the decoders of all dialects share: a whole answer in, what it says out."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any, ClassVar, Final

from smartllm.compiler.dialects.failure import reported
from smartllm.compiler.dialects.reading import ShapeError, shown, unicode_json, word
from smartllm.content import Audio, Image, Other, Part, Reasoning, Text, ToolCall
from smartllm.errors import ProviderError, ResponseError
from smartllm.rules.vocabulary import Dialect
from smartllm.usage import Usage
from smartllm.words import FinishReason

_OF_ITSELF: Final = frozenset({"stop", "tool_calls", None})
"""Why an answer stopped that was not cut."""


@dataclass
class Decoded:
    """A whole answer, read from the wire.

    Attributes:
        parts: What it says, in the order of the wire; texts that say nothing are left out.
        stop_reason: The provider's word for why it stopped.
        usage: Token counts; zeros where the provider gave none.
        finish_reason: Why it stopped, in the words that all wires share; None for a word that is not known.
            Of an answer that stopped with a refusal, or with calls, it says so. Of one that was cut, a call
            at its end is unfinished.
        model: Model name in the answer, or None.
        request_id: The provider's id of the call, or else of the answer, or None.
        refusal: The model's own words of refusal, or None.
        incomplete: The wire's reason why the answer is incomplete, or None.
        choices_dropped: Choices beside the first, which are not read.
        details: What the wire tells beside that, by the names of ``TextResponse.metadata``.
        pictures: Its pictures in the words of the wire, where that takes them back in a later turn.
        items: All that it says as the wire has it, where that goes back only as a whole.
        raw: The answer as the wire sent it, with its texts made Unicode; of a stream, as the wire would have
            sent it in one piece.
        final: The text of the answer itself, where the wire tells it from remarks on the way; None where not.
        text: Answer text.
        every_text: The same with remarks.
        tool_calls: The calls that the model asks for.
        thoughts: Reasoning, shown and hidden.
        unread: What was not read.
    """

    parts: tuple[Part, ...]
    stop_reason: str
    usage: Usage
    finish_reason: FinishReason | None = None
    model: str | None = None
    request_id: str | None = None
    refusal: str | None = None
    incomplete: str | None = None
    choices_dropped: int = 0
    details: Mapping[str, Any] = field(default_factory=dict)
    pictures: tuple[Other, ...] = field(default=(), repr=False, compare=False)
    items: tuple[Mapping[str, Any], ...] = field(default=(), repr=False, compare=False)
    raw: Mapping[str, Any] = field(default_factory=dict, repr=False, compare=False)
    final: str | None = None
    text: str = field(init=False, repr=False, compare=False)
    every_text: str = field(init=False, repr=False, compare=False)
    tool_calls: tuple[ToolCall, ...] = field(init=False, repr=False, compare=False)
    thoughts: tuple[Reasoning, ...] = field(init=False, repr=False, compare=False)
    unread: tuple[Other, ...] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        if self.finish_reason not in _OF_ITSELF:
            self.parts = _cut(self.parts)
        # In one round: every answer goes through here.
        texts: list[str] = []
        calls: list[ToolCall] = []
        thoughts: list[Reasoning] = []
        unread: list[Other] = []
        for part in self.parts:
            if isinstance(part, Text):
                texts.append(part.text)
            elif isinstance(part, ToolCall):
                calls.append(part)
            elif isinstance(part, Reasoning):
                thoughts.append(part)
            elif isinstance(part, Other):
                unread.append(part)
        self.every_text = "".join(texts)
        self.text = self.every_text if self.final is None else self.final
        self.tool_calls, self.thoughts, self.unread = tuple(calls), tuple(thoughts), tuple(unread)
        if self.finish_reason == "stop" and self.refusal is not None:
            self.finish_reason = "refusal"
        elif calls and (self.finish_reason == "stop" or not self.stop_reason):
            # Some wires and servers say so of calls too, or nothing at all.
            self.finish_reason = "tool_calls"

    @property
    def is_empty(self) -> bool:
        """Whether it says nothing, and neither shows nor calls anything."""
        shown = any(isinstance(part, (Image, Audio)) for part in self.parts)
        return not (self.text or self.tool_calls or shown)

    @property
    def thinking(self) -> str:
        """Reasoning text, empty where none was shown."""
        return "\n\n".join([part.text for part in self.thoughts if part.text])

    @property
    def reasoning(self) -> tuple[Mapping[str, Any], ...]:
        """The provider's reasoning blocks as they came, where it takes them back, with what goes along."""
        return self.items or tuple([block for part in self.thoughts if part.dialect for block in part.blocks])


def _cut(parts: tuple[Part, ...]) -> tuple[Part, ...]:
    """The parts of an answer that was cut: the last thing that it says may be half a call."""
    at = next((index for index in reversed(range(len(parts))) if not isinstance(parts[index], Other)), 0)
    last = parts[at] if parts else None
    if not isinstance(last, ToolCall):
        return parts
    return (*parts[:at], replace(last, unfinished=True), *parts[at + 1 :])


def told(**details: Any) -> dict[str, Any]:
    """The details of an answer that are there."""
    return {name: value for name, value in details.items() if value not in (None, "", [], {})}


class Decoder(ABC):
    """Reads the whole answers of one wire format."""

    name: ClassVar[Dialect]

    def decode(self, reply: Mapping[str, Any], model: str, request_id: str | None = None) -> Decoded:
        """Read an answer.

        Texts and structure must be what the wire promises; ids and counts of another type count as missing.

        Args:
            reply: The answer's JSON.
            model: Model id that was called.
            request_id: The provider's id of the call, where it stands beside the answer.

        Raises:
            ResponseError: The reply is JSON but not an answer, or holds nothing.
            ProviderError: It reports a failure.
        """
        reply = unicode_json(reply)
        try:
            if reply.get("error"):
                raise self.failed(reply, model, reply["error"])
            answer = self.read(reply, model)
        except ShapeError as error:
            raise unreadable(reply, model, f"has {error}") from None
        answer.request_id = request_id or word(reply.get("id"))
        return answer

    @abstractmethod
    def read(self, reply: Mapping[str, Any], model: str) -> Decoded:
        """Read a reply that is no error object.

        Raises:
            ShapeError: A value is of another type than the wire promises.
            ResponseError: It is not an answer, or holds nothing.
            ProviderError: It reports a failure.
        """

    @abstractmethod
    def text_of(self, reply: Mapping[str, Any]) -> str:
        """The text of a reply.

        Raises:
            ShapeError: A value is of another type than the wire promises.
        """

    def failed(
        self,
        reply: Mapping[str, Any],
        model: str,
        error: Any,
        prefix: str = "the provider reported an error in its answer",
    ) -> ProviderError:
        """The error for a reply that reports a failure; it carries the text beside it."""
        try:
            partial = self.text_of(reply)
        except ShapeError:
            partial = ""
        return reported(error, model=model, prefix=prefix, request_id=word(reply.get("id")), partial=partial)


def not_an_answer(reply: Any, model: str, missing: str) -> ResponseError:
    """The error for a reply that lacks what makes it an answer."""
    return unreadable(reply, model, f"has no {missing}")


def unreadable(reply: Any, model: str, trouble: str) -> ResponseError:
    """The error for a reply that is not what the wire promises."""
    return ResponseError(
        f"the provider's reply {trouble}: {shown(reply)}",
        model=model,
        status=200,
        hint="check that the endpoint speaks the API that was chosen",
    )
