"""What bytes are, by their first ones; what names of files and spellings of media types stand for."""

from __future__ import annotations

import re
from typing import Final

_STARTS: Final = (
    (b"\x89PNG\r\n\x1a\n", "image/png"),
    (b"\xff\xd8\xff", "image/jpeg"),
    (b"GIF87a", "image/gif"),
    (b"GIF89a", "image/gif"),
    (b"II*\0", "image/tiff"),
    (b"MM\0*", "image/tiff"),
    (b"fLaC", "audio/flac"),
    (b"OggS", "audio/ogg"),
    (b"FLV\x01", "video/x-flv"),
    (b"\0\0\x01\xba", "video/mpeg"),
    (b"\0\0\x01\xb3", "video/mpeg"),
    (b"\x30\x26\xb2\x75\x8e\x66\xcf\x11", "video/x-ms-wmv"),
    (b"{\\rtf", "application/rtf"),
)
_RIFF: Final = {b"WEBP": "image/webp", b"WAVE": "audio/wav", b"AVI ": "video/x-msvideo"}
_BRANDS: Final = (
    ((b"M4A", b"M4B"), "audio/mp4"),
    ((b"heic", b"heix", b"hevc", b"mif1", b"msf1"), "image/heic"),
    ((b"avif", b"avis"), "image/avif"),
    ((b"qt  ",), "video/quicktime"),
    ((b"3gp", b"3g2"), "video/3gpp"),
)
"""Brands of ISO's box format (ISO 14496-12) that are no plain MP4."""
_SYNCS: Final = (
    (0xE6, 0xE2, "audio/mpeg"),  # layer III
    (0xE6, 0xE4, "audio/mpeg"),  # layer II
    (0xF6, 0xF0, "audio/aac"),  # ADTS
)
"""The second byte of a frame of sound (ISO 11172-3, 13818-7); FF FE is the mark of a text in UTF-16."""
_OFFICE: Final = "application/vnd.openxmlformats-officedocument."
_ZIPPED: Final = (
    (b"word/", f"{_OFFICE}wordprocessingml.document"),
    (b"xl/", f"{_OFFICE}spreadsheetml.sheet"),
    (b"ppt/", f"{_OFFICE}presentationml.presentation"),
)
_OLE: Final = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_STREAMS: Final = (
    ("WordDocument", "application/msword"),
    ("Workbook", "application/vnd.ms-excel"),
    ("Book", "application/vnd.ms-excel"),
)
"""Names of streams by which Microsoft's old formats are told apart; they stand there in UTF-16."""
_PDF_WITHIN: Final = 1024
"""Readers take a header that stands anywhere in the first kilobyte (ISO 32000-1, H.3)."""
_NO_TEXT: Final = re.compile(rb"[\0-\x08\x0e-\x1a\x1c-\x1f\x7f]")
_HTML: Final = re.compile(rb"\s*<(!doctype\s+html|html|head|body)\b", re.IGNORECASE)
_SVG: Final = re.compile(rb"\s*(<\?xml[^>]*>\s*)?(<!--.*?-->\s*|<!DOCTYPE[^>]*>\s*)*<svg\b", re.DOTALL)
_HEAD: Final = 1024
_LOOKED_AT: Final = 64 * 1024
"""Bytes of a text in which control characters are looked for."""
_PRINTED: Final = 0x10
"""Versions of ID3 lie below what a text holds."""

