"""Streams of OpenAI Chat Completions."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final

from smartllm.compiler.dialects.decoding import Decoder
from smartllm.compiler.dialects.media_read import in_one_piece
from smartllm.compiler.dialects.openai_chat.content import (
    READ,
    TEXT,
    THINKING,
    THOUGHTS,
    content_parts,
    thinking_of,
)
from smartllm.compiler.dialects.openai_chat.streamed_call import StreamedCall
from smartllm.compiler.dialects.reading import (
    index,
    list_of_objects,
    objects,
    optional_object,
    optional_objects,
    optional_text,
    table,
    text,
    word,
)
from smartllm.compiler.dialects.stream import (
    DONE,
    SILENT,
    Delta,
    StreamReader,
    one_after_another,
    pieces_joined,
)
from smartllm.content import Reasoning

_HEAD: Final = ("id", "model")
_PLAIN: Final = frozenset({"role", "content"})
_NEW: Final = ("content", "refusal", "tool_calls", "reasoning_content", "reasoning")
_PIECES: Final = frozenset({"data", "transcript"})
"""What of sound comes in pieces."""
_GROWING: Final = frozenset({"thinking", "reasoning", "refusal"})
"""Kinds of parts of content that come in pieces; of others each is whole."""


class ChatReader(StreamReader):
    """Reads chat completion chunks; of several choices the first."""

    def __init__(self, dialect: Decoder, model: str) -> None:
        super().__init__(dialect, model)
        self._head: dict[str, str] = {}
        self._finish: str | None = None
        self._thoughts: dict[str, list[str]] = {}
        self._listed: list[tuple[int, Mapping[str, Any]]] = []
        self._refusals: list[str] = []
        self._calls: list[StreamedCall] = []
        self._numbered: dict[Any, StreamedCall] = {}
        self._older: StreamedCall | None = None
        self._beside: dict[str, Any] = {}
        self._sound: dict[str, list[Any]] = {}
        self._logprobs: dict[str, list[Any]] = {}
        self._usage: Mapping[str, Any] = {}
        self._tier: str | None = None
        self._others: set[int] = set()
        self._has_content = self._unknown = self._speaks = False

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
        if choice.get("logprobs"):
            self._keep_logprobs(table(choice["logprobs"]))
        if (self.ended or self.over) and any(delta.get(name) for name in _NEW):
            raise self.after_the_end(event)
        new = self._take(delta)
        if not finish:
            return new
        self._finish = finish
        rest = self.end()
        if new is None:
            return rest
        return one_after_another([*new.all, rest]) if rest.text else new

    def whole(self) -> Mapping[str, Any]:
        """A chat completion; choices that were not read are named only."""
        message: dict[str, Any] = {"role": "assistant", **self._beside}
        message["content"] = self._content()
        message["refusal"] = "".join(self._refusals) or None
        message |= {name: "".join(pieces) for name, pieces in self._thoughts.items()}
        if self._calls:
            message["tool_calls"] = [call.tool() for call in self._calls]
        if self._older is not None:
            message["function_call"] = self._older.function()
        if self._sound:
            message["audio"] = self._whole_sound()
        choice = {"index": 0, "message": message, "finish_reason": self._finish}
        if self._logprobs:
            choice["logprobs"] = self._logprobs
        others = [{"index": number} for number in sorted(self._others)]
        tier = {"service_tier": self._tier} if self._tier else {}
        return {**self._head, "choices": [choice, *others], "usage": self._usage, **tier}

    def _done(self) -> Delta | None:
        self.over = True
        # Some servers send no finish_reason; then something must have been said, and nothing unknown.
        listed = any(part["type"] not in THINKING for _, part in self._listed)
        said = self.text or self._refusals or self._calls or listed or self._sound
        if self.ended or not said or self._unknown:
            return None
        return self.end()

    def _keep(self, event: Mapping[str, Any]) -> None:
        """Keep what is said beside the choices."""
        if event.get("usage"):
            self._usage = table(event["usage"]) or self._usage
        if event.get("service_tier"):
            self._tier = word(event["service_tier"])
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
        said = [*self._thought(delta), *self._list(delta.get("content"))]
        if refusal := optional_text(delta.get("refusal"), "delta.refusal"):
            self._refusals.append(refusal)
            said.append(SILENT)
        calls = optional_objects(delta.get("tool_calls"), "delta.tool_calls")
        said += [self._call(call).add(self, call) for call in calls]
        function = optional_object(delta.get("function_call"), "delta.function_call")
        if any(function.values()):
            self._older = self._older or StreamedCall({"id": ""}, 0)
            said.append(self._older.add(self, {"function": function}))
        for name in delta.keys() - READ - {"audio"}:
            self._keep_beside(name, delta[name])
        if sound := optional_object(delta.get("audio"), "delta.audio"):
            said.append(self._hear(sound))
        return one_after_another(said)

    def _keep_logprobs(self, logprobs: Mapping[str, Any]) -> None:
        for name, tokens in logprobs.items():
            self._logprobs.setdefault(name, []).extend(list_of_objects(tokens))

    def _hear(self, sound: Mapping[str, Any]) -> Delta:
        """Take a piece of sound; what it says is the text, where there is no other."""
        transcript = optional_text(sound.get("transcript"), "delta.audio.transcript")
        if transcript and not self.text:
            self._speaks = True
        for name, value in sound.items():
            self._sound.setdefault(name, []).append(value)
        return self.said(transcript) if transcript and self._speaks else SILENT

    def _whole_sound(self) -> dict[str, Any]:
        sound = {
            name: "".join(values) if name in _PIECES else values[-1] for name, values in self._sound.items()
        }
        if "data" in sound:
            sound["data"] = in_one_piece(sound["data"])
        return sound

    def _keep_beside(self, name: str, value: Any) -> None:
        self._beside[name] = pieces_joined(self._beside.get(name), value)

    def _thought(self, delta: Mapping[str, Any]) -> Iterator[Delta]:
        for name in THOUGHTS:
            if piece := optional_text(delta.get(name), f"delta.{name}"):
                self._thoughts.setdefault(name, []).append(piece)
        if thought := thinking_of(delta):
            yield self.thought(thought)

    def _list(self, content: Any) -> Iterator[Delta]:
        """Take content: text, or a list of parts."""
        if not isinstance(content, list):
            if content is not None and text(content, "content"):
                yield self.said(content)
            return
        for part in objects(content, "content"):
            read = content_parts([part])
            if part["type"] in TEXT:
                if part.get("annotations"):
                    self._keep_beside("annotations", part["annotations"])
                yield self.said(part["text"])
                continue
            self._listed.append((len(self._texts), part))
            thoughts = [one.text for one in read if isinstance(one, Reasoning)]
            yield self.thought("".join(thoughts)) if thoughts else SILENT

    def _content(self) -> Any:
        """The content: text, or parts and texts in order where not all of it was text."""
        if not self._listed:
            return self.text if self._has_content else None
        content: list[Mapping[str, Any]] = []
        begun = 0
        for place, part in [*self._listed, (len(self._texts), {})]:
            if said := "".join(self._texts[begun:place]):
                content.append({"type": "text", "text": said})
            begun, last = place, content[-1] if content else {}
            if part.get("type") in _GROWING and last.get("type") == part["type"]:
                content[-1] = _grown(last, part)
            elif part:
                content.append(part)
        return content

    def _call(self, part: Mapping[str, Any]) -> StreamedCall:
        """The call that a part belongs to: by number, where the server counts.

        A new id begins a new one, and so does a name behind arguments that are whole: some servers give all
        calls one number.
        """
        number, given = part.get("index"), optional_text(part.get("id"), "delta.tool_calls.id")
        if number is None:
            known = self._calls[-1] if self._calls else None
        else:
            known = self._numbered.get(index(number, "delta.tool_calls.index"))
        if known is None or (given and known.head["id"] not in {None, "", given}) or known.ends_before(part):
            known = StreamedCall({"id": given, "type": part.get("type") or "function"}, len(self._calls))
            self._calls.append(known)
            self._numbered[number] = known
        known.head["id"] = known.head["id"] or given
        return known


def _grown(old: Mapping[str, Any], new: Mapping[str, Any]) -> Mapping[str, Any]:
    """A part of content with its next piece; pieces of a list inside it go on with the list's last entry."""
    grown = dict(old)
    for name, value in new.items():
        known = old.get(name)
        if name == "type":
            continue
        if known and value and isinstance(known, list) and isinstance(value, list):
            grown[name] = [*known[:-1], *_entries(known[-1], value[0]), *value[1:]]
        else:
            grown[name] = pieces_joined(known, value)
    return grown


def _entries(last: Any, first: Any) -> list[Any]:
    pieces = isinstance(last, dict) and isinstance(first, dict) and last.get("type") == first.get("type")
    return [pieces_joined(last, first)] if pieces else [last, first]
