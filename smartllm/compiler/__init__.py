"""Request + rules -> ``Plan``: pure, offline, deterministic."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Final

from smartllm.compiler.intent import Intent, Turn
from smartllm.compiler.json_values import check_json
from smartllm.compiler.lifecycle import lifecycle_notes
from smartllm.compiler.passes.output import output_plan
from smartllm.compiler.passes.thinking import is_thinking
from smartllm.compiler.plan import Plan, Quota, Step
from smartllm.compiler.report import Because, Report
from smartllm.compiler.steps import WIRE_FIELDS, passed, second_step, step_of
from smartllm.compiler.target import choose_target
from smartllm.diagnostics import LEVELS, Level
from smartllm.errors import ConfigError, DiagnosticError
from smartllm.rules import Host, Rules, RuleSet, Target, load_rules

if TYPE_CHECKING:
    from smartllm.request import Message, MessageRequest, TextRequest

__all__ = ["Plan", "Quota", "Step", "compile"]


_BY_DEFAULT: Final = {name: Because("default", name) for name in WIRE_FIELDS}
_BY_REQUEST: Final = {name: Because("request", name) for name in (*WIRE_FIELDS, "messages", "prompt")}


def compile(  # noqa: A001 - the documented public name
    request: TextRequest[Any] | MessageRequest[Any],
    *,
    provider: str | None = None,
    model: str | None = None,
    rules: Rules | None = None,
    level: Level = "warn",
    defaults: Mapping[str, Any] | None = None,
    today: dt.date | None = None,
    compatible: bool = False,
) -> Plan:
    """Compile a request into the exact wire bodies for a model.

    Needs no credentials, no client and no network.

    Args:
        request: What the caller wants.
        provider: ``openai`` or ``bedrock``; None takes the host that the model id reveals.
        model: Model id; overrides the request's. With neither, the provider's default model is used.
        rules: Overlay files, or a loaded ``RuleSet``.
        level: What to do about changes: ``ignore`` (record only), ``warn`` (record and log) or ``raise``.
        defaults: Values for fields that the request does not set, such as a client's temperature.
        today: Day by which lifecycle diagnostics are judged; None means today (UTC). Bodies never depend
            on it.
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
    ages = lifecycle_notes(target, today or dt.datetime.now(dt.UTC).date())
    intent, report = _intent(request, target, defaults or {})
    report.diagnostics += (*notes, *ages)
    cold = intent.temperature == 0
    intent = passed(intent, target, report)
    steps = [step_of(intent, target, report)]
    diagnostics = list(report.diagnostics)
    if intent.output is not None and intent.output.strategy == "two_pass":
        steps.append(second_step(intent, target))
        diagnostics += [item for item in steps[1].report.diagnostics if item.code == "schema-changed"]
    found = target.resolution
    plan = Plan(
        model=found.asked,
        host=target.host,
        resolution=found,
        steps=tuple(steps),
        diagnostics=tuple(diagnostics),
        quota=target.rules.remembered(
            _quota, found.asked, found.key, found.model, target.facts.concurrency, target.host
        ),
        cacheable=cold or is_thinking(intent, target.facts),
    )
    _announce(plan, level)
    return plan


def _intent(
    request: TextRequest[Any] | MessageRequest[Any], target: Target, defaults: Mapping[str, Any]
) -> tuple[Intent, Report]:
    given = request.model_fields_set
    wishes = vars(request)
    if defaults:
        wishes = wishes | {name: value for name, value in defaults.items() if name not in given}
    report = Report(target)
    report.because = _BY_DEFAULT | {name: _BY_REQUEST[name] for name in given if name in _BY_REQUEST}
    if "prompt" in wishes:
        turns: tuple[Turn, ...] = (Turn("user", (wishes["prompt"],)),)
        report.because["messages"] = _BY_REQUEST["prompt"]
    else:
        turns = tuple(_turn(message, index) for index, message in enumerate(wishes["messages"]))
    intent = Intent(
        model=target.resolution.asked,
        turns=turns,
        max_tokens=wishes["max_tokens"],
        system=wishes["system_prompt"] or None,
        temperature=_number(wishes["temperature"]),
        top_p=_number(wishes["top_p"]),
        top_k=wishes["top_k"],
        effort=wishes["reasoning_effort"],
        budget_tokens=wishes["budget_tokens"],
        output=output_plan(wishes["response_format"], wishes["structured_output"]),
        verbosity=wishes["verbosity"],
        stream=wishes["stream"],
        explicit=frozenset(given),
        extra=_checked_extra(wishes["extra"]),
    )
    return intent, report


def _checked_extra(extra: dict[str, Any]) -> dict[str, Any]:
    if extra:
        check_json(extra, "extra")
    return extra


def _turn(message: Message, index: int) -> Turn:
    if message.reasoning is not None:
        check_json(message.reasoning.blocks, "messages", index, "reasoning", "blocks")
    return Turn(message.role, (message.content,), message.reasoning)


def _number(value: float | None) -> float | None:
    """One spelling for equal numbers, so that equal wishes are equal bytes: 0, and floats."""
    return value if value is None else 0 if value == 0 else float(value)


def _quota(
    asked: str, key: str, model: str | None, concurrency: int | None, host: Host, rules: RuleSet
) -> Quota:
    """The host's number of calls, the model's, then what an overlay says about the account's quota."""
    rows = rules.table("quota")
    row = rows.get(asked) or rows.get(key) or rows.get(model or "") or {}
    stated = concurrency or rules.table("host")[host]["concurrency"]
    return Quota(**{"concurrency": stated, **row})


def _announce(plan: Plan, level: Level) -> None:
    warnings = [item for item in plan.diagnostics if item.severity == "warning"]
    changes = [item for item in warnings if item.action != "noted"]
    if level == "raise" and changes:
        raise DiagnosticError(changes)
    if level == "warn" and warnings:
        from smartllm.log import announce  # noqa: PLC0415 - nothing else here needs logging

        announce(plan.model, warnings)
