"""AWS event streams (``application/vnd.amazon.eventstream``): from bytes in any pieces to checked frames.

A frame is: length, length of its headers, checksum of these two, headers, payload, checksum of all before.
smithy.io/2.0/aws/amazon-eventstream.html, 2026-11-24.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator, Mapping
from typing import Final, NamedTuple
from zlib import crc32

_PRELUDE: Final = struct.Struct("!III")
_CHECKSUM: Final = struct.Struct("!I")
_LENGTH: Final = struct.Struct("!H")
_LEAST: Final = 16
_LARGEST: Final = 24 * 1024 * 1024
_BYTES, _STRING = 6, 7
_SIZES: Final = {0: 0, 1: 0, 2: 1, 3: 2, 4: 4, 5: 8, 8: 8, 9: 16}
"""Bytes of a header's value by its type, where that is fixed."""
_KNOWN: Final = 64


class FrameError(ValueError):
    """A frame is damaged; the text says in what."""


class Frame(NamedTuple):
    """One message of a stream.

    Attributes:
        headers: Those that hold text.
        payload: Its content.
    """

    headers: Mapping[str, str]
    payload: bytes


class FrameDecoder:
    """Takes bytes, gives frames."""

    def __init__(self) -> None:
        self._parts: list[bytes] = []
        self._size, self._needed = 0, _LEAST
        # A stream repeats a handful of headers thousands of times.
        self._headers: dict[bytes, Mapping[str, str]] = {}

    @property
    def inside(self) -> bool:
        """Whether a frame has begun that is not whole yet."""
        return self._size > 0

    def feed(self, data: bytes) -> Iterator[Frame]:
        """Take the next bytes.

        Raises:
            FrameError: A checksum or a length is wrong.
        """
        self._parts.append(data)
        self._size += len(data)
        if self._size < self._needed:
            return
        data, at = b"".join(self._parts), 0
        while len(data) - at >= _LEAST:
            total, head, checksum = _PRELUDE.unpack_from(data, at)
            if crc32(data[at : at + 8]) != checksum:
                raise FrameError("prelude checksum")
            if not head + _LEAST <= total <= _LARGEST:
                raise FrameError("length")
            end = at + total
            if end > len(data):
                self._needed = total
                break
            if crc32(data[at : end - 4]) != _CHECKSUM.unpack_from(data, end - 4)[0]:
                raise FrameError("checksum")
            start = at + 12 + head
            yield Frame(self._read(data[at + 12 : start]), data[start : end - 4])
            at = end
        else:
            self._needed = _LEAST
        self._parts, self._size = [data[at:]], len(data) - at

    def _read(self, head: bytes) -> Mapping[str, str]:
        found = self._headers.get(head)
        if found is None:
            try:
                found = dict(_text_headers(head))
            except (IndexError, struct.error, KeyError, UnicodeDecodeError):
                raise FrameError("headers") from None
            if len(self._headers) < _KNOWN:
                self._headers[head] = found
        return found


def _text_headers(head: bytes) -> Iterator[tuple[str, str]]:
    at = 0
    while at < len(head):
        start = at + 1 + head[at]
        name, kind = head[at + 1 : start].decode(), head[start]
        at = start + 1
        if kind in {_BYTES, _STRING}:
            (size,) = _LENGTH.unpack_from(head, at)
            at += 2
        else:
            size = _SIZES[kind]
        if at + size > len(head):
            raise IndexError
        if kind == _STRING:
            yield name, head[at : at + size].decode()
        at += size
