"""What goes in beside text: in the kinds, formats and sizes that the target takes, or refused by name."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Final

from smartllm.compiler.intent import Intent, Turn
from smartllm.compiler.media_parts import hold_media, media_in, put, source_of
from smartllm.compiler.passes.documents import as_texts, cited, named
from smartllm.compiler.trace import Trace
from smartllm.errors import UnsupportedError
from smartllm.rules.vocabulary import Dialect, Facts
from smartllm.rules.vocabulary.input import DETAILS, is_among
from smartllm.rules.vocabulary.wire import NAMES_DOCUMENTS, NAMES_FORMATS, SOURCE_PLACES

if TYPE_CHECKING:
    from smartllm.content import Document, Image, Media
    from smartllm.media.pictures import Picture

_PLURAL: Final = {"image": "images", "document": "documents", "audio": "audio", "video": "video"}
_GIVEN: Final = {
    "data": "its bytes, by data= or path=",
    "url": "its address, by url=",
    "file_id": "a file that the provider has, by file_id=",
    "s3": "an object in S3, by s3=",
}
_MORE: Final = "leave some out, those of earlier turns included"


def media(intent: Intent, facts: Facts, trace: Trace) -> Intent:
    """Bring each picture, document, sound and film into a form that is taken.

    Raises:
        UnsupportedError: The model does not take it: its kind, its source, its type or its size, or there are
            too many; names the place and what is allowed.
    """
    if intent.texts_alone or not hold_media(intent.turns):
        return intent
    root = "prompt" if trace.reason("messages").name == "prompt" else "messages"
    turns = as_texts(intent.turns, facts, trace, root)
    checks = _Checks(intent, facts, root)
    turns = put(turns, checks.part, root)
    checks.tell_details(trace)
    checks.amounts(turns)
    turns = cited(turns, facts, trace, root)
    if intent.dialect in NAMES_DOCUMENTS:
        turns = named(turns, trace)
    return intent if turns == intent.turns else intent._replace(turns=turns)


def sources_of(kind: str, facts: Facts, dialect: Dialect) -> tuple[str, ...]:
    """How a part of a kind may be given: what the model takes, and the wire has words for."""
    places = SOURCE_PLACES[kind]
    taken = getattr(facts.input, kind).sources
    return tuple(source for source in taken if dialect in places.get(source, (dialect,)))


class _Checks:
    """Looks at each part by itself, and then at all of them together."""

    def __init__(self, intent: Intent, facts: Facts, root: str) -> None:
        self.model, self.dialect, self.facts, self.root = intent.model, intent.dialect, facts, root
        self.details: dict[tuple[str, str], str | None] = {}

    def part(self, part: Media, place: str) -> Media:
        """A part as it goes.

        Raises:
            UnsupportedError: It does not go at all.
        """
        self._check_kind(part, place)
        limits = getattr(self.facts.input, part.type)
        large = part.type == "document" and is_among(part.media_type or "", limits.large)
        most = None if large else limits.max_bytes
        if part.data is not None and most is not None and len(part.data) > most:
            raise self._too_much(
                f"{place}: the {part.type} has {len(part.data):,} bytes; {self.model} takes {most:,} at most",
                f"input.{part.type}.max_bytes",
                "make it smaller",
            )
        if part.type == "image":
            self._check_picture(part, place)
            return self._detailed(part, place)
        return self._detailed(part, place) if part.type == "document" else part

    def _check_kind(self, part: Media, place: str) -> None:
        kind, source = part.type, source_of(part)
        sources = sources_of(kind, self.facts, self.dialect)
        fact = f"input.{kind}.sources"
        if not sources:
            raise self._not_taken(
                f"{place}: {self.model} takes no {_PLURAL[kind]} here",
                fact,
                source,
                "say in text what it holds",
            )
        if source not in sources:
            raise self._not_taken(
                f"{place}: {self.model} takes no {kind} by {source} here; it takes {', '.join(sources)}",
                fact,
                source,
                f"give {' or '.join(_GIVEN[one] for one in sources)}",
            )
        if part.media_type is None and kind != "document" and self.dialect in NAMES_FORMATS:
            raise UnsupportedError(
                f"{place}: what the {kind} is must be said here, and its address does not tell it",
                field=self.root,
                hint="give media_type",
            )
        formats = getattr(self.facts.input, kind).formats
        if part.media_type is None or is_among(part.media_type, formats):
            return
        raise self._not_taken(
            f"{place}: {self.model} takes no {kind} of type {part.media_type} here; it takes "
            f"{', '.join(formats)}",
            f"input.{kind}.formats",
            part.media_type,
            "save it in one of these",
        )

    def _check_picture(self, part: Image, place: str) -> None:
        limits = self.facts.input.image
        picture = None if limits.max_pixels is None and limits.animated else _picture(part)
        if picture is None:
            return
        if limits.max_pixels is not None and max(picture[:2]) > limits.max_pixels:
            raise self._too_much(
                f"{place}: the image is {picture.width} x {picture.height} pixels; {self.model} takes "
                f"{limits.max_pixels} on a side at most",
                "input.image.max_pixels",
                "make it smaller",
            )
        if picture.animated and part.media_type == "image/gif" and not limits.animated:
            raise self._too_much(
                f"{place}: the GIF is animated; {self.model} takes one picture alone",
                "input.image.animated",
                "save one of its pictures",
            )

    def _detailed(self, part: Image | Document, place: str) -> Image | Document:
        """The part with a detail that the model knows, or with none."""
        known, asked = getattr(self.facts.input, part.type).details, part.detail
        if asked is None or asked in known:
            return part
        if asked not in DETAILS:
            allowed = ", ".join(known or DETAILS)
            raise UnsupportedError(
                f"{place}.detail: {asked!r} is no detail; allowed: {allowed}",
                field=self.root,
                hint=f"say one of {allowed}",
                fact=f"input.{part.type}.details",
            )
        nearest = "high" if asked == "original" and "high" in known else None
        self.details[part.type, asked] = nearest
        return replace(part, detail=nearest)

    def tell_details(self, trace: Trace) -> None:
        """Tell of the details that are not sent, and of those that are sent as others."""
        for (kind, asked), applied in self.details.items():
            trace.changed(
                "detail-changed" if applied else "detail-dropped",
                "messages",
                asked=asked,
                applied=applied,
                reason=f"the model knows no detail {asked!r} of {_PLURAL[kind]} here",
                fact=f"input.{kind}.details",
                action="changed" if applied else "dropped",
                severity="info" if asked == "auto" else "warning",
                whole=False,
            )

    def amounts(self, turns: tuple[Turn, ...]) -> None:
        """Check what holds of all parts of a conversation together.

        Raises:
            UnsupportedError: There are too many, or they are too large together.
        """
        found = list(media_in(turns))
        of = {kind: [part for part in found if part.type == kind] for kind in _PLURAL}
        for kind in ("image", "document", "video"):
            most = getattr(self.facts.input, kind).max_count
            if most is not None and len(of[kind]) > most:
                raise self._too_much(
                    f"{self.root}: the request holds {len(of[kind])} {_PLURAL[kind]}, earlier turns "
                    f"included; {self.model} takes {most} at most",
                    f"input.{kind}.max_count",
                    _MORE,
                )
        total = sum(len(part.data or b"") for part in of["document"])
        most = self.facts.input.document.max_total
        if most is not None and total > most:
            raise self._too_much(
                f"{self.root}: the documents have {total:,} bytes together; {self.model} takes "
                f"{most:,} at most",
                "input.document.max_total",
                _MORE,
            )
        encoded = sum(4 * -(-len(part.data or b"") // 3) for part in found)
        most = self.facts.input.max_encoded
        if most is not None and encoded > most:
            raise self._too_much(
                f"{self.root}: the parts beside text have {encoded:,} bytes together as base64; a request to "
                f"{self.model} takes {most:,} at most",
                "input.max_encoded",
                _MORE,
            )
        self._check_many(len(of["image"]) + len(of["document"]), turns)

    def _check_many(self, count: int, turns: tuple[Turn, ...]) -> None:
        many, most = self.facts.input.image.many, self.facts.input.image.many_pixels
        if many is None or most is None or count <= many:
            return

        def small(part: Media, place: str) -> Media:
            picture = _picture(part) if part.type == "image" else None
            if picture is not None and max(picture[:2]) > most:
                raise self._too_much(
                    f"{place}: the image is {picture.width} x {picture.height} pixels; where a request "
                    f"holds more than {many} images and documents, earlier turns included, {self.model} "
                    f"takes {most} on a side at most",
                    "input.image.many_pixels",
                    f"make it smaller, or {_MORE}",
                )
            return part

        put(turns, small, self.root)

    def _not_taken(self, message: str, fact: str, wanted: str, hint: str) -> UnsupportedError:
        return UnsupportedError(message, field=self.root, hint=hint, fact=fact, wanted=wanted)

    def _too_much(self, message: str, fact: str, hint: str) -> UnsupportedError:
        return UnsupportedError(message, field=self.root, hint=hint, fact=fact)


def _picture(part: Media) -> Picture | None:
    from smartllm.media.pictures import picture_of  # noqa: PLC0415 - few have any

    return None if part.data is None else picture_of(part.data)
