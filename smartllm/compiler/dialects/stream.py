"""What the readers of streamed answers share: events in, text out, in the end a whole answer."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Final, NamedTuple

from smartllm.compiler.dialects.decoding import Decoded, Decoder
from smartllm.compiler.dialects.reading import Halves, ShapeError, shown
from smartllm.content import ToolCallDelta, whole_call
from smartllm.error_object import ErrorObject, read_error
from smartllm.errors import ProviderError, StreamError

DONE: Final[Mapping[str, Any]] = {"type": "[DONE]"}
"""Stands for the line that ends an OpenAI stream."""


class WholeReply(dict[str, Any]):
    """A whole answer that came where a stream was asked for; the only event of its stream."""


class Delta(NamedTuple):
    """What is new in a stream.

    Attributes:
        text: The new text; empty for progress that has none, such as arguments of a tool call.
        thinking: Whether it is reasoning.
        call: The new piece of a call.
        then: What else the same event said.
    """

    text: str
    thinking: bool = False
    call: ToolCallDelta | None = None
    then: Delta | None = None

    @property
    def all(self) -> Iterator[Delta]:
        """All that the event said, in order."""
        yield self
        if self.then is not None:
            yield from self.then.all


_CONSTANT: Final = frozenset({"id", "type", "index", "format"})

SILENT: Final = Delta("")
"""Progress without text."""


def one_after_another(deltas: Iterable[Delta]) -> Delta | None:
    """What one event said, as one delta; None for nothing."""
    given, whole = [*deltas], None
    for delta in reversed([delta for delta in given if delta.text or delta.call] or given[:1]):
        whole = delta._replace(then=whole)
    return whole


def pieces_joined(old: Any, new: Any) -> Any:
    """Two values of one field in two deltas, as the openai SDK joins them."""
    if isinstance(old, str) and isinstance(new, str):
        return old + new
    if isinstance(old, list) and isinstance(new, list):
        return _lists_joined(old, new)
    if isinstance(old, dict) and isinstance(new, dict):
        both = {
            name: new[name] if name in _CONSTANT else pieces_joined(old.get(name), new[name]) for name in new
        }
        return old | both
    return old if new is None else new


def _lists_joined(old: list[Any], new: list[Any]) -> list[Any]:
    """Entries that are numbered are pieces of the ones with their number; others are entries of their own."""
    joined = list(old)
    places = {item["index"]: place for place, item in enumerate(old) if _numbered(item)}
    for item in new:
        place = places.get(item["index"]) if _numbered(item) else None
        if place is None or joined[place].get("type") != item.get("type"):
            joined.append(item)
        else:
            joined[place] = pieces_joined(joined[place], item)
    return joined


def _numbered(item: Any) -> bool:
    return isinstance(item, dict) and isinstance(item.get("index"), int)


class StreamReader(ABC):
    """Reads one streamed answer.

    Attributes:
        ended: What was read is the whole answer.
        over: The wire's terminator has been seen: nothing more may come.
        failure: What an error object inside the stream said, or None.
    """

    def __init__(self, dialect: Decoder, model: str) -> None:
        self.dialect, self.model = dialect, model
        self.ended = self.over = False
        self.failure: ErrorObject | None = None
        self._texts: list[str] = []
        self._halves, self._thought_halves, self._call_halves = Halves(), Halves(), Halves()
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

    def decoded(self, request_id: str | None = None) -> Decoded:
        """The whole answer.

        Args:
            request_id: The provider's id of the call, where it stands beside the stream.

        Raises:
            StreamError: The stream ended before its terminator.
            ResponseError: What came is not an answer.
        """
        if not self.ended:
            raise self.broken("the stream ended before the answer was complete", retryable=True)
        try:
            answer = self.dialect.decode(self._reply or self.whole(), self.model, request_id)
        except ProviderError as error:
            error.partial_text = self.text
            raise
        if answer.every_text != self.text:
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

    def called(self, index: int, call_id: str, name: str, piece: str) -> Delta:
        """A piece of a call."""
        return Delta("", call=ToolCallDelta(index, call_id, name, self._call_halves.take(piece, index)))

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
        found = self.failure = read_error(error)
        return self.broken(
            f"the provider ended the stream with an error: {found.explanation}",
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
        self.said(answer.every_text)
        self.end()
        self.over = True
        whole_calls = enumerate(answer.tool_calls)
        calls = (Delta("", call=whole_call(index, call)) for index, call in whole_calls)
        return Delta(answer.text, then=one_after_another(calls))
