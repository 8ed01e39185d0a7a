"""Where a part's bytes come from is checked where it is made; ``data:`` URLs are bytes from there on."""

from __future__ import annotations

import base64
from pathlib import PurePosixPath
from typing import Any

import pytest
from pydantic import ValidationError

from smartllm import TextRequest
from smartllm.content import Document, Image, Video, described

GIF = base64.b64encode(b"GIF89a").decode()


@pytest.mark.parametrize(
    "url",
    [
        "https://a.example/cat.png?sig=1#x",
        "http://localhost:8000/a",
        "HTTPS://A.EXAMPLE/",
        "https://[::1]/a",
        "https://bücher.example/ä",
    ],
)
def test_urls_that_a_provider_may_fetch(url: str) -> None:
    assert Image(url=url).url == url


@pytest.mark.parametrize(
    ("given", "data", "media_type"),
    [
        ({"url": f"data:image/gif;base64,{GIF}"}, b"GIF89a", "image/gif"),
        ({"url": f"data:;base64,{GIF}"}, b"GIF89a", None),
        ({"url": f"DATA:image/gif;BASE64,{GIF}"}, b"GIF89a", "image/gif"),
        ({"url": f"data:image/gif;x=1;base64,{GIF}"}, b"GIF89a", "image/gif"),
        ({"url": f"data:image/gif;base64,{GIF}", "media_type": "image/png"}, b"GIF89a", "image/png"),
        ({"url": "data:,a%20b"}, b"a b", None),
        ({"url": "data:text/plain;charset=utf-8,%C3%BC"}, "ü".encode(), "text/plain;charset=utf-8"),
        ({"url": "data:x/y;base64,YQ%3D%3D"}, b"a", "x/y"),
        ({"data": bytearray(b"ab")}, b"ab", None),
        ({"data": memoryview(b"ab")}, b"ab", None),
    ],
)
def test_what_becomes_bytes(given: dict[str, Any], data: bytes, media_type: str | None) -> None:
    image = Image(**given)
    assert (image.data, image.url, image.media_type) == (data, None, media_type)
    assert type(image.data) is bytes


def test_a_path_is_its_text() -> None:
    assert Image(path=PurePosixPath("a/b.png")).path == "a/b.png"


@pytest.mark.parametrize(
    ("given", "says"),
    [
        ({}, "give exactly one of data, path, url, file_id, s3, not none of them"),
        (
            {"path": "a", "file_id": "b"},
            "give exactly one of data, path, url, file_id, s3, not path and file_id",
        ),
        ({"data": GIF}, "data is a text, not bytes; a file's name goes into path=, base64 is decoded"),
        ({"data": 5}, "data is a int, not bytes"),
        ({"data": b""}, "data is empty"),
        ({"path": 5}, "path is a int, not the name of a file"),
        ({"path": ""}, "path '' is no name of a file"),
        ({"path": "a\0"}, "path 'a\\x00' is no name of a file"),
        ({"path": "file:///a"}, "path 'file:///a' is a URL; give the name of the file itself"),
        ({"url": 5}, "url 5 is none"),
        ({"url": ""}, "url '' is none"),
        ({"url": "file:///etc/passwd"}, "url 'file:///etc/passwd': a local file is given by path="),
        ({"url": "s3://bucket/key"}, "url 's3://bucket/key': an object in S3 is given by s3="),
        ({"url": "cat.png"}, "url 'cat.png' is none that can be fetched; allowed: https, http and data"),
        ({"url": "ftp://a.example/a"}, "url 'ftp://a.example/a' is none that can be fetched"),
        ({"url": "https://"}, "url 'https://' is none that can be fetched"),
        ({"url": "https://["}, "url 'https://[' is none that can be fetched"),
        ({"url": "https://a:b/"}, "url 'https://a:b/' is none that can be fetched"),
        ({"url": "https://a.example/a b"}, "holds spaces or control characters; write them percent-encoded"),
        ({"url": "data:image/gif;base64"}, "url is a data: URL without a comma before its data"),
        ({"url": "data:image/gif;base64,%%%"}, "url is a data: URL whose data is no base64"),
        ({"url": "data:image/gif;base64,"}, "url is a data: URL without data"),
        ({"url": "data:gif;base64,YQ=="}, "url is a data: URL with 'gif', which is no media type"),
        ({"file_id": ""}, "file_id '' is no id of a file"),
        ({"file_id": "a b"}, "file_id 'a b' is no id of a file"),
        ({"file_id": 5}, "file_id 5 is no id of a file"),
        ({"s3": "bucket/key"}, "s3 'bucket/key' is no address of an object; give s3://bucket/key"),
        ({"s3": "s3://bucket"}, "s3 's3://bucket' is no address of an object"),
        ({"s3": "s3://Bucket/key"}, "s3 's3://Bucket/key' is no address of an object"),
        ({"s3": 5}, "s3 5 is no address of an object"),
        ({"file_id": "f", "media_type": "png"}, "media_type 'png' is none; give one such as image/png"),
        ({"file_id": "f", "media_type": 5}, "media_type 5 is none"),
    ],
    ids=lambda value: "" if isinstance(value, dict) else value[:30],
)
def test_what_is_no_source(given: dict[str, Any], says: str) -> None:
    for kind in (Image, Document, Video):
        with pytest.raises(ValueError, match=rf"^{kind.__name__}: ") as caught:
            kind(**given)
        assert says in str(caught.value)


def test_errors_do_not_repeat_megabytes() -> None:
    large: Any = "A" * 4_000_000
    asked: Any = TextRequest
    for make in (
        lambda: Image(data=large),
        lambda: Image(url=f"data:image/png;base64,{large}%"),
        lambda: Image(url=f"https://{large} "),
        lambda: Image(s3=large),
        lambda: asked(prompt=[{"type": "image", "data": f"%{large}"}]),
        lambda: asked(prompt=[{"type": "image", "data": large, "detail": 5}]),
        lambda: asked(prompt=[{"type": "imag", "data": large}]),
        lambda: asked(prompt=[{"type": "image", large: 5}]),
        lambda: asked(prompt=[Image(data=large.encode()), 5]),
        lambda: asked(prompt=[Image(data=large.encode())], max_tokens=0),
    ):
        with pytest.raises((ValueError, ValidationError)) as caught:
            make()
        assert len(str(caught.value)) < 1000
        assert len(repr(caught.value)) < 1000


def test_what_is_told_of_a_part_holds_neither_bytes_nor_what_lets_anybody_in() -> None:
    parts = [Image(data=b"GIF89a"), Image(url="https://me:secret@a.example/cat.png?signature=secret#secret")]
    assert "GIF" not in repr(parts)
    assert "secret" not in repr(parts)
    assert described(parts) == [
        {"type": "image", "data": "6 bytes"},
        {"type": "image", "url": "https://a.example/cat.png"},
    ]
