"""Streams of Claude's Messages, which InvokeModelWithResponseStream wraps in chunks."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, Final

from smartllm.compiler.dialects.anthropic_messages.decode import ACTION, TRACE
from smartllm.compiler.dialects.decoding import Decoder
from smartllm.compiler.dialects.reading import (
    an_object,
    called_with,
    index,
    optional_text,
    table,
    text,
    word,
)
from smartllm.compiler.dialects.stream import SILENT, Delta, StreamReader, pieces_joined

_METRICS: Final = "amazon-bedrock-invocationMetrics"
_GUARDRAIL: Final = frozenset({ACTION, TRACE})
_TOLD_APART: Final = frozenset({"type", "delta", "usage", _METRICS}) | _GUARDRAIL
"""What of a ``message_delta`` does not belong to the message, or has its own place."""
_COUNTS: Final = (
    ("inputTokenCount", "input_tokens"),
    ("outputTokenCount", "output_tokens"),
    ("cacheReadInputTokenCount", "cache_read_input_tokens"),
    ("cacheWriteInputTokenCount", "cache_creation_input_tokens"),
)
_DELTAS: Final = {
    "text_delta": ("text", "text"),
    "thinking_delta": ("thinking", "thinking"),
    "input_json_delta": ("partial_json", "input"),
    "signature_delta": ("signature", "signature"),
}
"""Where each kind of delta has its text, and which field of its block it adds to."""


class ClaudeReader(StreamReader):
    """Reads Claude's events."""

    def __init__(self, dialect: Decoder, model: str) -> None:
        super().__init__(dialect, model)
        self._begun = False
        self._head: dict[str, Any] = {}
        self._usage: dict[str, Any] = {}
        self._blocks: dict[int, _Block] = {}
        self._guardrail: dict[str, Any] = {}
        self._readers: Final = {
            "content_block_delta": self._delta,
            "content_block_start": self._start_block,
            "content_block_stop": self._stop_block,
            "message_delta": self._update,
            "message_stop": self._stop,
        }

    def take(self, event: Mapping[str, Any]) -> Delta | None:
        """Take the next event."""
        kind = text(event.get("type"), "type")
        for name in _GUARDRAIL & event.keys():
            self._guardrail[name] = event[name]
        if kind == "error":
            raise self.reported(event.get("error") or event)
        if kind == "ping":
            return None
        if self.over:
            raise self.after_the_end(event)
        if kind == "message_start":
            return self._start(an_object(event.get("message"), "message"))
        if not self._begun:
            raise self.broken(f"the stream has no message_start before its {kind}", retryable=True)
        read = self._readers.get(kind)
        return None if read is None else read(event)

    def whole(self) -> Mapping[str, Any]:
        """A Claude message."""
        content = [block.whole() for _, block in sorted(self._blocks.items())]
        return {**self._head, **self._guardrail, "content": content, "usage": self._usage}

    def _start(self, message: Mapping[str, Any]) -> Delta:
        if self._begun:
            raise self.broken("the stream starts its message twice", retryable=True)
        self._begun, self._head = True, dict(message)
        self._usage.update(table(message.get("usage")))
        return SILENT

    def _start_block(self, event: Mapping[str, Any]) -> Delta:
        at = index(event.get("index"), "index")
        if at in self._blocks:
            raise self.broken(f"the stream starts its block {at} twice", retryable=True)
        start = an_object(event.get("content_block"), "content_block")
        kind = text(start.get("type"), "content_block.type")
        block = self._blocks[at] = _Block(dict(start))
        if kind == "tool_use":
            block.call = sum(known.call is not None for known in self._blocks.values())
            given = start.get("input")
            return self._called(block, json.dumps(given) if given and isinstance(given, dict) else "")
        given = text(start.get(kind), f"content_block.{kind}") if kind in {"text", "thinking"} else ""
        return self.thought(given, at) if kind == "thinking" else self.said(given, at)

    def _stop_block(self, event: Mapping[str, Any]) -> Delta:
        self._block(event).open = False
        return SILENT

    def _update(self, event: Mapping[str, Any]) -> Delta:
        delta = an_object(event.get("delta"), "delta")
        optional_text(delta.get("stop_reason"), "delta.stop_reason")
        beside = event.keys() - _TOLD_APART
        self._head.update({name: event[name] for name in beside if event[name] is not None})
        self._head.update(delta)
        self._usage.update({k: v for k, v in table(event.get("usage")).items() if v is not None})
        return SILENT

    def _stop(self, event: Mapping[str, Any]) -> Delta:
        metrics = table(event.get(_METRICS))
        for name, ours in _COUNTS:
            if name in metrics:
                self._usage.setdefault(ours, metrics[name])
        self.over = True
        return self.end()

    def _block(self, event: Mapping[str, Any]) -> _Block:
        at = index(event.get("index"), "index")
        block = self._blocks.get(at)
        if block is None or not block.open:
            trouble = "was never started" if block is None else "has ended"
            raise self.broken(f"the stream goes on with its block {at}, which {trouble}", retryable=True)
        return block

    def _delta(self, event: Mapping[str, Any]) -> Delta:
        block = self._block(event)
        delta = an_object(event.get("delta"), "delta")
        kind = text(delta.get("type"), "delta.type")
        if kind == "citations_delta":
            block.cite(delta.get("citation"))
            return SILENT
        if kind not in _DELTAS:
            block.keep(delta)
            return SILENT
        source, field = _DELTAS[kind]
        new = text(delta.get(source), f"delta.{source}")
        if field in {"text", "thinking"} and field != block.kind:
            raise self.broken(f"the stream has a {kind} in a block of type {block.kind}", retryable=True)
        block.add(field, new)
        if field == "text":
            return self.said(new, event["index"])
        if field == "input" and block.call is not None:
            return self._called(block, new)
        return self.thought(new, event["index"]) if field == "thinking" else SILENT

    def _called(self, block: _Block, piece: str) -> Delta:
        assert block.call is not None
        return self.called(block.call, block.word("id"), block.word("name"), piece)


class _Block:
    """One content block under construction: its start, and the pieces of each of its texts.

    Attributes:
        kind: Its type.
        open: Whether it has not ended.
        call: Which of the answer's calls it is, or None.
    """

    def __init__(self, start: dict[str, Any]) -> None:
        self.kind = start["type"]
        self.open = True
        self.call: int | None = None
        self._start = start
        self._parts: dict[str, list[str]] = {}
        self._citations: list[Any] = []

    def add(self, field: str, piece: str) -> None:
        self._parts.setdefault(field, []).append(piece)

    def cite(self, citation: Any) -> None:
        self._citations.append(citation)

    def keep(self, delta: Mapping[str, Any]) -> None:
        """Keep a delta of a kind that is not read."""
        for name, value in delta.items():
            if name != "type":
                self._start[name] = pieces_joined(self._start.get(name), value)

    def word(self, name: str) -> str:
        return word(self._start.get(name)) or ""

    def whole(self) -> dict[str, Any]:
        """The block as Claude's body spells it."""
        block = dict(self._start)
        for field, pieces in self._parts.items():
            joined = "".join(pieces)
            # A call starts with an empty object.
            block[field] = called_with(joined) if field == "input" else str(block.get(field) or "") + joined
        if self._citations:
            block["citations"] = [*(block.get("citations") or []), *self._citations]
        return block
