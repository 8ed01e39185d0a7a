"""Pictures, documents, sound and film in requests, read from the body of any wire."""

from __future__ import annotations

import base64
import binascii
import hashlib
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any, Final, Literal, NamedTuple

from smartllm.media import media_type_of
from smartllm.media.pictures import picture_of

from .heard import JSON, dict_of, listed

Kind = Literal["image", "document", "audio", "video"]
Where = Literal["system", "user", "assistant", "result"]
_DATA_URL: Final = re.compile(r"data:(?P<type>[\w.+/-]+);base64,(?P<data>.*)", re.DOTALL)
_SCHEME: Final = re.compile("https?:|s3:")
_OFFICE: Final = "application/vnd.openxmlformats-officedocument."
FORMATS: Final[dict[Kind, dict[str, str]]] = {
    "image": {word: f"image/{word}" for word in ("png", "jpeg", "gif", "webp")},
    "document": {
        "pdf": "application/pdf",
        "csv": "text/csv",
        "doc": "application/msword",
        "docx": f"{_OFFICE}wordprocessingml.document",
        "xls": "application/vnd.ms-excel",
        "xlsx": f"{_OFFICE}spreadsheetml.sheet",
        "html": "text/html",
        "txt": "text/plain",
        "md": "text/markdown",
    },
    "video": {
        "mkv": "video/x-matroska",
        "mov": "video/quicktime",
        "mp4": "video/mp4",
        "webm": "video/webm",
        "flv": "video/x-flv",
        "mpeg": "video/mpeg",
        "mpg": "video/mpeg",
        "wmv": "video/x-ms-wmv",
        "three_gp": "video/3gpp",
    },
    "audio": {
        "mp3": "audio/mpeg",
        "mpeg": "audio/mpeg",
        "mpga": "audio/mpeg",
        "opus": "audio/opus",
        "wav": "audio/wav",
        "aac": "audio/aac",
        "x-aac": "audio/aac",
        "flac": "audio/flac",
        "mp4": "audio/mp4",
        "m4a": "audio/mp4",
        "ogg": "audio/ogg",
        "mkv": "audio/x-matroska",
        "mka": "audio/x-matroska",
        "pcm": "audio/pcm",
        "webm": "audio/webm",
    },
}
"""Converse's words for what bytes are (botocore 1.44.8), and the media type of each."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Medium:
    """One picture, document, sound or film.

    Attributes:
        kind: What it is.
        part: The wire's word for it.
        place: Where it stands, in the wire's own way of naming places.
        where: Whose words it stands in.
        turn: Number of the message.
        source: How it is given; ``text`` is a document's text as it is, "" what no wire knows.
        word: What the body says of its format, in the wire's own word.
        label: The media type that this means; "" where nothing is said, or nothing known.
        data: Its bytes; None where it has none, or they cannot be read.
        name: A document's name; None where it has none.
        citations: The answer may cite it.
        detail: How closely the model is to look; "" where nothing is said.
    """

    kind: Kind
    part: str
    place: str
    where: Where
    turn: int
    source: str = ""
    word: str = ""
    label: str = ""
    data: bytes | None = field(default=None, repr=False)
    name: str | None = None
    citations: bool = False
    detail: str = ""

    def __str__(self) -> str:
        """What was seen of it, in a line without its bytes."""
        said = f"{self.place}: {self.kind}"
        if self.data is None:
            return f"{said} by {self.source or 'nothing known'}"
        shown = picture_of(self.data)
        size = f"{len(self.data)} bytes, sha256 {hashlib.sha256(self.data).hexdigest()[:12]}"
        pixels = f"{shown.width} x {shown.height} pixels, " if shown else ""
        return f"{said}, {self.label or media_type_of(self.data) or 'unlabelled'}, {pixels}{size}"


Reader = Callable[[JSON], Iterator[Medium]]


def claude(body: JSON) -> Iterator[Medium]:
    """What stands in a body of Claude's Messages."""
    for number, block in listed(body.get("system")):
        yield from _of_claude(dict_of(block), f"system.{number}", "system", -1)
    for turn, message in _messages(body):
        for number, one in listed(message.get("content")):
            block, place = dict_of(one), f"messages.{turn}.content.{number}"
            yield from _of_claude(block, place, _role(message), turn)
            if block.get("type") == "tool_result":
                for inner, part in listed(block.get("content")):
                    yield from _of_claude(
                        dict_of(part), f"{place}.tool_result.content.{inner}", "result", turn
                    )


def converse(body: JSON) -> Iterator[Medium]:
    """What stands in a body of Converse."""
    for number, block in listed(body.get("system")):
        yield from _of_converse(dict_of(block), f"system.{number}", "system", -1)
    for turn, message in _messages(body):
        for number, one in listed(message.get("content")):
            block, place = dict_of(one), f"messages.{turn}.content.{number}"
            yield from _of_converse(block, place, _role(message), turn)
            for inner, part in listed(dict_of(block.get("toolResult")).get("content")):
                yield from _of_converse(dict_of(part), f"{place}.toolResult.content.{inner}", "result", turn)


