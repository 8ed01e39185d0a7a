"""Parameters that are sent as they are, those of sampling above all: which of them may be sent."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from smartllm.compiler.intent import Intent
from smartllm.compiler.passes.reasoning import is_thinking, is_unlimited
from smartllm.compiler.trace import Trace
from smartllm.errors import UnsupportedError
from smartllm.parameters import CARRIED, SAMPLING
from smartllm.rules.vocabulary import Facts, Parameter
from smartllm.said import Named, said


def sampling(intent: Intent, facts: Facts, trace: Trace) -> Intent:
    """Drop, lower or refuse parameters that the target does not accept.

    A value that the caller never set is left out without a word; an explicit one leaves a diagnostic.

    Raises:
        UnsupportedError: An explicit value is refused and the facts say that this is an error.
    """
    thinking, unlimited = is_thinking(intent, facts), is_unlimited(intent, facts)
    changed: dict[str, Any] = {}
    for name, value in intent.parameters.items():
        parameter = getattr(facts, name)
        if not isinstance(parameter, Parameter):
            continue  # a matter of its own pass
        refused = _refused_by(name, value, parameter, facts, thinking=thinking)
        if unlimited and name in SAMPLING:
            refused = refused or "effort.unlimited"
        if refused is not None:
            _reject(name, value, facts, refused, intent, trace)
            changed[name] = None
        elif parameter.max is not None and value > parameter.max:
            changed[name] = _lower(name, value, parameter.max, trace)
    if changed:
        intent = with_parameters(intent, changed)
    intent = _beside_zero(intent, facts, trace)
    for first, second in facts.exclusive:
        if first in intent.parameters and second in intent.parameters:
            intent = with_parameters(intent, {_excluded(first, second, "exclusive", intent, trace): None})
    return intent


def _beside_zero(intent: Intent, facts: Facts, trace: Trace) -> Intent:
    """The intent with one of a temperature of 0 and a parameter that may not stand beside it."""
    given = intent.parameters
    for name in facts.not_greedy:
        if given.get("temperature") == 0 and given.get(name) not in {None, CARRIED[name].neutral}:
            return with_parameters(
                intent, {_excluded("temperature", name, "not_greedy", intent, trace): None}
            )
    return intent


def with_parameters(intent: Intent, changed: Mapping[str, Any]) -> Intent:
    """The intent with other values of some parameters; None is no value."""
    kept = {name: changed.get(name, value) for name, value in intent.parameters.items()}
    return intent._replace(parameters={name: value for name, value in kept.items() if value is not None})


def _refused_by(name: str, value: Any, parameter: Parameter, facts: Facts, *, thinking: bool) -> str | None:
    """Path of the fact that refuses a value, or None."""
    if not parameter.accepted:
        return f"{name}.accepted"
    together = facts.sampling == "never" or (facts.sampling == "effort-none" and thinking)
    if together and name in SAMPLING:
        return "sampling"
    if thinking and parameter.thinking is not None:
        low, high = parameter.thinking or (None, None)
        if low is None or high is None or not low <= value <= high:
            return f"{name}.thinking"
    return None


def _reject(name: str, value: Any, facts: Facts, refused: str, intent: Intent, trace: Trace) -> None:
    if name not in intent.explicit:
        return
    parameter: Parameter = getattr(facts, name)
    neutral = value == CARRIED[name].neutral
    if parameter.rejected == "error" and not neutral:
        only_at_none = facts.sampling == "effort-none"
        raise UnsupportedError(
            said(
                "{}: {} does not accept {} here; only the default (1) is supported",
                Named(name),
                intent.model,
                Named(name, str(value), f"{name}={value!r}"),
            ),
            field=name,
            hint=said("leave {} unset, or set {}", Named(name), Named("reasoning_effort", "none"))
            if only_at_none
            else said("leave {} unset", Named(name)),
            fact=refused,
        )
    trace.changed(
        "sampling-dropped" if name in SAMPLING else "parameter-dropped",
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
        absent = "this API has no {}" if name in SAMPLING else "the model takes no {} on this API"
        return said(absent, Named(name))
    if refused == f"{name}.thinking":
        return said("the model does not accept this {} while it thinks", Named(name))
    if refused == "effort.unlimited":
        return said("the model does not accept {} at this effort", Named(name))
    return said("the model does not accept {} here", Named(name))


def _lower(name: str, value: float, highest: float, trace: Trace) -> float:
    trace.changed(
        "sampling-lowered",
        name,
        asked=value,
        applied=highest,
        reason=said("the largest {} that the model accepts is {}", Named(name), f"{highest:g}"),
        fact=f"{name}.max",
    )
    return highest


def _excluded(first: str, second: str, fact: str, intent: Intent, trace: Trace) -> str:
    """Which one of a pair has to go: the first when it is only a default, else the second."""
    if first not in intent.explicit:
        return first
    trace.changed(
        "sampling-exclusive",
        second,
        asked=intent.parameters[second],
        applied=None,
        reason=f"the model does not accept {first} and {second} together; {first} was kept"
        if fact == "exclusive"
        else f"the model does not accept {second} beside a {first} of 0; {first} was kept",
        fact=fact,
        action="dropped",
    )
    return second
