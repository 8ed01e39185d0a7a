"""Streams of Bedrock's ConverseStream."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final

from smartllm.compiler.dialects.decoding import Decoder
from smartllm.compiler.dialects.media_read import in_one_piece
from smartllm.compiler.dialects.reading import (
    ShapeError,
    an_object,
    called_with,
    index,
    objects,
    optional_object,
    table,
    text,
    word,
)
from smartllm.compiler.dialects.stream import SILENT, Delta, StreamReader, pieces_joined

_EVENTS: Final = frozenset(
    {
        "messageStart",
        "contentBlockStart",
        "contentBlockDelta",
        "contentBlockStop",
        "messageStop",
        "metadata",
    }
)
_KINDS: Final = {
    "text": "text",
    "citation": "text",
    "reasoningContent": "reasoning",
    "toolUse": "toolUse",
    "toolResult": "toolResult",
}
"""The kind of block that a delta belongs to."""
_PROVIDERS_OWN: Final = "server_tool_use"
_STARTED: Final = frozenset({"toolUse", "toolResult"})
_REASONING: Final = frozenset({"text", "signature", "redactedContent"})
_PADDING: Final = "p"


class ConverseReader(StreamReader):
    """Reads ConverseStream's events, each a mapping from its type to its content."""

    def __init__(self, dialect: Decoder, model: str) -> None:
        super().__init__(dialect, model)
        self._begun = False
        self._blocks: dict[int, _Block] = {}
        self._stop: dict[str, Any] = {}
        self._metadata: dict[str, Any] = {}

    def take(self, event: Mapping[str, Any]) -> Delta | None:
        """Take the next event."""
        kind = next(filter(_EVENTS.__contains__, event), None)
        if kind is None:
            return None
        content = an_object(event[kind], kind)
        if self.over or (self.ended and kind != "metadata"):
            raise self.after_the_end(event)
        if kind == "contentBlockDelta":
            return self._delta(content)
        if kind == "contentBlockStart":
            return self._start_block(content)
        if kind == "contentBlockStop":
            # A block without a word may have had neither start nor delta.
            at = index(content.get("contentBlockIndex"), "contentBlockIndex")
            self._blocks.setdefault(at, _Block({})).open = False
            return SILENT
        if kind == "messageStop":
            text(content.get("stopReason"), "stopReason")
            self._stop = dict(content)
            return self.end()
        if kind == "metadata":
            # Comes after messageStop (bedrock_runtime facts §3).
            self._metadata, self.over = dict(content), self.ended
            return SILENT
        if self._begun:
            raise self.broken("the stream starts its message twice", retryable=True)
        self._begun = True
        return SILENT

    def whole(self) -> Mapping[str, Any]:
        """A Converse response."""
        content = [part for _, block in sorted(self._blocks.items()) for part in block.whole()]
        message = {"role": "assistant", "content": content}
        whole = {"usage": {}, **self._metadata, **self._stop, "output": {"message": message}}
        whole.pop(_PADDING, None)
        return whole

    def _start_block(self, content: Mapping[str, Any]) -> Delta:
        at = index(content.get("contentBlockIndex"), "contentBlockIndex")
        if at in self._blocks:
            raise self.broken(f"the stream starts its block {at} twice", retryable=True)
        start = optional_object(content.get("start"), "start")
        for kind in _STARTED & start.keys():
            an_object(start[kind], f"start.{kind}")
        block = self._blocks[at] = _Block(start)
        if block.kind == "toolUse" and start["toolUse"].get("type") != _PROVIDERS_OWN:
            block.call = sum(known.call is not None for known in self._blocks.values())
            return self._called(block, "")
        return SILENT

    def _delta(self, content: Mapping[str, Any]) -> Delta:
        at = index(content.get("contentBlockIndex"), "contentBlockIndex")
        delta = an_object(content.get("delta"), "delta")
        name = next(filter(_KINDS.__contains__, delta), None)
        if not delta:
            raise ShapeError(None, "what delta holds", "text, reasoning or a tool's input")
        block = self._blocks.setdefault(at, _Block({}))
        if name is None:
            block.keep(delta)
            return SILENT
        kind = _KINDS[name]
        if not block.kind and kind not in _STARTED:
            block.kind = kind
        if block.kind != kind or not block.open:
            trouble = f"is of kind {block.kind or 'text'}" if block.open else "has ended"
            raise self.broken(f"the stream has {name} for its block {at}, which {trouble}", retryable=True)
        return self._add(block, name, delta[name], at)

    def _add(self, block: _Block, name: str, value: Any, at: int) -> Delta:
        if name == "text":
            block.add("text", text(value, "delta.text"))
            return self.said(value, at)
        if name == "citation":
            block.content.append(an_object(value, "delta.citation"))
        elif name == "toolResult":
            block.content += objects(value, "delta.toolResult")
        elif name == "toolUse":
            given = text(an_object(value, "delta.toolUse").get("input"), "delta.toolUse.input")
            block.add("input", given)
            if block.call is not None:
                return self._called(block, given)
        else:
            reasoning = an_object(value, "delta.reasoningContent")
            for field in reasoning.keys() & _REASONING:
                block.add(field, text(reasoning[field], f"delta.reasoningContent.{field}"))
            return self.thought(reasoning["text"], at) if reasoning.get("text") else SILENT
        return SILENT

    def _called(self, block: _Block, piece: str) -> Delta:
        assert block.call is not None
        return self.called(block.call, block.word("toolUseId"), block.word("name"), piece)


