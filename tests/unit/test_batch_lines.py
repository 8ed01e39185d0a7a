"""Lines of requests: what they may be, and what is said of those that are none."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from smartllm import MessageRequest, TextRequest
from smartllm.runtime.batch.lines import LineReader, numbered


def read(value: Any, tmp_path: Path, **fields: Any) -> Any:
    data = value if isinstance(value, bytes) else json.dumps(value).encode()
    return LineReader(tmp_path, fields).read(7, data + b"\n")


def refused(value: Any, tmp_path: Path) -> str:
    found = read(value, tmp_path)
    assert found.request is None
    return str(found.error)


def test_a_line_is_a_request_a_prompt_or_a_conversation(tmp_path: Path) -> None:
    asked = read({"custom_id": "a", "prompt": "hi", "temperature": 0}, tmp_path)
    assert (asked.custom_id, asked.request) == ("a", TextRequest(prompt="hi", temperature=0))
    assert read("hi", tmp_path).request == TextRequest(prompt="hi")
    turn: Any = {"role": "user", "content": "hi"}
    assert read({"messages": [turn]}, tmp_path).request == MessageRequest(messages=[turn])
    assert read([turn], tmp_path).request == MessageRequest(messages=[turn])
    assert read([turn, "and?"], tmp_path).request.messages[1].content == "and?"
    assert read(["hi", {"type": "text", "text": "ho"}], tmp_path).request.prompt[0] == "hi"


def test_what_the_file_says_for_all_gives_way_to_what_a_line_says(tmp_path: Path) -> None:
    assert read("hi", tmp_path, model="gpt-5.4").request.model == "gpt-5.4"
    assert read({"prompt": "hi", "model": "o3"}, tmp_path, model="gpt-5.4").request.model == "o3"


@pytest.mark.parametrize("blank", [b"", b"  \t\r", b"\xef\xbb\xbf"])
def test_blank_lines_hold_nothing(blank: bytes, tmp_path: Path) -> None:
    assert LineReader(tmp_path).read(1, blank + b"\n").is_blank


def test_a_mark_of_byte_order_stands_before_the_first_line_alone(tmp_path: Path) -> None:
    reader = LineReader(tmp_path)
    assert reader.read(1, b'\xef\xbb\xbf"hi"\n').request == TextRequest(prompt="hi")
    assert "line 2: not valid JSON" in str(reader.read(2, b'\xef\xbb\xbf"hi"\n').error)


@pytest.mark.parametrize(
    ("line", "says"),
    [
        (b'{"prompt": "hi"', "line 7: not valid JSON"),
        (b"\xff", "line 7: not UTF-8 text (byte 0)"),
        (b"[" * 100_000, "line 7: nested too deeply"),
        (b"9" * 5000, "line 7: "),
        (5, "line 7: 5 is no request"),
        (None, "line 7: null is no request"),
        ({"custom_id": "a"}, "line 7: prompt or messages is missing"),
        ({"prompt": "hi", "messages": []}, "both prompt and messages"),
        ({"prompt": "hi", "temprature": 1}, "temprature"),
        ({"prompt": "hi", "custom_id": 5}, "custom_id: 5 is no text"),
        ({"prompt": "hi", "custom_id": ""}, 'custom_id: "" is no text'),
        ({"prompt": "hi", "custom_id": "x" * 513}, "is no text of 1 to 512 characters"),
        ({"prompt": "hi", "on_progress": 1}, "on_progress: a callback cannot be given in a file"),
        ({"method": "POST", "url": "/v1/responses", "body": {}}, "a provider's own batch file (body"),
        ({"recordId": "1", "modelInput": {}}, "a provider's own batch file (modelInput, recordId)"),
        ({"prompt": [{"type": "image", "path": "../a.png"}]}, "lies outside of"),
        ({"prompt": [{"type": "image", "path": "a.png"}]}, "a.png"),
    ],
)  # fmt: skip
def test_what_is_no_request_is_told_with_its_line(line: Any, says: str, tmp_path: Path) -> None:
    assert says in refused(line, tmp_path)


def test_the_line_keeps_its_id_when_it_is_refused(tmp_path: Path) -> None:
    assert read({"custom_id": "a", "prompt": 5}, tmp_path).custom_id == "a"


def test_an_id_comes_once(tmp_path: Path) -> None:
    seen: dict[str, int] = {}
    reader = LineReader(tmp_path, first=seen.setdefault)
    assert reader.read(1, b'{"custom_id": "a", "prompt": "hi"}').error is None
    again = reader.read(3, b'{"custom_id": "a", "prompt": "ho"}')
    assert (again.request, again.custom_id) == (None, "a")
    assert "line 3: custom_id: 'a' is that of line 1 already" in str(again.error)


def test_lines_are_counted_from_one(tmp_path: Path) -> None:
    (tmp_path / "a.jsonl").write_bytes(b'"a"\n\n"b"')
    with (tmp_path / "a.jsonl").open("rb") as file:
        assert list(numbered(file)) == [(1, b'"a"\n'), (2, b"\n"), (3, b'"b"')]
