"""A step whose answer did not fit, asked again: its turns, the answer, and what is wrong with it.

What was sent before stays as it was to the byte, so that a provider reads it from its prompt cache. The new
turns are made by the same passes and dialects as any conversation's.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Final, TypeGuard

from smartllm.compiler.body import Body, Path, leaves
from smartllm.compiler.call_ids import CallIds
from smartllm.compiler.dialects import ENCODERS, FIELDS
from smartllm.compiler.intent import Intent, ToolPlan, Turn
from smartllm.compiler.passes import calls, carry, citations
from smartllm.compiler.plan import Step
from smartllm.compiler.prompts import again_prompt
from smartllm.compiler.trace import Reason, Trace
from smartllm.content import InputPart, Other, Part, Reasoning, Text, ToolCall, ToolResult
from smartllm.own_parts import place_in

if TYPE_CHECKING:
    from smartllm.compiler.dialects.decoding import Decoded
    from smartllm.rules.vocabulary import Facts

_BEFORE: Final = Turn("user", (Text("."),))
"""Stands for all that was said before."""
_SILENT: Final = Text("(empty)")
_LONGEST_ID: Final = 256
_SEE: Final = "See the other result."
_BECAUSE: Final = Reason("derived", "reasks")


def asked_again(step: Step, answer: Decoded, wrong: Sequence[str]) -> Step | None:
    """The step with an answer to it and the wish for a better one.

    The answer goes back as it was given. A call of the tool that binds it is answered by a failed result
    where the model's own id of the call can stand in a conversation; else its arguments go as a text.

    Args:
        step: What was sent, by a plan of this process.
        answer: What was answered.
        wrong: What is wrong with it, a line each.

    Returns:
        A step that can be sent; None where ``extra`` has put another value in place of its turns.

    Raises:
        UnsupportedError: The model takes no such turn.
    """
    facts, sent = step.provenance.facts, step.sealed.get(FIELDS[step.dialect].turns)
    if facts is None or step.output is None or not isinstance(sent, list):
        return None
    turns = _turns(step, answer, _answerable(step, answer, facts, sent), wrong)
    return _longer(step, sent, _spelled(step, turns, facts))


def _answerable(step: Step, answer: Decoded, facts: Facts, sent: list[Any]) -> tuple[ToolCall, ...]:
    """The calls of our tool that a result may answer: with legal ids that no other call has."""
    if step.output is None or step.output.strategy not in {"tool", "offer"} or facts.calls.ids_repeat:
        return ()
    ours, ids, name = _ours(step, answer), CallIds(facts), step.output.name
    legal = all(call.id and ids.of(call.id, name) == call.id for call in ours)
    return ours if legal and _said_before(sent).isdisjoint(call.id for call in ours) else ()


def _said_before(sent: list[Any]) -> frozenset[str]:
    """The short texts of a conversation, with the ids of its calls among them."""
    return frozenset(
        value for _, value in leaves(sent) if isinstance(value, str) and len(value) <= _LONGEST_ID
    )


def _ours(step: Step, answer: Decoded) -> tuple[ToolCall, ...]:
    """The calls that hold the answer; some servers call our tool by another name."""
    assert step.output is not None
    named = tuple(call for call in answer.tool_calls if call.name == step.output.name)
    return named or (answer.tool_calls if len(answer.tool_calls) == 1 else ())


def _turns(
    step: Step, answer: Decoded, answered: Sequence[ToolCall], wrong: Sequence[str]
) -> tuple[Turn, ...]:
    assert step.output is not None
    parts = tuple(_said(step, answer, answered))
    if all(isinstance(part, Reasoning) for part in parts):
        parts = (*parts, _SILENT)
    tool = None if step.output.strategy == "native" else step.output.name
    told = again_prompt(wrong, tool=tool)
    if not answered:
        return Turn("assistant", parts), Turn("user", (Text(told),))
    *others, last = answered
    results = [ToolResult(call.id, _SEE, error=True) for call in others]
    return Turn("assistant", parts), Turn("user", (*results, ToolResult(last.id, told, error=True)))


def _said(step: Step, answer: Decoded, answered: Sequence[ToolCall]) -> Iterator[InputPart]:
    """The answer as a turn."""
    assert step.output is not None
    if answer.items:
        yield Reasoning(step.model, step.dialect, [dict(item) for item in answer.items])
    ours = _ours(step, answer)
    for part in answer.parts:
        if isinstance(part, ToolCall):
            if part in answered:
                yield replace(part, name=step.output.name)
            elif part in ours:
                given = part.arguments
                yield Text(given if isinstance(given, str) else json.dumps(given, ensure_ascii=False))
        elif isinstance(part, Reasoning) and not answer.items:
            yield replace(part, model=step.model, dialect=step.dialect if step.carries_text else part.dialect)
        elif _goes_back(part):
            yield part


def _goes_back(part: Part) -> TypeGuard[Text | Other]:
    """Whether a part beside calls and reasoning has a place in a later turn."""
    if isinstance(part, Text):
        return bool(part.text.strip())
    return isinstance(part, Other) and place_in(part, "assistant", part.dialect) is not None


def _spelled(step: Step, turns: tuple[Turn, ...], facts: Facts) -> list[dict[str, Any]]:
    """The turns in the words of the wire."""
    assert step.output is not None
    binds = ToolPlan(step.output.name, "", step.output.text)
    store = {"store": step.sealed["store"]} if "store" in step.sealed else {}
    intent = Intent(
        step.model,
        step.dialect,
        (_BEFORE, *turns),
        max_tokens=None,
        tools=(binds,),
        extra=store,
    )
    trace, body = Trace(), Body()
    for run in (citations, carry, calls):
        intent = run(intent, facts, trace)
    # Without the tools: the arguments are in the words of the wire already.
    ENCODERS[step.dialect](body, intent._replace(tools=()), facts, trace)
    new: list[dict[str, Any]] = body.data[FIELDS[step.dialect].turns][1:]
    return new


def _longer(step: Step, sent: Sequence[Mapping[str, Any]], new: Sequence[Mapping[str, Any]]) -> Step:
    turns = list(sent)
    if turns[-1].get("role") == new[0].get("role") == "assistant" and "content" in turns[-1]:
        # The answer went on from words that were put into the model's mouth.
        both = [*_blocks(turns.pop()["content"]), *_blocks(new[0]["content"])]
        new = [{**new[0], "content": both}, *new[1:]]
    key = FIELDS[step.dialect].turns
    reasons: dict[Path, Reason] = {
        (key, index): _BECAUSE for index in range(len(turns), len(turns) + len(new))
    }
    return replace(step, sealed={**step.sealed, key: [*turns, *new]}, reasons={**step.reasons, **reasons})


def _blocks(content: Any) -> list[Any]:
    return [{"type": "text", "text": content}] if isinstance(content, str) else content
