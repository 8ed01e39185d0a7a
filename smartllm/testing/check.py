"""What a provider would refuse: a body against the facts of its model, with the provider's own wording."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from typing import Any, Final

from smartllm.compiler.dialects import FIELDS, Fields
from smartllm.environment import ambient_rules
from smartllm.errors import SmartLLMError
from smartllm.parameters import CARRIED, SAMPLING
from smartllm.rules import Dialect, Facts, load_rules, resolve, served_on, target_for

from .check_calls import conversations
from .check_reasoning import reasonings
from .check_tools import Judged, choices, declarations, judged
from .heard import Refused
from .routes import PROMPT_WIRES, TOOL_WIRES

Body = dict[str, Any]
Check = Callable[[Body, Fields, Facts], Iterator[str]]


def refusal(body: Body, model: str, dialect: Dialect, *, streamed: bool = False) -> Refused | None:
    """The error that a body would get; None when it is fine, or its model is not known.

    Args:
        body: The body.
        model: Its model.
        dialect: Its format.
        streamed: It asks for a stream.
    """
    facts, fields = facts_of(model, dialect), FIELDS[dialect]
    if facts is None:
        return None
    text = next((text for check in _CHECKS for text in check(body, fields, facts)), None)
    if text is not None:
        return Refused(text)
    prompt = PROMPT_WIRES[dialect]
    if found := next(prompt.wrong(body, list(prompt.read(body)), facts), None):
        return found
    said = judged(
        body,
        model,
        facts,
        TOOL_WIRES[dialect],
        streamed=streamed,
        thinks=_thinks(body, fields, facts),
        budget=(fields.found(body, fields.thinking) or {}).get("type") == "enabled",
    )
    return next((found for check in _TOOL_CHECKS for found in check(said)), None)


def facts_of(model: str, dialect: Dialect) -> Facts | None:
    """The facts of a model on a wire; None where the rules do not know it there."""
    rules = load_rules(ambient=ambient_rules(os.environ))
    try:
        resolution = resolve(model, rules)
        host = next(
            (host for host in rules.table("host") if dialect in served_on(resolution, host, rules)), None
        )
    except SmartLLMError:
        return None
    return None if host is None else target_for(resolution, host, dialect, rules).facts


def _sampling(body: Body, fields: Fields, facts: Facts) -> Iterator[str]:
    mode = fields.found(body, f"{fields.thinking}.type")
    thinking = mode in {"enabled", "adaptive"} or (mode is None and _thinks(body, fields, facts))
    values = {name: fields.found(body, _place(name, fields, facts)) for name in CARRIED}
    for name, value in values.items():
        parameter = getattr(facts, name)
        if value is None or value == CARRIED[name].neutral:
            continue
        together = facts.sampling == "never" or (facts.sampling == "effort-none" and thinking)
        refused = together and name in SAMPLING
        if refused and facts.system == "blocks":
            yield f"`{name}` is deprecated for this model."
        elif refused or not parameter.accepted:
            yield f"Unsupported parameter: '{name}' is not supported with this model."
        elif parameter.max is not None and value > parameter.max:
            yield f"{name}: {value} is greater than the maximum of {parameter.max:g}"
        elif thinking and parameter.thinking is not None and not _within(value, parameter.thinking):
            yield f"`{name}` may only be set to 1 when thinking is enabled"
    for first, second in facts.exclusive:
        if None not in (values.get(first), values.get(second)):
            yield f"`{first}` and `{second}` cannot both be specified for this model. Please use only one."


def _thinking(body: Body, fields: Fields, facts: Facts) -> Iterator[str]:
    thinking = fields.found(body, fields.thinking) or {}
    kind, modes = thinking.get("type"), facts.thinking.modes
    if kind == "enabled" and "budget" not in modes:
        yield (
            '"thinking.type.enabled" is not supported for this model. Use "thinking.type.adaptive" and '
            '"output_config.effort" to control thinking behavior.'
        )
    if kind == "adaptive" and "adaptive" not in modes:
        yield "adaptive thinking is not supported on this model"
    if kind == "disabled" and facts.thinking.off != "disabled":
        yield '"thinking.type.disabled" is not supported for this model.'
    budget, limit = thinking.get("budget_tokens"), fields.found(body, *fields.limits)
    if budget is not None and limit is not None and budget >= limit:
        yield "`max_tokens` must be greater than `thinking.budget_tokens`"
    effort = fields.found(body, *fields.effort)
    if effort is not None and effort not in facts.effort.levels:
        levels = ", ".join(f"'{level}'" for level in facts.effort.levels) or "none"
        yield f"Unsupported value: '{effort}' is not supported with this model. Supported are: {levels}."
    said = fields.found(body, fields.choice)
    choice = said if isinstance(said, dict) else {}  # OpenAI's words force nothing that thinking forbids
    forced = choice.get("type") in {"tool", "any"} or not choice.keys().isdisjoint({"tool", "any"})
    if kind == "enabled" and forced and facts.tools.forced == "unless-thinking":
        yield "Thinking may not be enabled when tool_choice forces tool use."


def _limits(body: Body, fields: Fields, facts: Facts) -> Iterator[str]:
    for place in dict.fromkeys((*fields.limits, *_ANY_LIMIT)):
        value = fields.found(body, place)
        if value is None:
            continue
        if place != facts.limits.field:
            yield (
                f"Unsupported parameter: '{place}' is not supported with this model. "
                f"Use '{facts.limits.field}' instead."
            )
        if facts.limits.max_output is not None and value > facts.limits.max_output:
            most = f"{value} > {facts.limits.max_output}"
            yield f"{place}: {most}, which is the maximum allowed number of output tokens for this model"
        if value < facts.limits.min_output:
            yield (
                f"Invalid '{place}': integer below minimum value. Expected a value >= "
                f"{facts.limits.min_output}, but got {value} instead."
            )


def _turns(body: Body, fields: Fields, facts: Facts) -> Iterator[str]:
    turns = body.get(fields.turns)
    if (
        isinstance(turns, list)
        and turns
        and turns[-1].get("role") == "assistant"
        and not facts.messages.prefill
    ):
        yield (
            "This model does not support assistant message prefill. The conversation must end with a user "
            "message."
        )


_CHECKS: Final[tuple[Check, ...]] = (_sampling, _thinking, _limits, _turns)
_TOOL_CHECKS: Final[tuple[Callable[[Judged], Iterator[Refused]], ...]] = (
    declarations,
    choices,
    conversations,
    reasonings,
)


_ANY_LIMIT: Final = tuple(place for fields in FIELDS.values() for place in fields.limits)


def _place(name: str, fields: Fields, facts: Facts) -> str:
    """Where a parameter would stand; one that the wire does not have, under its own name."""
    return fields.places.get(name, name).format(place=getattr(facts, name).place)


def _thinks(body: Body, fields: Fields, facts: Facts) -> bool:
    effort = fields.found(body, *fields.effort)
    return effort != "none" if effort is not None else facts.thinking.default != "off"


def _within(value: float, allowed: tuple[float, ...]) -> bool:
    return bool(allowed) and allowed[0] <= value <= allowed[-1]
