"""Request + rules -> ``Plan``: pure, offline, deterministic."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Final

from smartllm.compiler.dialects import DIALECT_CODE
from smartllm.compiler.intent import Intent, Turn
from smartllm.compiler.lifecycle import lifecycle_notes
from smartllm.compiler.passes import PASSES
from smartllm.compiler.passes.output import output_plan
from smartllm.compiler.passes.thinking import is_thinking
from smartllm.compiler.plan import Plan, Quota, Step
from smartllm.compiler.prompts import extraction_prompt
from smartllm.compiler.report import Because, Report
from smartllm.compiler.target import choose_target
from smartllm.diagnostics import LEVELS, Diagnostic, Level
from smartllm.errors import ConfigError, DiagnosticError
from smartllm.rules import Rules, Target, load_rules

if TYPE_CHECKING:
    from smartllm.request import MessageRequest, TextRequest

__all__ = ["Plan", "Quota", "Step", "compile"]


_WIRE_FIELDS: Final = (
    "temperature",
    "max_tokens",
    "top_p",
    "top_k",
    "system_prompt",
    "stream",
    "reasoning_effort",
    "budget_tokens",
    "verbosity",
)
_BY_DEFAULT: Final = {name: Because("default", name) for name in _WIRE_FIELDS}
_BY_REQUEST: Final = {name: Because("request", name) for name in (*_WIRE_FIELDS, "messages", "prompt")}


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
    intent = _passed(intent, target, report)
    steps = [_step(intent, target, report)]
    diagnostics = list(report.diagnostics)
    if intent.output is not None and intent.output.strategy == "two_pass":
        steps.append(_second_step(intent, target))
        diagnostics += [item for item in steps[1].report.diagnostics if item.code == "schema-changed"]
    plan = Plan(
        model=target.resolution.asked,
        host=target.host,
        resolution=target.resolution,
        steps=tuple(steps),
        diagnostics=tuple(diagnostics),
        quota=_quota(target),
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
        turns = tuple(
            Turn(message.role, (message.content,), message.reasoning) for message in wishes["messages"]
        )
    intent = Intent(
        model=target.resolution.asked,
        turns=turns,
        max_tokens=wishes["max_tokens"],
        system=wishes["system_prompt"] or None,
        temperature=wishes["temperature"],
        top_p=wishes["top_p"],
        top_k=wishes["top_k"],
        effort=wishes["reasoning_effort"],
        budget_tokens=wishes["budget_tokens"],
        output=output_plan(wishes["response_format"], wishes["structured_output"]),
        verbosity=wishes["verbosity"],
        stream=wishes["stream"],
        explicit=frozenset(given),
        extra=wishes["extra"],
    )
    return intent, report


def _second_step(first: Intent, target: Target) -> Step:
    """Put the first step's text into the structure: no thinking where it can be off, no caller's wishes."""
    assert first.output is not None
    report = Report(target)
    output = replace(first.output, wish="extract", strategy=None)
    wishes = first._replace(
        stream=False,
        system=None,
        temperature=0,
        top_p=None,
        top_k=None,
        verbosity=None,
        effort="none",
        thinking=None,
        output=output,
        explicit=frozenset(),
    )
    for name in _WIRE_FIELDS:
        report.because[name] = Because("derived", "second step")
    report.because["messages"] = Because("derived", "second step")
    intent = _passed(wishes._replace(turns=_extraction_turn(None)), target, report)
    if intent.output is not None and intent.output.strategy == "offer":
        intent = intent._replace(turns=_extraction_turn(output.name))
    return _step(intent, target, report)


def _quota(target: Target) -> Quota:
    """The host's number of calls, the model's, then what an overlay says about the account's quota."""
    memo_key = ("quota", target.resolution.asked, target.resolution.key, target.host)
    known: Quota | None = target.rules.memo.get(memo_key)
    if known is not None:
        return known
    found = target.resolution
    rows = target.rules.table("quota")
    row = rows.get(found.asked) or rows.get(found.key) or rows.get(found.model or "") or {}
    stated = target.facts.concurrency or target.rules.table("host")[target.host]["concurrency"]
    quota = target.rules.memo[memo_key] = Quota(**{"concurrency": stated, **row})
    return quota


def _extraction_turn(tool: str | None) -> tuple[Turn, ...]:
    return (Turn("user", (extraction_prompt(tool=tool),)),)


def _passed(intent: Intent, target: Target, report: Report) -> Intent:
    for run in PASSES:
        intent = run(intent, target.facts, report)
    return intent


def _step(intent: Intent, target: Target, report: Report) -> Step:
    code = DIALECT_CODE[target.dialect]
    body = code.encode(intent, target.facts, report)
    if intent.extra:
        body.merge_extra(intent.extra)
        merged = Because("extra", "extra")
        report.diagnostics.append(
            Diagnostic(
                "extra-merged",
                "info",
                "extra",
                "added",
                sorted(intent.extra),
                sorted(intent.extra),
                "merged into the body verbatim, after all rules",
                report.origin(merged),
            )
        )
    output = None if intent.output is None or intent.output.strategy == "two_pass" else intent.output
    operation = code.stream_operation if intent.stream else code.operation
    return Step(target.dialect, operation, intent.model, body.data, body, report, output)


def _announce(plan: Plan, level: Level) -> None:
    warnings = [item for item in plan.diagnostics if item.severity == "warning"]
    changes = [item for item in warnings if item.action != "noted"]
    if level == "raise" and changes:
        raise DiagnosticError(changes)
    if level == "warn" and warnings:
        from smartllm.log import announce  # noqa: PLC0415 - nothing else here needs logging

        announce(plan.model, warnings)
