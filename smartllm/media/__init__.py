"""Bytes of pictures, documents, sound and film: where they come from, what they are, how they are sent."""

from __future__ import annotations

import base64
import binascii
import hashlib
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import PurePath
from typing import TYPE_CHECKING, Any, Final, TypeVar

from smartllm.errors import UnsupportedError
from smartllm.media.files import UnreadableError, read_file
from smartllm.media.types import media_type_by_name, media_type_of, spelled

if TYPE_CHECKING:
    from smartllm.content import Audio, Document, Image, InputPart, Video
    from smartllm.request import MessageRequest, TextRequest

    Media = Image | Document | Audio | Video

G = TypeVar("G")

__all__ = ["CHUNK", "MEDIA", "Encoded", "has_files", "loaded", "loaded_part", "media_type_of"]

MEDIA: Final = frozenset({"image", "document", "audio", "video"})
"""Types of the parts that hold or name bytes."""

CHUNK: Final = 256 * 1024
"""Bytes that are sent, hashed or encoded at once."""

_SHOWN_HASH: Final = 16

_CERTAIN: Final = frozenset(
    {"image/png", "image/jpeg", "image/gif", "image/webp", "image/bmp", "image/tiff", "application/pdf"}
)
"""Types that bytes cannot be mistaken for: a provider refuses them under another label."""
_CHARSET: Final = re.compile(r"""charset\s*=\s*"?([^\s";]+)""", re.IGNORECASE)
_UNICODE: Final = frozenset({"utf-8", "utf8", "us-ascii", "ascii"})
_ANYTHING: Final = "application/octet-stream"
_TEXTS: Final = frozenset({"application/json", "application/yaml"})
_OTHERS: Final = {"image": "Image", "audio": "Audio", "video": "Video"}


@dataclass(frozen=True)
class Encoded:
    """Bytes as they stand in a body: base64, behind a prefix. A leaf of a body that JSON does not know.

    Attributes:
        data: The bytes.
        media_type: What they are.
        prefix: What stands before them, such as ``data:image/png;base64,``; ASCII that needs no escape.
    """

    data: bytes = field(repr=False)
    media_type: str
    prefix: str = ""

    @cached_property
    def sha256(self) -> str:
        """Hash of the bytes, in hex."""
        return hashlib.sha256(self.data).hexdigest()

    @property
    def text(self) -> str:
        """What is sent; needs no escape in JSON."""
        return self.prefix + base64.b64encode(self.data).decode()

    @property
    def size(self) -> int:
        """Bytes of what is sent."""
        return len(self.prefix) + (len(self.data) + 2) // 3 * 4

    def chunks(self) -> Iterator[bytes]:
        """What is sent, in parts of at most ``CHUNK`` bytes."""
        if self.prefix:
            yield self.prefix.encode()
        view, step = memoryview(self.data), CHUNK // 4 * 3
        for at in range(0, len(view), step):
            yield binascii.b2a_base64(view[at : at + step], newline=False)

    def __str__(self) -> str:
        return f"<{self.prefix}{len(self.data)} bytes, sha256 {self.sha256[:_SHOWN_HASH]}…>"


def has_files(request: TextRequest[Any] | MessageRequest[Any]) -> bool:
    """Whether a request names files that are yet to be read."""
    return any(getattr(part, "path", None) is not None for part in _all_parts(request))


def loaded(given: G) -> G:
    """A request, or parts, whose files are read and whose bytes have a media type; this blocks.

    Args:
        given: A ``TextRequest``, a ``MessageRequest``, or a list of texts and parts; it is not changed.

    Raises:
        UnsupportedError: A file cannot be read, or bytes are of an unknown or of another kind; names the
            part's place.
    """
    request: Any = given
    if hasattr(given, "messages"):
        messages = [_loaded_message(message, index) for index, message in enumerate(request.messages)]
        return request.model_copy(update={"messages": messages})  # type: ignore[no-any-return]
    if hasattr(given, "prompt"):
        return request.model_copy(update={"prompt": _loaded_content(request.prompt, ("prompt",))})  # type: ignore[no-any-return]
    return _loaded_content(request, ("parts",))  # type: ignore[no-any-return]


