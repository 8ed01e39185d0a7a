"""``smartllm chat``: at a real terminal, and in a pipe."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from click.testing import Result
from commands import invoke
from model_ids import called
from pictures import png
from typist import CTRL_C, CTRL_D, UP, Typist
from warm import Warm

from smartllm.cli import main
from smartllm.cli.talk.chat_commands import is_command
from smartllm.cli.talk.talk_store import TalkStore
from smartllm.testing import LoopbackServer, Reply

pytestmark = pytest.mark.usefixtures("reachable")

GPT, CLAUDE = "gpt-5.4", called("claude-haiku-4-5")


@pytest.fixture
def typist(warm: Warm, tmp_path: Path) -> Iterator[Typist]:
    """Somebody who has started a chat and sees the first prompt."""
    with Typist(warm, "chat", "-m", GPT, environment=os.environ, folder=tmp_path) as typist:
        typist.sees("> ")
        yield typist


def piped(*lines: str, flags: tuple[str, ...] = ("-m", GPT)) -> Result:
    return invoke(main, ["chat", *flags], stdin="".join(f"{line}\n" for line in lines))


def asked(server: LoopbackServer) -> list[Any]:
    """The turns of the last request, as roles and texts."""
    return [(turn["role"], turn["content"]) for turn in json.loads(server.requests[-1].body)["input"]]


def kept() -> list[tuple[str, Any]]:
    talk = TalkStore.of_user().find()
    return [(turn["role"], turn["content"]) for turn in talk.messages]


# At a terminal


def test_turns_are_edited_stopped_and_kept(typist: Typist, server: LoopbackServer) -> None:
    server.script(
        Reply(text="Hello."),
        Reply(text="one two three", stall_after=6, stall_seconds=60),
        Reply(text="Still here."),
    )
    typist.types("Good dya\x7f\x7fay\n")
    typist.sees("Hello.\n")
    typist.sees("> ")
    typist.types("\x1b[200~count\nslowly\x1b[201~")  # as terminals paste
    typist.sees("slowly")
    typist.types("\n")
    typist.sees("one two")
    typist.types(CTRL_C)
    typist.sees("> ")
    typist.types(UP + UP)
    typist.sees("Good day")
    typist.types("\n")
    typist.sees("Still here.\n")
    typist.sees("> ")
    typist.types("half of a tur")
    typist.sees("half of a tur")
    typist.interrupts("> ")
    typist.types(CTRL_D)
    typist.sees("3 answers, ")
    typist.sees("smartllm chat -c goes on")
    assert typist.ended() == 0
    said = [turn for turn in asked(server) if turn[0] == "user"]
    assert said == [("user", "Good day"), ("user", "count\nslowly"), ("user", "Good day")]
    assert kept() == [*asked(server), ("assistant", "Still here.")]
    roles, texts = zip(*kept(), strict=True)
    assert roles == ("user", "assistant") * 3
    assert texts[3].startswith("one")
    assert not texts[3].endswith("three")


def test_commands_are_completed_and_what_is_typed_is_remembered(
    typist: Typist, warm: Warm, tmp_path: Path
) -> None:
    typist.types("/mod\t\n")
    typist.sees(f"model: {GPT}")
    typist.types("something to remember\n")
    typist.sees("echo: something")
    typist.types("/exit\n")
    assert typist.ended() == 0
    file = TalkStore.of_user().lines()
    assert file is not None
    assert file.stat().st_mode & 0o777 == 0o600
    with Typist(warm, "chat", "-c", environment=os.environ, folder=tmp_path) as again:
        again.sees(f"{GPT}, going on after 2 turns")
        again.sees("> ")
        again.types(UP + UP)
        again.sees("something to remember")
        again.interrupts("> ")
        again.types(CTRL_D)
        assert again.ended() == 0


def test_a_failure_leaves_the_chat_open(typist: Typist, server: LoopbackServer) -> None:
    server.script(Reply(status=401, error_message="no such key"))
    typist.types("first\n")
    typist.sees("failed: 401 from the provider: no such key")
    typist.sees("> ")
    typist.types("second\n")
    typist.sees("echo: second")
    typist.types("/exit\n")
    assert typist.ended() == 0
    assert asked(server) == [("user", "second")]


# In a pipe


def test_each_line_is_a_turn(server: LoopbackServer) -> None:
    result = piped("one", "", "two\\", "lines", '"""three', "", 'four"""', "//five")
    assert (result.exit_code, result.stderr) == (0, "")
    assert result.stdout == "echo: one\necho: two\nlines\necho: three\n\nfour\necho: /five\n"
    assert asked(server)[-1] == ("user", "/five")
    assert len(asked(server)) == 7


def test_a_refusal_is_told(server: LoopbackServer) -> None:
    server.script(Reply(refusal="I will not."), Reply(text="Yes."))
    result = piped("may I?", "and this?")
    assert (result.exit_code, result.stdout) == (1, "Yes.\n")
    assert "the model refused: I will not." in result.stderr


def test_a_last_turn_that_is_not_finished_is_one() -> None:
    assert invoke(main, ["chat", "-m", GPT], stdin='"""one\ntwo').stdout == "echo: one\ntwo\n"
    assert invoke(main, ["chat", "-m", GPT], stdin="one\\").stdout == "echo: one\n"


