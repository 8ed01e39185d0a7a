"""How large pictures are and whether they move, on files that Pillow makes; cut ones are never an error."""

from __future__ import annotations

import io
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from smartllm.media.pictures import Picture, picture_of


def drawn(kind: str, size: tuple[int, int], frames: int, **how: Any) -> bytes:
    pictures = pytest.importorskip("PIL.Image")
    first, *others = [pictures.new("RGB", size, colour) for colour in ("red", "green", "blue")[:frames]]
    file = io.BytesIO()
    moving = {"save_all": True, "append_images": others} if others else {}
    first.save(file, kind, **moving, **how)
    return file.getvalue()


@pytest.mark.parametrize("size", [(1, 1), (300, 211), (4097, 5)])
@pytest.mark.parametrize(
    ("kind", "frames", "how"),
    [
        ("PNG", 1, {}),
        ("PNG", 3, {}),
        ("JPEG", 1, {}),
        ("JPEG", 1, {"progressive": True, "comment": b"a" * 70}),
        ("GIF", 1, {}),
        ("GIF", 3, {}),
        ("WEBP", 1, {}),
        ("WEBP", 1, {"lossless": True}),
        ("WEBP", 1, {"exif": b"Exif\0\0"}),
        ("WEBP", 3, {}),
    ],
)
def test_the_head_tells(kind: str, frames: int, how: dict[str, Any], size: tuple[int, int]) -> None:
    data = drawn(kind, size, frames, **how)
    assert picture_of(data) == Picture(*size, animated=frames > 1)
    for length in range(min(len(data), 400)):
        picture_of(data[:length])  # whatever it says, it says it


def test_what_fills_a_jpeg_is_passed_over() -> None:
    frame = b"\xff\xc0\0\x11\x08\0\x05\0\x07"
    assert picture_of(b"\xff\xd8\xff\xff\xd0\xff\xff\xe0\0\x04ab" + frame) == Picture(7, 5)
    assert picture_of(b"\xff\xd8\xff\xe0\0\x04abno" + frame) is None


@pytest.mark.parametrize(
    "data", [b"", b"hi", b"%PDF-1.7", b"RIFF\0\0\0\0WAVEfmt ", b"RIFF\0\0\0\0WEBPxxxx" + bytes(30), b"GIF89a"]
)
def test_what_says_nothing(data: bytes) -> None:
    assert picture_of(data) is None


@given(st.sampled_from([b"\x89PNG\r\n\x1a\n", b"\xff\xd8\xff", b"GIF89a", b"RIFF\0\0\0\0WEBP"]), st.binary())
def test_no_bytes_are_an_error(start: bytes, rest: bytes) -> None:
    picture_of(start + rest)
