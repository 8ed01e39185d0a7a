"""Request files at a shell: their parts name files beside them, and nothing outside of their folder."""

from __future__ import annotations

import base64
import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import Result
from commands import invoke

from smartllm.cli import main

PNG = b"\x89PNG\r\n\x1a\n" + bytes(range(100))
URL = f"data:image/png;base64,{base64.b64encode(PNG).decode()}"


def compiled(*arguments: str, stdin: str | None = None) -> Result:
    return invoke(main, ["compile", "--model", "gpt-5.4", "--format", "body", *arguments], stdin=stdin)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    here = tmp_path / "requests"
    (here / "pictures").mkdir(parents=True)
    (here / "pictures" / "cat.png").write_bytes(PNG)
    (tmp_path / "secret.txt").write_text("secret")
    (here / "link.txt").symlink_to(tmp_path / "secret.txt")
    (here / "inside.png").symlink_to(here / "pictures" / "cat.png")
    return here


def written(folder: Path, part: dict[str, Any]) -> str:
    request = folder / "request.json"
    request.write_text(json.dumps({"prompt": ["What?", part]}))
    return str(request)


def image_in(result: Result) -> Any:
    return json.loads(result.stdout)["input"][0]["content"][1]["image_url"]


@pytest.mark.parametrize("path", ["pictures/cat.png", "./pictures/../pictures/cat.png", "inside.png"])
def test_paths_are_relative_to_the_request_file(folder: Path, path: str) -> None:
    result = compiled("--request", written(folder, {"type": "image", "path": path}))
    assert (result.exit_code, image_in(result)) == (0, URL)
    whole = compiled("--request", written(folder, {"type": "image", "path": str(folder / path)}))
    assert whole.stdout == result.stdout


def test_those_of_standard_input_to_the_current_folder(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(folder)
    request = json.dumps({"prompt": [{"type": "image", "path": "pictures/cat.png"}, "What?"]})
    result = compiled("--request", "-", stdin=request)
    assert json.loads(result.stdout)["input"][0]["content"][0]["image_url"] == URL
    monkeypatch.chdir(folder / "pictures")
    result = compiled("--request", "-", stdin=request)
    assert (result.exit_code, result.stdout) == (2, "")
    assert "<stdin>: prompt[0]: the file " in result.stderr


def test_another_folder_can_be_named(folder: Path) -> None:
    request = written(folder, {"type": "image", "path": "cat.png"})
    result = compiled("--request", request, "--files", str(folder / "pictures"))
    assert (result.exit_code, image_in(result)) == (0, URL)


@pytest.mark.parametrize("path", ["../secret.txt", "link.txt", "/etc/hostname", "pictures/../../secret.txt"])
def test_nothing_outside_is_read(folder: Path, path: str) -> None:
    part = {"type": "document", "path": path}
    for place, fields in (
        ("prompt[1]", {"prompt": ["a", part]}),
        ("messages[0].content[0]", {"messages": [{"role": "user", "content": [part]}]}),
        (
            "messages[0].content[0].content[1]",
            {
                "messages": [
                    {
                        "role": "user",
                        "content": [
                            {"type": "tool_result", "call_id": "1", "content": ["a", part], "parts": True}
                        ],
                    }
                ]
            },
        ),
    ):
        (folder / "request.json").write_text(json.dumps(fields))
        result = compiled("--request", str(folder / "request.json"))
        assert (result.exit_code, result.stdout) == (2, "")
        assert f"request.json: {place}.path: {path!r} lies outside of" in result.stderr
        assert "--files FOLDER" in result.stderr


@pytest.mark.parametrize(
    ("part", "says"),
    [
        ({"type": "image", "path": "no.png"}, "prompt[1]: the file '{folder}/no.png' cannot be read"),
        ({"type": "image", "path": "pictures"}, "prompt[1]: '{folder}/pictures' is a folder, not a file"),
        ({"type": "image", "path": 5}, "prompt[1].path: Input should be a valid string, not 5"),
        ({"type": "image", "path": ""}, "prompt[1]: Image: path '' is no name of a file"),
        ({"type": "image", "url": "cat.png"}, "prompt[1]: Image: url 'cat.png' is none that can be fetched"),
        ({"type": "image", "data": "%"}, "prompt[1].data: the text is not base64"),
        ({"type": "image", "data": "aGk="}, "prompt[1]: Image: what the bytes are cannot be told"),
        ({"type": "document", "path": "inside.png"}, "prompt[1]: Document: image/png is none"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_mistakes_are_told_with_their_place(folder: Path, part: dict[str, Any], says: str) -> None:
    result = compiled("--request", written(folder, part))
    assert result.stdout == ""
    assert says.format(folder=folder) in result.stderr
    assert result.exit_code == 2


def test_what_else_a_request_file_may_hold_is_left_to_the_request(folder: Path) -> None:
    request = folder / "request.json"
    for fields in (
        {"prompt": "a"},
        {"prompt": [5]},
        {"messages": 5},
        {"messages": [5]},
        {"prompt": [{"path": "/a"}]},
    ):
        request.write_text(json.dumps(fields))
        result = compiled("--request", str(request))
        assert result.exit_code == (0 if fields == {"prompt": "a"} else 2)
        assert "outside" not in result.stderr


def test_what_is_shown_of_a_plan_holds_no_bytes(folder: Path) -> None:
    request = written(folder, {"type": "image", "path": "inside.png"})
    explained = invoke(main, ["compile", "--model", "gpt-5.4", "--request", request, "--explain"])
    compared = invoke(main, ["diff", "gpt-5.4", "gpt-4o", "--request", request])
    for result in (explained, compared):
        assert result.exit_code == 0
        assert URL[30:90] not in result.stdout
    assert f"<data:image/png;base64,{len(PNG)} bytes, sha256 " in explained.stdout
