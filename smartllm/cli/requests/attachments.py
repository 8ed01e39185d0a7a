"""From ``--file`` to parts: pictures, documents, sound, film and texts, and where they come from."""

from __future__ import annotations

import os
import re
from html import escape
from pathlib import Path, PurePath
from typing import Any, Final
from urllib.parse import unquote, urlsplit

from smartllm.cli.requests.standard_input import NAME, read_bytes
from smartllm.content import Audio, Document, Image, Media, Video
from smartllm.errors import RequestFileError
from smartllm.media.files import UnreadableError, read_file
from smartllm.media.sources import told_address
from smartllm.media.types import media_type_by_name, media_type_of

_PARTS: Final[dict[str, type[Media]]] = {
    "image": Image,
    "document": Document,
    "audio": Audio,
    "video": Video,
}
_KINDS: Final = (*_PARTS, "text")
_KIND: Final = re.compile(rf"({'|'.join(_KINDS)}):(?=.)", re.DOTALL)
_ADDRESS: Final = re.compile(r"(https?|s3|data):", re.IGNORECASE)
_ANY_ADDRESS: Final = re.compile(r"data:|[a-z][a-z0-9+.-]+:/", re.IGNORECASE)
_MARKED: Final = frozenset({"image/svg+xml", "application/json", "application/yaml"})
"""Texts under another name."""


def attached(given: str) -> Media | str:
    """The part for what was typed behind ``--file``.

    A file goes by what its bytes are: a picture, a document, sound or film; any other text goes as text
    under its name. ``image:``, ``document:``, ``audio:``, ``video:`` or ``text:`` before the name decides
    otherwise.

    Args:
        given: A file, an address (https, http, s3, data), or ``-`` for standard input.

    Raises:
        RequestFileError: It cannot be read, or what it is cannot be told.
    """
    said = _KIND.match(given)
    kind, name = (said[1], given[said.end() :]) if said else ("", given)
    if _ADDRESS.match(name):
        return _addressed(kind, name)
    if _ANY_ADDRESS.match(name) and not os.path.exists(name):  # noqa: PTH110 - Path raises for long names
        raise RequestFileError(
            f"--file {called(name)}: no provider fetches that", hint="name a file, or an https or s3 address"
        )
    data = _bytes_of(name)
    if not data:
        raise RequestFileError(f"--file {name}: {NAME if name == '-' else 'it'} is empty")
    title = NAME if name == "-" else name
    kind = kind or _kind_of(media_type_of(data, "document") or media_type_by_name(name))
    if kind == "text":
        return _text(data, title)
    if not kind:
        raise RequestFileError(f"--file {name}: what it is cannot be told", hint=_how(name))
    named = {"name": PurePath(name).stem} if kind == "document" and name != "-" else {}
    return _made(kind, name, {"data": data, "media_type": _stated(data, kind, name), **named})


def _bytes_of(name: str) -> bytes:
    """What a file, standard input or a pipe holds; a shell's ``<(command)`` is a pipe."""
    try:
        if name == "-":
            return read_bytes()
        return Path(name).read_bytes() if Path(name).is_fifo() else read_file(name)
    except UnreadableError as error:
        raise RequestFileError(f"--file {name}: {error}") from None
    except OSError as error:
        raise RequestFileError(f"--file {name}: cannot be read ({error.strerror})") from None


def _stated(data: bytes, kind: str, name: str) -> str | None:
    """The media type that only a file's name tells; the bytes tell all others, later."""
    found, named = media_type_of(data, kind), media_type_by_name(name)
    if found in {None, "application/zip"} or (found == "text/plain" and kind == "document"):
        return named
    return None


def _addressed(kind: str, address: str) -> Media:
    """A part that the provider fetches."""
    scheme, short = address.partition(":")[0].lower(), called(address)
    if scheme == "data":
        told = address[len("data:") :].partition(",")[0].partition(";")[0].strip().lower()
    else:
        told = media_type_by_name(unquote(urlsplit(address).path)) or ""
    found = kind or _kind_of(told)
    if found == "text":
        found = "document"
    if not found:
        raise RequestFileError(
            f"--file {short}: what is there cannot be told from its name", hint=_how(short)
        )
    return _made(found, short, {"s3" if scheme == "s3" else "url": address})


def _made(kind: str, name: str, fields: dict[str, Any]) -> Media:
    try:
        return _PARTS[kind](**fields)
    except ValueError as error:
        raise RequestFileError(f"--file {name}: {error}") from None


def _text(data: bytes, name: str) -> str:
    """A text with its name around it, so that the model can tell several apart."""
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise RequestFileError(f"--file {name}: not UTF-8 text (byte {error.start})") from None
    return f'<file name="{escape(name)}">\n{text.rstrip()}\n</file>'


def _kind_of(media_type: str | None) -> str:
    """The kind of part that a media type belongs to; empty where that is not known."""
    if not media_type:
        return ""
    if media_type.startswith("text/") or media_type in _MARKED:
        return "text"
    family = media_type.partition("/")[0]
    return family if family in _PARTS else "document"


def _how(name: str) -> str:
    return f"say it before the name: --file image:{name}, or {', '.join(f'{kind}:' for kind in _KINDS[1:])}"


def called(name: str) -> str:
    """How messages call a file or an address; without what may let anybody in, and without data."""
    return told_address(name).partition(",")[0][:100] if _ANY_ADDRESS.match(name) else name
