"""Explanations: their text, and that each fact stands on the line that they name."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
import tomli
from snapshot_files import kept, kept_files
from syrupy.assertion import SnapshotAssertion

import smartllm
from smartllm import TextRequest
from smartllm.rules import Target, load_rules, target_for
from smartllm.rules.vocabulary import facts_data

RULES = load_rules()
EXPLAINED: dict[str, tuple[str, dict[str, Any]]] = {
    "opus-4-7": ("eu.anthropic.claude-opus-4-7", {"reasoning_effort": "high", "temperature": 0.2}),
    "sonnet-4-6": ("us.anthropic.claude-sonnet-4-6", {"reasoning_effort": "high", "top_k": 3}),
    "gpt-5-4-chat": (
        "gpt-5.4",
        {"api_type": "chat_completions", "system_prompt": "Be brief.", "extra": {"seed": 7}},
    ),
    "inferred": ("claude-opus-77", {"max_tokens": 10**6, "prompt": "a long prompt " * 9}),
}


def explained(name: str) -> smartllm.Plan:
    model, fields = EXPLAINED[name]
    request = TextRequest(**({"prompt": "hi"} | fields))
    return smartllm.compile(request, model=model, rules=RULES, level="ignore")


@pytest.mark.parametrize("name", EXPLAINED)
class TestExplain:
    def test_text(self, name: str, snapshot: SnapshotAssertion) -> None:
        """Without the lines of the facts: a row added above them changes nothing here."""
        text = re.sub(r"(\.toml):\d+", r"\1", explained(name).explain())
        assert text == kept(snapshot, f"explain/{name}.txt")

    def test_every_fact_stands_on_its_line(self, name: str) -> None:
        plan = explained(name)
        shown = re.findall(r"fact (\S+) (\S+):(\d+)", plan.explain())
        assert shown
        for fact, file, number in shown:
            path = tuple(fact.split("."))
            line = line_in_its_table(file, int(number))
            stated = [value_at(line, row + path) for row in rows_of(plan)]
            assert [value for value in stated if value is not None] == [value_in_force(plan, path)], fact


def test_no_stale_explanations() -> None:
    assert kept_files("explain") == {f"{name}.txt" for name in EXPLAINED}


def line_in_its_table(file: str, number: int) -> dict[str, Any]:
    """What one line of a shipped file states below the heading that it stands under."""
    lines = (Path(smartllm.__file__).parent.parent / file).read_text(encoding="utf-8").splitlines()
    heading = next(line for line in reversed(lines[:number]) if line.startswith("["))
    return tomli.loads(f"{heading}\n{lines[number - 1]}\n")


def rows_of(plan: smartllm.Plan) -> list[tuple[str, ...]]:
    """The rows that may state a fact of a plan; a name such as ``vendor.x.latest`` has its row in it."""
    target = target_of(plan)
    return [(), *target.chain, *((*row, "wire", target.dialect) for row in target.chain)]


def value_in_force(plan: smartllm.Plan, path: tuple[str, ...]) -> Any:
    return value_at(RULES.data | facts_data(target_of(plan).facts), path)


def target_of(plan: smartllm.Plan) -> Target:
    assert plan.resolution.host
    return target_for(plan.resolution, plan.resolution.host, plan.steps[0].dialect, RULES)


def value_at(data: Any, path: tuple[str, ...]) -> Any:
    """The value at a path of nested tables, or None."""
    for key in path:
        data = data.get(key) if isinstance(data, dict) else None
    return data
