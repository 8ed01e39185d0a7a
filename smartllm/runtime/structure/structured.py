"""Structured data: from the model's words to the caller's validated object, or an error that says why not."""

from __future__ import annotations

import json
from typing import Any

from smartllm.compiler import Plan, Step
from smartllm.compiler.dialects import FIELDS
from smartllm.compiler.dialects.decoding import Decoded
from smartllm.compiler.dialects.reading import shown
from smartllm.compiler.formats import format_of
from smartllm.content import ToolCall, ToolCallDelta
from smartllm.errors import ProviderError, RefusalError, TruncatedError
from smartllm.runtime.control.deadline import Record
from smartllm.runtime.structure.reading import Reading, read_answer
from smartllm.runtime.structure.tries import Try, faults_of
from smartllm.said import Named, said
from smartllm.structure_errors import StructureError


def check_whole(plan: Plan, step: Step, decoded: Decoded) -> None:
    """Refuse an answer that did not end well before structured data is read from it.

    A word that is not known passes: whether the answer fits will tell.

    Raises:
        TruncatedError: (a ``ValueError``) the output limit, or the end of the context, was reached.
        RefusalError: The model refused, or a content filter withheld the answer.
        StructureError: (a ``ValueError``) the provider says that the answer is malformed; a new try may help.
    """
    error = _ending(plan, step, decoded)
    if error is not None:
        raise error


def goes_on(plan: Plan, step: Step, decoded: Decoded) -> bool:
    """Whether the next step of a plan is made after this answer."""
    return not asks_for_calls(step, decoded) and _ending(plan, step, decoded) is None


def _ending(plan: Plan, step: Step, decoded: Decoded) -> ProviderError | None:
    """The error for how an answer ended; None for a good end."""
    fields, ended = FIELDS[step.dialect], decoded.finish_reason
    reason = decoded.incomplete or decoded.stop_reason
    if ended == "content_filter" or reason in fields.withheld:
        who = fields.withheld.get(reason, "content filter")
        return _refusal(f"the provider's {who} withheld the answer ({reason})", step, decoded)
    if ended == "length":
        return _cut(plan, step, decoded)
    if decoded.refusal is not None or ended == "refusal":
        return _refusal("the model refused to answer", step, decoded)
    if ended == "error":
        return malformed(step, decoded)
    if step.output is None and decoded.tool_calls and not (decoded.text.strip() or _has_tools(step)):
        return _undeclared(step, decoded)
    return None


def _undeclared(step: Step, decoded: Decoded) -> StructureError:
    names = ", ".join(dict.fromkeys(call.name for call in decoded.tool_calls))
    return StructureError(
        f"the model called {shown(names)} instead of answering, and no tool is declared",
        model=step.model,
        status=200,
        request_id=decoded.request_id,
        hint="say in the prompt that there are no tools, or declare them",
    )


def check_formed(plan: Plan, step: Step, answer: Decoded, record: Record) -> None:
    """Refuse an answer that the provider calls malformed, where structured data was asked for.

    It was paid for, so it becomes the last of the record's tries.

    Raises:
        StructureError: It is; a new try may help.
    """
    if plan.output is not None and answer.finish_reason == "error":
        error = malformed(step, answer)
        record.tries = (*record.tries, Try(answer, faults_of(error), repeated=True))
        raise error


def malformed(step: Step, decoded: Decoded) -> StructureError:
    """The error for an answer that the provider itself calls malformed."""
    return StructureError(
        f"the provider could not read what the model wrote "
        f"({FIELDS[step.dialect].stop}={decoded.stop_reason})",
        model=step.model,
        status=200,
        request_id=decoded.request_id,
        retryable=True,
        text=written(step, decoded),
        hint="try again; a simpler schema, or a larger model, fails less often",
    )


def _cut(plan: Plan, step: Step, decoded: Decoded) -> TruncatedError:
    limit = FIELDS[step.dialect].limit(step.body)
    if decoded.stop_reason in FIELDS[step.dialect].full:
        hint = "prompt and answer together fill the model's context: shorten the prompt"
    elif not written(step, decoded) and (decoded.usage.reasoning_tokens or decoded.thoughts):
        hint = said(
            "all output tokens went into reasoning: raise {}, or ask for less effort", Named("max_tokens")
        )
    else:
        stated = f" above {limit}" if limit else ""
        text = "raise {}{}, or ask for less; error.partial_text has what came"
        hint = said(text, Named("max_tokens"), stated)
    return TruncatedError(
        # The text is the one that users of the first SmartLLM match on.
        f"{plan.host_row.title} truncated structured output "
        f"({FIELDS[step.dialect].stop}={decoded.stop_reason})",
        model=step.model,
        request_id=decoded.request_id,
        partial_text=written(step, decoded),
        hint=hint,
    )