def test_what_is_no_text_is_told(server: LoopbackServer) -> None:
    result = invoke(main, ["chat", "-m", GPT], stdin=b"\xff\xfe\nhi\n")
    assert (result.exit_code, result.stdout, "Traceback" in result.stderr) == (2, "echo: hi\n", False)
    assert "prompt" in result.stderr
    assert len(server.requests) == 1


def test_the_options_hold_for_each_turn(server: LoopbackServer) -> None:
    result = piped("a", "b", flags=("-m", "o3", "-s", "Be brief.", "--effort", "low", "-o", "top_p=0.5"))
    assert result.exit_code == 0
    for request in server.requests:
        body = json.loads(request.body)
        assert (body["instructions"], body["reasoning"]["effort"]) == ("Be brief.", "low")
    assert result.stderr.count("sampling-dropped top_p") == 1, "what is changed is told once"


def test_commands(server: LoopbackServer, tmp_path: Path) -> None:
    (tmp_path / "my cat.png").write_bytes(png())
    (tmp_path / "gold.png").write_bytes(png())
    (tmp_path / "main.py").write_text("print(1)\n")
    result = piped(
        "/system Be brief.",
        "one",
        "/file 'my cat.png'",
        "/file main.py",
        "/file gold.png",
        "two",
        "/undo",
        f"/model {CLAUDE}",
        '/system ""',
        "three",
        "/save talk.json",
        "/help",
    )
    assert result.exit_code == 0, result.stderr
    first, second, third = (json.loads(request.body) for request in server.requests)
    assert first["instructions"] == second["instructions"] == "Be brief."
    parts = second["input"][-1]["content"]
    assert [part["type"] for part in parts] == ["input_image", "input_text", "input_image", "input_text"]
    assert (parts[1]["text"], parts[3]["text"]) == ('<file name="main.py">\nprint(1)\n</file>', "two")
    assert [turn["role"] for turn in third["messages"]] == ["user", "assistant", "user"]
    assert "Be brief" not in str(third)
    saved = json.loads((tmp_path / "talk.json").read_text())
    assert (saved["model"], [turn["content"] for turn in saved["messages"]]) == (
        CLAUDE,
        ["one", "echo: one", "three", "echo: three"],
    )
    assert (tmp_path / "talk.json").stat().st_mode & 0o777 == 0o600
    files = "next turn: my cat.png, main.py, gold.png"
    for told in (files, "taken back:", f"model: {CLAUDE}", "system text: none"):
        assert told in result.stderr
    assert "/undo " in result.stderr
    assert [is_command(one) for one in ("/help", "//help", "/etc\nis pasted")] == [True, False, False]


def test_system_text_stays_unless_another_is_said(server: LoopbackServer) -> None:
    piped("one", flags=("-m", GPT, "-s", "Be brief."))
    piped("two", flags=("-c",))
    piped("three", flags=("-c", "-s", "Be long."))
    said = [json.loads(request.body)["instructions"] for request in server.requests]
    assert said == ["Be brief.", "Be brief.", "Be long."]


def test_a_saved_talk_is_a_request_file(server: LoopbackServer) -> None:
    piped("one", "/save talk.json")
    turns = json.loads(Path("talk.json").read_text())
    turns["messages"].append({"role": "user", "content": "and?"})
    Path("more.json").write_text(json.dumps(turns))
    assert invoke(main, ["run", "-r", "more.json"]).stdout == "echo: and?\n"
    assert len(asked(server)) == 3


