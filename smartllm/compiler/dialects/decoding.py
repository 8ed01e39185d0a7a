"""What the decoders of all dialects share: a whole answer in, what it says out."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar

from smartllm.compiler.dialects.failure import reported
from smartllm.compiler.dialects.reading import ShapeError, shown, unicode_json, word
from smartllm.errors import ProviderError, ResponseError
from smartllm.rules.vocabulary import Dialect
from smartllm.usage import Usage
from smartllm.words import FinishReason


@dataclass(frozen=True)
class Decoded:
    """A whole answer, read from the wire.

    Attributes:
        text: Answer text.
        stop_reason: The provider's word for why it stopped.
        usage: Token counts; zeros where the provider gave none.
        model: Model name in the answer, or None.
        thinking: Reasoning text, empty where none was shown.
        refusal: The model's own words of refusal, or None.
        structured: Input of the forced tool call, or None.
        request_id: The provider's id of the answer, or None.
        reasoning: The provider's reasoning blocks as they came, where it takes them back.
        raw: The answer as the wire sent it, with its texts made Unicode; of a stream, as the wire would have
            sent it in one piece.
        incomplete: The wire's reason why the answer is incomplete, or None.
        choices_dropped: Choices beside the first, which are not read.
        finish_reason: Why it stopped, in the words that all wires share; None for a word that is not known.
    """

    text: str
    stop_reason: str
    usage: Usage
    model: str | None = None
    thinking: str = ""
    refusal: str | None = None
    structured: Any = None
    request_id: str | None = None
    reasoning: tuple[Mapping[str, Any], ...] = ()
    raw: Mapping[str, Any] = field(default_factory=dict, repr=False, compare=False)
    incomplete: str | None = None
    choices_dropped: int = 0
    finish_reason: FinishReason | None = None


class Decoder(ABC):
    """Reads the whole answers of one wire format."""

    name: ClassVar[Dialect]

    def decode(self, reply: Mapping[str, Any], model: str) -> Decoded:
        """Read an answer.

        Texts and structure must be what the wire promises; ids and counts of another type count as missing.

        Raises:
            ResponseError: The reply is JSON but not an answer, or holds nothing.
            ProviderError: It reports a failure.
        """
        reply = unicode_json(reply)
        try:
            if reply.get("error"):
                raise self.failed(reply, model, reply["error"])
            return self.read(reply, model)
        except ShapeError as error:
            raise unreadable(reply, model, f"has {error}") from None

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
