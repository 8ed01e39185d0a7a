"""Tools at the shell: declared in files and modules, chosen by flags, told by the commands."""

from __future__ import annotations

import json
import shlex
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from click.testing import Result
from commands import invoke
from model_ids import called

from smartllm.cli import main
from smartllm.testing import LoopbackServer, Reply

CLAUDE, NOVA, GPT = map(called, ("claude-sonnet-4-6", "nova-pro", "gpt-4.1"))
SCHEMA = {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]}
WEATHER = {"name": "weather", "description": "The weather of a city.", "parameters": SCHEMA}
CLOCK = {"name": "clock"}
TOML = """
[[tools]]
name = "weather"
description = "The weather of a city."

[tools.parameters]
type = "object"
properties = { city = { type = "string" } }
required = ["city"]
"""
MODULE = '''
from pydantic import BaseModel
from smartllm import Tool, tool

@tool(name="weather")
async def look(city: str) -> str:
    """The weather of a city."""

def clock() -> None:
    pass

class Note(BaseModel):
    """Keeps a note."""
    text: str

ALL = [look, Tool("clock"), Note, {"type": "web_search"}]
NOTHING = 5
'''
ROUNDS = {
    "tools": [WEATHER],
    "messages": [
        {"role": "user", "content": "The weather in Oslo?"},
        {
            "role": "assistant",
            "content": [
                "I look it up.",
                {"type": "tool_call", "id": "call:1", "name": "weather", "arguments": {"city": "Oslo"}},
            ],
        },
        {"role": "user", "content": [{"type": "tool_result", "call_id": "call:1", "content": "4 degrees"}]},
    ],
}


def run(*arguments: str, stdin: str | None = None) -> Result:
    return invoke(main, arguments, stdin=stdin)


def body(*arguments: str, model: str = GPT, stdin: str | None = None) -> dict[str, Any]:
    result = run("compile", "-m", model, "--format", "body", *arguments, stdin=stdin)
    assert result.exit_code == 0, result.stderr
    found: dict[str, Any] = json.loads(result.stdout)
    return found


@pytest.fixture(autouse=True)
def files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    written = {
        "tools.json": json.dumps([WEATHER, CLOCK]),
        "one.json": json.dumps(WEATHER),
        "rounds.json": json.dumps(ROUNDS),
        "tools.toml": TOML,
        "tools_of_the_shell.py": MODULE,
    }
    for name, text in written.items():
        (tmp_path / name).write_text(text, encoding="utf-8")
    return tmp_path


class TestDeclared:
    @pytest.mark.parametrize("given", ["one.json", "rounds.json", "tools.toml"])
    def test_files_say_the_same(self, given: str) -> None:
        (tool,) = body("-p", "hi", "--tools", given)["tools"]
        assert {name: tool[name] for name in WEATHER} == WEATHER

    def test_standard_input(self) -> None:
        assert len(body("-p", "hi", "--tools", "-", stdin=json.dumps([WEATHER, CLOCK]))["tools"]) == 2

    def test_a_function_of_a_module(self) -> None:
        (tool,) = body("-p", "hi", "--tools", "tools_of_the_shell:look")["tools"]
        assert (tool["name"], tool["description"]) == ("weather", WEATHER["description"])
        assert tool["parameters"]["required"] == ["city"]

    def test_a_list_of_a_module_holds_all_that_declares_a_tool(self) -> None:
        tools = body("-p", "hi", "--tools", "tools_of_the_shell:ALL")["tools"]
        assert [tool.get("name") for tool in tools] == ["weather", "clock", "Note", None]

    def test_several_options_add_up_and_go_before_a_files(self) -> None:
        arguments = ("-r", "rounds.json", "--tools", "one.json", "--tools", "tools_of_the_shell:clock")
        assert [tool["name"] for tool in body(*arguments)["tools"]] == ["weather", "clock"]

    @pytest.mark.parametrize(
        ("name", "text", "said"),
        [
            ("missing.json", None, "error: missing.json: cannot be read (No such file"),
            ("missing.toml", None, "error: missing.toml: cannot be read (No such file"),
            ("bad.json", "[", "error: bad.json:1:2: not valid JSON"),
            ("bad.toml", "tools =", "error: bad.toml: not valid TOML"),
            ("latin.toml", b"a = '\xe9'", "error: latin.toml: not valid TOML"),
            (
                "name.json",
                '[{"name": "clock"}, {"name": "a b"}]',
                "name.json: tools[1]: Tool.name='a b' is not",
            ),
            ("number.json", '{"tools": 5}', "number.json: tools[0]: 5 declares no tool"),
            ("tools_of_the_shell:nothing", None, "--tools tools_of_the_shell:nothing: module"),
            ("tools_of_the_shell:NOTHING", None, "tools_of_the_shell:NOTHING: tools[0]: 5 declares no tool"),
            ("no_such_module:x", None, "--tools no_such_module:x: No module named"),
        ],
    )
    def test_mistakes_name_the_place(
        self, files: Path, name: str, text: str | bytes | None, said: str
    ) -> None:
        if text is not None:
            (files / name).write_bytes(text.encode() if isinstance(text, str) else text)
        result = run("compile", "-m", GPT, "-p", "hi", "--tools", name)
        assert (result.exit_code, result.stdout) == (2, "")
        assert said in result.stderr

    def test_one_name_for_two(self) -> None:
        result = run("compile", "-m", GPT, "-p", "hi", "--tools", "one.json", "--tools", "tools.toml")
        assert result.exit_code == 2
        assert result.stderr.startswith(
            "error: request: tools: 'weather' is the name of several; allowed: each"
        )

    def test_a_model_without_tools(self) -> None:
        result = run("compile", "-m", "mixtral-8x7b-instruct", "-p", "hi", "--tools", "one.json")
        assert result.exit_code == 1
        assert "takes no function tools here [fact tools.functions" in result.stderr


