"""The page on rules: what it shows of evidence and of lives is clean, and does what it says."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import pytest

from smartllm.rules import RuleSet, load_rules, resolve
from smartllm.rules.life import state_on, target_on
from smartllm.rules.lint import lint

PAGE = (Path(__file__).parents[2] / "docs" / "rules.md").read_text(encoding="utf-8")
DAY = dt.date(2026, 11, 26)


def example(name: str, tmp_path: Path) -> RuleSet:
    text = PAGE.partition(f"<!-- example: {name} -->\n```toml\n")[2].partition("```")[0]
    (tmp_path / "mine.toml").write_text(text, encoding="utf-8")
    return load_rules(tmp_path / "mine.toml")


@pytest.mark.parametrize(("name", "notes"), [("evidence", ["R026"]), ("life", [])])
def test_lint_likes_it(name: str, notes: list[str], tmp_path: Path) -> None:
    rules = example(name, tmp_path)
    mine = rules.layers[-1].name
    found = [item for item in lint(rules, today=DAY, notes=True) if item.file == mine]
    assert [item.code for item in found if item.note] == notes
    assert [str(item) for item in found if not item.note] == []


def test_evidence(tmp_path: Path) -> None:
    rules = example("evidence", tmp_path)
    target = target_on(resolve("claude-opus-9", rules), "bedrock", rules)
    limit, effort = target.origin("limits.max_output"), target.origin("effort.default")
    assert (limit.verified, effort.verified) == (DAY, DAY)
    assert [page.rpartition("/")[2] for page in limit.source] == ["model-cards.html", "overview"]
    assert [page.rpartition("/")[2] for page in effort.source] == ["overview"]
    assert limit.disputed is not None
    assert effort.disputed is None


def test_life(tmp_path: Path) -> None:
    rules = example("life", tmp_path)
    life = target_on(resolve("claude-opus-4-7", rules), "bedrock", rules).facts.lifecycle
    assert life.shutdown is not None
    assert (state_on(life, DAY), state_on(life, life.shutdown)) == ("legacy", "retired")
