"""What a provider would refuse: a body against the facts of its model, with the provider's own wording."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, Final

from smartllm.compiler.dialects.bedrock_converse import EXTRA
from smartllm.errors import SmartLLMError
from smartllm.rules import Dialect, Facts, Host, endpoints, load_rules, resolve, target_for

Body = dict[str, Any]
Check = Callable[[Body, Facts], Iterator[str]]

_PLACES: Final = {
    "temperature": ("temperature", "inferenceConfig.temperature"),
    "top_p": ("top_p", "inferenceConfig.topP"),
    "top_k": ("top_k", f"{EXTRA}.top_k"),
}
_LIMITS: Final = ("max_output_tokens", "max_completion_tokens", "max_tokens", "inferenceConfig.maxTokens")
_EFFORTS: Final = ("reasoning.effort", "reasoning_effort", "output_config.effort")
_EXTRA: Final = f"{EXTRA}."


def refusal(body: Body, model: str, dialect: Dialect) -> str | None:
    """The message of the 400 that a body would get; None when it is fine, or its model is not known."""
    rules = load_rules()
    host: Host = "openai" if dialect.startswith("openai") else "bedrock"
    try:
        resolution = resolve(model, rules)
        if dialect not in endpoints(resolution, host, rules):
            return None
        facts = target_for(resolution, host, dialect, rules).facts
    except SmartLLMError:
        return None
    return next((text for check in _CHECKS for text in check(body, facts)), None)


def _sampling(body: Body, facts: Facts) -> Iterator[str]:
    mode = _found(body, "thinking.type", f"{_EXTRA}thinking.type")
    thinking = mode in {"enabled", "adaptive"} or (mode is None and _thinks(body, facts))
    for name, places in _PLACES.items():
        value = _found(body, *places)
        if value is None or (value == 1 and name != "top_k"):
            continue
        parameter = getattr(facts, name)
        refused = facts.sampling == "never" or (facts.sampling == "effort-none" and thinking)
        if refused and facts.system == "blocks":
            yield f"`{name}` is deprecated for this model."
        elif refused or not parameter.accepted:
            yield f"Unsupported parameter: '{name}' is not supported with this model."
        elif parameter.max is not None and value > parameter.max:
            yield f"{name}: {value} is greater than the maximum of {parameter.max:g}"
        elif thinking and parameter.thinking is not None and not _within(value, parameter.thinking):
            yield f"`{name}` may only be set to 1 when thinking is enabled"
    for first, second in facts.exclusive:
        if None not in (_found(body, *_PLACES[first]), _found(body, *_PLACES[second])):
            yield f"`{first}` and `{second}` cannot both be specified for this model. Please use only one."


def _thinking(body: Body, facts: Facts) -> Iterator[str]:
    thinking = _found(body, "thinking", f"{_EXTRA}thinking") or {}
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
    budget, limit = thinking.get("budget_tokens"), _found(body, *_LIMITS)
    if budget is not None and limit is not None and budget >= limit:
        yield "`max_tokens` must be greater than `thinking.budget_tokens`"
    effort = _found(body, *_EFFORTS, *(f"{_EXTRA}{place}" for place in _EFFORTS))
    if effort is not None and effort not in facts.effort.levels:
        levels = ", ".join(f"'{level}'" for level in facts.effort.levels) or "none"
        yield f"Unsupported value: '{effort}' is not supported with this model. Supported are: {levels}."
    choice = _found(body, "tool_choice.type", "toolConfig.toolChoice.tool", "toolConfig.toolChoice.any")
    if kind == "enabled" and choice in ({}, "tool", "any") and facts.tools.forced == "unless-thinking":
        yield "Thinking may not be enabled when tool_choice forces tool use."


def _limits(body: Body, facts: Facts) -> Iterator[str]:
    for place in _LIMITS:
        value = _found(body, place)
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


def _turns(body: Body, facts: Facts) -> Iterator[str]:
    turns = body.get("messages") or []
    if turns and turns[-1].get("role") == "assistant" and not facts.messages.prefill:
        yield (
            "This model does not support assistant message prefill. The conversation must end with a user "
            "message."
        )


_CHECKS: Final[tuple[Check, ...]] = (_sampling, _thinking, _limits, _turns)


def _thinks(body: Body, facts: Facts) -> bool:
    effort = _found(body, *_EFFORTS)
    return effort != "none" if effort is not None else facts.thinking.default != "off"


def _within(value: float, allowed: tuple[float, ...]) -> bool:
    return bool(allowed) and allowed[0] <= value <= allowed[-1]


def _found(body: Body, *places: str) -> Any:
    """The first value that stands at one of these paths."""
    for place in places:
        node: Any = body
        for key in place.split("."):
            node = node.get(key) if isinstance(node, dict) else None
        if node is not None:
            return node
    return None
