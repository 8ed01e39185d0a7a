"""From an intent to the steps of a plan; the second step puts the first one's text into a structure."""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from smartllm.compiler.body import Body, Path, reasons_in
from smartllm.compiler.dialects import ENCODERS
from smartllm.compiler.intent import Intent, Turn
from smartllm.compiler.passes import PASSES
from smartllm.compiler.plan import Step
from smartllm.compiler.prompts import ANSWER, extraction_prompt
from smartllm.compiler.provenance import Provenance
from smartllm.compiler.streamed_calls import is_buffered, set_unbuffered, unbuffered_at
from smartllm.compiler.trace import Change, Reason, Trace
from smartllm.errors import UnsupportedError
from smartllm.parameters import CARRIED, WIRE
from smartllm.rules import Target
from smartllm.text_parts import Text

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
    route = target.route
    body = Body()
    for path, value, name in target.additions:
        body.set(path, value, Reason("fact", name))
    ENCODERS[target.dialect](body, intent, target.facts, trace)
    if intent.stream and route.stream_key:
        body.set(route.stream_key, True, trace.reason("stream"))
        for path, value, name in target.stream_additions:
            body.set(path, value, Reason("fact", name))
    set_unbuffered(body, intent, target.facts)
    if intent.extra:
        body.merge_extra(intent.extra)
        names = sorted(intent.extra)
        reason = "merged into the body verbatim, after all rules"
        trace.changes.append(
            Change("extra-merged", "info", "extra", "added", names, names, reason, Reason("extra", "extra"))
        )
    streamed = intent.stream if route.stream_path else body.data.get(route.stream_key) is True
    travel = route.streaming if streamed else route.plain
    if beta := unbuffered_at(body, intent):
        travel = travel._replace(keys=travel.keys | {beta})
    return Step(
        dialect=target.dialect,
        model=intent.model,
        body=body.data,
        reasons=body.reasons,
        provenance=Provenance(target),
        travel=travel,
        output=intent.bound,
        tools=intent.tools,
        names={wire: name for name, wire in (intent.names or {}).items()},
        buffered=streamed and is_buffered(body, intent, target.facts),
        repeats_ids=target.facts.calls.ids_repeat,
    )


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
        tools=(),
        tool_choice=None,
        parallel=None,
        names=None,
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