def written(step: Step, decoded: Decoded) -> str:
    """What is to be read as the structure, as the model wrote it: the input of our tool, or the text."""
    inputs = (call.arguments for call in own_calls(step, decoded))
    return "\n".join(given if isinstance(given, str) else _as_text(given) for given in inputs) or decoded.text


def _as_text(given: Any) -> str:
    try:
        return json.dumps(given, ensure_ascii=False)
    except RecursionError:
        return shown(given)


def own_calls(step: Step, decoded: Decoded) -> tuple[ToolCall, ...]:
    """The calls that hold the structured answer.

    Some servers rename tools: where ours is the only one declared, it is the only call of an answer without
    text.
    """
    output, calls = step.output, decoded.tool_calls
    if output is None or (output.strategy == "native" and step.tools):
        return ()
    ours = tuple(call for call in calls if call.name == output.name)
    if not ours and not step.tools and len(calls) == 1 and not decoded.text:
        return calls
    return ours


class OwnInput:
    """The input of the calls that hold a structure, as far as a stream has brought it.

    Args:
        step: What is answered.
    """

    def __init__(self, step: Step) -> None:
        output = step.output
        # Beside a schema of the provider's own, all calls of tools are the caller's.
        bound = output is not None and not (output.strategy == "native" and step.tools)
        self.name = output.name if bound and output is not None else None
        self._alone = not step.tools  # some servers rename tools
        self._pieces: dict[int, list[str]] = {}

    def take(self, call: ToolCallDelta) -> None:
        """Take a piece of any call."""
        if self.name is not None and (self._alone or call.name == self.name):
            self._pieces.setdefault(call.index, []).append(call.arguments)

    @property
    def text(self) -> str:
        """The JSON so far; empty where no such call has begun."""
        return "\n".join("".join(pieces) for pieces in self._pieces.values())


def asks_for_calls(step: Step, decoded: Decoded) -> bool:
    """Whether an answer calls tools of the caller: it is none yet, whatever else it holds."""
    others = len(decoded.tool_calls) > len(own_calls(step, decoded))
    return others and (bool(step.tools) or (step.output is None and _has_tools(step)))


def _has_tools(step: Step) -> bool:
    """Whether tools stand in the body, declared or as ``extra`` gives them."""
    fields = FIELDS[step.dialect]
    return fields.found(step.sealed, *fields.tools) is not None


def is_offered(step: Step) -> bool:
    """Whether a step asks for the call of a tool that it cannot force."""
    return step.output is not None and step.output.strategy == "offer"


def is_last(plan: Plan, first: Decoded, wanted: Any, context: Any = None) -> bool:
    """Whether no second step follows a plan's first answer.

    One that calls the caller's tools ends a plan, and so does one that gives the structure though no tool
    could be forced: by the call that was asked for, or in a text that reads as the structure. One that says
    nothing at all leaves nothing to put into it, and one that did not end well is an error.

    Args:
        plan: The plan.
        first: The answer to its first step.
        wanted: The request's ``response_format``.
        context: What validators get as ``info.context``.
    """
    step = plan.steps[0]
    if len(plan.steps) == 1 or not goes_on(plan, step, first):
        return True
    if not is_offered(step):
        return False
    if own_calls(step, first) or not first.text.strip():
        return True
    if "{" not in first.text:  # every structure is an object on the wire
        return False
    try:
        found = structured_data(wanted, step, first, context)
    except Exception:  # noqa: BLE001 - validators are the caller's code: the second answer will tell what they say
        return False
    return found.value not in ({}, [], None)  # which may stand in any text


def structured_data(response_format: Any, step: Step, decoded: Decoded, context: Any = None) -> Reading:
    """The caller's object; it shares nothing with ``decoded``.

    Args:
        response_format: What was asked for.
        step: The step that asked for it.
        decoded: The answer to that step.
        context: What validators get as ``info.context``.

    Raises:
        StructureError: The answer is not JSON, or does not fit the schema; also several that differ.
        pydantic.ValidationError: (a ``ValueError``) it does not fit the model, read tolerantly too.
    """
    given: list[Any] = [call.arguments for call in own_calls(step, decoded)] or [decoded.text]
    try:
        return read_answer(given, step, format_of(response_format), context)
    except StructureError as error:
        error.request_id = decoded.request_id
        raise


def _refusal(message: str, step: Step, decoded: Decoded) -> RefusalError:
    return RefusalError(
        message, model=step.model, refusal=decoded.refusal or "", request_id=decoded.request_id
    )
