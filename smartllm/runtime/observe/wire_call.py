"""What is told of one call on the wire: its retries and its answer on a span, and the metrics."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Final

from smartllm.compiler import Step
from smartllm.compiler.dialects.decoding import Decoded
from smartllm.errors import ProviderError
from smartllm.runtime.observe.api import meters, tracing
from smartllm.runtime.observe.quiet import Quiet, inside
from smartllm.runtime.observe.sent import Attributes, answered_by, counted
from smartllm.usage import Usage

_SUCCESS: Final = 200


class WireCall:
    """One call on the wire, from its first attempt to its answer.

    Args:
        span: Where it is told, or None.
        own: The span is of this call alone, and ends with it.
        step: What is sent.
        names: What names the call.
        content: Texts of errors may be told.
    """

    def __init__(self, span: Any, step: Step, names: Attributes, *, own: bool, content: bool) -> None:
        self._span, self._own, self._step, self._names, self._content = span, own, step, names, content
        self._provider = str(names.get("gen_ai.provider.name"))
        self._begun: float | None = None
        self._sent = 0.0
        self._attempts = 0
        self._first: float | None = None
        self._ended = False
        self._usages: dict[int, Usage] = {}

    def sent(self) -> None:
        """An attempt begins."""
        self._sent = time.perf_counter()
        self._begun = self._begun or self._sent
        self._attempts += 1
        self._first = None

    def heard(self) -> None:
        """Something of a streamed answer has come."""
        if self._first is None and self._attempts:
            self._first = time.perf_counter() - self._sent

    def paid(self, answer: Decoded) -> None:
        """An answer came, whether it can be used or not."""
        self._usages[self._attempts] = answer.usage

    def retried(self, error: ProviderError, attempt: int, delay: float) -> None:
        """The call will be made again."""
        if self._recording:
            told = {
                "error.type": kind_of(error),
                "smartllm.retry.attempt": attempt,
                "smartllm.retry.delay": delay,
            }
            if error.status is not None:
                told["http.response.status_code"] = error.status
            self._span.add_event("smartllm.retry", told)

    @contextmanager
    def current(self) -> Iterator[None]:
        """What happens inside is this call's: spans of HTTP libraries stand under its span."""
        if self._span is None:
            yield
            return
        with inside(tracing(), self._span):
            yield

    def answered(self, answer: Decoded) -> None:
        """The call has its answer."""
        self._end(answer, None)

    def failed(self, error: BaseException | None) -> None:
        """The call has ended otherwise; None where its reader left it."""
        self._end(None, error)

    @property
    def _recording(self) -> bool:
        return self._span is not None and self._span.is_recording()

    def _end(self, answer: Decoded | None, error: BaseException | None) -> None:
        if self._ended:
            return
        self._ended = True
        told = {} if answer is None else answered_by(answer, self._step, self._provider)
        if self._recording:
            told |= counted(sum(self._usages.values(), Usage())) if self._usages else {}
            if self._first is not None:
                told["gen_ai.response.time_to_first_chunk"] = self._first
            if self._attempts > 1:
                told["smartllm.attempts"] = self._attempts
            self._span.set_attributes(told)
            if self._own and error is not None:
                tell_error(self._span, error, content=self._content)
        if self._own and self._span is not None:
            self._span.end()
        if self._begun is not None:
            self._measure(answer, error)

    def _measure(self, answer: Decoded | None, error: BaseException | None) -> None:
        known = meters()
        if known is None or self._begun is None:
            return
        names = self._names
        if answer is not None:
            names = names | {"gen_ai.response.model": answer.model or self._step.model}
        failed = names if error is None else names | {"error.type": kind_of(error)}
        known.duration.record(time.perf_counter() - self._begun, failed)
        if self._first is not None:
            known.first_chunk.record(self._first, names)
        for usage in self._usages.values():
            known.tokens.record(usage.input_tokens, names | {"gen_ai.token.type": "input"})
            known.tokens.record(usage.output_tokens, names | {"gen_ai.token.type": "output"})


def kind_of(error: BaseException) -> str:
    """What went wrong, in a word of few: the provider's code, a status, or the class.

    A success that cannot be used has no status that says so.
    """
    if not isinstance(error, ProviderError):
        return type(error).__name__
    failed = error.status if error.status != _SUCCESS else None
    return error.code or str(failed or type(error).__name__)


def tell_error(span: Quiet, error: BaseException, *, content: bool) -> None:
    """Tell a span of an error; of its text only where content is wanted, as it may quote the prompt."""
    trace = tracing()
    span.set_attribute("error.type", kind_of(error))
    span.set_status(trace.Status(trace.StatusCode.ERROR, str(error) if content else None))
