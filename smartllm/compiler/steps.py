"""From an intent to the steps of a plan; the second step puts the first one's text into a structure."""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from smartllm.compiler.betas import set_betas
from smartllm.compiler.body import Body, Path, leaves
from smartllm.compiler.dialects import ENCODERS, FIELDS
from smartllm.compiler.headers import AskedHeaders
from smartllm.compiler.intent import AnyTool, Choice, Intent, OutputPlan, OutputStrategy
from smartllm.compiler.own_tools import is_hosted
from smartllm.compiler.passes import OF_TEXTS, PASSES
from smartllm.compiler.plan import Step
from smartllm.compiler.prompts import ANSWER
from smartllm.compiler.provenance import Provenance
from smartllm.compiler.retold import answered, binding_turn, extraction_turn, in_words
from smartllm.compiler.streamed_calls import betas_in_header, is_buffered, set_unbuffered, unbuffered_at
from smartllm.compiler.takers import told
from smartllm.compiler.tool_names import called_in
from smartllm.compiler.trace import Change, Reason, Trace
from smartllm.errors import UnsupportedError
from smartllm.parameters import CARRIED, WIRE
from smartllm.rules import Target
from smartllm.rules.vocabulary import Facts
from smartllm.rules.vocabulary.host import Travel

_UNASKED: Final = {name: row.default for name, row in CARRIED.items() if row.default is not None}
"""What a request that asks for nothing carries."""
_SERVICE: Final = frozenset(name for name, row in CARRIED.items() if row.group == "service")
"""What holds for every call: who pays for it, who keeps it, what guards it."""


def passed(intent: Intent, target: Target, trace: Trace) -> Intent:
    """The intent after all passes: legal for the target.

    Raises:
        UnsupportedError: A fact refuses a wish; names the row that states it.
    """
    try:
        for run in OF_TEXTS if intent.texts_alone else PASSES:
            intent = run(intent, target.facts, trace)
    except UnsupportedError as error:
        raise told(error, target) from None
    return intent


def step_of(intent: Intent, target: Target, trace: Trace) -> Step:
    """The call that a legal intent means, with the caller's ``extra`` in its body."""
    said = intent.output.prompt if intent.output is not None else ""
    if said:
        intent = intent._replace(system=said if intent.system is None else f"{intent.system}\n\n{said}")
    body, route = _body(intent, target, trace), target.route
    streamed = intent.stream if route.stream_path else body.data.get(route.stream_key) is True
    buffered = streamed and is_buffered(body, intent, target.facts)
    travel = _travel(body, intent, target, route.streaming if streamed else route.plain)
    return Step(
        dialect=target.dialect,
        model=intent.model,
        sealed=body.data,
        reasons=body.reasons,
        provenance=Provenance(target),
        travel=travel,
        host=target.host,
        output=intent.bound,
        tools=intent.tools,
        names={wire: name for name, wire in (intent.names or {}).items()},
        buffered=buffered,
        repeats_ids=target.facts.calls.ids_repeat,
        texts=body.texts,
        is_apart=target.facts.carry.prefix and _adds(intent.output),
        carries_text=target.facts.carry.reasoning == "text",
        asked=AskedHeaders(body.headers, dict(intent.headers)) if body.headers or intent.headers else None,
    )


def _body(intent: Intent, target: Target, trace: Trace) -> Body:
    """The body that spells an intent, with the caller's ``extra``."""
    route, body = target.route, Body()
    for path, value, name in target.additions:
        body.set(path, value, Reason("fact", name))
    if route.model_key:
        body.set(route.model_key, intent.model, trace.reason("model"))
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
    set_betas(body, intent, target)
    return body


def _travel(body: Body, intent: Intent, target: Target, travel: Travel) -> Travel:
    """How a finished body goes to the host, without the betas that go in a header."""
    if "{base}" in travel.template:
        travel = travel.under(target.facts.ids.base)
    if target.route.beta_header:
        travel = betas_in_header(body, intent, travel, target.route.beta_header)
    elif beta := unbuffered_at(body, intent):
        travel = travel._replace(keys=travel.keys | {beta})
    if body.travels:
        travel = travel._replace(keys=travel.keys | body.travels)
    return travel


def _adds(output: OutputPlan | None) -> bool:
    """Whether a schema puts anything into the prompt before the answer."""
    return output is not None and (bool(output.prompt) or output.strategy in {"tool", "offer"})


def second_step(first: Intent, target: Target, model: Reason) -> tuple[Step, Trace]:
    """Put the first step's text into the structure: no thinking where it can be off, no caller's wishes.

    With tools it sees the conversation, since the text may leave out what their results say.

    Args:
        first: The first step's intent, after all passes.
        target: The compilation's target.
        model: Why it is this model.
    """
    assert first.output is not None
    sees = bool(first.tools or called_in(first))
    wishes = first._replace(
        stream=False,
        system=first.system if sees else None,
        parameters=_UNASKED | {name: value for name, value in first.parameters.items() if name in _SERVICE},
        verbosity=None,
        effort="none",
        thinking=None,
        output=replace(first.output, wish="extract", strategy=None, prompt=""),
        tools=(),
        tool_choice=None,
        parallel=None,
        names=None,
        caching=None,
        explicit=frozenset(),
        extra={},
    )
    turns = answered(first.turns) if sees else (extraction_turn(None),)
    trace = _derived(model)
    intent = passed(wishes._replace(turns=in_words(turns)), target, trace)
    assert intent.output is not None
    kept = _kept(first, intent.output.strategy, target.facts)
    if intent.output.strategy == "offer":
        last = (binding_turn if sees else extraction_turn)(intent.output.name)
        intent = intent._replace(turns=(*intent.turns[:-1], last))
    elif kept is not None:
        trace = _derived(model)
        choice = Choice("none") if kept else None
        intent = passed(wishes._replace(turns=turns, tools=kept, tool_choice=choice), target, trace)
    step = step_of(intent, target, trace)
    return replace(step, holes=(_hole(step),)), trace


def _kept(first: Intent, strategy: OutputStrategy | None, facts: Facts) -> tuple[AnyTool, ...] | None:
    """The tools declared where the conversation keeps its calls; None where it tells them in words."""
    if not called_in(first):
        return None
    if strategy == "tool" or (facts.structured.with_tools and facts.tools.none != "omit"):
        return tuple(tool for tool in first.tools if not is_hosted(tool, first.dialect))
    return None if facts.calls.declared else ()


def _derived(model: Reason) -> Trace:
    """A trace of what no caller asked for."""
    names = (*WIRE, "messages", "tools", "tool_choice")
    return Trace(dict.fromkeys(names, Reason("derived", "second step")) | {"model": model})


def _hole(step: Step) -> Path:
    """Where the first step's text goes: behind all that a caller wrote, and only a wish of ours behind it."""
    key = FIELDS[step.dialect].turns
    return [
        path for path, value in leaves(step.sealed[key], (key,)) if isinstance(value, str) and ANSWER in value
    ][-1]
