"""From what a dialect decoded to the response that the caller gets."""

from __future__ import annotations

import copy
import datetime as dt
import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

from pydantic import BaseModel

from smartllm.compiler import Plan, Step
from smartllm.compiler.answered_calls import AnsweredCalls
from smartllm.compiler.dialects.decoding import Decoded
from smartllm.compiler.dialects.readers import DECODERS
from smartllm.content import Reasoning, copied, described
from smartllm.cost import Billing
from smartllm.diagnostics import Diagnostic
from smartllm.errors import ProviderError, ResponseError
from smartllm.hosts.called import shown_address
from smartllm.hosts.openai import path_hint
from smartllm.request import MessageRequest, TextRequest
from smartllm.response import CacheSource, TextResponse, Usage
from smartllm.runtime.answer_notes import notes_on
from smartllm.runtime.control.deadline import Record
from smartllm.runtime.replies import Answer
from smartllm.runtime.structured import asks_for_calls, check_whole, own_calls, structured_data

_SUCCESS: Final = 200
_ORDINARY: Final = frozenset({"default", "standard"})
"""Tiers of those who ask for none."""


def decode_answer(step: Step, answer: Answer) -> Decoded:
    """Read a provider's answer.

    Raises:
        ResponseError: The answer is JSON, but not of the shape that the wire promises.
        ProviderError: It reports an error.
    """
    try:
        return DECODERS[step.dialect].decode(answer.body, step.model, answer.request_id)
    except ProviderError as error:
        error.request_id = error.request_id or answer.request_id
        error.status = error.status or _SUCCESS
        if answer.address is not None and error.address is None:
            error.address = shown_address(answer.address)
        if error.code is None:  # some servers tell of a wrong path in a success
            error.hint = _hint(answer) or error.hint
        raise
    except (AttributeError, LookupError, TypeError, ValueError, RecursionError):
        shown = json.dumps(answer.body, ensure_ascii=False)[:200]
        raise ResponseError(
            f"the provider's answer has an unexpected shape: {shown}",
            model=step.model,
            status=_SUCCESS,
            request_id=answer.request_id,
            address=answer.address and shown_address(answer.address),
            hint=_hint(answer) or "check that the endpoint speaks the API that was chosen",
        ) from None


def _hint(answer: Answer) -> str:
    return path_hint("POST", answer.address) if answer.elsewhere and answer.address is not None else ""


@dataclass(frozen=True, slots=True)
class Fetched:
    """What the provider answered to a plan.

    Attributes:
        answers: One answer a step that was made; the first is the last where it calls the caller's tools.
        started: When the first call was made.
        elapsed: Seconds until the last answer.
        notes: What the caller should know beside the plan's diagnostics.
    """

    answers: list[Decoded]
    started: dt.datetime
    elapsed: float
    notes: tuple[Diagnostic, ...] = ()

    def response(self, request: TextRequest[Any] | MessageRequest[Any], plan: Plan) -> TextResponse[Any]:
        """A caller's own response.

        Raises:
            TruncatedError: Structured data was asked for and cut off.
            RefusalError: Structured data was asked for and the model refused.
            ResponseError: Structured data was asked for and the answer holds none.
            pydantic.ValidationError: (a ``ValueError``) the data does not fit.
        """
        first, last = self.answers[0], self.answers[-1]
        pairs = zip(plan.steps, self.answers, strict=False)
        heard = [AnsweredCalls(plan, step).whole(answer) for step, answer in pairs]
        structured, step = None, plan.steps[len(self.answers) - 1]
        if request.response_format is not None:
            check_whole(plan, step, last)
            if not asks_for_calls(step, last):
                structured = structured_data(request.response_format, step, last)
        usage = sum((answer.usage for answer in self.answers), start=Usage())
        return TextResponse(
            text=first.text if structured is None or first.text else _text_of(structured),
            model=last.model or plan.model,
            stop_reason=last.stop_reason,
            input_tokens=usage.input_tokens,
            output_tokens=usage.output_tokens,
            reasoning_tokens=usage.reasoning_tokens,
            cached_tokens=usage.cached_tokens,
            cache_write_tokens=usage.cache_write_tokens,
            cache_write_1h_tokens=usage.cache_write_1h_tokens,
            timestamp=self.started.astimezone(dt.UTC).isoformat(),
            elapsed_seconds=self.elapsed,
            metadata=_metadata(request, plan, self.answers),
            structured_data=structured,
            diagnostics=(*plan.diagnostics, *self.notes, *notes_on(heard, plan.steps)),
            reasoning=_reasoning(plan, first),
            provider=plan.host,
            requested_model=plan.model,
            billing=Billing(plan.host_row.prices),
            finish_reason=last.finish_reason,
            refusal=last.refusal,
            request_id=last.request_id,
            _answers=tuple([one.answer for one in heard]),
            _output_tool=_output_tool(plan, first),
        )


