"""The parts that turns and answers are made of: plain, frozen values of the standard library.

A turn or an answer that is only text may be said as a ``str``; a list holds texts and parts in order.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, fields, replace
from typing import TYPE_CHECKING, Any, Literal

from smartllm.field_docs import documented
from smartllm.media.sources import SOURCES, settled, told_address
from smartllm.part_names import NamesFields
from smartllm.text_parts import Reasoning, Text, parts_of, type_field
from smartllm.words import CACHE_TIMES, CacheTime

if TYPE_CHECKING:
    from os import PathLike

    FilePath = str | PathLike[str]
else:
    FilePath = str  # which it becomes, and what stands in JSON

__all__ = [
    "Audio",
    "CachePoint",
    "Document",
    "Image",
    "InputPart",
    "Media",
    "Other",
    "Part",
    "Reasoning",
    "Refusal",
    "ResultPart",
    "Text",
    "ToolCall",
    "ToolCallDelta",
    "ToolResult",
    "Video",
    "copied",
    "described",
    "owned",
    "parts_of",
    "text_of",
    "whole_call",
]


@dataclass(frozen=True, slots=True)
class _Media(NamesFields):
    data: bytes | None = field(default=None, repr=False)
    """Its bytes."""
    path: FilePath | None = None
    """A local file; a link is followed, ``~`` and patterns are not expanded."""
    url: str | None = field(default=None, repr=False)
    """Where the provider fetches it, over https or http. A ``data:`` URL becomes ``data``."""
    file_id: str | None = None
    """A file that the provider holds."""
    s3: str | None = None
    """Address of an object in S3, such as ``s3://bucket/key``."""
    media_type: str | None = None
    """Such as ``image/png``; None finds it out from the bytes or the name."""

    def __post_init__(self) -> None:
        given = {name: getattr(self, name) for name in (*SOURCES, "media_type")}
        for name, value in settled(type(self).__name__, given).items():
            object.__setattr__(self, name, value)


@documented
@dataclass(frozen=True, slots=True)
class Image(_Media):
    """A picture, of exactly one source.

    Raises:
        ValueError: There is not exactly one source, or it is none.
    """

    detail: str | None = None
    """How closely the model looks, in the provider's word."""
    type: Literal["image"] = type_field("image")


@documented
@dataclass(frozen=True, slots=True)
class Document(_Media):
    """A document, of exactly one source; see ``Image``."""

    name: str | None = None
    """How the model is told its name; None takes that of a local file, without its ending."""
    citations: bool = False
    """The answer may cite it."""
    detail: str | None = None
    """How closely the model looks at pictures of its pages, in the provider's word."""
    type: Literal["document"] = type_field("document")


@documented
@dataclass(frozen=True, slots=True)
class Audio(_Media):
    """Sound, of exactly one source; see ``Image``."""

    type: Literal["audio"] = type_field("audio")


@documented
@dataclass(frozen=True, slots=True)
class Video(_Media):
    """A film, of exactly one source; see ``Image``."""

    type: Literal["video"] = type_field("video")


@documented
@dataclass(frozen=True, slots=True)
class ToolCall(NamesFields):
    """A call of a tool that the model asks for."""

    id: str
    """The provider's id of the call; empty where the wire gives none."""
    name: str
    """The tool's name."""
    arguments: dict[str, Any] | str
    """What it is called with; the text of it where that is no JSON object."""
    custom: bool = field(default=False, kw_only=True)
    """It calls a tool that takes free text (type ``custom``): the arguments are that text."""
    unfinished: bool = field(default=False, kw_only=True)
    """The answer ended inside it, or right behind it: do not run it."""
    own: Mapping[str, Any] = field(default_factory=dict, repr=False, kw_only=True)
    """What Claude's Messages say of it besides: the code that makes it (``caller``), or the toolset that it
    is of (``toolset_name``). It goes back with it there."""
    type: Literal["tool_call"] = type_field("tool_call")


@documented
@dataclass(frozen=True, slots=True)
class ToolResult(NamesFields):
    """What a called tool gave back."""

    call_id: str
    """Id of the call."""
    content: Any
    """Text, any JSON value, or a list of texts and parts, those of ``ResultPart``."""
    error: bool = False
    """The tool failed."""
    parts: bool = field(default=False, repr=False, kw_only=True)
    """``content`` is a list of parts, as every list that holds one is. It matters where a result is written
    in JSON, since a tool may give back data that looks like a part."""
    type: Literal["tool_result"] = type_field("tool_result")

    def __post_init__(self) -> None:
        if isinstance(self.content, (list, tuple)) and any(isinstance(item, Part) for item in self.content):
            object.__setattr__(self, "parts", True)


