"""Talks that the shell keeps: gone on with, looked at, forgotten; private, bounded, whole."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest
from commands import invoke
from model_ids import called
from pictures import png
from talked import HELLO, run, talks

from smartllm.cli import main
from smartllm.cli.talk.talk_store import ENVIRONMENT, Talk, TalkStore
from smartllm.testing import LoopbackServer, Reply

pytestmark = pytest.mark.usefixtures("reachable")

GPT, CLAUDE = "gpt-5.4", called("claude-opus-4-7")


def bodies(server: LoopbackServer) -> list[Any]:
    return [json.loads(request.body) for request in server.requests]


def last() -> Talk:
    return TalkStore.of_user().find()


# Going on


def test_the_last_talk_goes_on_with_its_model_and_system_text(server: LoopbackServer) -> None:
    run("hello", "-m", "o3", "-s", "Be brief.", "--effort", "low")
    assert run("-c", "and?").stdout == "echo: and?\n"
    assert run("-c", stdin="more").stdout == "echo: more\n"
    _, _, third = bodies(server)
    assert (third["model"], third["instructions"]) == ("o3", "Be brief.")
    assert [turn["content"] for turn in third["input"] if turn.get("role") == "user"] == [
        "hello",
        "and?",
        "more",
    ]
    assert "effort" not in third.get("reasoning", {}), "options are those of one call"
    assert len(TalkStore.of_user().ids()) == 1


def test_reasoning_goes_back_to_the_model_that_wrote_it(server: LoopbackServer) -> None:
    server.script(Reply(text="Four.", thinking="two and two"))
    run("2+2?", "-m", CLAUDE, "--effort", "low")
    run("-c", "sure?", "--effort", "low")
    _, second = bodies(server)
    assert second["messages"][1]["content"][0]["type"] == "thinking"
    told = run("-c", "and you?", "-m", GPT).stderr
    assert "reasoning" in told
    assert "two and two" not in json.dumps(bodies(server)[-1])


def test_another_model_is_asked_where_it_is_called(server: LoopbackServer) -> None:
    run("hello", "-m", GPT, "--api-type", "chat_completions")
    run("-c", "and?")
    run("-c", "you too", "-m", CLAUDE)
    paths = [request.path for request in server.requests]
    assert paths[0] == paths[1] == "/v1/chat/completions"
    assert paths[2] == f"/model/{CLAUDE}/invoke"
    assert last().target["model"] == CLAUDE
    assert "api_type" not in last().target


def test_a_talk_stays_with_its_server(server: LoopbackServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("OPENAI_BASE_URL")
    address = server.openai_base_url.replace("//", "//me:canary-password@")
    run("hello", "-m", "qwen3", "--base-url", address)
    assert last().target["base_url"] == server.openai_base_url
    told = invoke(main, ["run", "-c", "and?"])
    assert (told.exit_code, f"--base-url {server.openai_base_url} says that it may" in told.stderr) == (
        2,
        True,
    )
    assert run("-c", "and?", "--base-url", server.openai_base_url).stdout == "echo: and?\n"
    monkeypatch.setenv("OPENAI_BASE_URL", address)
    assert run("-c", "and?").stdout == "echo: and?\n"
    monkeypatch.delenv("OPENAI_BASE_URL")
    monkeypatch.delenv("OPENAI_API_KEY")
    assert run("-c", "and?").stdout == "echo: and?\n"
    assert len(server.requests) == 4
    assert "canary" not in next(iter(Path(os.environ["XDG_STATE_HOME"]).rglob("*.json"))).read_text()


def test_any_talk_goes_on_by_its_name(server: LoopbackServer) -> None:
    run("first", "-m", GPT)
    name = last().id
    run("second", "-m", GPT)
    run("--talk", name, "more")
    assert [turn["content"] for turn in bodies(server)[-1]["input"]] == ["first", "echo: first", "more"]
    assert last().id == name, "it is the last one now"


def test_pictures_and_structures_stay(server: LoopbackServer) -> None:
    Path("cat.png").write_bytes(png())
    server.script(Reply(structured={"name": "cat", "age": 3}))
    assert json.loads(run("what?", "-f", "cat.png", "--schema", "name, age int", "-m", GPT).stdout)
    run("-c", "sure?")
    first, second, third = bodies(server)[-1]["input"]
    assert first["content"][0]["type"] == "input_image"
    assert "cat" in str(second)
    assert third["content"] == "sure?"


def test_what_is_not_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    run("hello", "-m", GPT, "--no-keep")
    monkeypatch.setenv(ENVIRONMENT, " OFF")
    run("hello", "-m", GPT)
    monkeypatch.setenv(ENVIRONMENT, "off")
    run("hello", "-m", GPT)
    off = invoke(main, ["run", "-c", "and?"])
    assert (off.exit_code, "SMARTLLM_TALKS_DIR=off says so" in off.stderr) == (2, True)
    monkeypatch.delenv(ENVIRONMENT)
    none = invoke(main, ["run", "-c", "and?"])
    assert (none.exit_code, "hint: smartllm run and smartllm chat begin one" in none.stderr) == (2, True)


def test_what_cannot_go_on(server: LoopbackServer) -> None:
    server.script(Reply(tool_calls=[{"name": "look", "arguments": {}}]))
    run("hello", "-m", GPT)
    waits = invoke(main, ["run", "-c", "and?"])
    assert (waits.exit_code, "calls tools, whose results nobody has given" in waits.stderr) == (2, True)
    Path("r.json").write_text(json.dumps({"messages": HELLO}))
    run("hello", "-m", GPT)
    two = invoke(main, ["run", "-c", "-r", "r.json"])
    assert (two.exit_code, "begins a talk of its own" in two.stderr) == (2, True)
    wrong = invoke(main, ["run", "--talk", "1999", "hi"])
    assert (wrong.exit_code, "no talk begins with '1999'" in wrong.stderr) == (2, True)


def test_a_failure_to_keep_costs_no_answer(server: LoopbackServer, monkeypatch: pytest.MonkeyPatch) -> None:
    Path("file").write_text("")
    monkeypatch.setenv(ENVIRONMENT, "file/talks")
    result = run("hello", "-m", GPT)
    assert (result.stdout, "the talk is not kept: file/talks: " in result.stderr) == ("echo: hello\n", True)
    assert "not kept" not in run("hello", "-m", GPT, "-q").stderr


def test_a_key_is_not_kept(server: LoopbackServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "sk-canary-0123456789")
    result = run("my key is sk-canary-0123456789", "-m", GPT)
    assert "the talk is not kept: it holds a key" in result.stderr
    assert TalkStore.of_user().ids() == []


def test_a_header_of_the_callers_is_not_kept() -> None:
    result = run("say canary-0123456789", "-m", GPT, "--header", "x-team: canary-0123456789")
    assert "the talk is not kept: it holds a key" in result.stderr
    run("hello", "-m", GPT, "--header", "x-team: canary-0123456789")
    assert "canary" not in next(iter(Path(os.environ["XDG_STATE_HOME"]).rglob("*.json"))).read_text()


def test_system_text_between_the_turns_stays(server: LoopbackServer) -> None:
    turns = [{"role": "user", "content": "hello"}, {"role": "system", "content": "Be brief."}]
    Path("r.json").write_text(json.dumps({"messages": turns, "model": GPT}))
    run("-r", "r.json")
    run("-c", "and?")
    assert [turn["role"] for turn in last().messages] == ["user", "system", "assistant", "user", "assistant"]
    assert "Be brief." in str(bodies(server)[-1]["input"])


# Looking at them


def test_talks_are_listed_shown_and_removed(server: LoopbackServer, monkeypatch: pytest.MonkeyPatch) -> None:
    run("hello there", "-m", GPT, "-s", "Be brief.")
    Path("cat.png").write_bytes(png())
    run("what?", "-f", "cat.png", "-m", CLAUDE)
    newest, oldest = (line.split("\t") for line in talks("ls").stdout.splitlines())
    assert (oldest[2:], newest[2:]) == (["2", GPT, "hello there"], ["2", CLAUDE, "what?"])
    assert [item["talk"] for item in json.loads(talks("ls", "--limit", "1", "--json").stdout)] == [newest[0]]
    assert talks("show").stdout == "user: <image image/png>\nwhat?\n\nassistant: echo: what?\n"
    shown = talks("show", oldest[0]).stdout
    assert shown == "system: Be brief.\n\nuser: hello there\n\nassistant: echo: hello there\n"
    file = json.loads(talks("show", oldest[0], "--json").stdout)
    assert (file["model"], file["system_prompt"], len(file["messages"])) == (GPT, "Be brief.", 2)
    assert talks("rm", oldest[0]).stdout == f"removed {oldest[0]}\n"
    assert talks("rm", oldest[0]).exit_code == 2
    assert talks("rm", "").stderr == "error: the name of a talk is empty\n"
    assert "--talk: the name is empty" in invoke(main, ["run", "again", "--talk", ""]).stderr
    assert talks("clear", stdin="n\n").exit_code == 1
    with monkeypatch.context() as patched:
        patched.setattr(TalkStore, "remove", lambda *_: False)
        stays = talks("clear", "--yes")
    assert (stays.exit_code, "1 talk in " in stays.stderr) == (2, True)
    assert len(talks("ls").stdout.splitlines()) == 1
    assert talks("clear", "--yes").stdout == "removed 1 talk\n"
    assert talks("ls").stdout == ""


def test_no_talks_are_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert talks("--dir", str(tmp_path / "mine"), "ls").stderr == f"no talks in {tmp_path / 'mine'}\n"
    assert talks("--dir", str(tmp_path), "ls", "--json").stdout == "[]\n"
    monkeypatch.setenv("SMARTLLM_TALKS_DIR", "off")
    assert talks("ls").stderr == "talks are not kept (SMARTLLM_TALKS_DIR=off)\n"


def test_a_talk_that_cannot_be_read_can_be_removed(tmp_path: Path) -> None:
    kept = TalkStore(tmp_path).keep(Talk(HELLO))
    (tmp_path / f"{kept.id}.json").write_bytes(b"{")
    assert talks("--dir", str(tmp_path), "rm", kept.id[:10]).stdout == f"removed {kept.id}\n"
    assert TalkStore(tmp_path).ids() == []


def test_a_home_that_nobody_has_is_a_name(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SMARTLLM_TALKS_DIR", "~nobody-at-all/talks")
    assert TalkStore.of_user().folder == Path("~nobody-at-all/talks")


def test_each_part_is_shown_as_what_it_is() -> None:
    parts = [{"type": "text", "text": "see"}, {"type": "document", "text": "long", "name": "a.pdf"}, "bare"]
    TalkStore.of_user().keep(Talk([{"role": "user", "content": parts}]))
    assert talks("show").stdout == "user: see\n<document a.pdf>\nbare\n"


def test_another_folder(tmp_path: Path) -> None:
    TalkStore(tmp_path / "mine").keep(Talk(HELLO))
    assert "hello" in talks("--dir", str(tmp_path / "mine"), "ls").stdout
    assert talks("ls").stdout == ""
