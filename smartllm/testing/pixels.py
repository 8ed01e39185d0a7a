"""How large a picture is, by its first bytes."""

from __future__ import annotations

import struct
from typing import Final, NamedTuple

_FRAMES: Final = frozenset({*range(0xC0, 0xD0)} - {0xC4, 0xC8, 0xCC})
"""JPEG's markers in front of a picture's height and width."""


class Sides(NamedTuple):
    """Width and height in pixels."""

    width: int
    height: int


def sides(data: bytes) -> Sides | None:
    """Of a PNG, JPEG, GIF or WebP; None of all else, and of one that is cut short."""
    try:
        if data.startswith(b"\x89PNG\r\n\x1a\n"):
            return Sides(*struct.unpack_from(">II", data, 16))
        if data.startswith(b"GIF8"):
            return Sides(*struct.unpack_from("<HH", data, 6))
        if data.startswith(b"\xff\xd8"):
            return _jpeg(data)
        if data[:4] == b"RIFF" and data[8:12] == b"WEBP":
            return _webp(data)
    except (struct.error, IndexError):
        pass
    return None


def _jpeg(data: bytes) -> Sides | None:
    place = 2
    while place < len(data):
        if data[place] != 0xFF:  # noqa: PLR2004 - what each marker begins with
            return None
        marker = data[place + 1]
        if marker in _FRAMES:
            height, width = struct.unpack_from(">HH", data, place + 5)
            return Sides(width, height)
        place += 2 + struct.unpack_from(">H", data, place + 2)[0]
    return None


def _webp(data: bytes) -> Sides | None:
    kind = data[12:16]
    if kind == b"VP8X":
        return Sides(int.from_bytes(data[24:27], "little") + 1, int.from_bytes(data[27:30], "little") + 1)
    if kind == b"VP8L":
        bits = struct.unpack_from("<I", data, 21)[0]
        return Sides((bits & 0x3FFF) + 1, (bits >> 14 & 0x3FFF) + 1)
    width, height = struct.unpack_from("<HH", data, 26)
    return Sides(width & 0x3FFF, height & 0x3FFF)


def moves(data: bytes) -> bool:
    """Whether a GIF holds more than one picture."""
    if not data.startswith(b"GIF8"):
        return False
    place, found = 13 + _colours(data[10]), 0
    try:
        while data[place] != 0x3B:  # noqa: PLR2004 - the end of the file
            if data[place] == 0x2C:  # noqa: PLR2004 - a picture
                found += 1
                place = _behind(data, place + 11 + _colours(data[place + 9]))
            else:
                place = _behind(data, place + 2)
    except IndexError:
        pass
    return found > 1


def _colours(flags: int) -> int:
    return 3 << (flags & 7) + 1 if flags & 0x80 else 0


def _behind(data: bytes, place: int) -> int:
    """Where a run of blocks ends."""
    while data[place]:
        place += data[place] + 1
    return place + 1
