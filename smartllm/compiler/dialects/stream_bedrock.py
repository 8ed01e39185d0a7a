"""Streams of Bedrock's two operations."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from smartllm.compiler.dialects.base import DialectCode, table
from smartllm.compiler.dialects.stream import Delta, StreamReader, shown

_METRICS = "amazon-bedrock-invocationMetrics"


class ClaudeReader(StreamReader):
    """Reads Claude's events, which InvokeModelWithResponseStream wraps in chunks."""

    def __init__(self, dialect: DialectCode, model: str) -> None:
        super().__init__(dialect, model)
        self._message: dict[str, Any] = {}
        self._usage: dict[str, Any] = {}
        self._blocks: dict[int, _Block] = {}

    def feed(self, event: Mapping[str, Any]) -> Delta | None:
        """Take the next event."""
        kind = event.get("type")
        if kind == "content_block_delta":
            return self._delta(event)
        if kind == "content_block_start":
            self._blocks[_index(event)] = _Block(dict(table(event.get("content_block"))))
            text = table(event.get("content_block")).get("text")
            return self.said(str(text)) if text else Delta("")
        if kind == "message_start":
            self._message = dict(table(event.get("message")))
            self._usage.update(table(self._message.get("usage")))
            return Delta("")
        if kind == "message_delta":
            self._message.update(table(event.get("delta")))
            self._usage.update({k: v for k, v in table(event.get("usage")).items() if v is not None})
            return Delta("")
        if kind == "message_stop":
            self.ended = True
            self._count(table(event.get(_METRICS)))
            return Delta("")
        if kind == "error":
            error = table(event.get("error"))
            raise self.broken(
                f"the provider ended the stream with an error: {error.get('message') or shown(event)}",
                code=error.get("type"),
                retryable=error.get("type") in {"overloaded_error", "api_error", "rate_limit_error"},
            )
        return Delta("") if kind == "content_block_stop" else None

    def whole(self) -> Mapping[str, Any]:
        """A Claude message."""
        content = [block.whole() for _, block in sorted(self._blocks.items())]
        return {**self._message, "content": content, "usage": self._usage}

    def _delta(self, event: Mapping[str, Any]) -> Delta:
        block = self._blocks.setdefault(_index(event), _Block({}))
        delta = table(event.get("delta"))
        kind = delta.get("type")
        if kind == "text_delta":
            text = str(delta.get("text", ""))
            block.add("text", text)
            return self.said(text)
        if kind == "thinking_delta":
            thought = str(delta.get("thinking", ""))
            block.add("thinking", thought)
            return Delta(thought, thinking=True)
        if kind == "input_json_delta":
            block.add("input", str(delta.get("partial_json", "")))
        elif kind == "signature_delta":
            block.add("signature", str(delta.get("signature", "")))
        return Delta("")

    def _count(self, metrics: Mapping[str, Any]) -> None:
        for name, ours in (("inputTokenCount", "input_tokens"), ("outputTokenCount", "output_tokens")):
            if name in metrics:
                self._usage.setdefault(ours, metrics[name])


class ConverseReader(StreamReader):
    """Reads ConverseStream's events, each a mapping from its type to its content."""

    def __init__(self, dialect: DialectCode, model: str) -> None:
        super().__init__(dialect, model)
        self._blocks: dict[int, _Block] = {}
        self._stop: dict[str, Any] = {}
        self._usage: Mapping[str, Any] = {}

    def feed(self, event: Mapping[str, Any]) -> Delta | None:
        """Take the next event."""
        for kind, value in event.items():
            content = table(value)
            if kind == "contentBlockDelta":
                return self._delta(content)
            if kind == "contentBlockStart":
                tool = table(table(content.get("start")).get("toolUse"))
                self._blocks[_index(content)] = _Block({"toolUse": dict(tool)} if tool else {})
                return Delta("")
            if kind == "messageStop":
                self._stop, self.ended = dict(content), True
                return Delta("")
            if kind == "metadata":
                # Comes after messageStop (bedrock_runtime facts §3).
                self._usage = table(content.get("usage"))
                return Delta("")
            if kind in {"messageStart", "contentBlockStop"}:
                return Delta("")
        return None

    def whole(self) -> Mapping[str, Any]:
        """A Converse response."""
        content = [block.converse() for _, block in sorted(self._blocks.items())]
        return {**self._stop, "output": {"message": {"content": content}}, "usage": self._usage}

    def _delta(self, content: Mapping[str, Any]) -> Delta:
        block = self._blocks.setdefault(_index(content), _Block({}))
        delta = table(content.get("delta"))
        if "text" in delta:
            block.add("text", str(delta["text"]))
            return self.said(str(delta["text"]))
        if "toolUse" in delta:
            block.add("input", str(table(delta["toolUse"]).get("input", "")))
        reasoning = table(delta.get("reasoningContent"))
        for name in ("signature", "redactedContent"):
            if name in reasoning:
                block.add(name, str(reasoning[name]))
        thought = reasoning.get("text")
        if thought:
            block.add("thinking", str(thought))
            return Delta(str(thought), thinking=True)
        return Delta("")


class _Block:
    """One content block under construction: its start, and the pieces of each of its texts."""

    def __init__(self, start: dict[str, Any]) -> None:
        self.start = start
        self.parts: dict[str, list[str]] = {}

    def add(self, name: str, piece: str) -> None:
        self.parts.setdefault(name, []).append(piece)

    def whole(self) -> dict[str, Any]:
        """The block as Claude's body spells it."""
        block = {"type": self._kind(), **self.start}
        for name, pieces in self.parts.items():
            joined = "".join(pieces)
            block[name] = _json(joined) if name == "input" else str(block.get(name) or "") + joined
        return block

    def converse(self) -> dict[str, Any]:
        """The block as Converse spells it."""
        if "toolUse" in self.start:
            given = _json("".join(self.parts.get("input", [])))
            return {"toolUse": {**self.start["toolUse"], "input": given}}
        if "redactedContent" in self.parts:
            return {"reasoningContent": {"redactedContent": "".join(self.parts["redactedContent"])}}
        if "thinking" in self.parts or "signature" in self.parts:
            spoken = {"text": "".join(self.parts.get("thinking", []))}
            if "signature" in self.parts:
                spoken["signature"] = "".join(self.parts["signature"])
            return {"reasoningContent": {"reasoningText": spoken}}
        return {"text": "".join(self.parts.get("text", []))}

    def _kind(self) -> str:
        return "thinking" if "thinking" in self.parts else "text"


def _index(content: Mapping[str, Any]) -> int:
    found = content.get("index", content.get("contentBlockIndex"))
    return found if isinstance(found, int) else 0


def _json(text: str) -> Any:
    """Arguments of a tool call; as text where they are no JSON, for the runtime to report."""
    try:
        return json.loads(text or "{}")
    except (ValueError, RecursionError):
        return text
