"""A transport without a network, for unit tests of code that makes calls."""

from __future__ import annotations

import json
from collections import deque
from collections.abc import AsyncIterator, Mapping
from typing import Any

from smartllm.compiler import Step
from smartllm.errors import ProviderError
from smartllm.runtime.transport import Answer

from .answer import compose
from .reply import Reply
from .routes import WIRES


class FakeTransport:
    """Answers with scripted replies, or with an echo, in the shape of the real wires.

    Args:
        replies: What to answer, in order; an exception is raised. When none is left, the last user text is
            echoed.

    Attributes:
        sent: The steps that came, with the exact bytes in ``payload``.

    Example::

        fake = FakeTransport(Reply(text="Paris"))
        client = LLMClient(provider="openai", transport=fake)
    """

    secrets: tuple[str, ...] = ()

    def __init__(self, *replies: Reply | ProviderError) -> None:
        self._replies = deque(replies)
        self.sent: list[Step] = []

    async def send(self, step: Step) -> Answer:
        """Answer a step."""
        wire, answer = self._answered(step)
        return Answer(wire.whole(answer), f"fake-{len(self.sent)}")

    async def stream(self, step: Step) -> FakeEvents:
        """Answer a step piece by piece."""
        wire, answer = self._answered(step)
        return FakeEvents(_events(wire.frames(answer)), f"fake-{len(self.sent)}")

    async def models(self) -> list[dict[str, Any]]:
        """One model."""
        return [{"id": "fake-model"}]

    async def aclose(self) -> None:
        """Nothing is open."""

    def _answered(self, step: Step) -> tuple[Any, Any]:
        self.sent.append(step)
        reply = self._replies.popleft() if self._replies else Reply()
        if isinstance(reply, ProviderError):
            raise reply
        wire = WIRES[step.dialect]
        return wire, compose(wire.read(json.loads(step.payload), step.model), reply, len(self.sent))


class FakeEvents:
    """The events of one fake stream."""

    def __init__(self, events: list[Mapping[str, Any]], request_id: str) -> None:
        self._events = events
        self.request_id: str | None = request_id

    async def __aiter__(self) -> AsyncIterator[list[Mapping[str, Any]]]:
        for event in self._events:
            yield [event]

    async def aclose(self) -> None:
        """Nothing is open."""


def _events(frames: list[bytes]) -> list[Mapping[str, Any]]:
    """The JSON in a stream's frames, of either kind."""
    from smartllm.runtime.wire.sse import SSEDecoder  # noqa: PLC0415 - one of two kinds

    from .eventstream import decode_frame  # noqa: PLC0415 - the other kind

    if frames and frames[0][:1] in {b"d", b"e", b":"}:
        return list(SSEDecoder().feed(b"".join(frames)))
    return [decode_frame(frame) for frame in frames]