@dataclass(frozen=True, slots=True)
class CachePoint(NamesFields):
    """The provider may keep what stands before this, for so long, and read it at a lower price."""

    ttl: CacheTime = "5m"
    type: Literal["cache_point"] = type_field("cache_point")

    def __post_init__(self) -> None:
        if self.ttl not in CACHE_TIMES:
            raise ValueError(f"CachePoint: ttl={self.ttl!r} is not usable; allowed: 5m, 1h")


@documented
@dataclass(frozen=True, slots=True)
class Refusal:
    """The model's own words of refusal."""

    text: str
    """The words."""
    type: Literal["refusal"] = type_field("refusal")


@documented
@dataclass(frozen=True, slots=True)
class Other(NamesFields):
    """A part in the words of a wire, which SmartLLM does not read; it goes as it is, to no other wire."""

    raw: Mapping[str, Any]
    """The part as the wire has it."""
    kind: str = ""
    """The wire's word for it."""
    dialect: str = ""
    """Wire that wrote it; empty for the caller's own words to the wire at hand."""
    type: Literal["other"] = type_field("other")


@documented
@dataclass(frozen=True, slots=True)
class ToolCallDelta:
    """A piece of a call in a stream."""

    index: int
    """Which of the answer's calls, from 0."""
    id: str
    """The call's id, as far as it is known by now."""
    name: str
    """The tool's name, as far as it is known by now."""
    arguments: str
    """The next piece of the arguments' text, as the model writes it: nulls that stand for what is left out
    are still in it. Where its words are not those of the tool's schema, the text comes in one piece when the
    answer is whole."""
    type: Literal["tool_call_delta"] = type_field("tool_call_delta")


Media = Image | Document | Audio | Video
"""What is no text."""

InputPart = Text | Image | Document | Audio | Video | ToolCall | ToolResult | Reasoning | CachePoint | Other
"""What may stand in a turn."""

ResultPart = Text | Image | Document | Audio | Video | Other
"""What may stand in the result of a tool."""

Part = InputPart | Refusal
"""What may stand in an answer."""


def text_of(parts: Iterable[Part]) -> str:
    """The text of parts; what is not text is left out."""
    return "".join(part.text for part in parts if isinstance(part, Text))


def whole_call(index: int, call: ToolCall) -> ToolCallDelta:
    """A call as the only piece of itself."""
    given = call.arguments
    text = given if isinstance(given, str) else json.dumps(given, ensure_ascii=False)
    return ToolCallDelta(index, call.id, call.name, text)


def owned(part: Part) -> Part:
    """A part that shares nothing with the given one that can be changed."""
    if isinstance(part, ToolCall):
        return replace(part, arguments=copied(part.arguments), own=copied(part.own))
    if isinstance(part, Reasoning):
        return Reasoning(part.model, part.dialect, copied(part.blocks), part.text)
    if isinstance(part, Other):
        return Other(copied(part.raw), part.kind, part.dialect)
    if isinstance(part, Text) and part.citations:
        return Text(part.text, tuple(copied(part.citations)))
    return part


def copied(value: Any) -> Any:
    """JSON data with objects and lists of its own, however deep; tuples become lists."""
    top = [value]
    left: list[tuple[Any, Any]] = [(top, 0)]
    while left:
        holder, place = left.pop()
        found = holder[place]
        if isinstance(found, (list, tuple)):
            holder[place] = own = list(found)
            left += [(own, index) for index in range(len(own))]
        elif isinstance(found, Mapping):
            holder[place] = table = dict(found)
            left += [(table, key) for key in table]
    return top[0]


def described(content: str | Sequence[str | Part]) -> Any:
    """What was written, as JSON-ready data for logs and metadata; of bytes and blocks the number is told."""
    if isinstance(content, str):
        return content
    return [part if isinstance(part, str) else _described(part) for part in content]


def _described(part: Part) -> dict[str, Any]:
    data: dict[str, Any] = {"type": part.type}
    for one in fields(part):
        value = getattr(part, one.name)
        if one.name == "type" or value == one.default or (value == [] and one.default_factory is list):
            continue
        if isinstance(value, bytes):
            value = f"{len(value)} bytes"
        elif one.name == "url":
            value = told_address(value)
        elif one.name == "blocks":
            value = f"{len(value)} blocks"
        elif one.name == "raw":
            value = f"{len(value)} fields"
        elif isinstance(value, (tuple, list)):
            value = [_described(item) if hasattr(item, "type") else item for item in value]
        data[one.name] = value
    return data
