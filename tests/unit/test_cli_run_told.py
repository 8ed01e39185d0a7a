"""What ``smartllm run`` tells while it works, and how it ends before its time."""

from __future__ import annotations

import os
import re
import time
from pathlib import Path
from threading import Thread

import pytest
from click.testing import Result
from commands import invoke
from typist import CTRL_C, Typist
from warm import COMMAND_LINE, Warm

from smartllm.cli import main
from smartllm.cli.calls.answers import first_block
from smartllm.cli.calls.call_notes import CallNotes
from smartllm.cli.talk.talk_store import TalkStore
from smartllm.testing import LoopbackServer, Reply

pytestmark = pytest.mark.usefixtures("reachable")

GPT = "gpt-5.4"


def run(*arguments: str) -> Result:
    return invoke(main, ["run", "hi", "-m", GPT, "--no-cache", *arguments])


# Refusals


@pytest.mark.parametrize("flags", [(), ("--stream",), ("-q",), ("--json",), ("-x",)], ids=" ".join)
def test_a_refusal_is_never_silence(server: LoopbackServer, flags: tuple[str, ...]) -> None:
    server.script(Reply(refusal="I will not."))
    result = run(*flags)
    assert result.exit_code == 1
    assert "the model refused: I will not.\n" in result.stderr
    assert (result.stdout == "") is ("--json" not in flags)


def test_words_of_a_refusal_that_are_its_text_are_told_once(server: LoopbackServer) -> None:
    server.script(Reply(text="I cannot.", stop_reason="refusal"))
    result = invoke(main, ["run", "hi", "-m", "us.anthropic.claude-opus-4-7", "--no-cache", "-q"])
    assert (result.exit_code, result.stdout, result.stderr) == (1, "I cannot.\n", "the model refused\n")


# Retries and waits


def test_retries_are_told(server: LoopbackServer) -> None:
    server.script(Reply(status=429, headers={"retry-after-ms": "1"}), Reply(status=503), Reply(text="fine"))
    result = run("--json")
    assert (result.exit_code, "fine" in result.stdout) == (0, True)
    first, second = (line for line in result.stderr.splitlines() if line.startswith("retry"))
    assert first.startswith("retry 1 of 3 in ")
    assert first.endswith(" s (429 rate limited)")
    assert second.startswith("retry 2 of 3 in ")
    assert second.endswith(" s (503 the provider's side failed)")


def test_those_of_a_stream_too(server: LoopbackServer) -> None:
    server.script(Reply(status=429, headers={"retry-after-ms": "1"}), Reply(text="fine"))
    result = run("--stream")
    assert (result.stdout, result.stderr.startswith("retry 1 of 3 in ")) == ("fine\n", True)


def test_a_text_that_broke_off_ends_its_line(server: LoopbackServer) -> None:
    server.script(Reply(text="one two three", cut_after=6))
    result = run("--stream")
    assert (result.exit_code, result.stdout) == (1, "one two \n")


def test_quiet_tells_only_what_went_wrong(server: LoopbackServer) -> None:
    server.script(Reply(status=503), Reply(text="fine"), Reply(status=400, error_message="no"))
    quiet = run("-q", "--top-k", "5")
    assert (quiet.stdout, quiet.stderr) == ("fine\n", "")
    failed = run("-q")
    assert (failed.exit_code, "failed: 400 from the provider: no" in failed.stderr) == (1, True)


def test_another_try_at_a_structure_is_told(server: LoopbackServer) -> None:
    server.script(Reply(text='{"a":"five"}'), Reply(text='{"a": 5}'))
    result = run("--schema", "a int,", "--reasks", "1")
    assert result.stdout == '{"a": 5}\n'
    assert "asking again, 1 of 1: a: " in result.stderr


@pytest.mark.parametrize(
    ("error", "message", "told"),
    [
        ("ConnectionFailedError", "connection refused", "(no connection)"),
        ("ProviderTimeoutError", "the provider was too slow", "(too slow)"),
        ("SomeError", "what 500 is", "(SomeError)"),
    ],
    ids=lambda value: value[:12],
)
def test_reasons(error: str, message: str, told: str, capsys: pytest.CaptureFixture[str]) -> None:
    event = {"event": "retry", "attempt": 1, "max_retries": 3, "error": error, "error_message": message}
    CallNotes(GPT, quiet=False)({**event, "delay": 0.25})
    assert capsys.readouterr().err == f"retry 1 of 3 in 0.2 s {told}\n"


def test_a_terminal_shows_how_long_it_has_been(server: LoopbackServer, warm: Warm, tmp_path: Path) -> None:
    quick = f"import smartllm.cli.calls.status_line as s; s._AFTER = s._EVERY = 0.02; {COMMAND_LINE}"
    server.script(Reply(status=429, headers={"retry-after-ms": "60"}), Reply(text="fine", delay=0.1))
    given = ("run", "hi", "-m", GPT, "--no-cache")
    done = warm.at_terminal(quick, *given, environment=os.environ, folder=tmp_path)
    shown = done.stdout.decode()
    assert re.search(rf"\r\x1b\[K{GPT}: \d+ s", shown)
    assert f"\r\x1b[K{GPT}: next try in 0 s" in shown
    assert shown.index("retry 1 of 3") < shown.index("next try")
    assert "\r\x1b[Kfine\r\n" in shown, "the line is taken away before the answer"
    server.script(Reply(text="fine", delay=0.1))
    dumb = {**os.environ, "TERM": "dumb"}
    assert b"\x1b" not in warm.at_terminal(quick, *given, environment=dumb, folder=tmp_path).stdout