_SPELLED: Final = {
    "image/jpg": "image/jpeg",
    "image/pjpeg": "image/jpeg",
    "image/x-png": "image/png",
    "audio/mp3": "audio/mpeg",
    "audio/wave": "audio/wav",
    "audio/x-wav": "audio/wav",
    "audio/vnd.wave": "audio/wav",
    "audio/x-flac": "audio/flac",
    "audio/m4a": "audio/mp4",
    "audio/x-m4a": "audio/mp4",
    "video/mov": "video/quicktime",
    "video/mkv": "video/x-matroska",
    "video/matroska": "video/x-matroska",
    "video/flv": "video/x-flv",
    "video/wmv": "video/x-ms-wmv",
    "application/x-pdf": "application/pdf",
    "text/x-markdown": "text/markdown",
    "application/csv": "text/csv",
    "application/xhtml+xml": "text/html",
}
_SUFFIXES: Final = {
    "png": "image/png",
    "jpg": "image/jpeg",
    "jpeg": "image/jpeg",
    "gif": "image/gif",
    "webp": "image/webp",
    "bmp": "image/bmp",
    "tif": "image/tiff",
    "tiff": "image/tiff",
    "heic": "image/heic",
    "avif": "image/avif",
    "svg": "image/svg+xml",
    "pdf": "application/pdf",
    "txt": "text/plain",
    "text": "text/plain",
    "log": "text/plain",
    "md": "text/markdown",
    "markdown": "text/markdown",
    "csv": "text/csv",
    "tsv": "text/tab-separated-values",
    "html": "text/html",
    "htm": "text/html",
    "xml": "text/xml",
    "json": "application/json",
    "yaml": "application/yaml",
    "yml": "application/yaml",
    "rtf": "application/rtf",
    "doc": "application/msword",
    "docx": f"{_OFFICE}wordprocessingml.document",
    "xls": "application/vnd.ms-excel",
    "xlsx": f"{_OFFICE}spreadsheetml.sheet",
    "pptx": f"{_OFFICE}presentationml.presentation",
    "mp3": "audio/mpeg",
    "wav": "audio/wav",
    "flac": "audio/flac",
    "ogg": "audio/ogg",
    "oga": "audio/ogg",
    "opus": "audio/opus",
    "m4a": "audio/mp4",
    "aac": "audio/aac",
    "mp4": "video/mp4",
    "m4v": "video/mp4",
    "mov": "video/quicktime",
    "mkv": "video/x-matroska",
    "webm": "video/webm",
    "flv": "video/x-flv",
    "mpg": "video/mpeg",
    "mpeg": "video/mpeg",
    "wmv": "video/x-ms-wmv",
    "3gp": "video/3gpp",
}
MEDIA_TYPES: Final = tuple(dict.fromkeys(_SUFFIXES.values()))
"""Media types that files are known by."""
_SOUND_TOO: Final = {"video/mp4": "audio/mp4", "video/webm": "audio/webm", "audio/ogg": "audio/ogg"}
"""Containers of film that hold sound alone as well."""


def media_type_of(data: bytes, kind: str = "") -> str | None:
    """What bytes are, by their first ones; None where that is not known.

    Args:
        data: The bytes.
        kind: Type of the part that they stand in: a container of film may hold sound alone, and a document
            may be plain text.
    """
    found = _by_magic(data)
    if kind == "audio":
        return _SOUND_TOO.get(found or "", found)
    if kind == "video" and found == "audio/ogg":
        return "video/ogg"
    if found is None and _SVG.match(data[:_HEAD]):
        return "image/svg+xml"
    return _text_type(data) if found is None and kind == "document" else found


def media_type_by_name(name: str) -> str | None:
    """What a file should be, by the end of its name; None where that is not known."""
    return _SUFFIXES.get(name.rpartition(".")[2].lower()) if "." in name else None


def spelled(media_type: str) -> str:
    """A media type in its registered spelling, without parameters."""
    plain = media_type.partition(";")[0].strip().lower()
    return _SPELLED.get(plain, plain)


def _by_magic(data: bytes) -> str | None:
    for start, found in _STARTS:
        if data.startswith(start):
            return found
    if data[:4] == b"RIFF":
        return _RIFF.get(data[8:12])
    if data[:1] == b"\0" and data[4:8] == b"ftyp":
        return next((found for brands, found in _BRANDS if data[8:12].startswith(brands)), "video/mp4")
    if data[:4] == b"\x1a\x45\xdf\xa3":
        return "video/webm" if b"webm" in data[:64] else "video/x-matroska"
    if data[:4] == b"PK\x03\x04":
        return next((found for folder, found in _ZIPPED if _holds(data, folder)), "application/zip")
    if data.startswith(_OLE):
        return next((found for name, found in _STREAMS if name.encode("utf-16-le") in data), None)
    return _by_more(data)


def _by_more(data: bytes) -> str | None:
    """What only several bytes tell, since a text may begin with the first ones."""
    if data[:2] == b"BM" and data[6:10] == b"\0\0\0\0":
        return "image/bmp"
    if data[:3] == b"ID3" and data[3:4] and data[3] < _PRINTED:
        return "audio/mpeg"
    if data[:1] == b"\xff" and len(data) > 1:
        return next((found for mask, bits, found in _SYNCS if data[1] & mask == bits), None)
    if b"%PDF-" in data[:_PDF_WITHIN] and (data.startswith(b"%PDF-") or _text_type(data) is None):
        return "application/pdf"
    return None


def _holds(data: bytes, folder: bytes) -> bool:
    """Whether a ZIP's directory, at its end, names a file in a folder."""
    return b"PK\x01\x02" in data and data.rfind(folder) > data.find(b"PK\x01\x02")


def _text_type(data: bytes) -> str | None:
    """The kind of a text; None for what is no text in UTF-8."""
    try:
        data.decode()
    except UnicodeDecodeError:
        return None
    if _NO_TEXT.search(data, 0, _LOOKED_AT):
        return None
    return "text/html" if _HTML.match(data[:_HEAD]) else "text/plain"
