"""Sampling: which of temperature, top_p and top_k may be sent."""

from __future__ import annotations

from typing import Any, Final

from smartllm.compiler.intent import Intent
from smartllm.compiler.passes.thinking import is_thinking, is_unlimited
from smartllm.compiler.trace import Trace
from smartllm.errors import UnsupportedError
from smartllm.rules.vocabulary import Facts, Parameter, SamplingField

FIELDS: Final[tuple[SamplingField, ...]] = ("temperature", "top_p", "top_k")

# The API's own defaults: saying them and not saying them is the same wish.
NEUTRAL: Final[dict[str, float]] = {"temperature": 1, "top_p": 1}


def sampling(intent: Intent, facts: Facts, trace: Trace) -> Intent:
    """Drop, lower or refuse sampling parameters that the target does not accept.

    A value that the caller never set is left out without a word; an explicit one leaves a diagnostic.

    Raises:
        UnsupportedError: An explicit value is refused and the facts say that this is an error.
    """
    thinking = is_thinking(intent, facts)
    kept: dict[str, Any] = {}
    for name in FIELDS:
        value = getattr(intent, name)
        if value is None:
            continue
        parameter: Parameter = getattr(facts, name)
        refused = _refused_by(name, value, parameter, facts, thinking=thinking)
        if is_unlimited(intent, facts):
            refused = refused or "effort.unlimited"
        if refused is not None:
            _reject(name, value, facts, refused, intent, trace)
            kept[name] = None
        elif parameter.max is not None and value > parameter.max:
            kept[name] = _lower(name, value, parameter.max, trace)
    intent = intent._replace(**kept) if kept else intent
    for first, second in facts.exclusive:
        if getattr(intent, first) is not None and getattr(intent, second) is not None:
            intent = _exclude(intent, first, second, trace)
    return intent


def _refused_by(
    name: SamplingField, value: float, parameter: Parameter, facts: Facts, *, thinking: bool
) -> str | None:
    """Path of the fact that refuses a value, or None."""
    if not parameter.accepted:
        return f"{name}.accepted"
    if facts.sampling == "never" or (facts.sampling == "effort-none" and thinking):
        return "sampling"
    if thinking and parameter.thinking is not None:
        low, high = parameter.thinking or (None, None)
        if low is None or high is None or not low <= value <= high:
            return f"{name}.thinking"
    return None


def _reject(
    name: SamplingField, value: float, facts: Facts, refused: str, intent: Intent, trace: Trace
) -> None:
    if name not in intent.explicit:
        return
    parameter: Parameter = getattr(facts, name)
    neutral = value == NEUTRAL.get(name)
    if parameter.rejected == "error" and not neutral:
        only_at_none = facts.sampling == "effort-none"
        raise UnsupportedError(
            f"{name}: {intent.model} does not accept {name}={value!r} here; "
            "only the default (1) is supported",
            field=name,
            hint=f'leave {name} unset, or set reasoning_effort="none"'
            if only_at_none
            else f"leave {name} unset",
            fact=refused,
        )
    trace.changed(
        "sampling-dropped",
        name,
        asked=value,
        applied=None,
        reason=_reason(name, refused),
        fact=refused,
        action="dropped",
        severity="info" if neutral else "warning",
    )


def _reason(name: str, refused: str) -> str:
    if refused == f"{name}.accepted":
        return f"this API has no {name}"
    if refused == f"{name}.thinking":
        return f"the model does not accept this {name} while it thinks"
    if refused == "effort.unlimited":
        return f"the model does not accept {name} at this effort"
    return f"the model does not accept {name} here"


def _lower(name: str, value: float, highest: float, trace: Trace) -> float:
    trace.changed(
        "sampling-lowered",
        name,
        asked=value,
        applied=highest,
        reason=f"the largest {name} that the model accepts is {highest:g}",
        fact=f"{name}.max",
    )
    return highest


def _exclude(intent: Intent, first: SamplingField, second: SamplingField, trace: Trace) -> Intent:
    """Keep one of a pair: the second when the first is only a default, else the first."""
    if first not in intent.explicit:
        return _without(intent, first)
    trace.changed(
        "sampling-exclusive",
        second,
        asked=getattr(intent, second),
        applied=None,
        reason=f"the model does not accept {first} and {second} together; {first} was kept",
        fact="exclusive",
        action="dropped",
    )
    return _without(intent, second)


def _without(intent: Intent, name: SamplingField) -> Intent:
    nothing: dict[str, Any] = {name: None}
    return intent._replace(**nothing)
