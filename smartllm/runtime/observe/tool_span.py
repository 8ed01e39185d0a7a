"""Optional OpenTelemetry spans around the functions of tools, by the generative-AI conventions."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from smartllm.content import ToolCall
from smartllm.runtime.observe.telemetry import _api, _tracer
from smartllm.tools import Tool
from smartllm.tools.checks import text_of_error

Ended = Callable[[BaseException | None], None]


@contextmanager
def span_of_call(call: ToolCall, tool: Tool, *, content: bool) -> Iterator[Ended]:
    """A span around one call of a function, in which spans of its own lie.

    Args:
        call: What the model asks for.
        tool: What is run.
        content: Record the arguments, and the text of an exception.

    Yields:
        Takes what the function raised.
    """
    tracing = _tracer()
    if tracing is None:
        yield lambda _: None
        return
    attributes = {
        "gen_ai.operation.name": "execute_tool",
        "gen_ai.tool.name": call.name,
        "gen_ai.tool.type": "function",
    }
    attributes |= {"gen_ai.tool.call.id": call.id} if call.id else {}
    attributes |= {"gen_ai.tool.description": tool.description} if tool.description else {}
    if content:
        given = call.arguments
        text = given if isinstance(given, str) else json.dumps(given, ensure_ascii=False)
        attributes["gen_ai.tool.call.arguments"] = text
    name, kind = f"execute_tool {call.name}", _api().SpanKind.INTERNAL
    with tracing.start_as_current_span(name, kind=kind, attributes=attributes) as span:

        def ended(error: BaseException | None) -> None:
            if error is not None:
                _failed(span, error, content=content)

        try:
            yield ended
        except BaseException as error:
            _failed(span, error, content=content)
            raise


def _failed(span: Any, error: BaseException, *, content: bool) -> None:
    trace = _api()
    span.set_attribute("error.type", type(error).__name__)
    span.set_status(trace.Status(trace.StatusCode.ERROR, text_of_error(error) if content else None))
