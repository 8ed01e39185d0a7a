"""What the readers of streamed answers share: events in, text out, in the end a whole answer."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from typing import Any, Final, NamedTuple

from smartllm.compiler.dialects.decoding import Decoded, Decoder
from smartllm.compiler.dialects.failure import failure
from smartllm.compiler.dialects.reading import Halves, ShapeError, shown
from smartllm.errors import ProviderError, StreamError

DONE: Final[Mapping[str, Any]] = {"type": "[DONE]"}
"""Stands for the line that ends an OpenAI stream."""


class WholeReply(dict[str, Any]):
    """A whole answer that came where a stream was asked for; the only event of its stream."""


class Delta(NamedTuple):
    """New text of a stream.

    Attributes:
        text: The text; empty for progress that has none, such as arguments of a tool call.
        thinking: Whether it is reasoning.
    """

    text: str
    thinking: bool = False


SILENT: Final = Delta("")
"""Progress without text."""


class StreamReader(ABC):
    """Reads one streamed answer.

    Attributes:
        ended: What was read is the whole answer.
        over: The wire's terminator has been seen: nothing more may come.
    """

    def __init__(self, dialect: Decoder, model: str) -> None:
        self.dialect, self.model = dialect, model
        self.ended = self.over = False
        self._texts: list[str] = []
        self._halves, self._thought_halves = Halves(), Halves()
        self._reply: WholeReply | None = None

    @property
    def text(self) -> str:
        """The answer's text so far."""
        return "".join(self._texts)

    def feed(self, event: Mapping[str, Any]) -> Delta | None:
        """Take the next event.

        Returns:
            The new text, or None for an event that is no progress, such as a ping.

        Raises:
            StreamError: The event reports an error, or does not fit what came before or the wire.
            ProviderError: A whole reply came instead of a stream, and it is no answer.
        """
        if isinstance(event, WholeReply):
            return self._take_whole(event)
        try:
            return self.take(event)
        except ShapeError as error:
            raise self.broken(f"an event of the stream has {error}: {shown(event)}", retryable=True) from None

    @abstractmethod
    def take(self, event: Mapping[str, Any]) -> Delta | None:
        """Take the next event of the wire.

        Raises:
            ShapeError: A value is of another type than the wire promises.
            StreamError: The event reports an error, or does not fit what came before.
        """

    @abstractmethod
    def whole(self) -> Mapping[str, Any]:
        """The answer as the wire would have sent it in one piece."""

    def decoded(self) -> Decoded:
        """The whole answer.

        Raises:
            StreamError: The stream ended before its terminator.
            ResponseError: What came is not an answer.
        """
        if not self.ended:
            raise self.broken("the stream ended before the answer was complete", retryable=True)
        try:
            answer = self.dialect.decode(self._reply or self.whole(), self.model)
        except ProviderError as error:
            error.partial_text = self.text
            raise
        if answer.text != self.text:
            raise self.broken("the stream's pieces do not add up to the answer", retryable=True)
        return answer

    def said(self, text: str, block: Any = None) -> Delta:
        """Keep a piece of the answer's text, which belongs to a block."""
        text = self._halves.take(text, block)
        self._texts.append(text)
        return Delta(text)

    def thought(self, text: str, block: Any = None) -> Delta:
        """A piece of reasoning, which belongs to a block."""
        return Delta(self._thought_halves.take(text, block), thinking=True)

    def end(self) -> Delta:
        """The answer is whole now; what is left of its text."""
        self.ended = True
        rest = self._halves.rest()
        self._texts.append(rest)
        return Delta(rest)

    def broken(
        self, message: str, *, code: str | None = None, status: int | None = None, retryable: bool = False
    ) -> StreamError:
        """The error for this stream; it carries the text so far."""
        return StreamError(
            message, model=self.model, code=code, status=status, retryable=retryable, partial_text=self.text
        )

    def reported(self, error: Any) -> StreamError:
        """The error for an error object inside the stream."""
        found = failure(error)
        return self.broken(
            f"the provider ended the stream with an error: {found.message}",
            code=found.code,
            status=found.status,
            retryable=found.retryable,
        )

    def after_the_end(self, event: Mapping[str, Any]) -> StreamError:
        """The error for an event that came after the answer's end."""
        return self.broken(f"the stream goes on after the answer's end: {shown(event)}", retryable=True)

    def _take_whole(self, reply: WholeReply) -> Delta:
        answer = self.dialect.decode(reply, self.model)
        self._reply = reply
        self.said(answer.text)
        self.end()
        self.over = True
        return Delta(answer.text)
