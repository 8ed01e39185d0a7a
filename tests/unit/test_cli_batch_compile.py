"""``smartllm batch compile`` at the shell: what is told, exit statuses, pipes, and mistakes."""

from __future__ import annotations

import json
import os
from pathlib import Path
from threading import Thread
from typing import Any

import pytest
from click.testing import Result
from commands import invoke

from smartllm.cli import main

pytestmark = pytest.mark.usefixtures("reachable")


def write(*lines: Any) -> None:
    Path("requests.jsonl").write_text("".join(f"{json.dumps(line)}\n" for line in lines))


def compiled(*arguments: str, source: str = "requests.jsonl", stdin: str | None = None) -> Result:
    command = ["batch", "compile", source, "--to", "openai", "-m", "gpt-5.4", "-o", "work", *arguments]
    return invoke(main, command, stdin=stdin)


def test_a_summary_is_told() -> None:
    write("a", "b", "a")
    result = compiled()
    assert (result.exit_code, Path("work/manifest.sqlite").exists()) == (0, True)
    assert "work: 3 requests: 2 to send, " in result.stdout
    assert "1 the same as another, 0 from the cache, 0 refused" in result.stdout
    assert "next: smartllm batch submit work" in result.stderr


def test_refused_lines_are_told_with_their_number_once() -> None:
    write("a", {"prompt": 5}, {"prompt": "hi", "extra_headers": {"x-a": "b"}}, *[{"prompt": 6}] * 5)
    result = compiled()
    assert result.exit_code == 1
    assert "refused: line 2: prompt: " in result.stderr
    assert "refused: line 3: " in result.stderr
    assert "line 2: line 2" not in result.stderr
    assert "... and 2 more: smartllm batch status work --diagnostics" in result.stderr


def test_the_summary_as_json() -> None:
    write("a", {"prompt": 5}, {"prompt": "t", "model": "gpt-5.4", "reasoning_effort": "minimal"})
    result = compiled("--json")
    told = json.loads(result.stdout)
    assert (result.exit_code, told["folder"], told["sent"], told["refused"]) == (1, "work", 2, 1)
    assert told["wrong"][0]["line"] == 2
    assert told["codes"][0]["lines"] == 1


def test_standard_input_and_a_named_pipe() -> None:
    assert compiled(source="-", stdin='"a"\n"b"').exit_code == 0
    assert Path("work/requests.jsonl").read_text() == '"a"\n"b"'
    os.mkfifo("pipe")
    Thread(target=lambda: Path("pipe").write_text('"a"\n"c"\n')).start()
    result = invoke(main, ["batch", "compile", "pipe", "--to", "openai", "-o", "other"])
    assert result.exit_code == 0
    assert Path("other/requests.jsonl").read_text() == '"a"\n"c"\n'


def test_what_equal_lines_would_be_is_told() -> None:
    write(*[{"prompt": "a", "model": "gpt-4.1", "temperature": 1}] * 3)
    assert "2 lines of the same words as another would have answers" in compiled().stderr
    result = compiled("--keep-duplicates", "-o", "each")
    assert "3 to send" in result.stdout
    assert "of the same words" not in result.stderr


@pytest.mark.parametrize(
    ("arguments", "source", "says"),
    [
        ((), "none.jsonl", "none.jsonl: cannot be read (No such file or directory)"),
        ((), ".", ".: cannot be read (Is a directory)"),
        (("-o", "."), "requests.jsonl", "is where you are"),
        (("-o", "there"), "there/requests.jsonl", "there is there already"),
        (("--to", "mars"), "requests.jsonl", "'mars' is not one of"),
        (("--rules", "none.toml"), "requests.jsonl", "none.toml"),
        (("-o", "requests.jsonl/work"), "requests.jsonl", "cannot be made"),
    ],
)
def test_mistakes_are_named_once_and_make_nothing(arguments: tuple[str, ...], source: str, says: str) -> None:
    write("a")
    Path("there").mkdir()
    Path("there/requests.jsonl").write_text('"a"\n')
    before = sorted(Path().rglob("*"))
    result = compiled(*arguments, source=source)
    assert result.exit_code == 2
    assert result.stderr.count(says) == 1
    assert "Traceback" not in result.stderr
    assert sorted(Path().rglob("*")) == before