@dataclass(frozen=True, slots=True)
class Found:
    """What a call, made or joined, came back with.

    Attributes:
        fetched: The provider's answers.
        source: Where they come from.
        response: The first caller's response, where the answers fitted.
    """

    fetched: Fetched
    source: CacheSource
    response: TextResponse[Any] | None = None

    def response_for(
        self, request: TextRequest[Any] | MessageRequest[Any], plan: Plan, key: str, *, joined: bool = False
    ) -> TextResponse[Any]:
        """A caller's own response.

        Args:
            request: What the caller asks for.
            plan: Its plan.
            key: The plan's key in the cache.
            joined: The call was somebody else's.

        Raises:
            ProviderError: As ``Fetched.response``.
            pydantic.ValidationError: As ``Fetched.response``.
        """
        response = None if joined else self.response
        response = response or self.fetched.response(request, plan)
        response.cache_source, response.cache_key = self.source, key
        return response


@dataclass(slots=True)
class CallRecord(Record):
    """What those who join a call see of it.

    Attributes:
        paid_for: The provider's answer, once it is there, whether it has been kept yet or not.
    """

    paid_for: Found | None = None


def _output_tool(plan: Plan, first: Decoded) -> str | None:
    """The name by which the first step's answer calls the tool that binds it to a schema, or None."""
    return next((call.name for call in own_calls(plan.steps[0], first)), None)


def _reasoning(plan: Plan, first: Decoded) -> Reasoning | None:
    if not first.reasoning:
        return None
    blocks = [dict(block) for block in copy.deepcopy(first.reasoning)]
    return Reasoning(model=plan.model, dialect=plan.steps[0].dialect, blocks=blocks)


def _metadata(
    request: TextRequest[Any] | MessageRequest[Any], plan: Plan, answers: Sequence[Decoded]
) -> dict[str, Any]:
    metadata: dict[str, Any] = {}
    if isinstance(request, TextRequest):
        metadata["prompt"] = described(request.prompt)
    else:
        metadata["messages"] = [
            {"role": message.role, "content": described(message.content)} for message in request.messages
        ]
    if plan.output is not None:
        metadata["response_format"] = plan.output.schema
    if answers[-1].incomplete is not None:
        metadata["incomplete_reason"] = answers[-1].incomplete
    if answers[-1].refusal is not None:
        metadata["refusal"] = answers[-1].refusal
    # What is told of the text's tokens belongs to the step that said it.
    details = {**answers[-1].details, **answers[0].details}
    asked = getattr(request, "service_tier", None) or request.extra.get("service_tier")
    if details.get("service_tier") in _ORDINARY and not asked:
        del details["service_tier"]
    metadata |= copied(details)
    if answers[0].thinking:
        metadata["thinking"] = answers[0].thinking
    if len(answers) > 1:
        for number, answer in enumerate(answers, start=1):
            counts = {"input": answer.usage.input_tokens, "output": answer.usage.output_tokens}
            metadata[f"pass{number}_tokens"] = counts
    return metadata


def _text_of(structured: Any) -> str:
    if isinstance(structured, BaseModel):
        return structured.model_dump_json(by_alias=True)
    return json.dumps(structured, ensure_ascii=False)