class TestChosen:
    @pytest.mark.parametrize(
        ("words", "spelled"),
        [
            (["required"], {"type": "any"}),
            (["clock"], {"type": "tool", "name": "clock"}),
            (["weather", "clock"], {"type": "any"}),
            ([], None),
        ],
    )
    def test_one_word_or_several_names(self, words: list[str], spelled: Any) -> None:
        flags = [flag for word in words for flag in ("--tool-choice", word)]
        assert body("-p", "hi", "--tools", "tools.json", *flags, model=CLAUDE).get("tool_choice") == spelled

    @pytest.mark.parametrize(
        ("flags", "said"),
        [((), None), (("--no-parallel-tool-calls",), False), (("--parallel-tool-calls",), True)],
    )
    def test_several_at_once(self, flags: tuple[str, ...], said: bool | None) -> None:
        assert body("-p", "hi", "--tools", "one.json", *flags).get("parallel_tool_calls") is said

    def test_a_flag_goes_before_a_files(self) -> None:
        asked = json.dumps(ROUNDS | {"tool_choice": "required", "parallel_tool_calls": False})
        said = body("-r", "-", "--tool-choice", "none", "--parallel-tool-calls", stdin=asked)
        assert (said["tool_choice"], said["parallel_tool_calls"]) == ("none", True)

    @pytest.mark.parametrize(
        ("flags", "said"),
        [
            (
                ("--tool-choice", "weather"),
                "'weather' chooses among no tools; declare them with --tools, or as \"tools\" of the request",
            ),
            (
                ("--tool-choice", "wether", "--tools", "one.json"),
                "'wether' is no tool of this request; allowed: auto, none, required, weather, or a list",
            ),
        ],
    )
    def test_mistakes(self, flags: tuple[str, ...], said: str) -> None:
        result = run("compile", "-m", GPT, "-p", "hi", *flags)
        assert result.exit_code == 2
        assert result.stderr.startswith(f"error: request: tool_choice: {said}")
        assert result.stderr.count("\n") == 1


