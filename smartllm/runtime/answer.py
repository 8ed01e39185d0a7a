"""From what a dialect decoded to the response that the caller gets."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

from pydantic import ValidationError

from smartllm.compiler import Plan, Step
from smartllm.compiler.answered_calls import AnsweredCalls
from smartllm.compiler.dialects.decoding import Decoded
from smartllm.compiler.dialects.readers import DECODERS
from smartllm.content import copied, described
from smartllm.diagnostics import Diagnostic
from smartllm.error_object import read_error
from smartllm.errors import ProviderError, ResponseError
from smartllm.hosts.called import shown_address
from smartllm.hosts.format_refusals import read_again
from smartllm.hosts.openai import path_hint
from smartllm.request import MessageRequest, TextRequest
from smartllm.response import CacheSource, TextResponse, Usage
from smartllm.runtime.answer_notes import notes_on
from smartllm.runtime.carried import reasoning_of, shown
from smartllm.runtime.control.deadline import Record
from smartllm.runtime.replies import Answer
from smartllm.runtime.structure.apart import response_apart
from smartllm.runtime.structure.bound import bound, completed
from smartllm.runtime.structure.paid import tell_paid
from smartllm.runtime.structure.structured import asks_for_calls, check_whole, own_calls, structured_data
from smartllm.runtime.structure.tries import Try, note_on

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
        raise read_again(error, read_error(answer.body)) from None
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
        tries: Earlier answers that did not fit: the last step was asked again, or a call was repeated.
        plan: The plan to which they are answers, where it is not the one of the request.
    """

    answers: list[Decoded]
    started: dt.datetime
    elapsed: float
    notes: tuple[Diagnostic, ...] = ()
    tries: tuple[Try, ...] = ()
    plan: Plan | None = None

    @property
    def calls(self) -> int:
        """How many calls were answered."""
        return len(self.answers) + len(self.tries)

    def response(self, request: TextRequest[Any] | MessageRequest[Any], plan: Plan) -> TextResponse[Any]:
        """A caller's own response.

        Raises:
            TruncatedError: Structured data was asked for and cut off.
            RefusalError: Structured data was asked for and the model refused.
            StructureError: (a ``ValueError``) structured data was asked for and the answer holds none.
            ModelMismatchError: (a ``pydantic.ValidationError`` too) the data does not fit.
            Exception: A validator of the caller raised another one; ``smartllm_response`` is what was paid.
        """
        plan = self.plan or plan
        response = self.told(request, plan)
        if request.response_format is None:
            return response
        step, last = plan.steps[len(self.answers) - 1], self.answers[-1]
        try:
            check_whole(plan, step, last)
            if asks_for_calls(step, last):
                return response
            context = request.validation_context
            found = structured_data(request.response_format, step, last, context)
        except (ProviderError, ValidationError) as error:
            raise completed(error, step, last, response, reasks=request.reasks) from None
        except Exception as error:  # whatever validators of the caller raise besides stays the caller's
            tell_paid(error, response)
            raise
        return bound(response, found, last)

    def told(self, request: TextRequest[Any] | MessageRequest[Any], plan: Plan) -> TextResponse[Any]:
        """The response without structured data, whatever the answers hold."""
        plan = self.plan or plan
        first, last = self.answers[0], self.answers[-1]
        pairs = zip(plan.steps, self.answers, strict=False)
        heard = [AnsweredCalls(plan, step).whole(shown(answer, step)) for step, answer in pairs]
        usage = sum((answer.usage for answer in self._all), start=Usage())
        return TextResponse(
            text=first.text,
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
            metadata=_metadata(request, plan, self.answers) | self._told,
            diagnostics=(
                *plan.diagnostics,
                *self.notes,
                *note_on(self.tries),
                *notes_on(heard, plan.steps),
            ),
            reasoning=reasoning_of(plan, first),
            provider=plan.host,
            requested_model=plan.model,
            billing=plan.billing,
            finish_reason=last.finish_reason,
            refusal=last.refusal,
            request_id=last.request_id,
            _answers=tuple([one.answer for one in heard]),
            _tries=tuple([one.answer for one in self.tries]),
            _output_tool=_output_tool(plan, first),
        )

    @property
    def _all(self) -> Iterator[Decoded]:
        """All that was answered."""
        yield from self.answers
        yield from (one.answer for one in self.tries)

    @property
    def _told(self) -> dict[str, Any]:
        return {"tries": [one.told for one in self.tries]} if self.tries else {}


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

    async def response_for(
        self,
        request: TextRequest[Any] | MessageRequest[Any],
        plan: Plan,
        key: str,
        *,
        joined: bool = False,
        given: int = 0,
    ) -> TextResponse[Any]:
        """A caller's own response.

        Args:
            request: What the caller asks for.
            plan: Its plan.
            key: The plan's key in the cache.
            joined: The call was somebody else's.
            given: How many calls this caller did not make.

        Raises:
            ProviderError: As ``Fetched.response``.
            pydantic.ValidationError: As ``Fetched.response``.
        """
        response = None if joined else self.response
        response = response or await response_apart(self.fetched, request, plan)
        return replace(response, cache_source=self.source, cache_key=key, _given=given)


@dataclass(slots=True)
class CallRecord(Record):
    """What those who join a call see of it.

    Attributes:
        paid_for: The provider's answer, once it is there, whether it has been kept yet or not.
    """

    paid_for: Found | None = None


def paid_for(
    record: Record, plan: Plan, request: TextRequest[Any] | MessageRequest[Any]
) -> TextResponse[Any] | None:
    """The answers of a call that failed all the same, as one response; None where there are none.

    Args:
        record: What was noted of the call.
        plan: Its plan.
        request: What the caller asked for.
    """
    answers, tries = record.answers, record.tries
    if not answers:  # perhaps a malformed one came before the call failed
        answers, tries = [one.answer for one in tries[-1:]], tries[:-1]
    if not answers:
        return None
    elapsed = (dt.datetime.now(dt.UTC) - record.began).total_seconds()
    return Fetched(answers, record.began, elapsed, tries=tries, plan=record.plan).told(request, plan)


def _output_tool(plan: Plan, first: Decoded) -> str | None:
    """The name by which the first step's answer calls the tool that binds it to a schema, or None."""
    return next((call.name for call in own_calls(plan.steps[0], first)), None)


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