def chat(body: JSON) -> Iterator[Medium]:
    """What stands in a body of Chat Completions."""
    for turn, message in _messages(body):
        for number, part in listed(message.get("content")):
            yield from _of_chat(dict_of(part), f"messages[{turn}].content[{number}]", _role(message), turn)


def responses(body: JSON) -> Iterator[Medium]:
    """What stands in a body of Responses."""
    for turn, one in listed(body.get("input")):
        item = dict_of(one)
        for number, part in listed(item.get("content")):
            yield from _of_responses(dict_of(part), f"input[{turn}].content[{number}]", _role(item), turn)
        for number, part in listed(item.get("output")):
            yield from _of_responses(dict_of(part), f"input[{turn}].output[{number}]", "result", turn)


def _messages(body: JSON) -> list[tuple[int, JSON]]:
    return [(index, dict_of(one)) for index, one in listed(body.get("messages"))]


def _role(message: JSON) -> Where:
    roles: dict[Any, Where] = {"assistant": "assistant", "system": "system", "developer": "system"}
    return "result" if message.get("role") == "tool" else roles.get(message.get("role"), "user")


def _of_claude(block: JSON, place: str, where: Where, turn: int) -> Iterator[Medium]:
    kind = block.get("type")
    if kind not in {"image", "document"}:
        return
    source = dict_of(block.get("source"))
    given, label = str(source.get("type", "")), str(source.get("media_type", ""))
    yield Medium(
        kind=kind,
        part=kind,
        place=place,
        where=where,
        turn=turn,
        source={"base64": "data", "file": "file_id", "content": "text"}.get(given, given),
        word=label,
        label=label,
        data=_bytes(source.get("data")) if given == "base64" else None,
        name=block.get("title"),
        citations=bool(dict_of(block.get("citations")).get("enabled")),
    )


_SOURCES: Final = {"bytes": "data", "s3Location": "s3", "text": "text", "content": "text"}


def _of_converse(block: JSON, place: str, where: Where, turn: int) -> Iterator[Medium]:
    for kind, words in FORMATS.items():
        if kind in block:
            own = dict_of(block[kind])
            source, word = dict_of(own.get("source")), str(own.get("format", ""))
            yield Medium(
                kind=kind,
                part=kind,
                place=place,
                where=where,
                turn=turn,
                source=_SOURCES.get(next(iter(source), ""), ""),
                word=word,
                label=words.get(word, ""),
                data=_bytes(source["bytes"]) if "bytes" in source else None,
                name=own.get("name"),
                citations=bool(dict_of(own.get("citations")).get("enabled")),
            )


def _of_chat(block: JSON, place: str, where: Where, turn: int) -> Iterator[Medium]:
    part = str(block.get("type"))
    own = dict_of(block.get(part))
    seat = _Seat(part, place, where, turn)
    if part == "image_url":
        yield seat.addressed("image", own.get("url"), detail=str(own.get("detail") or ""))
    elif part == "file":
        yield seat.file(own)
    elif part == "input_audio":
        word = str(own.get("format", ""))
        label = {"wav": "audio/wav", "mp3": "audio/mpeg"}.get(word, "")
        yield seat.given("audio", "data", word=word, label=label, data=_bytes(own.get("data")))


def _of_responses(block: JSON, place: str, where: Where, turn: int) -> Iterator[Medium]:
    part, detail = str(block.get("type")), str(block.get("detail") or "")
    seat = _Seat(part, place, where, turn)
    if part == "input_image" and block.get("file_id"):
        yield seat.given("image", "file_id", detail=detail)
    elif part == "input_image":
        yield seat.addressed("image", block.get("image_url"), detail=detail)
    elif part == "input_file":
        yield seat.file(block, detail=detail)
    elif part == "input_audio":
        own = dict_of(block.get(part))
        yield seat.given("audio", "data", word=str(own.get("format", "")), data=_bytes(own.get("data")))


class _Seat(NamedTuple):
    """Where a part of OpenAI's wires stands."""

    part: str
    place: str
    where: Where
    turn: int

    def given(self, kind: Kind, source: str, **own: Any) -> Medium:
        """What stands there."""
        return Medium(kind=kind, source=source, **self._asdict(), **own)

    def file(self, own: JSON, *, detail: str = "") -> Medium:
        """A file, by its id, its address or its bytes."""
        for key, source in (("file_id", "file_id"), ("file_url", "url")):
            if own.get(key):
                return self.given("document", source, detail=detail)
        return self.addressed("document", own.get("file_data"), name=own.get("filename"), detail=detail)

    def addressed(self, kind: Kind, url: Any, *, name: str | None = None, detail: str = "") -> Medium:
        """What is given by an address, which may hold the bytes."""
        if not isinstance(url, str) or not url:
            return self.given(kind, "", name=name, detail=detail)
        if scheme := _SCHEME.match(url):
            return self.given(kind, "s3" if scheme[0] == "s3:" else "url", name=name, detail=detail)
        found = _DATA_URL.fullmatch(url)
        label = found["type"] if found else ""
        data = _bytes(found["data"]) if found else None
        return self.given(kind, "data", word=label, label=label, data=data, name=name, detail=detail)


def _bytes(text: Any) -> bytes | None:
    try:
        return base64.b64decode(text, validate=True)
    except (binascii.Error, TypeError, ValueError):
        return None
