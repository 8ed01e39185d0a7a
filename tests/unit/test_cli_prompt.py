"""What a command asks: an argument, standard input behind it, files before it, fields by name."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Iterator
from pathlib import Path
from threading import Thread

import pytest
from commands import invoke
from shell_bodies import GPT, body, compiled, refused, said
from warm import COMMAND_LINE, Warm

from smartllm.cli import main


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


# Prompts


@pytest.mark.parametrize("way", [("sum",), ("-p", "sum")], ids=["argument", "option"])
@pytest.mark.parametrize(
    ("stdin", "prompt"),
    [
        (None, "sum"),
        ("", "sum"),
        (" \n\n", "sum"),
        ("text\n", "sum\n\ntext"),
        (b"\xef\xbb\xbfZ\xc3\xa4une\r\n", "sum\n\nZäune"),
        ("  in\n\n  it\n\n", "sum\n\n  in\n\n  it"),
    ],
    ids=["none", "empty", "blank", "text", "with a mark", "with blanks"],
)
def test_standard_input_goes_behind_the_prompt(
    way: tuple[str, ...], stdin: str | bytes | None, prompt: str
) -> None:
    assert said(*way, stdin=stdin) == prompt


@pytest.mark.parametrize("way", [(), ("-",), ("-p", "-")], ids=["nothing", "argument", "option"])
def test_standard_input_is_the_prompt(way: tuple[str, ...]) -> None:
    assert said(*way, stdin="text\n") == "text"


@pytest.mark.parametrize(
    ("arguments", "stdin", "told"),
    [
        (("a", "-p", "b"), None, "the prompt is given twice"),
        (("-",), "", "<stdin>: it is empty"),
        (("-p", "-"), " \n", "<stdin>: it is empty"),
        ((), None, "there is no prompt"),
        (("",), None, "prompt"),
        (("sum",), b"\x89PNG\r\n", "<stdin>: not UTF-8 text (byte 0)\n  hint: pictures"),
        (("sum",), b"a\0b", "<stdin>: not text, since it holds null bytes"),
        (("-", "-r", "-"), "{}", "PROMPT and --request cannot both read standard input"),
        (("sum", "-f", "-", "--schema", "-"), "{}", "--schema and --file cannot both read"),
    ],
    ids=["twice", "dash", "option", "nothing", "empty", "binary", "null", "two readers", "others"],
)
def test_what_is_no_prompt(arguments: tuple[str, ...], stdin: str | bytes | None, told: str) -> None:
    assert told in refused(*arguments, stdin=stdin)


def test_two_arguments_are_a_mistake() -> None:
    result = compiled("two", "words")
    assert (result.exit_code, "unexpected extra argument" in result.stderr) == (2, True)


def test_standard_input_goes_behind_the_prompt_of_a_request_file() -> None:
    Path("r.json").write_text('{"prompt": "sum"}')
    assert said("-r", "r.json", stdin="text") == "sum\n\ntext"
    Path("r.json").write_text('{"messages": [{"role": "user", "content": "sum"}]}')
    assert said("-r", "r.json", stdin="text") == "sum"


def test_another_option_that_reads_standard_input_has_it_for_itself() -> None:
    assert said("sum", "-f", "-", stdin="text") == '<file name="&lt;stdin&gt;">\ntext\n</file>\n\nsum'
    assert "format" in body("sum", "--schema", "-", stdin='{"type": "object"}')["text"]


@pytest.fixture
def idle() -> Iterator[int]:
    """A pipe in which nobody writes."""
    ours, theirs = os.pipe()
    yield ours
    os.close(ours)
    os.close(theirs)


def test_compile_does_not_wait_for_a_pipe_in_which_nobody_writes(
    idle: int, warm: Warm, tmp_path: Path
) -> None:
    out, errors = tmp_path / "out", tmp_path / "errors"
    stdout, stderr = (os.open(file, os.O_WRONLY | os.O_CREAT) for file in (out, errors))
    command = ("compile", "sum", "-m", GPT, "--format", "body")
    status = warm.status_of(
        COMMAND_LINE, *command, environment=os.environ, folder=tmp_path, files=(os.dup(idle), stdout, stderr)
    )
    assert (status, errors.read_text()) == (0, "")
    assert json.loads(out.read_text())["input"][0]["content"] == "sum"


def test_compile_without_standard_input(warm: Warm, tmp_path: Path) -> None:
    closed = f"import os, sys; os.close(0); sys.stdin = None; {COMMAND_LINE}"
    done = warm.run(closed, "compile", "sum", "-m", GPT, environment=os.environ, folder=tmp_path)
    assert (done.returncode, done.said[1]) == (0, "")


# Fields by name


def test_fields_by_name() -> None:
    found = body(
        "hi", "-o", "reasoning-effort=low", "-o", "user=5", "-o", 'extra={"a": [1]}', "-o", "store=false"
    )
    assert (found["reasoning"]["effort"], found["user"], found["a"], found["store"]) == (
        "low",
        "5",
        [1],
        False,
    )
    assert body("hi", "-o", "system_prompt=Be = brief")["instructions"] == "Be = brief"
    assert invoke(main, ["compile", "hi", "-o", f"model={GPT}", "--format", "body"]).exit_code == 0


@pytest.mark.parametrize(
    ("given", "told"),
    [
        (("seed",), "an option is NAME=VALUE"),
        (("=1",), "an option is NAME=VALUE"),
        (("seed=1", "-o", "seed=2"), "-o seed: it is given twice"),
        (("reasoning_effort=low", "--effort", "high"), "twice, here and with --effort"),
        (("model=o3",), "twice, here and with --model"),
        (("prompt=x",), "-o prompt: give it as an argument"),
        (("on_progress=x",), "-o on_progress: a callback"),
        (("temprature=1",), "temprature"),
        (("max_tokens=many",), "max_tokens"),
        (("temperature=true",), "temperature: expected a number, not a boolean"),
        (("\udce9=1",), "-o \ufffd: it is no text in UTF-8"),
        (("system_prompt=\udce9",), r"system_prompt: it is no text in UTF-8: '\udce9'"),
    ],
    ids=lambda value: value[0] if isinstance(value, tuple) else "",
)
def test_what_is_no_field(given: tuple[str, ...], told: str) -> None:
    assert told in refused("hi", "-o", *given)


@pytest.mark.parametrize(
    ("code", "told"),
    [
        ("def x(:", "SyntaxError: invalid syntax"),
        ("import sys; sys.exit(7)", "SystemExit: 7"),
        ("raise KeyError", "KeyError"),
    ],
    ids=["syntax", "exit", "error"],
)
def test_a_module_that_cannot_be_loaded(
    code: str, told: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    name = f"own_{told.partition(':')[0].lower()}"
    monkeypatch.chdir(tmp_path)
    Path(f"{name}.py").write_text(code, encoding="utf-8")
    assert f"error: --schema {name}:Row: {told}" in refused("hi", "--schema", f"{name}:Row")


# Waiting


def test_what_a_command_waits_for_is_told(warm: Warm, idle: int, tmp_path: Path) -> None:
    script = f"import smartllm.cli.requests.standard_input as s; s._SILENCE = 0.05; {COMMAND_LINE}"
    errors, theirs = os.pipe()
    ours, writes = os.pipe()
    thread = Thread(
        target=warm.status_of,
        args=(script, "run", "hi", "-m", "no-such-model"),
        kwargs={"environment": os.environ, "folder": tmp_path, "files": (ours, theirs, theirs)},
    )
    thread.start()
    told, end = b"", time.monotonic() + 30
    while b"waiting for standard input to end" not in told and time.monotonic() < end:
        told += os.read(errors, 4096)
    assert b"</dev/null leaves it out" in told
    os.close(writes)
    thread.join(30)
    assert b"refused: model 'no-such-model'" in os.read(errors, 4096)
    os.close(errors)
