"""What a provider would refuse about pictures, documents, sound and film."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Final

from smartllm.media import media_type_of
from smartllm.media.pictures import picture_of
from smartllm.rules import Facts
from smartllm.rules.vocabulary.input import is_among

from .check_tools import Judged
from .heard import JSON, Refused, Words, dict_of, listed, told
from .media_heard import FORMATS, Medium, Reader

_LONGEST_NAME: Final = 200
_NAME: Final = re.compile(r"[A-Za-z0-9\-()\[\]_]+(?:\s[A-Za-z0-9\-()\[\]_]+)*", re.ASCII)
"""With the underscore, which AWS does not document and was seen to pass."""
_READ: Final = frozenset({"application/pdf", *FORMATS["image"].values()})
"""What models look into; of the rest a wrong label is not noticed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class MediaWire:
    """How one wire speaks of what is no text.

    Attributes:
        read: Reads it.
        words: The wire's errors; a problem that is not here is none on this wire.
        named: Documents have names, and all in a request have different ones.
        marked: Every format has a word of the wire.
        texts: A document of text that is cited stands as text, not as bytes.
    """

    read: Reader
    words: Words
    named: bool = False
    marked: bool = False
    texts: bool = False

    def refused(self, problem: str, medium: Medium, **values: object) -> Iterator[Refused]:
        """The error for a problem with one of them, if the wire makes one of it."""
        allowed = ", ".join(FORMATS[medium.kind])
        given = {
            "place": medium.place,
            "dotted": medium.place.replace("[", ".["),
            "part": medium.part,
            "kind": medium.kind,
            "Kind": medium.kind.capitalize(),
            "source": medium.source,
            "word": medium.word,
            "label": medium.label,
            "detail": medium.detail,
            "role": "tool" if medium.where == "result" else medium.where,
            "turn": medium.turn,
            "name": medium.name,
            "words": allowed,
        }
        return told(self.words, problem, **{**given, **values})


def media(said: Judged, wire: MediaWire) -> Iterator[Refused]:
    """What is wrong with the pictures, documents, sound and film of a request.

    Args:
        said: The request.
        wire: How its wire speaks.
    """
    found = list(wire.read(said.body))
    yield from _keys(said.body, wire)
    for one in found:
        yield from _placed(one, said, wire)
        yield from _given(one, said.facts, wire)
    for one in found:
        if one.data is not None:
            yield from _looked(one, said.facts, wire)
    if not found:
        return
    yield from _counted(found, said.facts, wire)
    yield from _documents([one for one in found if one.kind == "document"], said, wire)
    yield from _beside(found, said, wire)


def _keys(body: JSON, wire: MediaWire) -> Iterator[Refused]:
    """A block of Converse is a union: it has one key."""
    for turn, message in listed(body.get("messages")):
        for number, block in listed(dict_of(message).get("content")):
            if len(dict_of(block).keys() & {"text", "toolUse", "toolResult", *FORMATS}) > 1:
                yield from told(wire.words, "keys", place=f"messages.{turn}.content.{number}")


def _placed(one: Medium, said: Judged, wire: MediaWire) -> Iterator[Refused]:
    if one.where in {"system", "assistant"}:
        yield from wire.refused(f"in-{one.where}", one)
    if one.where == "result" and not said.facts.calls.inside(one.kind, one.label):
        yield from said.wire.refused("result-kind", kind=one.kind, place=one.place)
    if one.where != "result" and not getattr(said.facts.input, one.kind).sources:
        timed = one.kind in {"audio", "video"} and "kind-time" in wire.words
        yield from wire.refused("kind-time" if timed else "kind", one, model=said.model)


def _given(one: Medium, facts: Facts, wire: MediaWire) -> Iterator[Refused]:
    taken: Any = getattr(facts.input, one.kind)
    source = "data" if one.source == "text" else one.source
    if not source:
        yield from wire.refused("sourceless", one)
    elif taken.sources and source not in taken.sources:
        yield from wire.refused(f"from-{source}", one)
    if source != "data":
        return
    if wire.marked and not one.label:
        yield from wire.refused("format", one)
    elif one.label and taken.formats and not is_among(one.label, taken.formats):
        yield from wire.refused("untaken", one, taken=", ".join(taken.formats))
    if one.source == "data" and not one.data:
        yield from wire.refused("base64", one)
    if one.detail and one.detail not in (taken.details or ("auto",)):
        yield from wire.refused("detail", one, taken=", ".join(f"'{word}'" for word in taken.details))


