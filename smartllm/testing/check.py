"""What a provider would refuse: a body against the facts of its model, with the provider's own wording."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping
from dataclasses import fields as fields_of
from types import MappingProxyType
from typing import Any, Final

from smartllm.compiler.dialects import FIELDS, Fields
from smartllm.environment import ambient_rules
from smartllm.errors import SmartLLMError
from smartllm.parameters import CARRIED, SAMPLING
from smartllm.rules import Dialect, Facts, Target, load_rules, resolve, served_on, target_for
from smartllm.rules.hosts import all_hosts
from smartllm.rules.vocabulary import Parameter

from .check_calls import conversations
from .check_formats import formats
from .check_media import media
from .check_reasoning import reasonings
from .check_said import sayings
from .check_service import Served, services
from .check_tools import Judged, choices, declarations, judged
from .heard import Refused
from .routes import MEDIA_WIRES, PROMPT_WIRES, TOOL_WIRES

Body = dict[str, Any]
_OFF: Final = frozenset({"disabled", "between_tools"})
_NO_HEADERS: Final[Mapping[str, str]] = MappingProxyType({})
Check = Callable[[Body, Fields, Facts], Iterator[str]]


def refusal(
    body: Body,
    model: str,
    dialect: Dialect,
    *,
    host: str = "",
    streamed: bool = False,
    headers: Mapping[str, str] = _NO_HEADERS,
) -> Refused | None:
    """The error that a body would get; None when it is fine, or its model is not known.

    Args:
        body: The body.
        model: Its model.
        dialect: Its format.
        host: Who gets it; the first that serves the model so without.
        streamed: It asks for a stream.
        headers: The request's, with names in lower case.
    """
    facts = facts_of(model, dialect, host)
    return None if facts is None else refused(body, model, dialect, facts, streamed=streamed, headers=headers)


def refused(
    body: Body,
    model: str,
    dialect: Dialect,
    facts: Facts,
    *,
    streamed: bool = False,
    headers: Mapping[str, str] = _NO_HEADERS,
) -> Refused | None:
    """As ``refusal``, by facts that are at hand."""
    return next(problems(body, model, dialect, facts, streamed=streamed, headers=headers), None)


def problems(
    body: Body,
    model: str,
    dialect: Dialect,
    facts: Facts,
    *,
    streamed: bool = False,
    headers: Mapping[str, str] = _NO_HEADERS,
) -> Iterator[Refused]:
    """All that is wrong with a body; a provider tells the first."""
    fields = FIELDS[dialect]
    for check in _CHECKS:
        yield from map(Refused, check(body, fields, facts))
    served, prompt = Served(body, headers, fields, facts, streamed), PROMPT_WIRES[dialect]
    kept = prompt.wrong(body, list(prompt.read(body)), facts)
    yield from services(served)
    yield from kept
    said = judged(
        body,
        model,
        facts,
        TOOL_WIRES[dialect],
        streamed=streamed,
        thinks=_thinks(body, fields, facts),
        budget=(fields.found(body, fields.thinking) or {}).get("type") == "enabled",
    )
    for found in _TOOL_CHECKS:
        yield from found(said)
    yield from media(said, MEDIA_WIRES[dialect])
    yield from formats(said)
    yield from sayings(served)


def facts_of(model: str, dialect: Dialect, host: str = "") -> Facts | None:
    """The facts of a model on a wire; None where the rules do not know it there."""
    target = target_of(model, dialect, host)
    return None if target is None else target.facts


def target_of(model: str, dialect: Dialect, host: str = "") -> Target | None:
    """A model on a wire; None where the rules do not know it there.

    Args:
        model: Its id.
        dialect: The wire.
        host: Who serves it; the first that serves it so without.
    """
    rules = load_rules(ambient=ambient_rules(os.environ))
    try:
        resolution = resolve(model, rules)
        for each in (host,) if host else all_hosts(rules):
            if dialect in served_on(resolution, each, rules):
                return target_for(resolution, each, dialect, rules)
    except SmartLLMError:
        pass
    return None


def _sampling(body: Body, fields: Fields, facts: Facts) -> Iterator[str]:
    mode = fields.found(body, f"{fields.thinking}.type")
    thinking = mode in {"enabled", "adaptive"} or (mode is None and _thinks(body, fields, facts))
    values = {name: _value(name, body, fields, facts) for name in _PARAMETERS}
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
            yield (
                f"`{name}` may only be set to 1 when thinking is enabled"
                if facts.system == "blocks"
                else f"Unsupported parameter: '{name}' is not supported with this model."
            )
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
    if kind in _OFF and facts.thinking.off != kind:
        yield f'"thinking.type.{kind}" is not supported for this model.'
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
    if kind in {"enabled", "adaptive"} and forced and facts.tools.forced == "unless-thinking":
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


def _system_turns(body: Body, fields: Fields, facts: Facts) -> Iterator[str]:
    """System messages between the others, and a first one where system text has a field."""
    turns = body.get(fields.turns)
    roles = [turn.get("role") for turn in turns if isinstance(turn, dict)] if isinstance(turns, list) else []
    takes = facts.messages.system_turns
    for index, role in enumerate(roles):
        if role not in {"system", "developer"} or (index == 0 and facts.system in {"system", "developer"}):
            continue
        place, after = f"{fields.turns}.{index}", roles[index + 1 : index + 2]
        if takes == "never":
            yield f"{place}: role '{role}' is not supported on this model"
        elif takes == "after-user" and index == 0:
            yield f"{place}: use the top-level 'system' parameter for the initial system prompt"
        elif takes == "after-user" and (roles[index - 1] != "user" or after not in ([], ["assistant"])):
            yield f"{place}: a system message must stand between a user's and an assistant's, or last"


_CHECKS: Final[tuple[Check, ...]] = (_sampling, _thinking, _limits, _turns, _system_turns)
_TOOL_CHECKS: Final[tuple[Callable[[Judged], Iterator[Refused]], ...]] = (
    declarations,
    choices,
    conversations,
    reasonings,
)


_ANY_LIMIT: Final = tuple(place for fields in FIELDS.values() for place in fields.limits)


_PARAMETERS: Final = tuple(one.name for one in fields_of(Facts) if one.type is Parameter)
"""Those that are taken as they are, or not at all."""


def _value(name: str, body: Body, fields: Fields, facts: Facts) -> Any:
    found = fields.found(body, _place(name, fields, facts))
    if isinstance(found, list):  # one of the words of a list
        return any(name in str(word) for word in found) or None
    return found


def _place(name: str, fields: Fields, facts: Facts) -> str:
    """Where a parameter would stand; one that the wire does not have, under its own name."""
    return fields.place_of(name, facts)


def _thinks(body: Body, fields: Fields, facts: Facts) -> bool:
    if fields.found(body, f"{fields.thinking}.type") in _OFF:
        return False
    effort = fields.found(body, *fields.effort)
    return effort != "none" if effort is not None else facts.thinking.default != "off"


def _within(value: float, allowed: tuple[float, ...]) -> bool:
    return bool(allowed) and allowed[0] <= value <= allowed[-1]