class TestConversations:
    def test_a_request_file_with_calls_and_results(self) -> None:
        turns = body("-r", "rounds.json", model=CLAUDE)["messages"]
        assert turns[1]["content"][1] == {
            "type": "tool_use",
            "id": "call_1",
            "name": "weather",
            "input": {"city": "Oslo"},
        }
        assert turns[2]["content"] == [
            {"type": "tool_result", "tool_use_id": "call_1", "content": "4 degrees"}
        ]

    def test_each_part_is_explained(self) -> None:
        flags = ("--tool-choice", "weather", "--no-parallel-tool-calls", "--explain")
        told = run("compile", "-m", NOVA, "-r", "rounds.json", *flags).stdout
        rows = {line.split()[0]: " ".join(line.split()[2:]) for line in told.splitlines() if "oolUse" in line}
        assert rows["messages[1].content[1].toolUse.input.city"] == "request messages"
        assert "toolConfig.toolChoice.tool.name" in told
        assert "warning tool-parallel-dropped  parallel_tool_calls: false → not sent" in told
        assert 'info call-ids-changed  messages: ["call:1"] → ["call_1"]' in told

    def test_as_a_command(self) -> None:
        told = run("compile", "-m", GPT, "-p", "it's", "--tools", "one.json", "--format", "curl").stdout
        data = shlex.split(told.replace("\\\n", " "))[-1]
        assert json.loads(data)["tools"][0]["name"] == "weather"

    def test_what_changes_between_two_models(self) -> None:
        result = run(
            "diff", CLAUDE, "us.meta.llama4-maverick-17b-instruct-v1:0", "-r", "rounds.json", "--json"
        )
        told = json.loads(result.stdout)
        assert told["facts"]["calls.text_beside"] == {"a": True, "b": False}
        there = json.dumps(told["bodies"]["b"])
        assert '"toolUse"' in there
        assert "call-text-dropped" in there
        assert "call-text-dropped" not in json.dumps(told["bodies"]["a"])

    def test_facts_without_a_value_are_a_dash(self) -> None:
        told = run("diff", CLAUDE, NOVA).stdout
        assert "tools.unbuffered_by\tfine-grained-tool-streaming-2025-05-14\t-" in told

    def test_wrong_facts_of_an_overlay_are_found(self, files: Path) -> None:
        text = '[profile.nova-1]\ntools.forced = "sometimes"\ntools.name_max = 0\n'
        (files / "mine.toml").write_text(text, encoding="utf-8")
        result = run("lint", "mine.toml")
        assert result.exit_code == 1
        assert "mine.toml:2: R001 'profile.nova-1.tools.forced' = \"sometimes\"" in result.stdout
        assert "mine.toml:3: R001 'profile.nova-1.tools.name_max' = 0" in result.stdout


class TestAnswers:
    @pytest.fixture
    def server(self, monkeypatch: pytest.MonkeyPatch) -> Iterator[LoopbackServer]:
        with LoopbackServer(check=True) as server:
            for name, value in server.environment().items():
                monkeypatch.setenv(name, value)
            yield server

    @pytest.mark.parametrize("flags", [(), ("--stream",)], ids=["whole", "stream"])
    @pytest.mark.parametrize(
        ("reply", "said"),
        [
            (
                Reply(
                    text="I look.", tool_calls=[{"name": "weather", "arguments": {"city": "Tromsø"}}, CLOCK]
                ),
                'I look.\nweather({"city": "Tromsø"})\nclock({})\n',
            ),
            (Reply(tool_calls=[CLOCK]), "clock({})\n"),
        ],
        ids=["beside text", "alone"],
    )
    @pytest.mark.parametrize("model", [GPT, CLAUDE])
    def test_calls_are_lines(
        self, server: LoopbackServer, model: str, reply: Reply, said: str, flags: tuple[str, ...]
    ) -> None:
        server.script(reply)
        result = run("run", "-m", model, "-p", "hi", "--tools", "tools.json", "--no-cache", *flags)
        assert (result.exit_code, result.stdout) == (0, said), result.stderr

    def test_broken_arguments_are_told_as_they_came(self, server: LoopbackServer) -> None:
        server.script(Reply(tool_calls=[{"name": "weather", "arguments": '{"city": "Os'}]))
        assert run("run", "-m", GPT, "-p", "hi", "--tools", "one.json").stdout == 'weather({"city": "Os)\n'

    def test_as_json_with_their_ids(self, server: LoopbackServer) -> None:
        server.script(Reply(tool_calls=[{"name": "weather", "arguments": {"city": "Oslo"}, "id": "call_7"}]))
        result = run("run", "-m", GPT, "-p", "hi", "--tools", "one.json", "--json")
        told = json.loads(result.stdout)
        assert told["tool_calls"] == [{"id": "call_7", "name": "weather", "arguments": {"city": "Oslo"}}]
        assert (told["finish_reason"], told["text"]) == ("tool_calls", "")

    def test_results_go_back(self, server: LoopbackServer) -> None:
        result = run("run", "-m", CLAUDE, "-r", "rounds.json")
        assert result.stdout == "echo: 4 degrees\n", result.stderr

    def test_no_text_and_no_call_is_an_empty_line_still(self, server: LoopbackServer) -> None:
        server.script(Reply(text="", thinking="hm"))
        assert run("run", "-m", GPT, "-p", "hi", "--tools", "one.json").stdout == "\n"