class _Block:
    """One content block under construction.

    Attributes:
        kind: ``text``, ``reasoning``, or the key of its start; empty until it is known.
        open: Whether it has not ended.
        content: Its citations, or the parts of a tool's result.
        call: Which of the answer's calls it is, or None.
    """

    def __init__(self, start: Mapping[str, Any]) -> None:
        self.kind = next(iter(start), "")
        self.open = True
        self.content: list[Any] = []
        self.call: int | None = None
        self._start = start
        self._parts: dict[str, list[str]] = {}
        self._unread: dict[str, Any] = {}

    def add(self, field: str, piece: str) -> None:
        self._parts.setdefault(field, []).append(piece)

    def keep(self, delta: Mapping[str, Any]) -> None:
        """Keep a delta of a kind that is not read."""
        for name, value in delta.items():
            self._unread[name] = pieces_joined(self._unread.get(name), value)

    def word(self, name: str) -> str:
        return word(self._start[self.kind].get(name)) or ""

    def whole(self) -> Iterator[dict[str, Any]]:
        """The block as Converse spells it, and beside it what deltas said that do not belong to its kind."""
        unread = dict(self._unread)
        if self.kind and self.kind not in _KINDS.values():
            more = unread.pop(self.kind, None)
            yield {**self._start, self.kind: _whole(pieces_joined(self._start[self.kind], more))}
        elif self.kind:
            yield self._read()
        for name, value in unread.items():
            yield {name: _whole(value)}

    def _read(self) -> dict[str, Any]:
        said = {field: "".join(pieces) for field, pieces in self._parts.items()}
        if self.kind == "toolUse":
            return {"toolUse": {**self._start["toolUse"], "input": called_with(said.get("input", ""))}}
        if self.kind == "toolResult":
            return {"toolResult": {**self._start["toolResult"], "content": self.content}}
        if self.kind == "reasoning":
            if "redactedContent" in said:
                return {"reasoningContent": {"redactedContent": said["redactedContent"]}}
            return {"reasoningContent": {"reasoningText": {"text": "", **said}}}
        words = said.get("text", "")
        if self.content:
            return {"citationsContent": {"content": [{"text": words}], "citations": self.content}}
        return {"text": words}


def _whole(value: Any) -> Any:
    """A picture or sound with its bytes as one text; all else as it is."""
    source = table(table(value).get("source"))
    if "bytes" not in source:
        return value
    return {**value, "source": {**source, "bytes": in_one_piece(source["bytes"])}}
