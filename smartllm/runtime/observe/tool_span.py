"""Optional spans and metrics of runs of tools, and of their functions, by the generative-AI conventions."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from pydantic_core import to_json

from smartllm.compiler import Plan
from smartllm.content import ToolCall
from smartllm.runtime.observe.api import meters, tracer, tracing
from smartllm.runtime.observe.quiet import Quiet, begun, inside
from smartllm.runtime.observe.sent import Attributes, names_of
from smartllm.runtime.observe.wire_call import kind_of, tell_error
from smartllm.tools import Tool
from smartllm.tools.checks import text_of_error

Ended = Callable[[Any, BaseException | None], None]


@contextmanager
def span_of_run(plan: Plan, *, server: str, content: bool) -> Iterator[None]:
    """A span around a run of tools, in which those of its rounds and of its functions lie.

    Args:
        plan: What is done first.
        server: Address of the host, or an empty string.
        content: Record the text of an exception.
    """
    found = tracer()
    if found is None:
        yield
        return
    about = names_of(plan, server) | {"gen_ai.operation.name": "invoke_agent"}
    with _current(found, "invoke_agent", about) as span:
        try:
            yield
        except BaseException as error:
            if span is not None:
                tell_error(span, error, content=content)
            raise


@contextmanager
def span_of_call(call: ToolCall, tool: Tool, *, content: bool) -> Iterator[Ended]:
    """A span around one call of a function, in which spans of its own lie.

    Args:
        call: What the model asks for.
        tool: What is run.
        content: Record the arguments, the result, and the text of an exception.

    Yields:
        Takes what the function gave back, and what it raised.
    """
    begun = time.perf_counter()
    failed: list[BaseException] = []
    try:
        with _span_of_call(call, tool, content=content) as span:

            def ended(value: Any, error: BaseException | None) -> None:
                if error is not None:
                    failed.append(error)
                    _tell(span, error, content=content)
                elif content and span is not None:
                    span.set_attribute("gen_ai.tool.call.result", _text(value))

            try:
                yield ended
            except BaseException as error:
                ended(None, error)
                raise
    finally:
        known = meters()
        if known is not None:
            told = {"gen_ai.tool.name": tool.name, "gen_ai.tool.type": "function"}
            told |= {"error.type": kind_of(failed[0])} if failed else {}
            known.tool_duration.record(time.perf_counter() - begun, told)


@contextmanager
def _span_of_call(call: ToolCall, tool: Tool, *, content: bool) -> Iterator[Quiet | None]:
    found = tracer()
    if found is None:
        yield None
        return
    attributes = {
        "gen_ai.operation.name": "execute_tool",
        "gen_ai.tool.name": call.name,
        "gen_ai.tool.type": "function",
    }
    attributes |= {"gen_ai.tool.call.id": call.id} if call.id else {}
    attributes |= {"gen_ai.tool.description": tool.description} if tool.description else {}
    if content:
        attributes["gen_ai.tool.call.arguments"] = _text(call.arguments)
    with _current(found, f"execute_tool {call.name}", attributes) as span:
        yield span


@contextmanager
def _current(tracer: Quiet, name: str, attributes: Attributes) -> Iterator[Quiet | None]:
    """A span of this process, in which others lie: calls of a host are spans of their own inside."""
    trace = tracing()
    span = begun(tracer, name, kind=trace.SpanKind.INTERNAL, attributes=attributes)
    if span is None:
        yield None
        return
    try:
        with inside(trace, span):
            yield span
    finally:
        span.end()


def _text(value: Any) -> str:
    """A value as JSON; texts as they are, and the type of what is none."""
    if isinstance(value, str):
        return value
    try:
        return to_json(value, inf_nan_mode="strings", fallback=str).decode()
    except Exception:  # noqa: BLE001 - the caller's own classes: what is wrong with them is told elsewhere
        return f"<{type(value).__name__}>"


def _tell(span: Quiet | None, error: BaseException, *, content: bool) -> None:
    if span is not None:
        trace = tracing()
        span.set_attribute("error.type", kind_of(error))
        span.set_status(trace.Status(trace.StatusCode.ERROR, text_of_error(error) if content else None))
