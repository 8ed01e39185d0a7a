"""Pictures and documents at the shell: named in request files, compiled and sent; mistakes told in a line."""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from click.testing import Result
from commands import invoke
from model_ids import called
from pictures import pdf, png

from smartllm.cli import main
from smartllm.testing import LoopbackServer, Reply

GPT, CLAUDE = "gpt-5.4", called("claude-haiku-4-5")
CODED = base64.b64encode(png()).decode()
CAT = {"type": "image", "path": "cat.png"}
PAPER = {"type": "document", "path": "report 2024_final.pdf"}


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where the commands run, with a picture and a document in it."""
    monkeypatch.chdir(tmp_path)
    Path("cat.png").write_bytes(png())
    Path("report 2024_final.pdf").write_bytes(pdf())
    Path("words.txt").write_text("Some words.", encoding="utf-8")
    return tmp_path


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[LoopbackServer]:
    with LoopbackServer(check=True) as server:
        for name, value in server.environment().items():
            monkeypatch.setenv(name, value)
        yield server


def shell(command: str, request: Any, *options: str) -> Result:
    Path("request.json").write_text(json.dumps(request), encoding="utf-8")
    return invoke(main, [command, "--request", "request.json", *options])


def asked(*parts: Any, model: str = GPT, **fields: Any) -> dict[str, Any]:
    return {"prompt": ["What is it?", *parts], "model": model, **fields}


@pytest.mark.parametrize(
    "part",
    [CAT, {"type": "image", "data": CODED}, {"type": "image", "url": f"data:image/png;base64,{CODED}"}],
)
def test_each_way_to_give_a_picture_compiles_to_the_same(part: Any) -> None:
    result = shell("compile", asked(part))
    assert result.exit_code == 0, result.output
    (turn,) = json.loads(result.stdout)["steps"][0]["body"]["input"]
    assert turn["content"][1] == {
        "type": "input_image",
        "image_url": f"data:image/png;base64,{CODED}",
        "detail": "auto",
    }


def test_conversations_name_files_too() -> None:
    turns = [{"role": "user", "content": ["What is it?", CAT]}]
    result = shell("compile", {"messages": turns, "model": CLAUDE, "api_type": "converse"})
    assert result.exit_code == 0, result.output
    (message,) = json.loads(result.stdout)["steps"][0]["body"]["messages"]
    assert message["content"][1] == {"image": {"format": "png", "source": {"bytes": CODED}}}


def test_files_of_another_folder_are_read_where_the_command_says_so(folder: Path) -> None:
    elsewhere = folder / "elsewhere"
    elsewhere.mkdir()
    request = json.dumps(asked({"type": "image", "path": str(folder / "cat.png")}))
    (elsewhere / "request.json").write_text(request, encoding="utf-8")
    command = ["compile", "--request", str(elsewhere / "request.json")]
    refused = invoke(main, command)
    assert (refused.exit_code, "--files" in refused.stderr) == (2, True)
    assert invoke(main, [*command, "--files", str(folder)]).exit_code == 0
    assert invoke(main, ["compile", "--request", "-"], stdin=json.dumps(asked(CAT))).exit_code == 0


def test_an_explanation_shows_the_picture_without_its_bytes() -> None:
    result = shell("compile", asked(CAT), "--explain")
    assert result.exit_code == 0, result.output
    assert hashlib.sha256(png()).hexdigest()[:12] in result.stdout
    assert CODED[:40] not in result.output


@pytest.mark.parametrize(
    ("model", "api_type"),
    [(GPT, "responses"), (GPT, "chat_completions"), (CLAUDE, "invoke"), (CLAUDE, "converse")],
)
@pytest.mark.parametrize("options", [(), ("--stream",)])
def test_run_sends_them(model: str, api_type: str, options: tuple[str, ...], server: LoopbackServer) -> None:
    server.script(Reply(text="A grey field."))
    result = shell("run", asked(CAT, PAPER, model=model, api_type=api_type, use_cache=False), *options)
    assert result.exit_code == 0, result.output
    assert "A grey field." in result.stdout
    (recorded,) = server.requests
    picture, document = recorded.media
    assert "image/png, 64 x 48 pixels" in picture
    assert hashlib.sha256(pdf()).hexdigest()[:12] in document


def test_the_answer_as_data_does_not_repeat_the_bytes(server: LoopbackServer) -> None:
    server.script(Reply(text="A grey field."))
    result = shell("run", asked(CAT, use_cache=False), "--json")
    assert result.exit_code == 0, result.output
    assert json.loads(result.stdout)["text"] == "A grey field."
    assert CODED[:40] not in result.output


WRONG: list[tuple[Any, int, str]] = [
    ({"type": "image"}, 2, "prompt[1]: Image: give exactly one of data, path, url, file_id, s3"),
    ({**CAT, "url": "https://example.com/a.png"}, 2, "prompt[1]: Image: give exactly one of"),
    ({"type": "image", "file": "cat.png"}, 2, "prompt[1]: 'file' is no field of image"),
    ({"type": "picture", "path": "cat.png"}, 2, "prompt[1]: the type 'picture' is no part of a turn"),
    ({"path": "cat.png"}, 2, "prompt[1]: an object without a type"),
    ({"type": "image", "data": "%%"}, 2, "prompt[1].data: the text is not base64"),
    ({"type": "image", "path": "dog.png"}, 2, "dog.png' cannot be read (No such file or directory)"),
    ({"type": "image", "path": "/etc/passwd"}, 2, "lies outside of"),
    ({"type": "image", "path": "../cat.png"}, 2, "lies outside of"),
    ({"type": "image", "url": "file:///etc/passwd"}, 2, "a local file is given by path="),
    ({"type": "image", "path": "words.txt"}, 2, "Image: text/plain is none"),
    (
        {"type": "image", "path": "cat.png", "media_type": "image/jpeg"},
        2,
        "the bytes are image/png, not image/jpeg",
    ),
]


@pytest.mark.parametrize(("part", "status", "says"), WRONG)
def test_what_is_wrong_is_told_in_a_line(part: Any, status: int, says: str) -> None:
    result = shell("compile", asked(part))
    assert (result.exit_code, result.stdout) == (status, "")
    first = result.stderr.splitlines()[0]
    assert says in first
    assert len(first) < 300


def test_what_a_model_does_not_take_is_refused_with_one_that_does(server: LoopbackServer) -> None:
    result = shell("run", asked(CAT, model="o3-mini"))
    assert result.exit_code == 1
    assert "o3-mini takes no images here" in result.stderr
    assert "others take it: " in result.stderr
    assert server.requests == []


def test_a_large_mistake_is_not_repeated_whole() -> None:
    part = {"type": "image", "data": base64.b64encode(b"x" * 1_000_000).decode(), "media_type": 5}
    result = shell("compile", asked(part))
    assert result.exit_code == 2
    assert len(result.stderr) < 1000
