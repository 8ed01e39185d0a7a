"""Thinking: from a wished effort or budget to what the model understands."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from smartllm.compiler.intent import Intent, ThinkingPlan
from smartllm.compiler.trace import Trace, fact
from smartllm.parameters import PARAMETERS
from smartllm.rules.vocabulary import Facts
from smartllm.said import Named, said
from smartllm.words import EFFORTS, Effort

_USUAL: Final[int] = PARAMETERS["max_tokens"].default
"""For models whose most is not known."""


def reasoning(intent: Intent, facts: Facts, trace: Trace) -> Intent:
    """Consume ``effort`` and ``budget_tokens`` into a ``ThinkingPlan``."""
    if intent.effort is None and intent.budget_tokens is None:
        return intent
    done = intent._replace(effort=None, budget_tokens=None)
    thinks = bool(facts.thinking.modes and facts.effort.levels)
    if thinks and intent.effort == "none" and intent.budget_tokens is None:
        return done._replace(thinking=_off(facts, trace))
    if not _can_be_told(intent, facts):
        _ignore(intent, facts, trace)
        return done
    if facts.thinking.modes[0] == "budget":
        if facts.carry.leads and _is_bare(intent):
            _leave_off(intent, trace)
            return done._replace(thinking=_off(facts, trace))
        return _with_budget(intent, done, facts, trace)
    return done._replace(thinking=_with_effort(intent, facts, trace))


def _can_be_told(intent: Intent, facts: Facts) -> bool:
    """Whether there is a way to say what is wished."""
    if not facts.thinking.modes or not _ladder(facts):
        return False
    said = intent.budget_tokens if facts.thinking.modes[0] == "budget" else intent.effort
    return said is not None or not facts.effort.budgets.keys().isdisjoint(_ladder(facts))


def _ladder(facts: Facts) -> list[Effort]:
    """The levels that are more than none."""
    return [level for level in facts.effort.levels if level != "none"]


def is_thinking(intent: Intent, facts: Facts) -> bool:
    """Whether the model will reason, given what is (or is not) said on the wire."""
    plan = intent.thinking
    if plan is None:
        return facts.thinking.default != "off"
    return plan.mode != "off" and plan.effort != "none"


def is_unlimited(intent: Intent, facts: Facts) -> bool:
    """Whether the chosen effort forbids an output limit and sampling parameters."""
    return intent.thinking is not None and intent.thinking.effort in facts.effort.unlimited


def clamp(asked: Effort, levels: Sequence[Effort]) -> Effort:
    """Nearest allowed level: the next lower one, else the lowest. Never ``none`` unless asked for."""
    if asked in levels:
        return asked
    ladder = [level for level in levels if level != "none"]
    lower = [level for level in ladder if EFFORTS.index(level) < EFFORTS.index(asked)]
    return lower[-1] if lower else ladder[0]


def nearest(budget: int, facts: Facts) -> Effort:
    """Level whose tabled budget is nearest; the lower one of two equally near."""
    table = [
        (level, facts.effort.budgets[level]) for level in facts.effort.levels if level in facts.effort.budgets
    ]
    return min(table, key=lambda item: (abs(item[1] - budget), item[1]))[0]


def _is_bare(intent: Intent) -> bool:
    """Whether the assistant's last turn goes on, by calls or as a prefill, and begins with no reasoning."""
    last = next((turn for turn in reversed(intent.turns) if turn.role == "assistant"), None)
    if last is None or getattr(last.parts[0], "blocks", None):
        return False
    return bool(last.calls) or last is intent.turns[-1]


def _leave_off(intent: Intent, trace: Trace) -> None:
    for path, asked in (("budget_tokens", intent.budget_tokens), ("reasoning_effort", intent.effort)):
        if asked is not None:
            trace.changed(
                "thinking-left-off",
                path,
                asked=asked,
                applied=None,
                reason="with a budget calls and a prefill must follow their reasoning, which is not there",
                fact="carry.leads",
                action="dropped",
            )


def _ignore(intent: Intent, facts: Facts, trace: Trace) -> None:
    fixed, unknown = bool(facts.thinking.modes), facts.thinking.off == "unknown"
    if fixed:
        reason = "the model's effort cannot be set"
    elif unknown:
        reason = "whether the model thinks is not known, nor how this server is told"
    else:
        reason = "the model cannot think; the answer comes without reasoning"
    wishes = {"budget_tokens": intent.budget_tokens, "reasoning_effort": intent.effort}
    for path, asked in wishes.items():
        if asked is not None and (fixed or unknown or asked != "none"):
            trace.changed(
                "thinking-ignored",
                path,
                asked=asked,
                applied=None,
                reason=reason,
                fact="effort.levels" if fixed else "thinking.off" if unknown else "thinking.modes",
                action="ignored",
            )


def _off(facts: Facts, trace: Trace) -> ThinkingPlan | None:
    mode, ladder = facts.thinking.modes[0], _ladder(facts)
    if "none" in facts.effort.levels and mode == "effort":
        return ThinkingPlan("effort", effort="none")
    if facts.thinking.off in {"disabled", "between_tools"} and facts.thinking.default != "off":
        return ThinkingPlan("off")
    if facts.thinking.default == "off":
        return None
    lowest = ladder[0] if ladder and mode != "budget" else None
    trace.changed(
        "thinking-off-impossible",
        "reasoning_effort",
        asked="none",
        applied=lowest,
        reason=f"the model always thinks{f'; its lowest effort is {lowest}' if lowest else ''}",
        fact="thinking.off",
    )
    return None if lowest is None else ThinkingPlan(mode, effort=lowest, asked=False)


