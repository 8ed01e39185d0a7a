"""What the ladder of efforts and its budgets may not say: R009 and R010."""

from __future__ import annotations

from collections.abc import Iterator

from smartllm.rules.contradictions.found import Found
from smartllm.rules.vocabulary import Facts
from smartllm.words import EFFORTS


def ladder(facts: Facts) -> Iterator[Found]:
    """Effort levels rise; default and cap are among them, and one of them is more than none."""
    effort = facts.effort
    if list(effort.levels) != sorted(set(effort.levels), key=EFFORTS.index):
        yield Found("R009", ("effort.levels",), f"levels {list(effort.levels)} do not rise")
    if effort.levels == ("none",) and facts.thinking.default != "on":
        yield Found(
            "R009", ("effort.levels",), "'none' is no effort: without another level, leave the levels empty"
        )
    if "none" in effort.levels and facts.thinking.modes and "effort" not in facts.thinking.modes:
        yield Found(
            "R009",
            ("effort.levels", "thinking.modes"),
            "'none' is a bare effort, which the thinking modes do not have",
        )
    for name in ("default", "cap_when_off"):
        level = getattr(effort, name)
        if level is not None and effort.levels and level not in effort.levels:
            yield Found(
                "R009", (f"effort.{name}", "effort.levels"), f"{name} {level!r} is not among the levels"
            )


def budgets(facts: Facts) -> Iterator[Found]:
    """Budgets rise with the effort, start at the minimum and stay below the maximum output."""
    levels, table = [level for level in facts.effort.levels if level != "none"], facts.effort.budgets
    if facts.thinking.modes and levels and not table.keys() & {*levels}:
        yield Found(
            "R010",
            ("effort.budgets", "effort.levels", "thinking.modes"),
            f"none of the levels {levels} has a budget",
        )
    if "budget" not in facts.thinking.modes:
        return
    missing = [level for level in levels if level not in table and table.keys() & {*levels}]
    if missing and facts.thinking.modes == ("budget",):
        yield Found(
            "R010",
            ("effort.budgets", "effort.levels", "thinking.modes"),
            f"the levels {missing} have no budget",
        )
    steps = [table[level] for level in EFFORTS if level in table]
    least, most = facts.thinking.min_budget, facts.limits.max_output
    if steps != sorted(set(steps)):
        yield Found("R010", ("effort.budgets",), f"budgets {steps} do not rise")
    if steps and steps[0] < least:
        yield Found(
            "R010",
            ("effort.budgets", "thinking.min_budget"),
            f"budget {steps[0]} is below the minimum {least}",
        )
    if steps and most is not None and steps[-1] >= most:
        yield Found(
            "R010",
            ("effort.budgets", "limits.max_output"),
            f"budget {steps[-1]} leaves nothing of {most} tokens",
        )
    if most is not None and least >= most:
        yield Found(
            "R010",
            ("thinking.min_budget", "limits.max_output"),
            f"the minimum {least} leaves nothing of {most} tokens",
        )
