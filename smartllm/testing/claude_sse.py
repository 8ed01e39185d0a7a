"""Claude's Messages as Anthropic's API and Bedrock's endpoints send them: with server-sent events."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from . import claude_wire

if TYPE_CHECKING:
    from collections.abc import Mapping

    from .answer import JSON, Answer, Asked

_ONCE: Final = frozenset({"cache_creation", "service_tier"})
"""What a stream tells of its usage at the beginning alone."""


@dataclass(frozen=True, slots=True)
class Messages:
    """The bodies and frames of one host.

    Attributes:
        tier: It tells how an answer was served.
    """

    tier: bool = False

    def read(self, body: JSON, model: str) -> Asked:
        """Read a request body."""
        return claude_wire.read(body, model)

    def whole(self, answer: Answer) -> JSON:
        """Build the body of an answer that is not streamed."""
        message = claude_wire.message(answer)
        if self.tier and message["usage"] is not None:
            message["usage"] = {"service_tier": "standard", **message["usage"]}
        return message

    def frames(self, answer: Answer) -> list[bytes]:
        """Build the frames of a streamed answer."""
        *events, end = claude_wire.events(answer, self.whole(answer))
        if end["usage"] is not None:
            end["usage"] = {key: value for key, value in end["usage"].items() if key not in _ONCE}
        return [_frame(event) for event in (*events, end, {"type": "message_stop"})]

    def error_frame(self, error: Mapping[str, Any], _answer: Answer, _position: int) -> bytes:
        """Build the frame of an error inside a stream."""
        if "error" in error:
            return _frame({"type": "error", **error})
        return _frame({"type": "error", "error": {"type": "api_error", "message": "", **error}})


def _frame(event: Mapping[str, Any]) -> bytes:
    return f"event: {event['type']}\ndata: {json.dumps(event)}\n\n".encode()
