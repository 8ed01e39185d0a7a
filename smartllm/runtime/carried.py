"""Reasoning of an answer that goes back in the next turn: as blocks, or as the text that was shown."""

from __future__ import annotations

import copy
from dataclasses import replace

from smartllm.compiler.dialects.decoding import Decoded
from smartllm.compiler.plan import Plan, Step
from smartllm.content import Reasoning


def shown(answer: Decoded, step: Step) -> Decoded:
    """An answer whose reasoning is only shown where it cannot go back, and its wire's where its text can."""
    if not (step.is_apart or step.carries_text) or not answer.thoughts:
        return answer
    wire = "" if step.is_apart else step.dialect
    parts = (
        replace(one, model="", dialect=wire) if isinstance(one, Reasoning) else one for one in answer.parts
    )
    return replace(answer, parts=tuple(parts))


def reasoning_of(plan: Plan, first: Decoded) -> Reasoning | None:
    """The reasoning of the first step's answer, for the next turn; None where none goes back."""
    step = plan.steps[0]
    if step.carries_text and first.thoughts:
        given = [block for part in first.thoughts for block in part.blocks]
        blocks = [dict(block) for block in copy.deepcopy(given)]
        return Reasoning(step.model, step.dialect, blocks, first.thinking)
    if not first.reasoning or step.is_apart:
        return None
    blocks = [dict(block) for block in copy.deepcopy(first.reasoning)]
    return Reasoning(model=step.model, dialect=step.dialect, blocks=blocks)
