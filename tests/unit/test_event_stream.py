"""Frames of an AWS event stream, against botocore's own decoder."""

from __future__ import annotations

import struct
import zlib
from itertools import pairwise

import pytest
from botocore.eventstream import EventStreamBuffer
from hypothesis import given
from hypothesis import strategies as st

from smartllm.runtime.wire.event_stream import FrameDecoder, FrameError
from smartllm.testing.eventstream import encode_frame

TEXTS = st.dictionaries(st.text(min_size=1, max_size=20), st.text(max_size=40), max_size=4)
FRAMES = st.lists(st.tuples(TEXTS, st.binary(max_size=200)), min_size=1, max_size=6)


def framed(head: bytes, payload: bytes = b"{}") -> bytes:
    """A frame with raw headers and right checksums."""
    prelude = struct.pack("!II", 16 + len(head) + len(payload), len(head))
    message = prelude + struct.pack("!I", zlib.crc32(prelude)) + head + payload
    return message + struct.pack("!I", zlib.crc32(message))


def fed(*parts: bytes) -> list[tuple[dict[str, str], bytes]]:
    decoder = FrameDecoder()
    found = [(dict(headers), payload) for part in parts for headers, payload in decoder.feed(part)]
    assert not decoder.inside
    return found


@given(FRAMES, st.data())
def test_frames_in_any_pieces_are_what_botocore_reads(
    frames: list[tuple[dict[str, str], bytes]], data: st.DataObject
) -> None:
    stream = b"".join(encode_frame(headers, payload) for headers, payload in frames)
    cuts = sorted(data.draw(st.lists(st.integers(0, len(stream)), max_size=8)))
    parts = [stream[start:end] for start, end in pairwise([0, *cuts, len(stream)])]
    buffer = EventStreamBuffer()
    buffer.add_data(stream)
    assert fed(*parts) == [(frame.headers, frame.payload) for frame in buffer] == frames


@given(st.data())
def test_no_changed_byte_goes_unseen(data: st.DataObject) -> None:
    frame = bytearray(encode_frame({":event-type": "chunk", ":message-type": "event"}, b'{"bytes": "e30="}'))
    at = data.draw(st.integers(0, len(frame) - 1))
    frame[at] ^= data.draw(st.integers(1, 255))
    with pytest.raises(FrameError, match="checksum"):
        list(FrameDecoder().feed(bytes(frame)))


def test_headers_of_every_type_are_passed_over_or_read() -> None:
    name = b"\x01x"
    sizes = {0: 0, 1: 0, 2: 1, 3: 2, 4: 4, 5: 8, 8: 8, 9: 16}
    head = b"".join(name + bytes([kind]) + b"\0" * size for kind, size in sizes.items())
    head += name + b"\x06\x00\x03abc" + b"\x01y\x07\x00\x03abc"
    assert fed(framed(head)) == [({"y": "abc"}, b"{}")]


@pytest.mark.parametrize(
    "head",
    [b"\x05ab", b"\x01x", b"\x01x\x0a", b"\x01x\x07\x00", b"\x01x\x07\x00\x09ab", b"\x01\xff\x00"],
    ids=["name", "no type", "unknown type", "no length", "short value", "not UTF-8"],
)
def test_headers_that_do_not_add_up(head: bytes) -> None:
    with pytest.raises(FrameError, match="headers"):
        fed(framed(head))


@pytest.mark.parametrize(("total", "head"), [(15, 0), (20, 8), (1 << 30, 0)], ids=["short", "head", "huge"])
def test_lengths_that_cannot_be(total: int, head: int) -> None:
    prelude = struct.pack("!II", total, head)
    with pytest.raises(FrameError, match="length"):
        list(FrameDecoder().feed(prelude + struct.pack("!I", zlib.crc32(prelude)) + b"\0" * 40))


def test_a_frame_that_is_not_whole_yet() -> None:
    decoder, frame = FrameDecoder(), encode_frame({"a": "b"}, b"c" * 100)
    assert list(decoder.feed(frame + frame[:50])) == [({"a": "b"}, b"c" * 100)]
    assert decoder.inside
    assert list(decoder.feed(frame[50:])) == [({"a": "b"}, b"c" * 100)]
    assert not decoder.inside