def loaded_part(part: InputPart, place: tuple[str | int, ...]) -> InputPart:
    """A part whose file is read and whose media type is found; others as they are.

    Args:
        part: The part.
        place: Where it stands: the request's field first.

    Raises:
        UnsupportedError: See ``loaded``.
    """
    if part.type == "tool_result" and part.parts:
        return replace(part, content=_loaded_content(part.content, (*place, "content")))
    if part.type not in MEDIA:
        return part
    try:
        return _loaded_media(part)  # type: ignore[arg-type]
    except UnreadableError as error:
        where = "".join(f"[{key}]" if isinstance(key, int) else f".{key}" for key in place).lstrip(".")
        raise UnsupportedError(f"{where}: {error}", field=str(place[0]), hint=error.hint) from None


def _loaded_media(part: Media) -> Media:
    name = type(part).__name__
    given = None if part.media_type is None else _spelled(name, part.media_type)
    changes: dict[str, Any] = {}
    data = part.data
    if part.path is not None:
        path = PurePath(part.path)
        data = changes["data"] = read_file(str(path))
        changes["path"] = None
        if part.type == "document" and part.name is None:
            changes["name"] = path.stem
        given = given or _by_name(media_type_by_name(path.name), media_type_of(data, part.type))
    elif part.s3 is not None:
        given = given or media_type_by_name(part.s3)
    if data is not None:
        given = _agreed(name, given, media_type_of(data, part.type))
    if given is not None:
        right = _OTHERS.get(given.partition("/")[0], "Document")
        if right != name:
            raise UnreadableError(f"{name}: {given} is none", f"use {right}(...)")
    if given != part.media_type:
        changes["media_type"] = given
    return replace(part, **changes) if changes else part


def _spelled(name: str, media_type: str) -> str | None:
    charset = _CHARSET.search(media_type)
    if charset is not None and charset[1].lower() not in _UNICODE:
        raise UnreadableError(
            f"{name}: a text in {charset[1]} is not sent", 'decode it, and give data=text.encode("utf-8")'
        )
    plain = spelled(media_type)
    return None if plain == _ANYTHING else plain


def _by_name(named: str | None, found: str | None) -> str | None:
    """What a file is by its name, where its bytes do not tell: which kind of text or of ZIP."""
    if found is not None and found.startswith("text/"):
        return named if named is not None and (named.startswith("text/") or named in _TEXTS) else found
    return named if found in {None, "application/zip"} else found


def _agreed(name: str, given: str | None, found: str | None) -> str:
    """The media type of bytes, of what was said and what was found."""
    if given is not None and found in _CERTAIN and given != found:
        raise UnreadableError(
            f"{name}: the bytes are {found}, not {given}", f'leave media_type out, or give "{found}"'
        )
    media_type = given or found
    if media_type is None:
        raise UnreadableError(
            f"{name}: what the bytes are cannot be told from them", "give media_type, such as image/png"
        )
    return media_type


def _loaded_message(message: Any, index: int) -> Any:
    content = _loaded_content(message.content, ("messages", index, "content"))
    return message if content is message.content else message.model_copy(update={"content": content})


def _loaded_content(content: str | Iterable[Any], place: tuple[str | int, ...]) -> Any:
    if isinstance(content, str):
        return content
    return [
        part if isinstance(part, str) else loaded_part(part, (*place, index))
        for index, part in enumerate(content)
    ]


def _all_parts(request: Any) -> Iterator[Any]:
    contents = [message.content for message in request.messages] if hasattr(request, "messages") else []
    for content in contents or [request.prompt]:
        if isinstance(content, str):
            continue
        for part in content:
            yield part
            if getattr(part, "parts", False):
                yield from part.content
