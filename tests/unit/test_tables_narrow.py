"""Tables on narrow terminals: no id, fact or place is broken into lines; what does not fit is left out."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import Final

import pytest
from warm import COMMAND_LINE, Warm

from smartllm.cli.cache import shortest
from smartllm.cli.places import legend, near, short_names
from smartllm.cli.tables import widths_of
from smartllm.rules import load_rules
from smartllm.runtime.cache.files import encoded
from smartllm.runtime.cache.local import LocalStore

SONNET, OPUS = "us.anthropic.claude-sonnet-4-5-20250929-v1:0", "us.anthropic.claude-opus-4-7"
WIDTHS: Final = (60, *(pytest.param(width, marks=pytest.mark.slow) for width in (40, 80, 100, 140)))

Shown = Callable[..., list[str]]


@pytest.fixture
def shown(warm: Warm, tmp_path: Path) -> Shown:
    """What a command shows on a terminal of some width, in lines."""

    def told(width: int, *arguments: str) -> list[str]:
        environment = {
            "PATH": os.environ["PATH"],
            "HOME": str(tmp_path),
            "COLUMNS": str(width),
            "TERM": "xterm",
            "NO_COLOR": "1",
        }
        result = warm.at_terminal(COMMAND_LINE, *arguments, environment=environment, folder=tmp_path)
        assert result.returncode in {0, 1}, result.stdout
        return result.stdout.decode().replace("\x1b[1m", "").replace("\x1b[0m", "").splitlines()

    return told


def words(lines: list[str]) -> set[str]:
    return {word.rstrip(",;") for line in lines for word in line.replace("│", " ").split()}


def too_wide(lines: list[str], width: int) -> list[str]:
    """Lines of a table that a terminal would break."""
    return [line for line in lines if len(line) > width and line.startswith(("│", "┃", "┏", "└", "┌"))]


@pytest.mark.parametrize("width", WIDTHS)
class TestCommands:
    def test_models(self, shown: Shown, width: int) -> None:
        lines = shown(width, "models", "claude-*-4-*")
        keys = [key for key in load_rules().table("model") if key.startswith("claude-") and "-4-" in key]
        ids = {SONNET, OPUS}
        assert len(keys) > 5
        assert ids <= words(lines)
        assert too_wide(lines, width) == []

    def test_explain(self, shown: Shown, width: int) -> None:
        lines = shown(width, "explain", OPUS)
        assert {"reasoning_summary.needs_thinking", "temperature.thinking", "ids.name"} <= words(lines)
        assert too_wide(lines, width) == []
        pages = any(line.startswith("[1] http") for line in lines)
        assert pages is any("[1]" in line.split(" http")[0] for line in lines if not line.startswith("["))

    def test_diff(self, shown: Shown, width: int) -> None:
        lines = shown(width, "diff", SONNET, OPUS)
        assert {SONNET, OPUS, "reasoning_summary.needs_thinking"} <= words(lines)
        assert too_wide(lines, width) == []
        assert (f"A is {SONNET}" in lines) is (width < 140)

    def test_cache(self, shown: Shown, width: int, tmp_path: Path) -> None:
        store = LocalStore(tmp_path / ".llm_cache")
        keys = [f"{number:064x}"[::-1] for number in (1, 2, 1 << 40)]
        for key in keys:
            file = store.path(key)
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_bytes(encoded({"format": 2, "data": {"model": SONNET}}))
        lines = shown(width, "cache", "ls")
        assert too_wide(lines, width) == []
        length = 64 if width == 140 else None
        told = [word for word in words(lines) if set(word) <= {*"0123456789abcdef"} and len(word) > 6]
        assert len(told) == len(keys)
        assert length is None or {*told} == {*keys}
        stats = shown(width, "cache", "stats")
        store.clear()
        assert shown(width, "cache", "ls")[0].startswith("no entries in ")
        assert any("entries" in line and "3" in line for line in stats), "each row has its value"

    def test_lint(self, shown: Shown, width: int, tmp_path: Path) -> None:
        (tmp_path / "mine.toml").write_text("[model]\nx = 5\n")
        lines = shown(width, "lint", str(tmp_path / "mine.toml"))
        assert lines[0].startswith("mine.toml:2: R001")


class TestWidths:
    def test_no_column_is_narrower_than_its_longest_word(self) -> None:
        rows = [["a-long-word", "some words that wrap"], ["b", "x"]]
        assert widths_of(("one", "two"), rows, 80) == [11, 20]
        narrow = widths_of(("one", "two"), rows, 28)
        assert narrow is not None
        assert narrow[0] == 11
        assert 5 <= narrow[1] < 20
        assert widths_of(("one", "two"), rows, 22) is None
        assert widths_of(("one", "two"), rows, 28, whole=("two",)) is None

    def test_the_room_is_used_and_never_passed(self) -> None:
        rows = [["w " * 30, "v " * 50, "u"]]
        for width in range(14, 200):
            widths = widths_of(("a", "b", "c"), rows, width)
            assert widths is None or sum(widths) + 3 * len(widths) + 1 <= width


class TestPlaces:
    def test_names_are_as_short_as_they_can_be_told_apart(self) -> None:
        names = short_names(["p/profiles/openai.toml", "p/hosts/openai.toml", "p/models.toml"])
        assert [*names.values()] == ["profiles/openai.toml", "hosts/openai.toml", "models.toml"]
        assert legend(names)[2] == "models.toml is p/models.toml"
        assert legend({"x.toml": "x.toml"}) == []
        assert short_names(["openai.toml", "a/openai.toml"]) == {
            "openai.toml": "openai.toml",
            "a/openai.toml": "a/openai.toml",
        }

    def test_paths_from_here_and_from_home(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        here, home = tmp_path / "here", tmp_path / "home"
        here.mkdir()
        monkeypatch.chdir(here)
        monkeypatch.setenv("HOME", str(home))
        assert near(str(here / "a" / "b.toml")) == "a/b.toml"
        assert near(str(home / "c.toml")) == "~/c.toml"
        assert near("/elsewhere/d.toml") == "/elsewhere/d.toml"

    def test_keys_are_as_short_as_they_can_be_told_apart(self) -> None:
        assert shortest(["a" * 64]) == shortest([]) == 8
        assert shortest(["a" * 64, "a" * 20 + "b" * 44]) == 21
        assert shortest(["a" * 64, "a" * 64]) == 64
