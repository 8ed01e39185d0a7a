"""Streams of OpenAI Chat Completions."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, Final

from smartllm.compiler.dialects.decoding import Decoder
from smartllm.compiler.dialects.openai_chat.content import content_of, thinking_of
from smartllm.compiler.dialects.reading import (
    index,
    optional_object,
    optional_objects,
    optional_text,
    table,
)
from smartllm.compiler.dialects.stream import DONE, SILENT, Delta, StreamReader

_HEAD: Final = ("id", "model")
_PLAIN: Final = frozenset({"role", "content"})
_NEW: Final = ("content", "refusal", "tool_calls", "reasoning_content", "reasoning")
# What a delta says or does; the rest, such as annotations, is kept as it comes.
_SPOKEN: Final = frozenset(
    {"content", "refusal", "tool_calls", "function_call", "reasoning_content", "reasoning"}
)
_CONSTANT: Final = frozenset({"id", "type", "index", "format"})


class ChatReader(StreamReader):
    """Reads chat completion chunks; of several choices the first."""

    def __init__(self, dialect: Decoder, model: str) -> None:
        super().__init__(dialect, model)
        self._head: dict[str, str] = {}
        self._finish: str | None = None
        self._thoughts: list[str] = []
        self._refusals: list[str] = []
        self._calls: list[_Call] = []
        self._numbered: dict[Any, _Call] = {}
        self._older: _Call | None = None
        self._beside: dict[str, Any] = {}
        self._usage: Mapping[str, Any] = {}
        self._others: set[int] = set()
        self._has_content = self._unknown = False

    def take(self, event: Mapping[str, Any]) -> Delta | None:
        """Take the next chunk."""
        if event is DONE:
            return self._done()
        if event.get("error"):
            raise self.reported(event["error"])
        if event.get("choices") is None:
            self._unknown = self._unknown or not event.get("usage")
        self._keep(event)
        choice = self._first(event)
        if choice is None:
            return None
        finish = optional_text(choice.get("finish_reason"), "choices.finish_reason")
        if choice.get("error") or finish == "error":
            raise self.reported(choice.get("error") or {})
        delta = optional_object(choice.get("delta"), "choices.delta")
        if (self.ended or self.over) and any(delta.get(name) for name in _NEW):
            raise self.after_the_end(event)
        new = self._take(delta)
        if not finish:
            return new
        self._finish = finish
        rest = self.end()
        if new is None or (new.thinking and rest.text):
            return rest
        return new if new.thinking else Delta(new.text + rest.text)

    def whole(self) -> Mapping[str, Any]:
        """A chat completion; choices that were not read are named only."""
        message: dict[str, Any] = {"role": "assistant", **self._beside}
        message["content"] = self.text if self._has_content else None
        message["refusal"] = "".join(self._refusals) or None
        if self._thoughts:
            message["reasoning_content"] = "".join(self._thoughts)
        if self._calls:
            message["tool_calls"] = [call.tool() for call in self._calls]
        if self._older is not None:
            message["function_call"] = self._older.function()
        choice = {"index": 0, "message": message, "finish_reason": self._finish}
        others = [{"index": number} for number in sorted(self._others)]
        return {**self._head, "choices": [choice, *others], "usage": self._usage}

    def _done(self) -> Delta | None:
        self.over = True
        # Some servers send no finish_reason; then something must have been said, and nothing unknown.
        said = self.text or self._refusals or self._calls
        if self.ended or not said or self._unknown:
            return None
        return self.end()

    def _keep(self, event: Mapping[str, Any]) -> None:
        """Keep what is said beside the choices."""
        if event.get("usage"):
            self._usage = table(event["usage"]) or self._usage
        if len(self._head) < len(_HEAD):
            self._head |= {
                name: event[name] for name in _HEAD if isinstance(event.get(name), str) and event[name]
            }

    def _first(self, event: Mapping[str, Any]) -> Mapping[str, Any] | None:
        first = None
        for choice in optional_objects(event.get("choices"), "choices"):
            number = choice.get("index")
            if number and index(number, "choices.index"):
                self._others.add(number)
            elif first is not None:
                raise self.broken("a chunk of the stream has two first choices", retryable=True)
            else:
                first = choice
        return first

    def _take(self, delta: Mapping[str, Any]) -> Delta | None:
        content = delta.get("content")
        self._has_content = self._has_content or content is not None
        if isinstance(content, str) and delta.keys() <= _PLAIN:  # nearly all chunks
            return self.said(content) if content else None
        return self._take_all(delta)

    def _take_all(self, delta: Mapping[str, Any]) -> Delta | None:
        progress = None
        for call in optional_objects(delta.get("tool_calls"), "delta.tool_calls"):
            self._call(call).add(optional_object(call.get("function"), "delta.tool_calls.function"))
            progress = SILENT
        function = optional_object(delta.get("function_call"), "delta.function_call")
        if any(function.values()):
            self._older = self._older or _Call({})
            self._older.add(function)
            progress = SILENT
        for name in delta.keys() - _SPOKEN - {"role"}:
            self._beside[name] = _joined(self._beside.get(name), delta[name])
        content = content_of(delta.get("content"))
        if refusal := content.refusal or optional_text(delta.get("refusal"), "delta.refusal"):
            self._refusals.append(refusal)
            progress = SILENT
        if thought := thinking_of(delta) or content.thinking:
            self._thoughts.append(thought)
            progress = self.thought(thought)
        return self.said(content.text) if content.text else progress

    def _call(self, part: Mapping[str, Any]) -> _Call:
        """The call that a part belongs to: by number, where the server counts; a new id begins a new one."""
        number, given = part.get("index"), optional_text(part.get("id"), "delta.tool_calls.id")
        if number is None:
            known = self._calls[-1] if self._calls else None
        else:
            known = self._numbered.get(index(number, "delta.tool_calls.index"))
        if known is None or (given and known.head["id"] not in {None, given}):
            known = _Call({"id": given, "type": part.get("type") or "function"})
            self._calls.append(known)
            self._numbered[number] = known
        known.head["id"] = known.head["id"] or given
        return known


class _Call:
    """One call under construction."""

    def __init__(self, head: dict[str, Any]) -> None:
        self.head = head
        self._name: str | None = None
        self._arguments: list[str] = []

    def add(self, function: Mapping[str, Any]) -> None:
        self._name = optional_text(function.get("name"), "function.name") or self._name
        part = function.get("arguments")
        # Some servers send the object itself.
        part = json.dumps(part) if isinstance(part, dict) else part
        self._arguments.append(optional_text(part, "function.arguments") or "")

    def function(self) -> dict[str, Any]:
        return {"name": self._name, "arguments": "".join(self._arguments)}

    def tool(self) -> dict[str, Any]:
        return {**self.head, "function": self.function()}


def _joined(old: Any, new: Any) -> Any:
    """Two values of one field in two deltas, as the openai SDK joins them."""
    if isinstance(old, str) and isinstance(new, str):
        return old + new
    if isinstance(old, list) and isinstance(new, list):
        return old + new
    if isinstance(old, dict) and isinstance(new, dict):
        both = {name: new[name] if name in _CONSTANT else _joined(old.get(name), new[name]) for name in new}
        return old | both
    return old if new is None else new
