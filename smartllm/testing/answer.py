"""The answer to a request, before it is put in the shape of a wire."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from .calls import Call, calls_of
from .prompt_memory import NOTHING, Kept
from .sample import sample
from .texts import texts_in, words, words_in

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from .reply import Reply

JSON = dict[str, Any]

THOUGHT = "Let me think about it."
SIGNATURE = "bG9vcGJhY2s="
CREATED_AT = 1_700_000_000

_RESULTS = {"function_call_output", "custom_tool_call_output"}
_INPUT_KEYS = ("system", "instructions", "messages", "input", "prompt")


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """What one request asks for, read from the body of any wire.

    ``thinking`` is the reasoning text to answer with by default, ``None`` if none is asked for. ``custom``
    names the tools that take free text. The names of ``headers`` are in lower case.
    """

    body: JSON
    model: str
    tools: Mapping[str, JSON]
    forced: bool
    forced_tool: str | None
    schema: JSON | None
    thinking: str | None
    custom: Sequence[str] = ()
    headers: Mapping[str, str] = field(default_factory=dict)

    @property
    def stops(self) -> Sequence[str]:
        """The texts at which the answer ends."""
        config = self.body.get("inferenceConfig")
        places = (self.body.get("stop"), self.body.get("stop_sequences"), (config or {}).get("stopSequences"))
        found = next((place for place in places if place), ())
        return (found,) if isinstance(found, str) else found


@dataclass(frozen=True, slots=True, kw_only=True)
class Counts:
    """Token counts; ``input`` leaves out the cached ones, ``output`` holds the thinking."""

    input: int
    output: int
    thinking: int
    cached: int
    written: int
    written_1h: int = 0

    @property
    def whole_input(self) -> int:
        """All input tokens, however they were read."""
        return self.input + self.cached + self.written


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """The answer in neutral terms; ``serial`` makes its ids unique and repeatable.

    ``chunks`` is the text as a script cuts it up, ``None`` for its words; ``stopped`` is the stop sequence
    at which it ended, ``None`` for another end.
    """

    asked: Asked
    serial: int
    text: str
    chunks: tuple[str, ...] | None
    thinking: str | None
    calls: tuple[Call, ...]
    refusal: str | None
    stop_reason: str | None
    counts: Counts
    usage_overrides: Mapping[str, Any] | None
    stopped: str | None = None

    @property
    def pieces(self) -> tuple[str, ...]:
        """The text as a stream cuts it up."""
        return split(self.text) if self.chunks is None else self.chunks

    def usage(self, computed: JSON) -> JSON | None:
        """Return the computed usage with the scripted overrides, or ``None`` if it is to be null."""
        return None if self.usage_overrides is None else _merged(computed, self.usage_overrides)

    def id(self, prefix: str) -> str:
        """Return an id of this answer."""
        return f"{prefix}_loopback{self.serial:06d}"

    def numbered(self, prefix: str, index: int) -> str:
        """Return the id of something that the answer has several of."""
        return self.id(prefix) if index == 0 else f"{self.id(prefix)}_{index + 1}"

    def call_id(self, prefix: str, index: int) -> str:
        """Return the id of a call."""
        return self.calls[index].id or self.numbered(prefix, index)


def compose(asked: Asked, reply: Reply, serial: int, kept: Kept = NOTHING) -> Answer:
    """Work out the answer to a request from the scripted reply, and from what is kept of the prompt."""
    explicit = _explicit_text(reply) is not None and reply.structured is None
    calls = calls_of(asked, reply, explicit=explicit)
    text, stopped = _cut(_text(asked, reply, called=bool(calls)), asked.stops)
    chunks = tuple(reply.chunks) if text and reply.chunks is not None and stopped is None else None
    thinking = _thinking(asked, reply)
    spent = 0 if thinking is None else max(1, words(thinking))
    said = words(text) + words(reply.refusal or "") + sum(words(call.arguments) for call in calls)
    heard = sum(words_in(asked.body.get(key)) for key in _INPUT_KEYS)
    return Answer(
        asked=asked,
        serial=serial,
        text=text,
        chunks=chunks,
        thinking=thinking,
        calls=calls,
        refusal=reply.refusal,
        stop_reason=reply.stop_reason,
        counts=_counts(max(1, heard), max(1, said), spent, reply, kept),
        usage_overrides=reply.usage,
        stopped=stopped,
    )


def _counts(heard: int, said: int, spent: int, reply: Reply, kept: Kept) -> Counts:
    if reply.cached_tokens or reply.cache_write_tokens:  # beside what was heard
        kept = Kept(reply.cached_tokens, reply.cache_write_tokens)
        heard += kept.read + kept.written
    return Counts(
        input=heard - kept.read - kept.written,
        output=said + spent,
        thinking=spent,
        cached=kept.read,
        written=kept.written,
        written_1h=kept.hour,
    )


def split(text: str) -> tuple[str, ...]:
    """Cut a text into words, each with the space behind it; they join to the same text."""
    return tuple(re.findall(r"\s*\S+\s?|\s+", text))


def pieces_of(arguments: str) -> tuple[str, ...]:
    """Cut up a call's arguments as Bedrock does: of none nothing is sent."""
    return () if arguments == "{}" else split(arguments)


def tier_of(answer: Answer) -> str:
    """OpenAI's word for how the answer was served."""
    asked = answer.asked.body.get("service_tier") or "auto"
    return "default" if asked == "auto" else str(asked)


def schema_or_none(form: Any) -> JSON | None:
    """Return the schema of an OpenAI or Claude format object."""
    if not isinstance(form, dict) or form.get("type") not in {"json_schema", "json_object"}:
        return None
    return form.get("schema") or form.get("json_schema", {}).get("schema") or {"type": "object"}


def _explicit_text(reply: Reply) -> str | None:
    if reply.text is not None or reply.chunks is None:
        return reply.text
    return "".join(reply.chunks)


def _text(asked: Asked, reply: Reply, *, called: bool) -> str:
    explicit = _explicit_text(reply)
    if reply.refusal is not None:
        return ""
    if explicit is not None:
        return explicit
    if called:
        return ""
    if reply.structured is not None:
        return json.dumps(reply.structured)
    if asked.schema is not None:
        return json.dumps(sample(asked.schema))
    return "echo: " + _last_user_text(asked.body)


def _cut(text: str, stops: Sequence[str]) -> tuple[str, str | None]:
    """A text up to the first of the texts at which it ends, and which one that is."""
    found = [(at, stop) for stop in stops if (at := text.find(stop)) >= 0]
    if not found:
        return text, None
    at, stop = min(found)
    return text[:at], stop


def _thinking(asked: Asked, reply: Reply) -> str | None:
    if reply.thinking is None:
        return asked.thinking
    return None if reply.thinking is False else reply.thinking


def _last_user_text(body: JSON) -> str:
    turns = next((body[key] for key in ("messages", "input", "prompt") if key in body), "")
    if isinstance(turns, str):
        return turns
    for turn in reversed(turns):
        heard = turn.get("role") in {"user", "tool"} or turn.get("type") in _RESULTS
        texts = list(texts_in(turn)) if heard else []
        if texts:
            return texts[-1]
    return ""


def _merged(base: JSON, overrides: Mapping[str, Any]) -> JSON:
    merged = dict(base)
    for key, value in overrides.items():
        old = merged.get(key)
        merged[key] = _merged(old, value) if isinstance(old, dict) and isinstance(value, dict) else value
    return merged
