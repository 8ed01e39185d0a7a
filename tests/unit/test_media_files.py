"""Files that parts name: what is read, what is not, and where it is said."""

from __future__ import annotations

import os
import socket
from pathlib import Path
from typing import Any

import pytest

import smartllm
from smartllm import Message, MessageRequest, TextRequest
from smartllm.content import CachePoint, Document, Image, Text, ToolCall, ToolResult
from smartllm.errors import UnsupportedError
from smartllm.media import has_files, loaded
from smartllm.media.files import MOST_BYTES, UnreadableError, read_file

PNG = b"\x89PNG\r\n\x1a\n" + bytes(100)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "cat.png").write_bytes(PNG)
    (tmp_path / "a.b report.md").write_text("# Hi")
    return tmp_path


def test_a_part_has_the_bytes_of_its_file(folder: Path) -> None:
    image = Image(path=folder / "cat.png", detail="low")
    assert image.path == str(folder / "cat.png")
    assert loaded([image]) == [Image(data=PNG, media_type="image/png", detail="low")]
    document = Document(path=str(folder / "a.b report.md"), citations=True)
    said: dict[str, Any] = {"data": b"# Hi", "media_type": "text/markdown", "citations": True}
    assert loaded([document]) == [Document(name="a.b report", **said)]
    named = Document(path=folder / "a.b report.md", name="Report")
    assert loaded([named])[0].name == "Report"


@pytest.mark.parametrize(
    ("name", "data", "media_type"),
    [
        ("a.csv", b"a,b", "text/csv"),
        ("a", b"a,b", "text/plain"),
        ("a.pdf", b"hi", "text/plain"),
        ("a.txt", b"%PDF-1.7", "application/pdf"),
        ("a.png", b"hi", "text/plain"),
        ("a.json", b"{}", "application/json"),
        ("a.txt", b"<html>", "text/plain"),
        ("a.md", b"h\xfc", "text/markdown"),
        ("a.docx", b"PK\x03\x04", "application/vnd.openxmlformats-officedocument.wordprocessingml.document"),
        ("a.zip", b"PK\x03\x04", "application/zip"),
    ],
)
def test_the_name_tells_what_bytes_do_not(tmp_path: Path, name: str, data: bytes, media_type: str) -> None:
    (tmp_path / name).write_bytes(data)
    assert loaded([Document(path=tmp_path / name)])[0].media_type == media_type


def test_a_request_is_left_as_it_is_and_its_like_has_the_bytes(folder: Path) -> None:
    image = Image(path=folder / "cat.png")
    known = Image(data=PNG, media_type="image/png")
    request: TextRequest[Any] = TextRequest(prompt=["a", image], model="gpt-4o")
    assert has_files(request)
    found = loaded(request)
    assert (request.prompt, found.prompt) == (["a", image], ["a", known])
    assert found.model_fields_set == request.model_fields_set
    assert not has_files(found)
    turns = [
        Message("user", "a"),
        Message("assistant", [ToolCall("1", "f", {})]),
        Message("user", [ToolResult("1", [image, "b"]), CachePoint(), image]),
    ]
    talk: MessageRequest[Any] = MessageRequest(messages=turns)
    assert has_files(talk)
    assert loaded(talk).messages[2].content == [ToolResult("1", [known, "b"]), CachePoint(), known]
    assert talk.messages[2].content[0] == ToolResult("1", [image, "b"])
    assert not has_files(TextRequest(prompt="a"))
    assert not has_files(MessageRequest(messages=[Message("user", "a"), Message("user", ["a", Text("b")])]))


def test_what_the_path_names_is_read_and_no_more(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(folder))
    monkeypatch.chdir(folder)
    assert read_file("cat.png") == PNG
    for name in ("~/cat.png", "$HOME/cat.png", "*.png", "cat.png\n"):
        with pytest.raises(UnreadableError, match="No such file"):
            read_file(name)
    (folder / "link.png").symlink_to(folder / "cat.png")
    assert read_file("link.png") == PNG


def test_what_is_no_file_is_never_opened(folder: Path) -> None:
    os.mkfifo(folder / "pipe")
    (folder / "empty").touch()
    (folder / "to-a-pipe").symlink_to(folder / "pipe")
    (folder / "to-nothing").symlink_to(folder / "nothing")
    with socket.socket(socket.AF_UNIX) as bound:
        bound.bind(str(folder / "socket"))
        says = {
            "": "a folder, not a file",
            "pipe": "a pipe, not a file",
            "to-a-pipe": "a pipe, not a file",
            "socket": "a socket, not a file",
            "empty": "is empty",
            "nothing": r"cannot be read \(No such file",
            "to-nothing": r"cannot be read \(No such file",
            "cat.png/x": r"cannot be read \(Not a directory",
            "x" * 300: r"cannot be read \(File name too long",
        }
        for name, said in says.items():
            with pytest.raises(UnreadableError, match=said):
                read_file(str(folder / name))
    with pytest.raises(UnreadableError, match="a device, not a file"):
        read_file("/dev/zero")
    with pytest.raises(UnreadableError, match="no name of a file"):
        read_file("\0")


def test_what_is_too_large_is_not_read(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (folder / "film").touch()
    os.truncate(folder / "film", MOST_BYTES + 1)  # it takes no room on the disk

    def opened(*_: Any, **__: Any) -> None:
        pytest.fail("it was opened")

    monkeypatch.setattr("builtins.open", opened)
    with pytest.raises(UnreadableError, match=r"has 536,870,913 bytes; at most 536,870,912 can be sent"):
        read_file(str(folder / "film"))
    with pytest.raises(UnreadableError, match="has 108 bytes; at most 107 can"):
        read_file(str(folder / "cat.png"), 107)


def test_a_file_that_changes_meanwhile_is_told(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    real = os.fstat

    def shorter(number: int) -> os.stat_result:
        status = list(real(number))
        status[6] -= 1
        return os.stat_result(status)

    monkeypatch.setattr(os, "fstat", shorter)
    with pytest.raises(UnreadableError, match="changed while it was read"):
        read_file(str(folder / "cat.png"))


def test_a_missing_file_is_refused_at_its_place_before_anything_else(folder: Path) -> None:
    missing = Image(path=folder / "dog.png")
    requests: list[tuple[Any, str]] = [
        (TextRequest(prompt=["a", missing], model="gpt-4o"), "prompt[1]"),
        (
            MessageRequest(messages=[Message("user", "a"), Message("user", [missing])], model="gpt-4o"),
            "messages[1].content[0]",
        ),
        (
            MessageRequest(messages=[Message("user", [ToolResult("1", ["a", missing])])], model="gpt-4o"),
            "messages[0].content[0].content[1]",
        ),
    ]
    for request, place in requests:
        for act in (loaded, smartllm.compile):
            with pytest.raises(UnsupportedError) as caught:
                act(request)
            says = f"{place}: the file '{folder}/dog.png' cannot be read (No such file or directory)"
            assert caught.value.message == says
            assert caught.value.field == place.partition("[")[0]