@pytest.mark.parametrize(
    ("line", "told"),
    [
        ("/sytem x", "there is no /sytem; did you mean /system?"),
        ("/etc/hosts?", "// begins a text"),
        ("/file", "name a file"),
        ("/file -", "standard input is the talk itself"),
        ("/file nothing.png", "nothing.png"),
        ("/file https://me:pw@a.example/cat.png?sig=1", "next turn: https://a.example/cat.png\n"),
        ("/save", "nothing is said yet"),
        ("/undo", "nothing to take back"),
        ("/model", f"model: {GPT}"),
        ("/system", "system text: none"),
    ],
    ids=lambda value: value[:14].strip(),
)
def test_what_commands_tell(line: str, told: str, server: LoopbackServer) -> None:
    result = piped(line, "still")
    assert (result.exit_code, result.stdout) == (0, "echo: still\n")
    assert told in result.stderr
    assert len(server.requests) == 1


def test_a_model_that_refuses_the_options_does_not_go_on(server: LoopbackServer) -> None:
    result = piped("/model o3", "/model", "hi", flags=("-m", "gpt-4o", "--temperature", "0.4"))
    assert (result.exit_code, result.stdout) == (0, "echo: hi\n")
    assert "refused: --temperature" in result.stderr
    assert "model: gpt-4o" in result.stderr
    assert json.loads(server.requests[-1].body)["model"] == "gpt-4o"


def test_nothing_is_overwritten() -> None:
    Path("there.json").write_text("mine")
    result = piped("one", "/save there.json", "/save no-folder/talk.json", "/save")
    assert "there.json is there already" in result.stderr
    assert "no-folder/talk.json cannot be written" in result.stderr
    assert "name a file" in result.stderr
    assert Path("there.json").read_text() == "mine"


def test_what_is_taken_back_is_taken_out_of_what_is_kept() -> None:
    piped("one", "two", "/undo")
    assert kept() == [("user", "one"), ("assistant", "echo: one")]
    piped("/undo", flags=("-c",))
    assert TalkStore.of_user().ids() == []


def test_a_turn_that_fails_is_told_by_the_status(server: LoopbackServer) -> None:
    server.script(Reply(status=400, error_message="no"), Reply(text="yes"))
    result = piped("first", "second")
    assert (result.exit_code, result.stdout) == (1, "yes\n")
    assert kept() == [("user", "second"), ("assistant", "yes")]
    server.script(Reply(tool_calls=[{"name": "look", "arguments": {}}]))
    empty = piped("first")
    assert (empty.exit_code, "the turn is left out" in empty.stderr) == (1, True), empty.stderr
    assert kept() == [("user", "second"), ("assistant", "yes")]


@pytest.mark.parametrize(
    ("flags", "status", "told"),
    [
        (("-m", "what-ever", "--provider", "bedrock"), 1, "is not listed"),
        (("-m", GPT, "-o", "tools=[]"), 2, "-o tools: a chat has no place for it"),
        (("-m", GPT, "-f", "nothing.png"), 2, "nothing.png"),
        (("-m", GPT, "-f", "-"), 2, "standard input is the talk itself"),
        (("-m", "o3", "--temperature", "0.5"), 1, "refused: --temperature"),
        (("-c",), 2, "there is no talk yet"),
    ],
    ids=["model", "tools", "file", "stdin", "refused", "no talk"],
)
def test_what_cannot_begin(flags: tuple[str, ...], status: int, told: str, server: LoopbackServer) -> None:
    result = piped("hi", flags=flags)
    assert (result.exit_code, result.stdout) == (status, "")
    assert told in result.stderr
    assert server.requests == []


def test_who_is_asked_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [name for name in os.environ if name.startswith(("AWS_", "OPENAI_"))]:
        monkeypatch.delenv(name)
    result = piped("hi", "ho", flags=("-m", "claude-sonnet-4-6"))
    assert (result.exit_code, result.stderr.count("Anthropic is asked, as ANTHROPIC_API_KEY tells")) == (0, 1)


def test_a_missing_key_is_told_once_a_turn(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("OPENAI_API_KEY")
    monkeypatch.delenv("OPENAI_BASE_URL")
    for name in [name for name in os.environ if name.startswith(("AWS_", "ANTHROPIC_", "AZURE_"))]:
        monkeypatch.delenv(name)
    result = piped("hi")
    assert (result.exit_code, "set OPENAI_API_KEY" in result.stderr) == (2, True)
