"""Optional OpenTelemetry spans and metrics, by the generative-AI conventions; no content unless asked for.

They appear where ``opentelemetry-api`` is installed and an application has set up what takes them. Usage is
told where a call was made, and nowhere else: what comes from the cache, or with a call that another caller
made, has none.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Final

from smartllm.compiler import Plan, Step
from smartllm.request import MessageRequest, TextRequest
from smartllm.response import TextResponse
from smartllm.runtime.observe.api import meters, tracer, tracing
from smartllm.runtime.observe.quiet import Quiet, begun
from smartllm.runtime.observe.sent import Attributes, asked_by, finish_word, names_of
from smartllm.runtime.observe.trace_content import (
    input_messages,
    output_messages,
    system_instructions,
    tool_definitions,
)
from smartllm.runtime.observe.wire_call import WireCall, kind_of, tell_error
from smartllm.runtime.structure.paid import paid_with

_OURS: Final = "smartllm.answer"


class CallSpan:
    """One caller's call, from its request to its answer.

    What takes one call on the wire is one span. What may take several is a span of ours, in which each of
    them has its own.

    Args:
        span: The span, or None.
        plan: What is done; None where nobody looks.
        names: What names the calls.
        several: There may be several.
        content: Record what was asked and answered.
    """

    def __init__(
        self, span: Any, plan: Plan | None, names: Attributes, *, several: bool, content: bool
    ) -> None:
        self._span, self._plan, self._names = span, plan, names
        self._several, self._content = several, content
        self._source: str = ""

    def wire(self, step: Step) -> WireCall:
        """A call on the wire begins; it is to be told how that ended."""
        span = self._span
        if span is not None and self._several:
            span = _started(self._names, step, tracing().set_span_in_context(span.of))
        elif self._recording and self._plan is not None and step is not self._plan.steps[0]:
            span.set_attributes(asked_by(step, str(self._names["gen_ai.provider.name"])))
        return WireCall(span, step, self._names, own=self._several, content=self._content)

    def answered(self, response: TextResponse[Any], *, joined: bool = False) -> None:
        """The caller has an answer.

        Args:
            response: The answer.
            joined: It came with a call that another caller made.
        """
        self._source = "joined" if joined else response.cache_source
        if not self._recording:
            return
        told: Attributes = {"smartllm.cache_source": response.cache_source} | _tries(response)
        if joined:
            told["smartllm.joined"] = True
        if not self._several:
            told["gen_ai.response.model"] = response.model
            word = finish_word(response.finish_reason, response.stop_reason)
            told["gen_ai.response.finish_reasons"] = [word]
        self._span.set_attributes(told)
        if self._content:
            self._span.set_attribute("gen_ai.output.messages", output_messages(response))

    def failed(self, error: BaseException) -> None:
        """The call has failed."""
        self._source = ""
        known = meters()
        if known is not None:
            known.answers.add(1, self._names | {"error.type": kind_of(error)})
        if not self._recording:
            return
        paid = paid_with(error)
        if paid is not None:
            self._span.set_attributes(_tries(paid))
            if self._content:
                self._span.set_attribute("gen_ai.output.messages", output_messages(paid))
        tell_error(self._span, error, content=self._content)

    def end(self) -> None:
        """Nothing more is told of it."""
        known = meters() if self._source else None
        if known is not None:
            known.answers.add(1, self._names | {"smartllm.cache_source": self._source})
        if self._span is not None:
            self._span.end()

    @property
    def _recording(self) -> bool:
        return self._span is not None and self._span.is_recording()


@contextmanager
def span_of(
    request: TextRequest[Any] | MessageRequest[Any], plan: Plan, *, server: str, content: bool
) -> Iterator[CallSpan]:
    """A span around one call, retries and cache included.

    Args:
        request: What the caller asks for.
        plan: What is done.
        server: Address of the host, or an empty string.
        content: Record what was asked and answered.
    """
    names = names_of(plan, server)
    several = len(plan.steps) > 1 or request.reasks > 0
    span = _span_around(plan, names, several=several)
    if content and span is not None and span.is_recording():
        span.set_attributes(_asked_content(request))
    told = CallSpan(span, plan, names, several=several, content=content)
    try:
        yield told
    except GeneratorExit:
        raise  # a stream that its reader left is no failure
    except BaseException as error:
        told.failed(error)
        raise
    finally:
        told.end()


def _span_around(plan: Plan, names: Attributes, *, several: bool) -> Quiet | None:
    if not several:
        return _started(names, plan.steps[0])
    found = tracer()
    if found is None:
        return None
    about = {"smartllm.model": plan.model, "smartllm.steps": len(plan.steps)}
    return begun(found, f"{_OURS} {plan.model}", kind=tracing().SpanKind.INTERNAL, attributes=about)


def _started(names: Attributes, step: Step, context: Any = None) -> Quiet | None:
    """A span of a call on the wire, or None."""
    found = tracer()
    if found is None:
        return None
    name = f"{names['gen_ai.operation.name']} {names['gen_ai.request.model']}"
    kind = tracing().SpanKind.CLIENT
    span = begun(found, name, context=context, kind=kind, attributes=names)
    if span is not None and span.is_recording():
        span.set_attributes(asked_by(step, names["gen_ai.provider.name"]))
    return span


def _asked_content(request: TextRequest[Any] | MessageRequest[Any]) -> Attributes:
    told = {"gen_ai.input.messages": input_messages(request)}
    if request.system_prompt:
        told["gen_ai.system_instructions"] = system_instructions(request.system_prompt)
    if request.tools:
        told["gen_ai.tool.definitions"] = tool_definitions(request.tools)
    return told


def _tries(response: TextResponse[Any]) -> Attributes:
    tries = [one for one in response.metadata.get("tries", ()) if not one.get("repeated")]
    return {"smartllm.reasks": len(tries)} if tries else {}


UNTOLD: Final = CallSpan(None, None, {}, several=False, content=False)
"""Of calls that nobody looks at."""
