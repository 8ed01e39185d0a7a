"""What bytes are: on real files, made here, and on the first bytes of those that nothing here makes."""

from __future__ import annotations

import io
import wave
import zipfile
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from smartllm.content import Audio, Document, Image, Video
from smartllm.errors import UnsupportedError
from smartllm.media import loaded, media_type_of
from smartllm.media.types import media_type_by_name, spelled

OFFICE = "application/vnd.openxmlformats-officedocument."


def drawn(kind: str, **how: Any) -> bytes:
    """A picture, or a PDF with one, as Pillow writes it."""
    pictures = pytest.importorskip("PIL.Image")
    file = io.BytesIO()
    pictures.new("RGB", (64, 48), "teal").save(file, kind, **how)
    return file.getvalue()


def zipped(*names: str) -> bytes:
    """A ZIP with files of these names."""
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        for name in names:
            archive.writestr(zipfile.ZipInfo(name), "<xml/>")  # of 1980: each process names the tests alike
    return file.getvalue()


def sound() -> bytes:
    """A tenth of a second of silence."""
    file = io.BytesIO()
    with wave.open(file, "wb") as written:
        written.setnchannels(1)
        written.setsampwidth(2)
        written.setframerate(8000)
        written.writeframes(bytes(1600))
    return file.getvalue()


def ole(stream: str) -> bytes:
    """As much of one of Microsoft's old files as tells it: its magic number, and a stream's name."""
    return b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(1016) + stream.encode("utf-16-le")


def boxed(brand: bytes) -> bytes:
    """The first box of an MP4 or its like."""
    return b"\0\0\0\x18ftyp" + brand + b"\0\0\0\0isom"


@pytest.mark.parametrize(
    ("kind", "found"),
    [
        ("PNG", "image/png"),
        ("JPEG", "image/jpeg"),
        ("GIF", "image/gif"),
        ("WEBP", "image/webp"),
        ("BMP", "image/bmp"),
        ("TIFF", "image/tiff"),
        ("PDF", "application/pdf"),
    ],
)
def test_what_pillow_writes(kind: str, found: str) -> None:
    assert media_type_of(drawn(kind)) == found


@pytest.mark.parametrize(
    ("data", "kind", "found"),
    [
        (sound(), "audio", "audio/wav"),
        (
            zipped("[Content_Types].xml", "word/document.xml"),
            "document",
            f"{OFFICE}wordprocessingml.document",
        ),
        (zipped("[Content_Types].xml", "xl/workbook.xml"), "document", f"{OFFICE}spreadsheetml.sheet"),
        (zipped("ppt/presentation.xml"), "document", f"{OFFICE}presentationml.presentation"),
        (zipped("a.txt"), "document", "application/zip"),
        (ole("WordDocument"), "document", "application/msword"),
        (ole("Workbook"), "document", "application/vnd.ms-excel"),
        (ole("Something"), "document", None),
        (b"\x01junk before\n%PDF-1.7\n", "document", "application/pdf"),
        (b"{\\rtf1 hi}", "document", "application/rtf"),
        (b"ID3\x04\0\0\0", "audio", "audio/mpeg"),
        (b"\xff\xfb\x90\x64\0", "audio", "audio/mpeg"),
        (b"\xff\xf1\x50\x80", "audio", "audio/aac"),
        (b"fLaC\0\0\0\x22", "audio", "audio/flac"),
        (b"OggS\0\x02", "audio", "audio/ogg"),
        (b"OggS\0\x02", "video", "video/ogg"),
        (boxed(b"M4A "), "audio", "audio/mp4"),
        (boxed(b"isom"), "audio", "audio/mp4"),
        (boxed(b"isom"), "video", "video/mp4"),
        (boxed(b"qt  "), "video", "video/quicktime"),
        (boxed(b"3gp5"), "video", "video/3gpp"),
        (boxed(b"heic"), "image", "image/heic"),
        (boxed(b"avif"), "image", "image/avif"),
        (b"\x1a\x45\xdf\xa3\x9f\x42\x86\x81\x01\x42\x82\x84webm", "video", "video/webm"),
        (b"\x1a\x45\xdf\xa3\x9f\x42\x86\x81\x01\x42\x82\x84webm", "audio", "audio/webm"),
        (b"\x1a\x45\xdf\xa3\x01\x42\x82\x88matroska", "video", "video/x-matroska"),
        (b"RIFF\0\0\0\0AVI LIST", "video", "video/x-msvideo"),
        (b"RIFF\0\0\0\0????", "video", None),
        (b"<svg xmlns='http://www.w3.org/2000/svg'/>", "image", "image/svg+xml"),
        (b"<?xml version='1.0'?>\n<!-- a -->\n<svg/>", "image", "image/svg+xml"),
        ("# Größe".encode(), "document", "text/plain"),
        (b"\xef\xbb\xbfhi", "document", "text/plain"),
        (b"\n<!DOCTYPE HTML><p>hi", "document", "text/html"),
        (b"h\xfc", "document", None),
        (b"h\0i", "document", None),
        (b"hi", "image", None),
        (b"hi", "", None),
        (b"", "image", None),
        (b"BMW makes cars.", "document", "text/plain"),
        (b"ID3 is a tag.", "document", "text/plain"),
        (b"ID3", "document", "text/plain"),
        (b"the ftyp box", "document", "text/plain"),
        (b"A PDF begins with %PDF-1.7", "document", "text/plain"),
        (b"\xff\xfeh\0i\0", "document", None),
        (b"\xff\xf3\x40\xc0", "audio", "audio/mpeg"),
        (b"\xff\xfd\x40\xc0", "audio", "audio/mpeg"),
        (b"\xff", "audio", None),
    ],
)
def test_what_bytes_are(data: bytes, kind: str, found: str | None) -> None:
    assert media_type_of(data, kind) == found


