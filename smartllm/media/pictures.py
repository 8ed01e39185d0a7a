"""How large a picture is, and whether it moves, read from its head; nothing is decoded."""

from __future__ import annotations

import struct
from collections.abc import Callable
from typing import Final, NamedTuple

_PNG_CHUNK: Final = 8
_SEPARATOR, _EXTENSION = 0x2C, 0x21
_MARKER: Final = 0xFF
_FRAMES: Final = frozenset({*range(0xC0, 0xD0)} - {0xC4, 0xC8, 0xCC})
"""JPEG's markers of a frame's head, which states the size (ITU T.81, table B.1)."""
_ALONE: Final = frozenset({0x01, *range(0xD0, 0xD9)})
"""JPEG's markers without a length."""
_MOVES: Final = 0x02
_LOSSLESS: Final = 0x2F


class Picture(NamedTuple):
    """What the head of a picture says.

    Attributes:
        width: In pixels.
        height: In pixels.
        animated: It holds more than one picture.
    """

    width: int
    height: int
    animated: bool = False


def picture_of(data: bytes) -> Picture | None:
    """What the head of a PNG, JPEG, GIF or WebP says; None for other bytes, and for a head that is cut."""
    found = next((read for start, read in _READERS if data.startswith(start)), None)
    try:
        return None if found is None else found(data)
    except (IndexError, struct.error):
        return None


def _png(data: bytes) -> Picture:
    width, height = struct.unpack_from(">II", data, 16)
    at = _PNG_CHUNK
    while True:
        length, kind = struct.unpack_from(">I4s", data, at)
        if kind == b"IDAT":
            return Picture(width, height)
        if kind == b"acTL":
            frames = struct.unpack_from(">I", data, at + 8)[0]
            return Picture(width, height, frames > 1)
        at += 12 + length


def _jpeg(data: bytes) -> Picture | None:
    at = 2
    while data[at] == _MARKER:
        marker = data[at + 1]
        if marker == _MARKER:  # filling
            at += 1
        elif marker in _FRAMES:
            height, width = struct.unpack_from(">HH", data, at + 5)
            return Picture(width, height)
        else:
            at += 2 if marker in _ALONE else 2 + struct.unpack_from(">H", data, at + 2)[0]
    return None


def _gif(data: bytes) -> Picture:
    width, height, packed = struct.unpack_from("<HHB", data, 6)
    at, pictures = 13 + _colours(packed), 0
    while data[at : at + 1] and data[at] in {_SEPARATOR, _EXTENSION}:
        if data[at] == _SEPARATOR:
            pictures += 1
            if pictures > 1:
                break
            at += 11 + _colours(data[at + 9])
        else:
            at += 2
        while data[at : at + 1] and data[at]:
            at += 1 + data[at]
        at += 1
    return Picture(width, height, pictures > 1)


def _colours(packed: int) -> int:
    """Bytes of the table of colours that a packed field announces."""
    return 3 << ((packed & 7) + 1) if packed & 0x80 else 0


def _webp(data: bytes) -> Picture | None:
    kind = data[12:16]
    if data[8:12] != b"WEBP":
        return None
    if kind == b"VP8X":
        width, height = (int.from_bytes(data[at : at + 3], "little") + 1 for at in (24, 27))
        return Picture(width, height, bool(data[20] & _MOVES)) if data[29:30] else None
    if kind == b"VP8L" and data[20] == _LOSSLESS:
        bits = struct.unpack_from("<I", data, 21)[0]
        return Picture((bits & 0x3FFF) + 1, (bits >> 14 & 0x3FFF) + 1)
    if kind == b"VP8 ":
        width, height = struct.unpack_from("<HH", data, 26)
        return Picture(width & 0x3FFF, height & 0x3FFF)
    return None


_READERS: Final[tuple[tuple[bytes, Callable[[bytes], Picture | None]], ...]] = (
    (b"\x89PNG\r\n\x1a\n", _png),
    (b"\xff\xd8\xff", _jpeg),
    (b"GIF8", _gif),
    (b"RIFF", _webp),
)
