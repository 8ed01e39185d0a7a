"""Request + rules -> ``Plan``: pure, offline, deterministic."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final

from smartllm.compiler.caching import caching_of
from smartllm.compiler.intent import Intent, ThinkingPlan
from smartllm.compiler.lifecycle import lifecycle_notes
from smartllm.compiler.passes.output import output_plan
from smartllm.compiler.passes.reasoning import is_thinking
from smartllm.compiler.plan import Plan, Step
from smartllm.compiler.steps import passed, second_step, step_of
from smartllm.compiler.target import choose_target
from smartllm.compiler.tools import choice_of, tools_of
from smartllm.compiler.trace import Change, Reason, Trace, fact
from smartllm.compiler.turns import are_texts, turns_of
from smartllm.diagnostics import LEVELS, Diagnostic, Level
from smartllm.errors import ConfigError, DiagnosticError
from smartllm.json_values import check_json
from smartllm.parameters import CARRIED, WIRE
from smartllm.rules import Quota, Rules, Target, load_rules

if TYPE_CHECKING:
    from smartllm.environment import Source
    from smartllm.request import MessageRequest, TextRequest

__all__ = ["Plan", "Quota", "Step", "compile"]


_BY_REQUEST: Final = {name: Reason("request", name) for name in (*WIRE, "messages", "prompt", "model")}
_RARE: Final = frozenset(
    {*(name for name, row in CARRIED.items() if row.default is None and not row.setting), "extra_headers"}
)
"""What most requests do not say."""
_NO_HEADERS: Final[Mapping[str, str]] = {}
_ALWAYS: Final = tuple(name for name in CARRIED if name not in _RARE)
_BY_DEFAULT: Final = {name: Reason("default", name) for name in WIRE if name not in _RARE}


def compile(  # noqa: A001 - the documented public name
    request: TextRequest[Any] | MessageRequest[Any],
    *,
    provider: str | None = None,
    model: str | None = None,
    rules: Rules | None = None,
    level: Level = "warn",
    defaults: Mapping[str, Any] | None = None,
    sources: Mapping[str, Source] | None = None,
    today: dt.date | None = None,
    compatible: bool = False,
) -> Plan:
    """Compile a request into the exact wire bodies for a model.

    Needs no credentials, no client and no network, and reads neither environment, home folder nor clock: what
    it should know of them is handed in. Of files it reads those that parts name by their path, unless
    ``smartllm.media.loaded`` has done so.

    Args:
        request: What the caller wants.
        provider: ``openai`` or ``bedrock``; None takes the host that the model id reveals.
        model: Model id; overrides the request's. With neither, the rules' default model of the provider.
        rules: Overlay files, or a loaded ``RuleSet``; None takes the shipped rules alone.
        level: What to do about changes: ``ignore`` (record only), ``warn`` (record and log) or ``raise``.
        defaults: Values for fields that the request does not set, such as a client's temperature.
        sources: Where ``model`` and the defaults come from, by field, for ``explain``.
        today: Day by which shutdown dates are judged; None judges none. Bodies never depend on it.
        compatible: The target is another server that speaks OpenAI's API: an id that the rules do not know
            there gets what all such servers take.

    Returns:
        The plan.

    Raises:
        UnknownModelError: The id matches no rule.
        UnsupportedError: The model refuses something that must not be dropped silently.
        DiagnosticError: ``level="raise"`` and a wish was not met as written.
        RulesError: An overlay cannot be used.
        ConfigError: Unknown provider or level.

    Example:
        >>> plan = compile(TextRequest(prompt="hi"), model="gpt-5.4")
        >>> plan.body["max_output_tokens"]
        2048
    """
    if level not in LEVELS:
        raise ConfigError(f"level={level!r} is not known; allowed: {', '.join(LEVELS)}")
    target, notes = choose_target(request, provider, model, load_rules(rules), compatible=compatible)
    intent, trace = _intent(request, target, defaults or {})
    if sources or defaults or model is not None or request.model is None:
        _tell_sources(trace, request, target, model, defaults or {}, sources or {})
    cold = intent.parameters.get("temperature") == 0
    intent = passed(intent, target, trace)
    steps = [step_of(intent, target, trace)]
    changes = trace.changes
    if intent.output is not None and intent.output.strategy == "two_pass":
        step, second = second_step(intent, target, trace.reasons["model"])
        steps.append(step)
        changes = [*changes, *(change for change in second.changes if change.code == "schema-changed")]
    thinks = target.facts.thinking.default != "off" and _thinks_within_default(intent, trace)
    found = target.resolution
    plan = Plan(
        model=found.asked,
        host=target.host,
        resolution=found,
        steps=tuple(steps),
        diagnostics=(
            *notes,
            *lifecycle_notes(target, today),
            *(_told(changes, steps[0]) if changes else ()),
            *(_thinking_notes(target, intent.max_tokens) if thinks else ()),
        ),
        quota=target.quota,
        host_row=target.host_row,
        cacheable=cold or is_thinking(intent, target.facts),
    )
    if level != "ignore":
        _announce(plan, level)
    return plan


def _intent(
    request: TextRequest[Any] | MessageRequest[Any], target: Target, defaults: Mapping[str, Any]
) -> tuple[Intent, Trace]:
    given = request.model_fields_set
    wishes = vars(request)
    if defaults:
        wishes = wishes | {name: value for name, value in defaults.items() if name not in given}
    trace = Trace(_BY_DEFAULT.copy())
    for name in given:
        if name in _BY_REQUEST:
            trace.reasons[name] = _BY_REQUEST[name]
    if "prompt" in wishes:
        trace.reasons["messages"] = _BY_REQUEST["prompt"]
    said, headers = _ALWAYS, None
    if not (_RARE.isdisjoint(given) and _RARE.isdisjoint(defaults)):
        said, headers = tuple(CARRIED), wishes["extra_headers"]
        trace.reasons = {name: Reason("default", name) for name in CARRIED} | trace.reasons
    parameters = {name: _value(name, wishes[name]) for name in said if wishes[name] is not None}
    turns = turns_of(wishes)
    texts_alone = are_texts(turns)
    caching, turns = caching_of(wishes, turns, pointed=not texts_alone)
    intent = Intent(
        model=target.resolution.asked,
        dialect=target.dialect,
        turns=turns,
        max_tokens=wishes["max_tokens"],
        system=wishes["system_prompt"] or None,
        parameters=parameters,
        effort=wishes["reasoning_effort"],
        budget_tokens=wishes["budget_tokens"],
        output=output_plan(wishes["response_format"], wishes["structured_output"]),
        verbosity=wishes["verbosity"],
        stream=wishes["stream"],
        tools=tools_of(wishes["tools"]),
        tool_choice=choice_of(wishes["tool_choice"]),
        parallel=wishes["parallel_tool_calls"],
        caching=caching,
        explicit=frozenset(given),
        extra=_checked_extra(wishes["extra"]),
        headers=headers or _NO_HEADERS,
        texts_alone=texts_alone,
    )
    return intent, trace


def _tell_sources(
    trace: Trace,
    request: TextRequest[Any] | MessageRequest[Any],
    target: Target,
    model: str | None,
    defaults: Mapping[str, Any],
    sources: Mapping[str, Source],
) -> None:
    """Say where what the request does not set comes from."""
    for name in defaults:
        if name not in request.model_fields_set:
            source = sources.get(name)
            trace.reasons[name] = Reason("setting", name) if source is None else Reason(*source)
    if model is not None:
        source = sources.get("model")
        trace.reasons["model"] = _BY_REQUEST["model"] if source is None else Reason(*source)
    elif request.model is None:
        trace.reasons["model"] = fact(f"host.{target.host}.default_model")


def _thinks_within_default(intent: Intent, trace: Trace) -> bool:
    """Whether thinking nobody asked for takes from a limit nobody set, so that the answer may not fit."""
    asked = intent.thinking is not None and intent.thinking != ThinkingPlan("adaptive")
    by_default = trace.reasons["max_tokens"] is _BY_DEFAULT["max_tokens"]
    return by_default and not asked and intent.max_tokens is not None


def _thinking_notes(target: Target, limit: int | None) -> tuple[Diagnostic, ...]:
    if limit not in target.notes:
        reason = "the model thinks by itself within this limit, which is only the default: give max_tokens"
        origin, code = target.origin("thinking.default"), "thinking-in-limit"
        target.notes[limit] = (Diagnostic(code, "info", "max_tokens", "noted", limit, limit, reason, origin),)
    return target.notes[limit]


def _told(changes: Sequence[Change], step: Step) -> Iterator[Diagnostic]:
    for change in changes:
        yield change.diagnostic(step.provenance.origin(change.origin))


def _checked_extra(extra: dict[str, Any]) -> dict[str, Any]:
    if extra:
        check_json(extra, "extra")
    return extra


def _value(name: str, value: Any) -> Any:
    """One spelling for equal numbers, so that equal wishes are equal bytes: 0, and floats."""
    if CARRIED[name].kind != "number":
        return value
    return 0 if value == 0 else float(value)


def _announce(plan: Plan, level: Level) -> None:
    warnings = [item for item in plan.diagnostics if item.severity == "warning"]
    changes = [item for item in warnings if item.action != "noted"]
    if level == "raise" and changes:
        raise DiagnosticError(changes)
    if level == "warn" and warnings:
        from smartllm.log import announce  # noqa: PLC0415 - nothing else here needs logging

        announce(plan.model, warnings)
