"""Files at the shell: what they are, how they go, and where they stand."""

from __future__ import annotations

import os
from pathlib import Path
from threading import Thread
from typing import Any

import pytest
from media_samples import DOCX, GIF, MD, MP3, MP4, PDF, PNG, WAV
from shell_bodies import refused, said

from smartllm.cli.requests.attachments import attached
from smartllm.content import Audio, Document, Image, Video


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.mark.parametrize(
    ("name", "data", "kind", "media_type"),
    [
        ("cat.png", PNG, Image, None),
        ("cat", GIF, Image, None),
        ("paper.txt", PDF, Document, None),
        ("letter.docx", b"PK\x03\x04" + bytes(30), Document, DOCX),
        ("talk.mp3", MP3, Audio, None),
        ("talk.wav", WAV, Audio, None),
        ("film.mp4", MP4, Video, None),
        ("raw.mp3", b"\x01\x02\x03\x80", Audio, "audio/mpeg"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_files_go_by_what_they_are(name: str, data: bytes, kind: type[Any], media_type: str | None) -> None:
    Path(name).write_bytes(data)
    part: Any = attached(name)
    assert isinstance(part, kind)
    assert (part.data, part.media_type) == (data, media_type)
    if isinstance(part, Document):
        assert part.name == Path(name).stem


@pytest.mark.parametrize("name", ["main.py", "notes.md", "data.json", "page.html", "picture.svg", "Makefile"])
def test_texts_go_under_their_names(name: str) -> None:
    text = "<svg xmlns='x'/>" if name.endswith("svg") else "all: 1 < 2\n"
    Path(name).write_text(text)
    assert attached(name) == f'<file name="{name}">\n{text.rstrip()}\n</file>'


def test_pipes_are_read_to_their_end() -> None:
    os.mkfifo("pipe")
    writer = Thread(target=lambda: Path("pipe").write_text("all: 1"))
    writer.start()
    assert attached("pipe") == '<file name="pipe">\nall: 1\n</file>'
    writer.join()
    assert "is no name of a file" in refused("x", "-f", "x\0")
    assert "cannot be read" in refused("x", "-f", "x" * 300)


def test_a_name_can_be_written_into_what_surrounds_a_text() -> None:
    Path('a"b<c.txt').write_text("x")
    assert attached('a"b<c.txt') == '<file name="a&quot;b&lt;c.txt">\nx\n</file>'


def test_a_kind_can_be_said() -> None:
    Path("notes.md").write_bytes(MD)
    part = attached("document:notes.md")
    assert isinstance(part, Document)
    assert (part.name, part.media_type) == ("notes", "text/markdown")
    assert attached("image:https://example.com/cat") == Image(url="https://example.com/cat")
    Path("raw").write_bytes(b"\xff\xfe\x00")
    assert "cannot be told" in refused("x", "-f", "raw")


@pytest.mark.parametrize(
    ("address", "part"),
    [
        ("https://example.com/a%20cat.PNG?v=1", Image(url="https://example.com/a%20cat.PNG?v=1")),
        ("https://example.com/report.pdf", Document(url="https://example.com/report.pdf")),
        ("https://example.com/notes.txt", Document(url="https://example.com/notes.txt")),
        ("s3://bucket/film.mp4", Video(s3="s3://bucket/film.mp4")),
        ("data:image/gif;base64,R0lGODlhAQABAAAAAA==", Image(data=GIF[:13], media_type="image/gif")),
    ],
    ids=["picture", "document", "text", "s3", "data"],
)
def test_addresses(address: str, part: Any) -> None:
    found = attached(address)
    assert type(found) is type(part)
    assert (found.url, found.s3) == (part.url, part.s3)  # type: ignore[union-attr]


@pytest.mark.parametrize(
    ("given", "told"),
    [
        ("nothing.png", "--file nothing.png: the file 'nothing.png' cannot be read"),
        (".", "is a folder, not a file"),
        (
            "https://example.com/cat?key=secret",
            "--file https://example.com/cat: what is there cannot be told",
        ),
        ("s3://nowhere", "cannot be told"),
        ("image:s3://nowhere", "is no address of an object"),
        ("text:cat.png", "--file cat.png: not UTF-8 text"),
        ("-", "--file -: <stdin> is empty"),
    ],
    ids=["missing", "folder", "address", "s3", "said", "no text", "stdin"],
)
def test_what_is_no_file(given: str, told: str) -> None:
    Path("cat.png").write_bytes(PNG)
    errors = refused("what?", "-f", given, stdin="")
    assert told in errors
    assert "secret" not in errors


def test_files_stand_before_the_question() -> None:
    Path("cat.png").write_bytes(PNG)
    Path("a.txt").write_text("A")
    picture, words = said("what?", "-f", "cat.png", "-f", "a.txt", stdin="more")
    assert picture["type"] == "input_image"
    assert words["text"] == '<file name="a.txt">\nA\n</file>\n\nwhat?\n\nmore'
    alone = said("-f", "a.txt", stdin="")
    assert alone == '<file name="a.txt">\nA\n</file>'


@pytest.mark.parametrize(
    "name",
    [
        "https://me:geheim@example.com/x?sig=geheim",
        "image:https://me:geheim@example.com/a b#geheim",
        "ftp://me:geheim@example.com/x.png",
        "image:data:image/png;base64,geheim!",
    ],
    ids=["untold", "spaces", "scheme", "data"],
)
def test_messages_hold_no_login_query_or_data(name: str) -> None:
    said = refused("x", "-f", name)
    assert "geheim" not in said
    assert "example.com/" in said or "data:image/png" in said


def test_addresses_that_nobody_fetches_are_no_files() -> None:
    said = refused("x", "-f", "ftp://example.com/x.png")
    assert "no provider fetches that" in said
    assert "no provider fetches that" in refused("x", "-f", f"ftp://example.com/{'x' * 300}")
    assert "https or s3 address" in said
    Path("odd:").mkdir()
    Path("odd:/x.txt").write_text("there")
    assert "there" in str(attached("odd:/x.txt"))