def test_a_line_that_is_taken_away_fits_the_terminal(
    server: LoopbackServer, warm: Warm, tmp_path: Path
) -> None:
    quick = f"import smartllm.cli.calls.status_line as s; s._AFTER = s._EVERY = 0.02; {COMMAND_LINE}"
    server.script(Reply(text="fine", delay=0.1))
    arn = f"arn:aws:bedrock:us-east-1:123456789012:application-inference-profile/{'a' * 99}"
    given = ("run", "hi", "-m", arn, "--provider", "bedrock", "--like", "nova-lite", "--no-cache")
    done = warm.at_terminal(quick, *given, environment=os.environ, folder=tmp_path)
    lines = re.findall(r"\r\x1b\[K([^\r\x1b]+: \d+ s)", done.stdout.decode())
    assert lines, done
    assert all(line.startswith("…aaa") and len(line) == 79 for line in lines)


# Ends


def test_what_was_said_before_ctrl_c_stays(server: LoopbackServer, warm: Warm, tmp_path: Path) -> None:
    server.script(Reply(text="one two three four", stall_after=6, stall_seconds=60))
    given = ("run", "hi", "-m", GPT, "--stream")
    with Typist(warm, *given, environment=os.environ, folder=tmp_path) as typist:
        typist.sees("one two ")
        typist.types(CTRL_C)
        typist.sees("\nstopped\n")
        assert typist.ended() == 130
    (_, answer) = TalkStore.of_user().find().messages
    assert answer["content"] == "one two "


def test_ctrl_c_at_a_terminal(server: LoopbackServer, warm: Warm, tmp_path: Path) -> None:
    server.script(Reply(text="late", delay=60))
    given = ("run", "hi", "-m", GPT, "--no-cache")
    with Typist(warm, *given, environment=os.environ, folder=tmp_path) as typist:
        end = time.monotonic() + 30
        while not server.requests and time.monotonic() < end:
            time.sleep(0.01)
        typist.types(CTRL_C)
        typist.sees("stopped\n")
        assert typist.ended() == 130
    assert "Traceback" not in typist.screen
    assert TalkStore.of_user().ids() == []


def test_a_closed_pipe_ends_it_quietly(server: LoopbackServer, warm: Warm, tmp_path: Path) -> None:
    server.script(Reply(text="one " * 40_000))
    (reads, writes), errors = os.pipe(), tmp_path / "errors"
    files = (os.open(os.devnull, os.O_RDONLY), writes, os.open(errors, os.O_WRONLY | os.O_CREAT))
    ended: list[int] = []
    given = ("run", "hi", "-m", GPT, "--stream", "-q")
    thread = Thread(
        target=lambda: ended.append(
            warm.status_of(COMMAND_LINE, *given, environment=os.environ, folder=tmp_path, files=files)
        )
    )
    thread.start()
    assert os.read(reads, 4) == b"one "
    os.close(reads)
    thread.join(30)
    assert (ended, errors.read_bytes()) == ([1], b"")
    assert len(TalkStore.of_user().find().messages) == 2


# The first block


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("Here:\n```sh\nls -l\n```\nand\n```\nno\n```", "ls -l"),
        ("~~~\na\n```\nb\n```\n~~~", "a\n```\nb\n```"),
        ("````\n```\nx\n```\n````", "```\nx\n```"),
        ("```\n```", ""),
        ("```ls``` does\n```\nls -l\n```", "ls -l"),
        ("````a\n```b\n" * 50_000, "````a\n```b\n" * 50_000),
        (
            "1. Run:\n\n     ```sh\n     if x; then\n       y\n\n     fi\n     ```\n2. Done",
            "if x; then\n  y\n\nfi",
        ),
        ('```py\ndef f():\n    """\n    ```\n    """\n```', 'def f():\n    """\n    ```\n    """'),
        ("no block ``` here", "no block ``` here"),
        ("```sh\nnever closed", "```sh\nnever closed"),
    ],
    ids=["first", "tildes", "longer", "empty", "inline", "many open", "in a list", "inner", "none", "open"],
)
def test_the_first_block(text: str, found: str) -> None:
    assert first_block(text) == found


def test_it_is_printed_alone(server: LoopbackServer) -> None:
    server.script(Reply(text="Here:\n```sh\nls -l\n```"))
    assert run("-x").stdout == "ls -l\n"
    for other in ("--stream", "--json"):
        refused = run("-x", other)
        assert (refused.exit_code, f"--extract and {other} do not go together" in refused.stderr) == (2, True)