@given(st.binary() | st.sampled_from([b"PK\x03\x04", b"RIFF", b"\0\0\0\x18ftyp", b"BM", b"ID3", b"\xff"]))
def test_no_bytes_are_an_error(data: bytes) -> None:
    for kind in ("", "image", "document", "audio", "video"):
        media_type_of(data, kind)


@pytest.mark.parametrize(
    ("name", "found"),
    [("a.PNG", "image/png"), ("a.b.md", "text/markdown"), ("png", None), ("a.xyz", None), ("a.", None)],
)
def test_what_a_name_says(name: str, found: str | None) -> None:
    assert media_type_by_name(name) == found


@pytest.mark.parametrize(
    ("said", "meant"),
    [
        ("image/jpg", "image/jpeg"),
        (" Image/PNG ; q=1", "image/png"),
        ("audio/mp3", "audio/mpeg"),
        ("text/x-markdown", "text/markdown"),
        ("application/anything", "application/anything"),
    ],
)
def test_how_people_spell_it(said: str, meant: str) -> None:
    assert spelled(said) == meant


PNG = b"\x89PNG\r\n\x1a\n"


@pytest.mark.parametrize(
    ("part", "media_type"),
    [
        (Image(data=PNG), "image/png"),
        (Image(data=PNG, media_type="image/png"), "image/png"),
        (Image(data=b"\xff\xd8\xff", media_type="image/jpg"), "image/jpeg"),
        (Image(data=PNG, media_type="application/octet-stream"), "image/png"),
        (Image(data=b"cut", media_type="image/webp"), "image/webp"),
        (Image(url="data:;base64,R0lGODlh"), "image/gif"),
        (Image(url="https://a.example/a.png"), None),
        (Image(url="https://a.example/a", media_type="image/jpg"), "image/jpeg"),
        (Image(file_id="file-1"), None),
        (Image(s3="s3://bucket/a/b.jpg"), "image/jpeg"),
        (Image(s3="s3://bucket/a/b"), None),
        (Document(data=b"a,b"), "text/plain"),
        (Document(data=b"a,b", media_type="text/csv"), "text/csv"),
        (Document(data=b"a,b", media_type="text/csv; charset=UTF-8"), "text/csv"),
        (Document(url="data:text/markdown;charset=utf-8,%23%20hi"), "text/markdown"),
        (Document(data=zipped("a"), media_type="application/epub+zip"), "application/epub+zip"),
        (Video(s3="s3://bucket/film.mp4"), "video/mp4"),
        (Audio(data=boxed(b"isom")), "audio/mp4"),
    ],
    ids=lambda value: type(value).__name__ if not isinstance(value, str) else value,
)
def test_a_part_knows_what_it_is_once_it_is_loaded(part: Any, media_type: str | None) -> None:
    (found,) = loaded([part])
    assert found.media_type == media_type
    assert loaded([found]) == [found]


@pytest.mark.parametrize(
    ("part", "says", "hint"),
    [
        (Image(data=b"hi"), "Image: what the bytes are cannot be told from them", "media_type"),
        (Image(data=PNG, media_type="image/webp"), "Image: the bytes are image/png, not image/webp", "leave"),
        (Image(data=b"%PDF-1.7"), "Image: application/pdf is none", "use Document"),
        (Document(data=PNG), "Document: image/png is none", "use Image"),
        (Audio(data=b"FLV\x01"), "Audio: video/x-flv is none", "use Video"),
        (Image(s3="s3://bucket/a.pdf"), "Image: application/pdf is none", "use Document"),
        (
            Document(url="https://a.example/a", media_type="image/png"),
            "Document: image/png is none",
            "use Image",
        ),
        (
            Document(data=b"h\xfc", media_type='text/plain; charset="latin-1"'),
            "Document: a text in latin-1",
            "utf-8",
        ),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_what_cannot_be_sent_as_what_it_is_said_to_be(part: Any, says: str, hint: str) -> None:
    with pytest.raises(UnsupportedError) as caught:
        loaded(["a", part])
    assert caught.value.message.startswith(f"parts[1]: {says}")
    assert hint in caught.value.hint
