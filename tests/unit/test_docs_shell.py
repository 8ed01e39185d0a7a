"""The examples of the page on the shell, in their order, with their pipes."""

from __future__ import annotations

import re
import shlex
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import pytest
from commands import invoke
from media_samples import PNG

from smartllm.cli import main
from smartllm.testing import LoopbackServer, Reply

PAGE = (Path(__file__).parents[2] / "docs" / "shell.md").read_text(encoding="utf-8")
_FENCE: Final = re.compile(r"^```console\n(.*?)^```$", re.MULTILINE | re.DOTALL)
FILES: Final = {
    "error.log": b"No space left on device\n",
    "notes.txt": b"We met.\n",
    "main.py": b"print(1 / 0)\n",
    "window.png": PNG,
}
ASKED: Final = {
    "Ada Lovelace": Reply(structured={"name": "Ada Lovelace", "age": 36, "skills": ["programming"]}),
    "Ada and Charles": Reply(structured={"value": [{"name": "Ada"}, {"name": "Charles"}]}),
    "counts the lines": Reply(text="Like this:\n```sh\nwc -l notes.txt\n```"),
}
"""Where an answer is more than what the page prints."""


def examples() -> Iterator[tuple[str, str]]:
    """Commands and what they print."""
    for block in _FENCE.findall(PAGE):
        for piece in re.split(r"^\$ ", block, flags=re.MULTILINE)[1:]:
            command, _, printed = piece.partition("\n")
            yield command, printed


def stages(command: str) -> tuple[str | None, list[list[str]]]:
    """The file that is read, and the words of each part of a pipe."""
    words = list(shlex.shlex(command, posix=True, punctuation_chars="|<"))
    words = shlex.split(command) if not {"|", "<"} & {*words} else words
    file = words[words.index("<") + 1] if "<" in words else None
    words = words[: words.index("<")] if "<" in words else words
    parts: list[list[str]] = [[]]
    for word in words:
        parts.append([]) if word == "|" else parts[-1].append(word)
    return file, parts


def printed_by(command: str) -> str:
    file, parts = stages(command)
    given = b"" if file is None else Path(file).read_bytes()
    for words in parts:
        if words[0] != "smartllm":
            given = subprocess.run(words, stdout=subprocess.PIPE, check=True).stdout
            continue
        result = invoke(main, words[1:], stdin=given)
        assert result.exit_code == 0, result.stderr
        given = result.stdout.encode()
    return given.decode()


def test_the_page(server: LoopbackServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in server.environment().items():
        monkeypatch.setenv(name, value)
    monkeypatch.chdir(tmp_path)
    for file, data in FILES.items():
        Path(file).write_bytes(data)
    commands = list(examples())
    assert len(commands) > 10
    for command, printed in commands:
        if any(f"smartllm {one} " in command for one in ("run", "chat")):
            known = next((reply for asked, reply in ASKED.items() if asked in command), None)
            lines = printed.splitlines() if "chat" in command else [printed.strip()]
            server.script(*([known] if known else [Reply(text=line) for line in lines]))
        if "smartllm tokens " in command:
            server.script(Reply(usage={"input_tokens": int(printed)}))
        assert printed_by(command) == printed, command