def _looked(one: Medium, facts: Facts, wire: MediaWire) -> Iterator[Refused]:
    """What is wrong with bytes."""
    data, taken = one.data or b"", getattr(facts.input, one.kind)
    found = media_type_of(data)
    if one.label in _READ and found != one.label:
        yield from wire.refused("mislabelled" if found in _READ else "unreadable", one, found=found)
    large = one.kind == "document" and is_among(one.label, taken.large)
    if taken.max_bytes is not None and len(data) > taken.max_bytes and not large:
        length, most = (-(-size // 3) * 4 for size in (len(data), taken.max_bytes))
        yield from wire.refused("large", one, length=length, most=most, bytes=len(data))
    if one.kind != "image":
        return
    shown = picture_of(data)
    if shown and shown.animated and found == "image/gif" and not facts.input.image.animated:
        yield from wire.refused("moving", one)
    if facts.input.image.max_pixels is not None and _longest(data) > facts.input.image.max_pixels:
        yield from wire.refused("wide", one, most=facts.input.image.max_pixels)


def _longest(data: bytes) -> int:
    shown = picture_of(data)
    return max(shown.width, shown.height) if shown else 0


def _counted(found: Sequence[Medium], facts: Facts, wire: MediaWire) -> Iterator[Refused]:
    counts = Counter(one.kind for one in found)
    for kind, count in counts.items():
        most = getattr(getattr(facts.input, kind), "max_count", None)
        if most is not None and count > most:
            first = next(one for one in found if one.kind == kind)
            numbers = {"images": counts["image"], "documents": counts["document"]}
            yield from wire.refused("many", first, most=most, count=count, **numbers)
    encoded = sum(-(-len(one.data or b"") // 3) * 4 for one in found)
    if facts.input.max_encoded is not None and encoded > facts.input.max_encoded:
        yield from wire.refused("whole", found[0])
    image = facts.input.image
    if image.many is None or image.many_pixels is None or counts["image"] + counts["document"] <= image.many:
        return
    for one in found:
        if one.kind == "image" and _longest(one.data or b"") > image.many_pixels:
            yield from wire.refused("wide-of-many", one, most=image.many_pixels)


def _documents(found: Sequence[Medium], said: Judged, wire: MediaWire) -> Iterator[Refused]:
    taken = said.facts.input.document
    whole = sum(len(one.data or b"") for one in found)
    if found and taken.max_total is not None and whole > taken.max_total:
        yield from wire.refused("large-together", found[0], most=taken.max_total, bytes=whole)
    if wire.named:
        yield from _names(found, wire)
    for one in found:
        if taken.needs_text and one.where == "user" and not _has_text(said.body, one.turn):
            yield from wire.refused("textless", one)
    yield from _cited(found, said, wire)


def _names(found: Sequence[Medium], wire: MediaWire) -> Iterator[Refused]:
    seen: set[str | None] = set()
    for one in found:
        if not one.name:
            yield from wire.refused("nameless", one)
        elif len(one.name) > _LONGEST_NAME:
            yield from wire.refused("name-long", one, most=_LONGEST_NAME)
        elif _NAME.fullmatch(one.name) is None:
            yield from wire.refused("name", one)
        if one.name in seen:
            yield from wire.refused("same-name", one)
        seen.add(one.name)


def _has_text(body: JSON, turn: int) -> bool:
    content = dict_of(body["messages"][turn]).get("content")
    return any(str(dict_of(block).get("text", "")).strip() for _, block in listed(content))


def _cited(found: Sequence[Medium], said: Judged, wire: MediaWire) -> Iterator[Refused]:
    cited = [one for one in found if one.citations]
    if not cited:
        return
    if not said.facts.input.document.citations:
        yield from wire.refused("citations", cited[0])
    if len(cited) < len(found):
        yield from wire.refused("citations-some", cited[0])
    if said.bound is not None:
        yield from wire.refused("citations-bound", cited[0])
    for one in cited:
        known = said.facts.input.document.cited
        if known and not is_among(one.label, known):
            yield from wire.refused("citations-format", one)
        elif wire.texts and one.source == "data" and one.label != "application/pdf":
            yield from wire.refused("citations-bytes", one)


def _beside(found: Sequence[Medium], said: Judged, wire: MediaWire) -> Iterator[Refused]:
    answering = {turn for turn, message in listed(said.body.get("messages")) if _answers(message)}
    for one in found:
        beside = one.where == "user" and one.turn in answering
        if beside and not said.facts.calls.beside(one.kind, one.label):
            yield from wire.refused("beside-results", one)


def _answers(message: Any) -> bool:
    blocks = [dict_of(block) for _, block in listed(dict_of(message).get("content"))]
    return any("toolResult" in block or block.get("type") == "tool_result" for block in blocks)
