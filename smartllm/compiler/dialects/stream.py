"""What the readers of streamed answers share: events in, text out, in the end a whole answer."""

from __future__ import annotations

import json
from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from smartllm.compiler.dialects.base import Decoded, DialectCode
from smartllm.errors import StreamError

DONE: Final[Mapping[str, Any]] = {"type": "[DONE]"}
"""Stands for the line that ends an OpenAI stream."""


@dataclass(frozen=True, slots=True)
class Delta:
    """New text of a stream.

    Attributes:
        text: The text; empty for progress that has none, such as arguments of a tool call.
        thinking: Whether it is reasoning.
    """

    text: str
    thinking: bool = False


class StreamReader(ABC):
    """Reads one streamed answer.

    Attributes:
        ended: The wire's terminator has been seen: what was read is the whole answer.
    """

    def __init__(self, dialect: DialectCode, model: str) -> None:
        self.dialect, self.model = dialect, model
        self.ended = self.over = False
        self._texts: list[str] = []

    @property
    def text(self) -> str:
        """The answer's text so far."""
        return "".join(self._texts)

    @abstractmethod
    def feed(self, event: Mapping[str, Any]) -> Delta | None:
        """Take the next event.

        Returns:
            The new text, or None for an event that is no progress, such as a ping.

        Raises:
            StreamError: The event reports an error, or does not fit what came before.
        """

    @abstractmethod
    def whole(self) -> Mapping[str, Any]:
        """The answer as the wire would have sent it in one piece."""

    def decoded(self) -> Decoded:
        """The whole answer.

        Raises:
            StreamError: The stream ended before its terminator.
        """
        if not self.ended:
            raise self.broken("the stream ended before the answer was complete", retryable=True)
        return self.dialect.decode(self.whole(), self.model)

    def said(self, text: str) -> Delta:
        """Keep a piece of the answer's text."""
        self._texts.append(text)
        return Delta(text)

    def broken(
        self, message: str, *, code: str | None = None, status: int | None = None, retryable: bool = False
    ) -> StreamError:
        """The error for this stream; it carries the text so far."""
        return StreamError(
            message, model=self.model, code=code, status=status, retryable=retryable, partial_text=self.text
        )


def shown(event: Any) -> str:
    """An event as an error message shows it."""
    return json.dumps(event, ensure_ascii=False, default=str)[:200]
