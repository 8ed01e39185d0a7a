"""Where a part's bytes come from, checked where the part is made; what is wrong is a ``ValueError``."""

from __future__ import annotations

import base64
import binascii
import os
import re
from collections.abc import Mapping
from typing import Any, Final
from urllib.parse import unquote, unquote_to_bytes, urlsplit

SOURCES: Final = ("data", "path", "url", "file_id", "s3")
"""Of which a part has exactly one."""

_S3: Final = re.compile(r"s3://[a-z0-9][.\-a-z0-9]{1,61}[a-z0-9]/[^\s\0-\x1f\x7f]+")
"""botocore's service model of bedrock-runtime, S3Uri, 1.44.8; here with a key."""
_MEDIA_TYPE: Final = re.compile(r"[\w.+\-]+/[\w.+\-]+\s*(;[\x20-\x7e]*)?")
_UNSEEN: Final = re.compile(r"[\s\0-\x1f\x7f]")
_DATA_URL: Final = re.compile(r"data:([^;,]*)((?:;[^;,]*)*),", re.IGNORECASE)
_SHOWN: Final = 60
_LOGIN: Final = re.compile(r"(:/+)[^/]*@")


def settled(name: str, given: Mapping[str, Any]) -> dict[str, Any]:
    """What of a part's fields is kept otherwise than it was given: a ``data:`` URL as its bytes.

    Args:
        name: The part's class.
        given: Its fields.

    Raises:
        ValueError: There is not exactly one source, or a field cannot be used.
    """
    said = [source for source in SOURCES if given[source] is not None]
    if len(said) != 1:
        told = " and ".join(said) or "none of them"
        raise ValueError(f"{name}: give exactly one of {', '.join(SOURCES)}, not {told}")
    media_type = given["media_type"]
    if media_type is not None and not (isinstance(media_type, str) and _MEDIA_TYPE.fullmatch(media_type)):
        raise ValueError(f"{name}: media_type {_shown(media_type)} is none; give one such as image/png")
    (source,) = said
    try:
        return _CHECKS[source](given[source], media_type)
    except _WrongError as wrong:
        raise ValueError(f"{name}: {source} {wrong}") from None


class _WrongError(Exception):
    """A source cannot be used; goes on behind its name."""


def _data(data: Any, _: str | None) -> dict[str, Any]:
    if isinstance(data, str):
        raise _WrongError(
            "is a text, not bytes; a file's name goes into path=, base64 is decoded with base64.b64decode"
        )
    if not isinstance(data, (bytes, bytearray, memoryview)):
        raise _WrongError(f"is a {type(data).__name__}, not bytes")
    if not len(data):
        raise _WrongError("is empty")
    return {} if type(data) is bytes else {"data": bytes(data)}


def _path(path: Any, _: str | None) -> dict[str, Any]:
    if not isinstance(path, (str, os.PathLike)):
        raise _WrongError(f"is a {type(path).__name__}, not the name of a file")
    name = os.fsdecode(path)
    if not name or "\0" in name:
        raise _WrongError(f"{_shown(name)} is no name of a file")
    if name.lower().startswith("file:"):
        raise _WrongError(f"{_shown(name)} is a URL; give the name of the file itself")
    return {} if path is name else {"path": name}


def told_address(address: str) -> str:
    """What may be told of an address: not its login, query and fragment, which may let anybody in."""
    return _LOGIN.sub(r"\1", re.split("[?#]", address, maxsplit=1)[0])


def _url(url: Any, media_type: str | None) -> dict[str, Any]:
    if not isinstance(url, str) or not url:
        raise _WrongError(f"{_shown(url)} is none")
    if url[:5].lower() == "data:":
        return _of_data_url(url, media_type)
    told = _shown(told_address(url))
    if _UNSEEN.search(url):
        raise _WrongError(f"{told} holds spaces or control characters; write them percent-encoded")
    try:
        found = urlsplit(url)
        host, _ = found.hostname, found.port
    except ValueError:
        host = None
        found = urlsplit("")
    if found.scheme in _ELSEWHERE:
        raise _WrongError(f"{told}: {_ELSEWHERE[found.scheme]}")
    if found.scheme not in {"http", "https"} or not host:
        raise _WrongError(f"{told} is none that can be fetched; allowed: https, http and data")
    return {}


def _of_data_url(url: str, media_type: str | None) -> dict[str, Any]:
    head = _DATA_URL.match(url)
    if head is None:
        raise _WrongError("is a data: URL without a comma before its data")
    named, parameters = head[1].strip(), head[2].lower().split(";")
    text = url[head.end() :]
    if "base64" in (one.strip() for one in parameters):
        try:
            data = base64.b64decode(unquote(text) if "%" in text else text, validate=True)
        except (binascii.Error, ValueError):
            raise _WrongError("is a data: URL whose data is no base64") from None
    else:
        data = unquote_to_bytes(text)
    if not data:
        raise _WrongError("is a data: URL without data")
    if named and not _MEDIA_TYPE.fullmatch(named):
        raise _WrongError(f"is a data: URL with {_shown(named)}, which is no media type")
    charset = next((one for one in parameters if one.strip().startswith("charset=")), None)
    found = f"{named};{charset}" if named and charset else named
    return {"url": None, "data": data, "media_type": media_type or found or None}


def _file_id(file_id: Any, _: str | None) -> dict[str, Any]:
    if not isinstance(file_id, str) or not file_id or _UNSEEN.search(file_id):
        raise _WrongError(f"{_shown(file_id)} is no id of a file")
    return {}


def _s3(address: Any, _: str | None) -> dict[str, Any]:
    if not isinstance(address, str) or not _S3.fullmatch(address):
        raise _WrongError(f"{_shown(address)} is no address of an object; give s3://bucket/key")
    return {}


def _shown(value: Any) -> str:
    shown = repr(value[:_SHOWN] if isinstance(value, (str, bytes)) else value)
    return shown if len(shown) <= _SHOWN else f"{shown[:_SHOWN]}…"


_ELSEWHERE: Final = {
    "file": "a local file is given by path=",
    "s3": "an object in S3 is given by s3=",
}
_CHECKS: Final = {"data": _data, "path": _path, "url": _url, "file_id": _file_id, "s3": _s3}