def _with_effort(intent: Intent, facts: Facts, trace: Trace) -> ThinkingPlan:
    mode = facts.thinking.modes[0]
    assert mode != "budget"
    if intent.effort is None:
        assert intent.budget_tokens is not None
        level = nearest(intent.budget_tokens, facts)
        trace.changed(
            "budget-mapped",
            "budget_tokens",
            asked=intent.budget_tokens,
            applied=level,
            reason=f"the model takes an effort, not a budget; the nearest level is {level}",
            fact="effort.budgets",
        )
        trace.reasons["reasoning_effort"] = fact("effort.budgets")
        return ThinkingPlan(mode, effort=level)
    if intent.budget_tokens is not None:
        trace.changed(
            "effort-overridden",
            "budget_tokens",
            asked=intent.budget_tokens,
            applied=None,
            reason=said(
                "the model takes an effort, not a budget, and {} is given too", Named("reasoning_effort")
            ),
            fact="thinking.modes",
            action="dropped",
        )
    return ThinkingPlan(mode, effort=_clamped(intent.effort, facts.effort.levels, trace, "effort.levels"))


def _with_budget(intent: Intent, done: Intent, facts: Facts, trace: Trace) -> Intent:
    budget = intent.budget_tokens
    if budget is None:
        assert intent.effort is not None
        levels = [level for level in facts.effort.levels if level in facts.effort.budgets]
        level = _clamped(intent.effort, levels, trace, "effort.budgets")
        budget = facts.effort.budgets[level]
        trace.reasons["budget_tokens"] = fact(f"effort.budgets.{level}")
    elif intent.effort is not None:
        trace.changed(
            "effort-overridden",
            "reasoning_effort",
            asked=intent.effort,
            applied=None,
            reason=said("{} is given too and is the more precise wish", Named("budget_tokens")),
            fact="thinking.modes",
            action="dropped",
            severity="info",
        )
    if budget < facts.thinking.min_budget:
        trace.changed(
            "budget-raised",
            "budget_tokens",
            asked=budget,
            applied=facts.thinking.min_budget,
            reason=f"the smallest thinking budget is {facts.thinking.min_budget} tokens",
            fact="thinking.min_budget",
        )
        budget = facts.thinking.min_budget
    return _fit(done, budget, facts, trace)


def _fit(intent: Intent, budget: int, facts: Facts, trace: Trace) -> Intent:
    """Make the budget fit under max_tokens: max_tokens grows, and only then the budget shrinks."""
    most = facts.limits.max_output
    if intent.max_tokens is None:
        intent = with_most(intent, facts, trace, "thinking.modes")
    assert intent.max_tokens is not None
    if most is not None and facts.thinking.min_budget >= most:
        return _too_small(intent, budget, most, trace)
    answer = intent.max_tokens if most is None else min(intent.max_tokens, most)
    if budget < answer:
        return intent._replace(thinking=ThinkingPlan("budget", budget=budget))
    if most is not None and budget + answer > most:
        # The answer keeps what the caller gave it, but thinking is never cut below half of the output.
        room = max(facts.thinking.min_budget, most - answer, most // 2)
        trace.changed(
            "budget-lowered",
            "budget_tokens",
            asked=budget,
            applied=room,
            reason=f"the model gives at most {most} tokens of output, thinking included",
            fact="limits.max_output",
        )
        budget = room
    grown = budget + answer if most is None else min(budget + answer, most)
    trace.changed(
        "max-tokens-grown",
        "max_tokens",
        asked=intent.max_tokens,
        applied=grown,
        reason=said(
            "the thinking budget of {} tokens counts as output and must stay below {}",
            str(budget),
            Named("max_tokens"),
        ),
        fact="thinking.modes",
        severity="info",
    )
    return intent._replace(max_tokens=grown, thinking=ThinkingPlan("budget", budget=budget))


def _too_small(intent: Intent, budget: int, most: int, trace: Trace) -> Intent:
    """The intent without a budget, where even the smallest leaves nothing for the answer."""
    trace.changed(
        "thinking-ignored",
        "budget_tokens",
        asked=budget,
        applied=None,
        reason=f"the model gives at most {most} tokens of output, less than the smallest thinking budget",
        fact="limits.max_output",
        action="ignored",
    )
    return intent


def with_most(intent: Intent, facts: Facts, trace: Trace, needed_by: str) -> Intent:
    """The intent with the largest output limit, where none was asked for and one must be sent.

    Args:
        intent: What is said.
        facts: What the model takes.
        trace: Why.
        needed_by: Path of the fact that asks for a limit.
    """
    most = facts.limits.max_output or _USUAL
    trace.changed(
        "max-tokens-added",
        "max_tokens",
        asked=None,
        applied=most,
        reason=f"a number must be sent here, and the model gives at most {most} tokens of output",
        fact=needed_by,
        action="added",
        severity="info",
    )
    return intent._replace(max_tokens=most)


def _clamped(asked: Effort, levels: Sequence[Effort], trace: Trace, path: str) -> Effort:
    level = clamp(asked, levels)
    if level != asked:
        trace.changed(
            "effort-clamped",
            "reasoning_effort",
            asked=asked,
            applied=level,
            reason=f"the model knows {', '.join(levels)}; the nearest is {level}",
            fact=path,
        )
    return level
