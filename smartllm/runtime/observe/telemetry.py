"""Optional OpenTelemetry spans, by the generative-AI conventions; without content unless asked for.

Spans appear when ``opentelemetry-api`` is installed and a tracer provider is set up; else this costs nothing.
opentelemetry.io/docs/specs/semconv/gen-ai, 2026-11-23.
"""

from __future__ import annotations

import importlib
import importlib.util
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache, lru_cache
from typing import Any, Final

from smartllm.compiler import Plan
from smartllm.errors import ProviderError
from smartllm.log import logger
from smartllm.parameters import PARAMETERS
from smartllm.request import MessageRequest, TextRequest
from smartllm.response import TextResponse
from smartllm.runtime.observe.trace_content import input_messages, output_messages, tool_definitions

_ASKED: Final = {row.telemetry: name for name, row in PARAMETERS.items() if row.telemetry}


class Span:
    """One call's span; a span that records nothing when there is no OpenTelemetry.

    Args:
        span: OpenTelemetry's span, or None.
        content: Record what was asked and answered.
    """

    def __init__(self, span: Any, *, content: bool) -> None:
        self._span, self._content = span, content

    def answered(self, response: TextResponse[Any]) -> None:
        """Record an answer."""
        if self._span is None:
            return
        self._span.set_attributes(
            {
                "gen_ai.response.model": response.model,
                "gen_ai.response.finish_reasons": [response.stop_reason],
                "gen_ai.usage.input_tokens": response.input_tokens,
                "gen_ai.usage.output_tokens": response.output_tokens,
                "gen_ai.usage.cache_read.input_tokens": response.cached_tokens,
                "gen_ai.usage.cache_creation.input_tokens": response.cache_write_tokens,
                "smartllm.cache_source": response.cache_source,
            }
        )
        if self._content:
            self._span.set_attribute("gen_ai.output.messages", output_messages(response))

    def failed(self, error: BaseException) -> None:
        """Record an error; its text only where content is wanted, as it may quote the prompt."""
        if self._span is None:
            return
        trace = _api()
        kind = type(error).__name__
        if isinstance(error, ProviderError):
            kind = error.code or str(error.status or kind)
        self._span.set_attribute("error.type", kind)
        self._span.set_status(trace.Status(trace.StatusCode.ERROR, str(error) if self._content else None))


@contextmanager
def span_of(request: TextRequest[Any] | MessageRequest[Any], plan: Plan, *, content: bool) -> Iterator[Span]:
    """A span around one call, retries and cache included."""
    tracer = _tracer()
    if tracer is None:
        yield Span(None, content=False)
        return
    attributes = {
        "gen_ai.operation.name": "chat",
        "gen_ai.provider.name": plan.host_row.telemetry,
        "gen_ai.request.model": plan.model,
    }
    asked = {attribute: getattr(request, name) for attribute, name in _ASKED.items()}
    attributes |= {attribute: value for attribute, value in asked.items() if value is not None}
    if content:
        attributes["gen_ai.input.messages"] = input_messages(request)
        if request.tools:
            attributes["gen_ai.tool.definitions"] = tool_definitions(request.tools)
    span = tracer.start_span(f"chat {plan.model}", kind=_api().SpanKind.CLIENT, attributes=attributes)
    told = Span(span, content=content)
    try:
        yield told
    except GeneratorExit:
        raise  # a stream that its reader left is no failure
    except BaseException as error:
        told.failed(error)
        raise
    finally:
        span.end()


@cache
def _installed() -> bool:
    return importlib.util.find_spec("opentelemetry") is not None


@cache
def _api() -> Any:
    """OpenTelemetry's API, or None: any folder of that name, or another of its packages, is found too."""
    try:
        trace = importlib.import_module("opentelemetry.trace")
    except Exception as error:  # noqa: BLE001 - whatever it is, a paid answer is worth more than its span
        logger.debug("no spans: opentelemetry.trace cannot be loaded (%s)", type(error).__name__)
        return None
    return trace if hasattr(trace, "get_tracer_provider") else None


def _tracer() -> Any:
    trace = _api() if _installed() else None
    return None if trace is None else _tracer_of(trace.get_tracer_provider())


@lru_cache(maxsize=1)
def _tracer_of(provider: Any) -> Any:
    return provider.get_tracer("smartllm")
