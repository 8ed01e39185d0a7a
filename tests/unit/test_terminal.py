"""What a terminal gets: text of answers and errors, never commands to the terminal."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Callable
from functools import partial
from pathlib import Path

import pytest
from commands import invoke
from hypothesis import given
from hypothesis import strategies as st
from warm import COMMAND_LINE, Ended, Warm

from smartllm.cli import main
from smartllm.cli.tables import rich_table
from smartllm.cli.terminal import visible
from smartllm.testing import LoopbackServer, Reply
from smartllm.unicode import unicode_text

ROOT = Path(__file__).parents[2]
EVIL = "red \x1b[31m title \x1b]0;owned\x07 \x9b2J back\x08 \x7f bell\r over"
SEEN = "red ␛[31m title ␛]0;owned␇ \\x9b2J back␈ ␡ bell␍ over"
COMMANDS = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f]")
HALF = "ok \ud83d"
WAYS = pytest.mark.parametrize("way", [(), ("--stream",), ("--json",)], ids=["whole", "stream", "json"])

AtTerminal = Callable[..., tuple[int, str]]
InPipe = Callable[..., Ended]


@pytest.fixture(autouse=True)
def reachable(server: LoopbackServer, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in server.environment().items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("PYTHONPATH", str(ROOT))
    monkeypatch.setenv("COLUMNS", "200")
    monkeypatch.setenv("TERM", "dumb")  # tables have no colours of their own there


@pytest.fixture
def at_terminal(warm: Warm) -> AtTerminal:
    """Exit status and screen of a command whose output and errors go to a real terminal."""

    def told(*arguments: str) -> tuple[int, str]:
        result = warm.at_terminal(COMMAND_LINE, *arguments, environment=os.environ, folder=ROOT)
        # The terminal adds a carriage return to each line.
        return result.returncode, result.stdout.decode().replace("\r\n", "\n")

    return told


@pytest.fixture
def in_pipe(warm: Warm) -> InPipe:
    """Exit status, output and errors of a command in a pipe."""
    return partial(warm.run, COMMAND_LINE, environment=os.environ, folder=ROOT)


def run(*way: str) -> tuple[str, ...]:
    return ("run", "-p", "hi", "-m", "gpt-5.4", "--no-cache", *way)


# Answers


@WAYS
def test_an_answer_cannot_command_the_terminal(
    way: tuple[str, ...], server: LoopbackServer, at_terminal: AtTerminal
) -> None:
    server.script(Reply(text=EVIL))
    status, screen = at_terminal(*run(*way))
    assert status == 0
    assert COMMANDS.findall(screen) == []
    if way == ("--json",):
        assert r"\u001b[31m" in screen
        assert r"\u009b2J" in screen
    else:
        assert SEEN in screen


@pytest.mark.parametrize("way", [(), ("--stream",)], ids=["whole", "stream"])
def test_a_pipe_gets_the_bytes_as_they_are(
    way: tuple[str, ...], server: LoopbackServer, in_pipe: InPipe
) -> None:
    server.script(Reply(text=EVIL))
    assert in_pipe(*run(*way))[:2] == (0, f"{EVIL}\n".encode())


def test_json_in_a_pipe_holds_the_text_as_it_is(server: LoopbackServer, in_pipe: InPipe) -> None:
    server.script(Reply(text=EVIL))
    status, output, _ = in_pipe(*run("--json"))
    assert (status, json.loads(output)["text"]) == (0, EVIL)


@WAYS
def test_half_a_surrogate_pair_is_printed(
    way: tuple[str, ...], server: LoopbackServer, at_terminal: AtTerminal, in_pipe: InPipe
) -> None:
    server.script(*[Reply(text=HALF)] * 2)
    status, output, complaints = in_pipe(*run(*way))
    assert (status, b"Traceback" in complaints) == (0, False)
    assert "ok \ufffd" in output.decode()
    status, screen = at_terminal(*run(*way))
    assert status == 0
    assert "ok \ufffd" in screen


# Errors


def test_an_error_cannot_command_the_terminal(
    server: LoopbackServer, at_terminal: AtTerminal, in_pipe: InPipe
) -> None:
    server.script(*[Reply(status=400, error_message=EVIL)] * 2)
    status, screen = at_terminal(*run())
    assert status == 1
    assert COMMANDS.findall(screen) == []
    assert SEEN in screen
    # Nor the terminal on which somebody reads the log of it.
    status, _, complaints = in_pipe(*run())
    assert status == 1
    assert COMMANDS.findall(complaints.decode()) == []


def test_half_a_surrogate_pair_in_an_error_is_printed(server: LoopbackServer, in_pipe: InPipe) -> None:
    server.script(Reply(status=400, error_message=HALF))
    status, _, complaints = in_pipe(*run())
    assert status == 1
    assert "ok \ufffd" in complaints.decode()
    assert b"Traceback" not in complaints


# What is shown without a call


def test_explanations_bodies_and_diffs(tmp_path: Path, at_terminal: AtTerminal) -> None:
    file = tmp_path / "request.json"
    file.write_text(json.dumps({"prompt": EVIL, "system_prompt": EVIL}), encoding="utf-8")
    for command in (
        ("compile", "-r", str(file), "-m", "gpt-5.4", "--explain"),
        ("compile", "-r", str(file), "-m", "gpt-5.4"),
        ("compile", "-r", str(file), "-m", "gpt-5.4", "--format", "curl"),
        ("diff", "gpt-5.4", "gpt-4o", "-r", str(file)),
        ("diff", "gpt-5.4", "gpt-4o", "-r", str(file), "--json"),
    ):
        status, screen = at_terminal(*command)
        assert (status, COMMANDS.findall(screen)) == (0, []), command


def test_rules_from_somebody_else(tmp_path: Path, at_terminal: AtTerminal) -> None:
    overlay = tmp_path / "evil.toml"
    overlay.write_text(
        '[model."evil\\u001b[31m"]\nprofile = "openai-compatible"\nvendor = "openai"\n', encoding="utf-8"
    )
    rules = ("--rules", str(overlay))
    commands = [("models", "evil*", *rules), ("models", "evil*", "--json", *rules), ("lint", str(overlay))]
    for command in commands:
        screen = at_terminal(*command)[1]
        assert "evil" in screen, command
        assert COMMANDS.findall(screen) == [], command


def test_a_table_shows_controls() -> None:
    table = rich_table(("a\x1b[0m", "b"), [(EVIL, "x")])
    assert str(table.columns[0].header) == "a␛[0m"
    assert [str(cell) for cell in table.columns[0].cells] == [SEEN]


def test_a_mistake_that_holds_controls() -> None:
    result = invoke(main, ["explain", "what\x1b[31m"])
    assert result.exit_code == 1
    assert "\x1b" not in result.stderr.replace("\\x1b", "")


# The functions


@given(st.text(alphabet=st.characters(codec=None)))
def test_what_is_visible_holds_no_command(text: str) -> None:
    shown = visible(text)
    assert COMMANDS.findall(shown) == []
    shown.encode()
    assert visible(shown) == shown


@given(st.text(alphabet=st.characters(exclude_categories=("Cc", "Cs"), include_characters="\n\t")))
def test_text_stays_as_it_is(text: str) -> None:
    assert visible(text) == text
    assert unicode_text(text) == text


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("a\r\nb", "a\nb"),
        ("a\rb", "a␍b"),
        ("\x00\x1f\x7f\x80\x9f", "␀␟␡\\x80\\x9f"),
        ("\ud83d\ude00", "😀"),
        ("\ude00\ud83d", "\ufffd\ufffd"),
        ("é\u2028ü", "é\u2028ü"),
    ],
)
def test_what_is_shown_instead(text: str, shown: str) -> None:
    assert visible(text) == shown
