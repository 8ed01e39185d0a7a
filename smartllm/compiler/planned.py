"""From a request and a door to a plan: its intent, the passes over it, and the record of what they did."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from smartllm.compiler.batch import batch_notes, batch_route
from smartllm.compiler.caching import caching_of
from smartllm.compiler.elsewhere import server_notes
from smartllm.compiler.intent import Intent, ThinkingPlan
from smartllm.compiler.lifecycle import lifecycle_notes
from smartllm.compiler.passes.output import output_plan
from smartllm.compiler.passes.reasoning import is_thinking
from smartllm.compiler.plan import Plan, Step
from smartllm.compiler.steps import passed, second_step, step_of
from smartllm.compiler.target import Choice
from smartllm.compiler.tools import choice_of, tools_of
from smartllm.compiler.trace import Change, Reason, Trace, fact
from smartllm.compiler.turns import are_texts, turns_of
from smartllm.diagnostics import Diagnostic, Severity
from smartllm.json_values import check_json
from smartllm.parameters import CARRIED, WIRE
from smartllm.rules import Target
from smartllm.said import Named, said

if TYPE_CHECKING:
    from smartllm.environment import Source
    from smartllm.request import MessageRequest, TextRequest

_BY_REQUEST: Final = {name: Reason("request", name) for name in (*WIRE, "messages", "prompt", "model")}
_RARE: Final = frozenset(
    {*(name for name, row in CARRIED.items() if row.default is None and not row.setting), "extra_headers"}
)
"""What most requests do not say."""
_NO_HEADERS: Final[Mapping[str, str]] = {}
_ALWAYS: Final = tuple(name for name in CARRIED if name not in _RARE)
_BY_DEFAULT: Final = {name: Reason("default", name) for name in WIRE if name not in _RARE}


class Wish(NamedTuple):
    """What is compiled, whichever the door."""

    request: TextRequest[Any] | MessageRequest[Any]
    model: str | None
    defaults: Mapping[str, Any]
    sources: Mapping[str, Source]
    today: dt.date | None
    compatible: bool | str
    native: bool
    batch: bool


def planned(wish: Wish, choice: Choice) -> Plan:
    """The plan for one door.

    Raises:
        UnsupportedError: The model refuses something there that must not be dropped silently.
    """
    asked, target = wish.request, choice.target
    intent, trace = intent_of(asked, target, wish.defaults, choice.model)
    if wish.batch:
        intent = intent._replace(batch=True)
    if wish.sources or wish.defaults or wish.model is not None or asked.model is None:
        _tell_sources(trace, asked, target, wish.model, wish.defaults, wish.sources)
    if not wish.native:
        target, intent = _without_native(target, intent, trace)
    cold = intent.parameters.get("temperature") == 0
    intent = passed(intent, target, trace)
    steps = [step_of(intent, target, trace)]
    changes = trace.changes
    if intent.output is not None and intent.output.strategy in {"two_pass", "offer"}:
        step, second = second_step(intent, target, trace.reasons["model"])
        steps.append(step)
        lowered = (change for change in second.changes if change.code == "schema-changed")
        changes = [*changes, *(change for change in lowered if change not in changes)]
    thinks = target.facts.thinking.default != "off" and _thinks_within_default(intent, trace)
    found = target.resolution
    return Plan(
        model=found.asked,
        host=target.host,
        resolution=found,
        steps=tuple(steps),
        diagnostics=(
            *choice.notes,
            *server_notes(wish.compatible, wish.sources, target),
            # Another server has days of its own.
            *(() if wish.compatible else lifecycle_notes(target, wish.today)),
            *(_told(changes, steps[0]) if changes else ()),
            *(_thinking_notes(target, intent.max_tokens) if thinks else ()),
            *(batch_notes(target, wish.compatible) if wish.batch else ()),
        ),
        quota=target.quota,
        host_row=target.host_row,
        cacheable=cold or is_thinking(intent, target.facts),
        batch=batch_route(steps, target) if wish.batch else None,
    )


def intent_of(
    request: TextRequest[Any] | MessageRequest[Any],
    target: Target,
    defaults: Mapping[str, Any],
    model: str | None = None,
) -> tuple[Intent, Trace]:
    """What a request asks of a target, before any pass.

    Args:
        request: The request.
        target: The target.
        defaults: Values for fields that the request does not set.
        model: The id that is sent, where it is another than the one asked for.
    """
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
    system = wishes["system_prompt"]
    intent = Intent(
        model=model or target.resolution.asked,
        asked=target.resolution.asked,
        dialect=target.dialect,
        turns=turns,
        max_tokens=wishes["max_tokens"],
        system=system if system and system.strip() else None,
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


def _without_native(target: Target, intent: Intent, trace: Trace) -> tuple[Target, Intent]:
    """A target whose native schemas are refused, and a wish that it can meet."""
    facts = target.facts
    facts = replace(facts, structured=replace(facts.structured, native=False, json_object=False))
    plan = intent.output
    if plan is None:
        return replace(target, facts=facts), intent
    asked = plan.wish == "native"
    reason = "the provider refuses its own schema mode for this model here; a tool binds the answer"
    severity: Severity = "warning" if asked else "info"
    trace.changes.append(
        Change(
            "native-unsupported",
            severity,
            "response_format",
            "changed",
            "native",
            None,
            reason,
            Reason("derived", "the provider's answer"),
        )
    )
    wish = replace(plan, wish="auto") if asked else plan
    return replace(target, facts=facts), intent._replace(output=wish)


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
        reason = said(
            "the model thinks by itself within this limit, which is only the default: give {}",
            Named("max_tokens"),
        )
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
