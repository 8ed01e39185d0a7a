"""``smartllm cache`` as a person at a shell uses it: what it prints where, and how it ends."""

from __future__ import annotations

import asyncio
import json
import os
import re
import subprocess
import sys
import time
from pathlib import Path

import pytest
from click.testing import Result
from commands import invoke
from warm import COMMAND_LINE, Warm

import smartllm
from smartllm.cli.cache import command
from smartllm.runtime.cache.files import FORMAT
from smartllm.runtime.cache.local import LocalStore

PROMPT = "What is the canary Zq81?"
KEYS = ["ab" * 32, "abcd" + "0" * 60, "ff" * 32]


def run(*arguments: str, stdin: str | None = None) -> Result:
    return invoke(command, arguments, stdin=stdin)


@pytest.fixture
def store(clean_environment: Path) -> LocalStore:
    """Three entries of 0, 1 and 2 days."""
    found = LocalStore(clean_environment / "cache")
    for age, key in enumerate(KEYS):
        data = {"text": "Löve 愛 \ud800", "model": f"model-{age}\x1b[2J\t"}
        entry = {"format": FORMAT, "key": key, "metadata": {"prompt": PROMPT}, "data": data}
        asyncio.run(found.put(key, entry))
        os.utime(found.path(key), (time.time() - age * 86_400,) * 2)
    return found


class TestStats:
    def test_plain(self, store: LocalStore) -> None:
        result = run("stats")
        lines = dict(line.split("\t") for line in result.stdout.splitlines())
        assert result.exit_code == 0
        assert lines["folder"] == str(store.folder)
        assert lines["entries"] == "3"
        assert lines["oldest"] < lines["newest"]

    def test_json(self, store: LocalStore) -> None:
        found = json.loads(run("stats", "--json").stdout)
        assert found["bytes"] == sum(store.path(key).stat().st_size for key in KEYS)
        assert found["newest"].endswith("+00:00")

    def test_of_no_folder_makes_none(self, tmp_path: Path) -> None:
        result = run("--dir", str(tmp_path / "none"), "stats")
        assert (result.exit_code, "entries\t0\n" in result.stdout) == (0, True)
        for arguments in (["ls"], ["clear"], ["prune", "--max-bytes", "0"]):
            assert run("--dir", str(tmp_path / "none"), *arguments).exit_code == 0
        assert list(tmp_path.iterdir()) == []

    def test_of_a_file(self, tmp_path: Path) -> None:
        (tmp_path / "file").write_text("")
        result = run("--dir", str(tmp_path / "file"), "stats")
        assert result.exit_code == 2
        assert "is a file" in result.stderr


class TestLs:
    def test_newest_first_and_nothing_that_steers_a_terminal(self, store: LocalStore) -> None:
        result = run("ls")
        rows = [line.split("\t") for line in result.stdout.splitlines()]
        assert [row[0] for row in rows] == KEYS
        assert [row[3] for row in rows] == ["model-0[2J", "model-1[2J", "model-2[2J"]
        assert PROMPT not in result.stdout + result.stderr

    def test_json_and_limit(self, store: LocalStore) -> None:
        result = run("ls", "--json", "--limit", "2")
        listed = json.loads(result.stdout)
        assert [item["key"] for item in listed] == KEYS[:2]
        assert set(listed[0]) == {"key", "bytes", "written", "model"}
        assert "canary" not in result.stdout + result.stderr

    def test_damaged_entries_are_listed(self, store: LocalStore) -> None:
        store.path(KEYS[0]).write_text("{")
        assert run("ls").stdout.count("(not readable)") == 1
        assert [item["model"] is None for item in json.loads(run("ls", "--json").stdout)].count(True) == 1


