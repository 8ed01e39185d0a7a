"""How an answer ends and how it is served: what of it the target takes, and in which words."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any, Final

from smartllm.compiler.intent import Intent, ThinkingPlan
from smartllm.compiler.passes.reasoning import is_thinking
from smartllm.compiler.passes.sampling import with_parameters
from smartllm.compiler.trace import Trace
from smartllm.errors import UnsupportedError
from smartllm.rules.vocabulary import Facts
from smartllm.said import Named, said

_AWS: Final = re.compile(r"[a-zA-Z0-9\s:_@$#=/+,.-]*")
"""What AWS takes in names and values of metadata (API_runtime_Converse, 2026-11-26), and in a user's id."""
_TIERS: Final[Mapping[str, str]] = {
    "fast": "priority",
    "default": "standard_only",
    "standard_only": "default",
}
"""Other words for tiers."""
UNASKED: Final = frozenset({"auto", "default", "standard_only"})
"""Tiers that leave the choice to the provider."""


def service(intent: Intent, facts: Facts, trace: Trace) -> Intent:
    """Leave out or say in other words what the target does not take as it is.

    Raises:
        UnsupportedError: A guardrail would not be applied.
    """
    for name, asked in intent.parameters.items():
        if name in _PASSES:
            applied = _PASSES[name](asked, intent, facts, trace)
            if applied != asked:
                intent = with_parameters(intent, {name: applied})
    return _thinking_shown(intent, facts) if "reasoning_summary" in intent.parameters else intent


def _stop_sequences(asked: list[str], _intent: Intent, facts: Facts, trace: Trace) -> list[str] | None:
    fact = facts.stop_sequences
    if not fact.accepted:
        _dropped("stop_sequences", asked, "the model takes none on this API", "accepted", trace)
        return None
    kept = asked if fact.blank else [text for text in asked if text.strip()]
    if kept != asked:
        reason = "the model takes none of white space alone"
        _cut("stop_sequences", asked, kept or None, reason, "stop_sequences.blank", trace)
    if fact.max is not None and len(kept) > fact.max:
        reason = f"the API takes at most {fact.max}; the answer does not end at the others"
        _cut("stop_sequences", kept, kept[: fact.max], reason, "stop_sequences.max", trace)
        kept = kept[: fact.max]
    return kept or None


def _service_tier(asked: str, _intent: Intent, facts: Facts, trace: Trace) -> str | None:
    served = facts.service_tier.values
    if asked in served:
        return asked
    other = _TIERS.get(asked)
    if other in served:
        trace.changed(
            "parameter-changed",
            "service_tier",
            asked=asked,
            applied=other,
            reason=f"{asked} is another word for {other}",
            fact="service_tier.values",
            severity="info",
        )
        return other
    taken = ", ".join(served) or "none"
    reason = f"the model is not served so; tiers that it takes: {taken}"
    _dropped("service_tier", asked, reason, "values", trace, lost=asked not in UNASKED)
    return None


def _metadata(
    asked: Mapping[str, str], intent: Intent, facts: Facts, trace: Trace
) -> Mapping[str, str] | None:
    fact = facts.metadata
    if not asked:
        return None
    if not fact.accepted:
        _dropped("metadata", asked, "the API takes none for this model", "accepted", trace)
        return None
    if fact.needs_store and True not in {intent.parameters.get("store"), intent.extra.get("store")}:
        _dropped(
            "metadata",
            asked,
            said("this API takes them only with {}", Named("store", "true", "store=True")),
            "needs_store",
            trace,
        )
        return None
    kept = dict(asked)
    for path, fits in _LIMITS.items():
        fitting = {name: value for name, value in kept.items() if fits(name, value, facts)}
        if fitting != kept:
            lost = ", ".join(name for name in kept if name not in fitting)
            reason = f"the API does not take these names or values: {lost}"
            _cut("metadata", kept, fitting or None, reason, f"metadata.{path}", trace)
            kept = fitting
    return kept or None


_LIMITS: Final[Mapping[str, Callable[[str, str, Facts], bool]]] = {
    "key_max": lambda name, _, facts: len(name) <= (facts.metadata.key_max or len(name)),
    "value_max": lambda _, value, facts: len(value) <= (facts.metadata.value_max or len(value)),
    "characters": lambda name, value, facts: (
        facts.metadata.characters == "any" or bool(_AWS.fullmatch(name) and _AWS.fullmatch(value))
    ),
}
"""What names and values must be, by the fact that says so."""


def _user(asked: str, _intent: Intent, facts: Facts, trace: Trace) -> str | None:
    if not facts.user.accepted:
        _dropped("user", asked, "the API takes no end user's id for this model", "accepted", trace)
    elif facts.user.characters == "aws" and not _AWS.fullmatch(asked):
        taken = "letters, digits, white space and : _ @ $ # = / + , . -"
        _dropped(
            "user", asked, f"the API takes no id with other characters than {taken}", "characters", trace
        )
    else:
        return asked
    return None


def _summary(asked: str, intent: Intent, facts: Facts, trace: Trace) -> str | None:
    fact = facts.reasoning_summary
    if not fact.levels:
        reason = (
            "reasoning is shown anyway" if fact.shown else "the model shows none of its reasoning on request"
        )
        path = "shown" if fact.shown else "levels"
        _dropped("reasoning_summary", asked, reason, path, trace, lost=not fact.shown)
        return None
    if fact.needs_thinking and not is_thinking(intent, facts):
        reason = "the model does not think here"
        _dropped("reasoning_summary", asked, reason, "needs_thinking", trace)
        return None
    if asked in fact.levels:
        return asked
    applied = fact.levels[0]
    trace.changed(
        "parameter-changed",
        "reasoning_summary",
        asked=asked,
        applied=applied,
        reason=f"the model knows {', '.join(fact.levels)}",
        fact="reasoning_summary.levels",
        severity="info" if applied == "summarized" else "warning",
    )
    return applied


def _thinking_shown(intent: Intent, facts: Facts) -> Intent:
    """The intent with thinking switched on in words, where what it shows is said in that object."""
    if intent.thinking is None and facts.reasoning_summary.needs_thinking:
        return intent._replace(thinking=ThinkingPlan("adaptive"))
    return intent


def _guardrail(asked: Any, intent: Intent, facts: Facts, _trace: Trace) -> Any:
    if facts.guardrail.accepted:
        return asked
    raise UnsupportedError(
        f"guardrail: it would not be applied to {intent.model} here; guardrails belong to Amazon Bedrock",
        field="guardrail",
        hint=said(
            "leave {} unset, or take a model on Bedrock, such as one of Claude's or Nova's",
            Named("guardrail"),
        ),
        fact="guardrail.accepted",
    )


_PASSES: Final[Mapping[str, Callable[[Any, Intent, Facts, Trace], Any]]] = {
    "stop_sequences": _stop_sequences,
    "reasoning_summary": _summary,
    "service_tier": _service_tier,
    "metadata": _metadata,
    "user": _user,
    "guardrail": _guardrail,
}


def _dropped(name: str, asked: Any, reason: str, fact: str, trace: Trace, *, lost: bool = True) -> None:
    trace.changed(
        "parameter-dropped",
        name,
        asked=asked,
        applied=None,
        reason=reason,
        fact=f"{name}.{fact}",
        action="dropped",
        severity="warning" if lost else "info",
    )


def _cut(name: str, asked: Any, applied: Any, reason: str, fact: str, trace: Trace) -> None:
    trace.changed(
        "parameter-cut",
        name,
        asked=asked,
        applied=applied,
        reason=reason,
        fact=fact,
        action="changed" if applied else "dropped",
        whole=False,
    )
