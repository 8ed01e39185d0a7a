"""Pictures and sound in answers: base64 on every wire, bytes for the caller."""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Callable, Mapping
from typing import Any, Final, TypeVar

from smartllm.compiler.dialects.reading import table, word
from smartllm.content import Audio, Image
from smartllm.media import media_type_of

M = TypeVar("M", bound=Image | Audio)

_PIECE: Final = re.compile("[^=]+=*")
_FORMATS: Final = {"jpg": "jpeg", "mp3": "mpeg", "pcm16": "pcm"}
"""What wires call formats, where media types have another name."""


def bytes_of(text: Any) -> bytes | None:
    """The bytes that base64 stands for; None for what is no base64, or empty.

    Pieces of a stream that were written one by one, each with an end of its own, may stand in a row.
    """
    if not isinstance(text, str) or not text:
        return None
    pieces = _PIECE.findall(text) if "=" in text[:-2] else [text]
    try:
        return b"".join(base64.b64decode(piece, validate=True) for piece in pieces) or None
    except (binascii.Error, ValueError):
        return None


def in_one_piece(text: Any) -> Any:
    """Base64 as the wire would have sent it in one piece; what is none stays as it is."""
    if not isinstance(text, str) or "=" not in text[:-2]:
        return text
    data = bytes_of(text)
    return text if data is None else base64.b64encode(data).decode()


def image(text: Any, form: Any = None) -> Image | None:
    """A picture; None where the text is no base64.

    Args:
        text: Its base64.
        form: What the wire calls its format.
    """
    data = bytes_of(text)
    return None if data is None else _made(Image, data=data, media_type=_type("image", data, form))


def audio(text: Any, form: Any = None) -> Audio | None:
    """Sound; see ``image``."""
    data = bytes_of(text)
    return None if data is None else _made(Audio, data=data, media_type=_type("audio", data, form))


def in_block(block: Mapping[str, Any]) -> Image | Audio | None:
    """What a block of Converse holds: a picture or sound, as bytes or as the address of an object."""
    made: Callable[[Any, Any], Image | Audio | None]
    media: Callable[..., Image | Audio]
    for kind, made, media in (("image", image, Image), ("audio", audio, Audio)):
        given = table(block.get(kind))
        source = table(given.get("source"))
        place = word(table(source.get("s3Location")).get("uri"))
        if place:
            return _made(media, s3=place, media_type=_named(kind, given.get("format")))
        if found := made(source.get("bytes"), given.get("format")):
            return found
    return None


def _made(kind: Callable[..., M], **fields: Any) -> M | None:
    """A part; None where the provider says of it what a part cannot hold, which stays as it was sent."""
    try:
        return kind(**fields)
    except ValueError:
        return None


def _type(kind: str, data: bytes, form: Any) -> str | None:
    found = media_type_of(data, kind)
    return found if found is not None and found.startswith(kind) else _named(kind, form)


def _named(kind: str, form: Any) -> str | None:
    return f"{kind}/{_FORMATS.get(form, form)}" if isinstance(form, str) and form else None