class TestShow:
    @pytest.mark.parametrize("key", ["f", KEYS[2]])
    def test_by_key_or_unique_beginning(self, store: LocalStore, key: str) -> None:
        result = run("show", key)
        assert result.exit_code == 0
        assert json.loads(result.stdout) == store.read(KEYS[2])
        assert PROMPT in result.stdout

    @pytest.mark.parametrize(
        ("key", "status", "message"),
        [
            ("ab", 2, "2 keys start with ab"),
            ("0", 1, "no entry in"),
            ("", 2, "lower-case hex"),
            ("AB", 2, "lower-case hex"),
            ("../../etc/passwd", 2, "lower-case hex"),
            ("f" * 65, 2, "lower-case hex"),
        ],
    )
    def test_mistakes(self, store: LocalStore, key: str, status: int, message: str) -> None:
        result = run("show", key)
        assert result.exit_code == status
        assert result.stdout == ""
        assert message in result.stderr

    def test_damaged(self, store: LocalStore) -> None:
        store.path(KEYS[2]).write_text(PROMPT)
        result = run("show", "ff")
        assert result.exit_code == 1
        assert "is damaged" in result.stderr
        assert PROMPT not in result.stdout + result.stderr


class TestClear:
    @pytest.mark.parametrize(("answer", "left", "status"), [("y\n", 0, 0), ("n\n", 3, 1), ("", 3, 1)])
    def test_asks(self, store: LocalStore, answer: str, left: int, status: int) -> None:
        result = run("clear", stdin=answer)
        assert (result.exit_code, len(store.keys())) == (status, left)
        assert "Remove 3 entries" in result.stderr

    def test_yes(self, store: LocalStore) -> None:
        result = run("clear", "--yes")
        assert (result.exit_code, result.stdout) == (0, "removed 3 entries\n")
        assert store.keys() == []

    def test_what_stays_is_said(self, store: LocalStore, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(LocalStore, "clear", lambda _: 0)
        result = run("clear", "--yes")
        assert result.exit_code == 1
        assert "could not be removed" in result.stderr


class TestPrune:
    def test_by_age(self, store: LocalStore) -> None:
        assert run("prune", "--max-age", "1.5").stdout == "removed 1 entry\n"
        assert sorted(store.keys()) == sorted(KEYS[:2])

    def test_by_size(self, store: LocalStore) -> None:
        size = store.path(KEYS[0]).stat().st_size
        assert run("prune", "--max-bytes", str(size)).stdout == "removed 2 entries\n"
        assert store.keys() == KEYS[:1]

    @pytest.mark.parametrize("arguments", [[], ["--max-age", "-1"], ["--max-bytes", "many"]])
    def test_mistakes(self, store: LocalStore, arguments: list[str]) -> None:
        assert run("prune", *arguments).exit_code == 2
        assert len(store.keys()) == 3


def test_a_table_on_a_terminal(store: LocalStore, warm: Warm, tmp_path: Path) -> None:
    environment = os.environ | {"COLUMNS": "160", "TERM": "xterm"}
    result = warm.at_terminal(COMMAND_LINE, "cache", "ls", environment=environment, folder=tmp_path)
    shown = result.stdout.decode()
    assert result.returncode == 0, shown
    assert "│" in shown
    assert all(key in shown for key in KEYS)


def test_a_pipe_loads_no_rich(store: LocalStore) -> None:
    code = (
        "import sys; from smartllm.cli.cache import command; command(standalone_mode=False);"
        "sys.exit('rich' in sys.modules)"
    )
    subprocess.run([sys.executable, "-W", "error", "-c", code, "ls"], capture_output=True, check=True)


def test_importing_the_store_touches_nothing(tmp_path: Path) -> None:
    code = "import smartllm.runtime.cache.local"
    subprocess.run([sys.executable, "-W", "error", "-c", code], cwd=tmp_path, check=True)
    assert list(tmp_path.iterdir()) == []


def test_the_package_never_runs_what_it_reads() -> None:
    unsafe = re.compile(
        r"\b((import|from) +(pickle|shelve|dill)|(pickle|marshal|shelve|dill)\.(load|Unpickler|open))"
        r"|\beval\(|\bexec\(|from +marshal|yaml\.load"
    )
    package = Path(smartllm.__file__).parent
    found = [path.name for path in package.rglob("*.py") if unsafe.search(path.read_text(encoding="utf-8"))]
    assert found == []
