"""Checks of resolved facts: each listed model on each wire must make sense."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from operator import attrgetter
from typing import Final

from smartllm.rules.lint.check import Context, Finding, check
from smartllm.rules.lint.input import INPUT_CONTRADICTIONS
from smartllm.rules.lint.tools import TOOL_CONTRADICTIONS
from smartllm.rules.target import Target
from smartllm.rules.vocabulary import DIALECTS, Facts
from smartllm.rules.vocabulary.wire import PLACES, SOURCE_PLACES
from smartllm.words import EFFORTS


@check("R009")
def effort_ladder(context: Context) -> Iterator[Finding]:
    """Effort levels rise along the ladder; default and cap are among them."""
    for target in context.targets:
        effort = target.facts.effort
        if list(effort.levels) != sorted(set(effort.levels), key=EFFORTS.index):
            yield _at(context, target, "R009", "effort.levels", f"levels {list(effort.levels)} do not rise")
        for name in ("default", "cap_when_off"):
            level = getattr(effort, name)
            if level is not None and effort.levels and level not in effort.levels:
                yield _at(
                    context, target, "R009", f"effort.{name}", f"{name} {level!r} is not among the levels"
                )


@check("R010")
def budgets(context: Context) -> Iterator[Finding]:
    """Budgets rise with the effort, start at the minimum and stay below the maximum output."""
    for target in context.targets:
        if "budget" not in target.facts.thinking.modes:
            continue
        facts, table = target.facts, target.facts.effort.budgets
        steps = [table[level] for level in EFFORTS if level in table]
        if steps != sorted(set(steps)):
            yield _at(context, target, "R010", "effort.budgets", f"budgets {steps} do not rise")
        if steps and steps[0] < facts.thinking.min_budget:
            least = facts.thinking.min_budget
            yield _at(
                context, target, "R010", "effort.budgets", f"budget {steps[0]} is below the minimum {least}"
            )
        most = facts.limits.max_output
        if steps and most is not None and steps[-1] >= most:
            yield _at(
                context,
                target,
                "R010",
                "effort.budgets",
                f"budget {steps[-1]} leaves nothing of {most} tokens",
            )


@check("R011")
def contradictions(context: Context) -> Iterator[Finding]:
    """Facts do not contradict each other."""
    for target in context.targets:
        for path, message, wrong in (*_CONTRADICTIONS, *TOOL_CONTRADICTIONS, *INPUT_CONTRADICTIONS):
            if wrong(target.facts):
                yield _at(context, target, "R011", path, message)


@check("R017")
def wire_tables(context: Context) -> Iterator[Finding]:
    """A wire table says something."""
    for path, row in context.rows():
        for dialect, facts in row.get("wire", {}).items():
            if not facts:
                yield context.at((*path, "wire", dialect), "R017", f"wire.{dialect} is empty")


@check("R021")
def places(context: Context) -> Iterator[Finding]:
    """A fact that names a place in bodies is stated for dialects that have this place."""
    for target in context.targets:
        for path, dialects in _PLACES.items():
            value = attrgetter(path)(target.facts)
            for one in value if isinstance(value, tuple) else (value,):
                if target.dialect not in dialects.get(one, DIALECTS):
                    yield _at(context, target, "R021", path, f"{path} = {one!r} has no place on this wire")


_PLACES: Final = PLACES | {f"input.{kind}.sources": places for kind, places in SOURCE_PLACES.items()}
_CONTRADICTIONS: Final[list[tuple[str, str, Callable[[Facts], bool]]]] = [
    (
        "thinking.off",
        "thinking always happens, so off must be 'impossible'",
        lambda facts: facts.thinking.default == "always" and facts.thinking.off != "impossible",
    ),
    (
        "thinking.off",
        "thinking cannot be off, so default must be 'always'",
        lambda facts: facts.thinking.off == "impossible" and facts.thinking.default != "always",
    ),
    (
        "thinking.modes",
        "a model without thinking modes has no levels and does not think by default",
        lambda facts: (
            not facts.thinking.modes and (bool(facts.effort.levels) or facts.thinking.default != "off")
        ),
    ),
    (
        "thinking.default",
        "thinking is on by default, so there must be a way to say off",
        lambda facts: (
            facts.thinking.default == "on"
            and facts.thinking.off == "omit"
            and "none" not in facts.effort.levels
        ),
    ),
    (
        "sampling",
        "sampling at effort none needs the level 'none'",
        lambda facts: facts.sampling == "effort-none" and "none" not in facts.effort.levels,
    ),
    (
        "limits.max_output",
        "max_output is below min_output",
        lambda facts: (
            facts.limits.max_output is not None and facts.limits.max_output < facts.limits.min_output
        ),
    ),
    (
        "limits.max_output",
        "max_output is above the context window",
        lambda facts: (facts.limits.max_output or 0) > (facts.limits.context or float("inf")),
    ),
    (
        "exclusive",
        "an exclusive pair names a parameter that is not accepted",
        lambda facts: any(not getattr(facts, name).accepted for pair in facts.exclusive for name in pair),
    ),
    (
        "structured.prefer",
        "native is preferred, but there is no native structured output",
        lambda facts: facts.structured.prefer == "native" and not facts.structured.native,
    ),
]


def _at(context: Context, target: Target, code: str, path: str, message: str) -> Finding:
    """A finding at the row that states a fact, or at the model's row."""
    origin = target.origin(path)
    model = target.resolution.model or target.resolution.key
    text = f"{model} on {target.dialect}: {message}"
    if origin.file is None or origin.line is None:
        return context.at(("model", model), code, text)
    return Finding(origin.file, origin.line, code, text)
