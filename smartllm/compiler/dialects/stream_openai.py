"""Streams of OpenAI's two APIs."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from smartllm.compiler.dialects.base import DialectCode, table
from smartllm.compiler.dialects.stream import DONE, Delta, StreamReader, shown
from smartllm.errors import QUOTA_CODES, RETRYABLE_STATUS

# In-stream errors carry no status; theirs by code (openai facts §12).
_STATUS: Final = {
    "rate_limit_exceeded": 429,
    "slow_down": 429,
    "server_error": 500,
    "server_is_overloaded": 503,
    "service_unavailable_error": 503,
    "insufficient_quota": 429,
    "invalid_prompt": 400,
    "context_length_exceeded": 400,
}
_NO_PROGRESS: Final = frozenset({"response.in_progress", "response.queued", "keepalive"})
_TERMINAL: Final = frozenset({"response.completed", "response.incomplete", "response.failed"})


class ResponsesReader(StreamReader):
    """Reads the events of the Responses API; the last one holds the whole answer."""

    def __init__(self, dialect: DialectCode, model: str) -> None:
        super().__init__(dialect, model)
        self._response: Mapping[str, Any] = {}
        self._number = -1

    def feed(self, event: Mapping[str, Any]) -> Delta | None:
        """Take the next event."""
        kind = event.get("type")
        if event is DONE:
            return None
        if kind == "error" or "error" in event:
            raise _reported(self, table(event.get("error")) or event)
        self._check_order(event)
        if kind in _TERMINAL:
            return self._end(event)
        if not isinstance(kind, str) or kind in _NO_PROGRESS or not kind.startswith("response."):
            return None
        if not kind.endswith(".delta"):
            return Delta("")
        delta = event.get("delta")
        if not isinstance(delta, str):
            raise self.broken(f"an event of the stream has no text: {shown(event)}", retryable=True)
        if kind == "response.output_text.delta":
            return self.said(delta)
        thinking = kind in {"response.reasoning_summary_text.delta", "response.reasoning_text.delta"}
        return Delta(delta, thinking=True) if thinking else Delta("")

    def whole(self) -> Mapping[str, Any]:
        """The response object of the last event."""
        return self._response

    def _check_order(self, event: Mapping[str, Any]) -> None:
        number = event.get("sequence_number")
        if not isinstance(number, int):
            return  # not every compatible server counts
        if self._number >= 0 and number != self._number + 1:
            raise self.broken(
                f"the stream lost an event: number {number} follows {self._number}", retryable=True
            )
        self._number = number

    def _end(self, event: Mapping[str, Any]) -> Delta:
        self._response = table(event.get("response"))
        if event["type"] == "response.failed":
            raise _reported(self, table(self._response.get("error")))
        self.ended = True
        answer = self.dialect.decode(self._response, self.model)
        if answer.text != self.text:
            self.ended = False
            raise self.broken("the stream's pieces do not add up to the answer at its end", retryable=True)
        return Delta("")


class ChatReader(StreamReader):
    """Reads chat completion chunks."""

    def __init__(self, dialect: DialectCode, model: str) -> None:
        super().__init__(dialect, model)
        self._head: dict[str, Any] = {}
        self._finish: str | None = None
        self._thoughts: list[str] = []
        self._refusals: list[str] = []
        self._arguments: dict[int, list[str]] = {}
        self._usage: Mapping[str, Any] = {}

    def feed(self, event: Mapping[str, Any]) -> Delta | None:
        """Take the next chunk."""
        if event is DONE:
            # Some servers send no finish_reason; then at least something must have been said.
            said = self.text or self._refusals or self._arguments
            self.ended = self.ended or bool(said)
            return None
        if event.get("error"):
            error = event["error"]
            raise _reported(self, error if isinstance(error, Mapping) else {"message": str(error)})
        choices = event.get("choices")
        self._usage = table(event.get("usage")) or self._usage
        if not isinstance(choices, list):
            return None
        self._head = {**self._head, **{name: event[name] for name in ("id", "model") if event.get(name)}}
        if not choices:
            return None
        choice = table(choices[0])
        if choice.get("finish_reason"):
            self._finish, self.ended = str(choice["finish_reason"]), True
        return self._take(table(choice.get("delta"))) or (Delta("") if self.ended else None)

    def whole(self) -> Mapping[str, Any]:
        """A chat completion."""
        calls = [{"function": {"arguments": "".join(parts)}} for _, parts in sorted(self._arguments.items())]
        message = {
            "content": self.text,
            "refusal": "".join(self._refusals) if self._refusals else None,
            "reasoning_content": "".join(self._thoughts),
            "tool_calls": calls,
        }
        choice = {"message": message, "finish_reason": self._finish}
        return {**self._head, "choices": [choice], "usage": self._usage}

    def _take(self, delta: Mapping[str, Any]) -> Delta | None:
        progress = None
        for call in map(table, delta.get("tool_calls") or []):
            part = table(call.get("function")).get("arguments")
            self._arguments.setdefault(int(call.get("index") or 0), []).append(str(part or ""))
            progress = Delta("")
        if delta.get("refusal"):
            self._refusals.append(str(delta["refusal"]))
            progress = Delta("")
        thought = delta.get("reasoning_content") or delta.get("reasoning")
        if thought:
            self._thoughts.append(str(thought))
            progress = Delta(str(thought), thinking=True)
        content = delta.get("content")
        if not content:
            return progress
        if not isinstance(content, str):
            raise self.broken(f"a chunk of the stream has no text: {shown(delta)}", retryable=True)
        return self.said(content)


def _reported(reader: StreamReader, error: Mapping[str, Any]) -> Exception:
    codes = [str(error[name]) for name in ("code", "type") if error.get(name) and error[name] != "error"]
    status = next((_STATUS[code] for code in codes if code in _STATUS), None)
    if status is None and codes and codes[0].isdecimal():
        status = int(codes[0])
    message = error.get("message") or "no reason given"
    return reader.broken(
        f"the provider ended the stream with an error: {message}",
        code=codes[0] if codes else None,
        status=status,
        retryable=status in RETRYABLE_STATUS and QUOTA_CODES.isdisjoint(codes),
    )
