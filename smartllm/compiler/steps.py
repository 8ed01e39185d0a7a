"""From an intent to the steps of a plan; the second step puts the first one's text into a structure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any, Final, NamedTuple

from smartllm.compiler.body import Body, Path, reasons_in
from smartllm.compiler.dialects import ENCODERS, FIELDS
from smartllm.compiler.intent import Intent, Turn
from smartllm.compiler.passes import PASSES
from smartllm.compiler.plan import Step
from smartllm.compiler.prompts import ANSWER, extraction_prompt
from smartllm.compiler.provenance import Provenance
from smartllm.compiler.trace import Change, Reason, Trace, fact
from smartllm.content import Text
from smartllm.errors import UnsupportedError
from smartllm.parameters import CARRIED, WIRE
from smartllm.rules import Dialect, Host, RuleSet, Target
from smartllm.rules.hosts import Route, routes_of

_UNASKED: Final = {name: row.default for name, row in CARRIED.items() if row.default is not None}
"""What a request that asks for nothing carries."""


def passed(intent: Intent, target: Target, trace: Trace) -> Intent:
    """The intent after all passes: legal for the target.

    Raises:
        UnsupportedError: A fact refuses a wish; names the row that states it.
    """
    try:
        for run in PASSES:
            intent = run(intent, target.facts, trace)
    except UnsupportedError as error:
        raise (error.at(target.origin(error.fact)) if error.fact else error) from None
    return intent


def step_of(intent: Intent, target: Target, trace: Trace) -> Step:
    """The call that a legal intent means, with the caller's ``extra`` in its body."""
    route, plain, stream = target.rules.remembered(_ways, target.host, target.dialect, intent.model)
    body = Body()
    _add(body, route.adds, target, "adds")
    ENCODERS[target.dialect](body, intent, target.facts, trace)
    if intent.stream and route.stream_key:
        body.set(route.stream_key, True, trace.reason("stream"))
        _add(body, route.stream_adds, target, "stream_adds")
    if intent.extra:
        body.merge_extra(intent.extra)
        names = sorted(intent.extra)
        reason = "merged into the body verbatim, after all rules"
        trace.changes.append(
            Change("extra-merged", "info", "extra", "added", names, names, reason, Reason("extra", "extra"))
        )
    streamed = intent.stream if route.stream_path else body.data.get(route.stream_key) is True
    way = stream if streamed else plain
    two_pass = intent.output is not None and intent.output.strategy == "two_pass"
    return Step(
        dialect=target.dialect,
        operation=way.operation,
        model=intent.model,
        path=way.path,
        body=body.data,
        reasons=body.reasons,
        provenance=Provenance(target),
        streamed=streamed,
        headers=way.headers,
        travel_keys=way.travel_keys,
        max_output=FIELDS[target.dialect].limit(body.data) if intent.extra else intent.max_tokens or 0,
        output=None if two_pass else intent.output,
    )


class _Way(NamedTuple):
    """What a route says of the calls of one model, streamed or not."""

    operation: str
    path: str
    headers: Mapping[str, str]
    travel_keys: frozenset[str]


def _ways(host: Host, dialect: Dialect, model: str, rules: RuleSet) -> tuple[Route, _Way, _Way]:
    """The route of a dialect, and its ways for plain and for streamed calls."""
    route = routes_of(host, rules)[dialect]
    plain, stream = (
        _Way(
            route.operation_for(streamed=streamed),
            route.path_for(model, streamed=streamed),
            route.headers_for(streamed=streamed),
            route.travel_keys,
        )
        for streamed in (False, True)
    )
    return route, plain, stream


def _add(body: Body, additions: Mapping[str, Any], target: Target, name: str) -> None:
    """What the host wants in every body of a dialect."""
    for path, value in additions.items():
        body.set(path, value, fact(f"host.{target.host}.route.{target.dialect}.{name}"))


def second_step(first: Intent, target: Target, model: Reason) -> tuple[Step, Trace]:
    """Put the first step's text into the structure: no thinking where it can be off, no caller's wishes.

    Args:
        first: The first step's intent, after all passes.
        target: The compilation's target.
        model: Why it is this model.
    """
    assert first.output is not None
    output = replace(first.output, wish="extract", strategy=None)
    wishes = first._replace(
        stream=False,
        system=None,
        parameters=_UNASKED,
        verbosity=None,
        effort="none",
        thinking=None,
        output=output,
        explicit=frozenset(),
        extra={},
    )
    trace = Trace(dict.fromkeys(WIRE, Reason("derived", "second step")) | {"model": model})
    turn = trace.reasons["messages"] = Reason("derived", "second step")
    intent = passed(wishes._replace(turns=_extraction_turn(None)), target, trace)
    if intent.output is not None and intent.output.strategy == "offer":
        intent = intent._replace(turns=_extraction_turn(output.name))
    step = step_of(intent, target, trace)
    return replace(step, holes=_holes(step, turn)), trace


def _extraction_turn(tool: str | None) -> tuple[Turn, ...]:
    return (Turn("user", (Text(extraction_prompt(tool=tool)),)),)


def _holes(step: Step, turn: Reason) -> tuple[Path, ...]:
    """Where the first step's text goes: in what is there because of the turn, and nowhere else."""
    return tuple(
        path
        for path, value, why in reasons_in(step.body, step.reasons)
        if why is turn and isinstance(value, str) and ANSWER in value
    )
